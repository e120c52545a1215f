/**
 * Programs of others that tests, `npm run cluster` and CI run as processes: found, or installed once into a
 * cache folder outside the checkout, by version.
 */
import { execFile } from 'node:child_process';
import { constants } from 'node:fs';
import { access, mkdir, rename, rm } from 'node:fs/promises';
import { homedir } from 'node:os';
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

/**
 * The path of a Go program of this very version, built when it is not there yet (minutes, once).
 *
 * @throws Error that says what is missing.
 */
export async function goTool({ name, module, version, program }: GoTool): Promise<string> {
  const folder = join(toolsFolder(), `${name}-${version}`);
  const path = join(folder, program);
  if (await isProgram(path)) return path;
  const go = await findProgram('go');
  if (!go) throw new Error(`${name} ${version} is built with Go: install Go 1.25 or later.`);
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
