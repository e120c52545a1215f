/**
 * Programs of others that tests, `npm run cluster` and CI run as processes: found, or installed once into a
 * cache folder outside the checkout, by version.
 */
import { execFile } from 'node:child_process';
import { constants } from 'node:fs';
import { access, chmod, mkdir, mkdtemp, readdir, rename, rm, writeFile } from 'node:fs/promises';
import { homedir, tmpdir } from 'node:os';
import { delimiter, dirname, join } from 'node:path';
import { promisify } from 'node:util';

const run = promisify(execFile);

export interface GoTool {
  readonly name: string;
  readonly module: string;
  readonly version: string;
  /** What `go install` names the program. */
  readonly program: string;
}

export const NATS_SERVER: GoTool = {
  name: 'nats-server',
  module: 'github.com/nats-io/nats-server/v2',
  version: 'v2.15.2',
  program: 'nats-server',
};
/** An S3 server over a folder, Apache-2.0. */
export const VERSITYGW: GoTool = {
  name: 'versitygw',
  module: 'github.com/versity/versitygw/cmd/versitygw',
  version: 'v1.8.0',
  program: 'versitygw',
};

/** Reads a compose file as Docker does, without Docker. */
export const COMPOSE_GO: GoTool = {
  name: 'compose-go',
  module: 'github.com/compose-spec/compose-go/v2/cmd',
  version: 'v2.16.2',
  program: 'cmd',
};
/** Checks Kubernetes manifests without a cluster or a network. */
export const KUBECTL_VALIDATE: GoTool = {
  name: 'kubectl-validate',
  module: 'sigs.k8s.io/kubectl-validate',
  version: 'v0.0.4',
  program: 'kubectl-validate',
};

/** ANTIPHON_TOOLS, else the user's cache folder. */
export const toolsFolder = (): string =>
  process.env.ANTIPHON_TOOLS ?? join(process.env.XDG_CACHE_HOME ?? join(homedir(), '.cache'), 'antiphon');

const isProgram = (path: string): Promise<boolean> =>
  access(path, constants.X_OK).then(
    () => true,
    () => false,
  );

/** The path of a program that is installed on this machine, or undefined. */
export async function findProgram(name: string): Promise<string | undefined> {
  // Servers live in /usr/sbin, which is not on everybody's path.
  const folders = [...(process.env.PATH ?? '').split(delimiter), '/usr/sbin', '/usr/local/sbin'];
  for (const folder of folders) {
    const path = join(folder, name);
    if (folder && (await isProgram(path))) return path;
  }
  return undefined;
}

/** Go of its own accord fetches whatever version a module asks for, from this one on. */
const GO_MINOR_MIN = 21;
const GO_TOOLCHAIN = 'go1.26.8';

/** A Go that builds today's modules: the machine's, or one that the machine's older one fetches as a module. */
async function findGo(): Promise<string> {
  const go = await findProgram('go');
  if (!go) throw new Error('Go is needed to build what this machine lacks: install it (Debian: golang-go).');
  const { stdout } = await run(go, ['version']);
  const minor = Number(/ go1\.(\d+)/.exec(stdout)?.[1] ?? 0);
  return minor >= GO_MINOR_MIN ? go : newerGo(go);
}

async function newerGo(go: string): Promise<string> {
  const arch = process.arch === 'x64' ? 'amd64' : process.arch;
  const version = `v0.0.1-${GO_TOOLCHAIN}.${process.platform}-${arch}`;
  const folder = join(toolsFolder(), 'go', 'pkg', 'mod', 'golang.org', `toolchain@${version}`);
  const path = join(folder, 'bin', 'go');
  if (await isProgram(path)) return path;
  const module = await mkdtemp(join(tmpdir(), 'antiphon-go-'));
  try {
    await writeFile(join(module, 'go.mod'), 'module toolchain\n\ngo 1.19\n');
    await run(go, ['mod', 'download', `golang.org/toolchain@${version}`], {
      cwd: module,
      env: { ...process.env, GOPATH: join(toolsFolder(), 'go'), GOFLAGS: '-modcacherw' },
    });
  } finally {
    await rm(module, { recursive: true, force: true });
  }
  // A module's files come without the right to run them.
  for (const programs of ['bin', join('pkg', 'tool', `${process.platform}_${arch}`)]) {
    for (const name of await readdir(join(folder, programs)))
      await chmod(join(folder, programs, name), 0o755);
  }
  return path;
}

/**
 * The path of a Go program of this very version, built when it is not there yet (minutes, once).
 *
 * @throws Error that says what is missing.
 */
export async function goTool({ name, module, version, program }: GoTool): Promise<string> {
  const folder = join(toolsFolder(), `${name}-${version}`);
  const path = join(folder, program);
  if (await isProgram(path)) return path;
  const go = await findGo();
  const draft = `${folder}.${process.pid}`;
  await mkdir(draft, { recursive: true });
  try {
    await run(go, ['install', `${module}@${version}`], { env: { ...process.env, GOBIN: draft } });
    await mkdir(dirname(folder), { recursive: true });
    // Two builders at once: the first one's stays.
    await rename(draft, folder).catch(async (error: unknown) => {
      if (!(await isProgram(path))) throw error;
    });
  } finally {
    await rm(draft, { recursive: true, force: true });
  }
  return path;
}
