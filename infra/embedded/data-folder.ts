/** The data folder: made on demand for its owner alone, and opened only when it is ours and not from the future. */
import { randomUUID } from 'node:crypto';
import { link, mkdir, open, readdir, readFile, realpath, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { ConflictError, UnavailableError, UnsupportedError } from '../../kit/errors.ts';

export const DATA_FORMAT = 1;
const FORMAT_FILE = 'antiphon-data.json';
/** A fresh disk brings this folder along. */
const FOREIGN_BUT_HARMLESS = 'lost+found';

/**
 * Resolves with the folder's real path.
 *
 * @throws UnsupportedError `DATA_FOLDER_NEWER`; ConflictError `DATA_FOLDER_FOREIGN`; UnavailableError
 *   `DATA_FOLDER_NOT_WRITABLE`.
 */
export async function openDataFolder(dataDir: string): Promise<string> {
  try {
    await mkdir(dataDir, { recursive: true, mode: 0o700 });
    const folder = await realpath(dataDir);
    if (!(await checkFormat(folder))) await claim(folder);
    await assertWritable(folder);
    return folder;
  } catch (error) {
    if (error instanceof UnsupportedError || error instanceof ConflictError) throw error;
    throw new UnavailableError(
      'DATA_FOLDER_NOT_WRITABLE',
      `The data folder ${dataDir} cannot be used (${(error as Error).message}). Give this user the right to write there, or name another folder.`,
      { dataDir },
    );
  }
}

/** Whether the folder carries our mark; false when it carries none. */
async function checkFormat(folder: string): Promise<boolean> {
  let text: string;
  try {
    text = await readFile(join(folder, FORMAT_FILE), 'utf8');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return false;
    throw error;
  }
  const format = formatIn(text);
  if (format === undefined) throw foreign(folder, `its ${FORMAT_FILE} is damaged`);
  if (format > DATA_FORMAT) {
    throw new UnsupportedError(
      'DATA_FOLDER_NEWER',
      `The data folder ${folder} has format ${format}; this version knows ${DATA_FORMAT}. Run the version that wrote it, or a later one.`,
      { folder, format, formatMax: DATA_FORMAT },
    );
  }
  return true;
}

function formatIn(text: string): number | undefined {
  try {
    const { format } = JSON.parse(text) as { format?: unknown };
    return Number.isInteger(format) && (format as number) >= 1 ? (format as number) : undefined;
  } catch {
    return undefined;
  }
}

/** Marks an empty folder as ours; the mark appears whole or not at all, whoever else does the same now. */
async function claim(folder: string): Promise<void> {
  const names = await readdir(folder);
  const strangers = names.filter((name) => name !== FOREIGN_BUT_HARMLESS && !name.startsWith(FORMAT_FILE));
  if (strangers.length > 0) {
    if (await checkFormat(folder)) return;
    throw foreign(folder, `it holds ${strangers.slice(0, 3).join(', ')}`);
  }
  const temp = join(folder, `${FORMAT_FILE}.${randomUUID()}`);
  const file = await open(temp, 'w', 0o600);
  try {
    await file.writeFile(`${JSON.stringify({ app: 'antiphon', format: DATA_FORMAT })}\n`);
    await file.sync();
  } finally {
    await file.close();
  }
  try {
    await link(temp, join(folder, FORMAT_FILE));
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error;
  } finally {
    await rm(temp, { force: true });
  }
}

async function assertWritable(folder: string): Promise<void> {
  const probe = join(folder, `${FORMAT_FILE}.probe.${process.pid}`);
  await (await open(probe, 'w', 0o600)).close();
  await rm(probe, { force: true });
}

const foreign = (folder: string, why: string) =>
  new ConflictError(
    'DATA_FOLDER_FOREIGN',
    `The folder ${folder} was not made by this service: ${why}. Name an empty folder, or one that it made.`,
    { folder },
  );
