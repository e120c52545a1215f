/** Answers each message `cpu` of the parent process with the CPU time this process has used so far. */
export function tellCpu(): void {
  process.on('message', (message) => {
    if (message !== 'cpu') return;
    const { user, system } = process.cpuUsage();
    process.send?.({ cpuUs: user + system });
  });
}
