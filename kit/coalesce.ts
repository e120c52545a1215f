/**
 * Work on one key runs once at a time; whoever asks while it runs shares the one run that follows.
 *
 * For work that derives something from what is stored: every caller's answer is from a run that began after
 * the call, and a hundred calls at once cost two runs.
 */
export function coalesce<T>(work: (key: string) => Promise<T>): (key: string) => Promise<T> {
  const slots = new Map<string, { running: Promise<T>; next?: Promise<T> }>();

  const run = (key: string): Promise<T> => {
    const running = work(key).finally(() => {
      const slot = slots.get(key);
      if (slot?.running === running && !slot.next) slots.delete(key);
    });
    slots.set(key, { running });
    return running;
  };

  return (key) => {
    const slot = slots.get(key);
    if (!slot) return run(key);
    slot.next ??= slot.running.then(
      () => run(key),
      () => run(key),
    );
    return slot.next;
  };
}
