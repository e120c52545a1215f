/** What is known of a folder, a page at a time, in order. */
import { LIBRARY_ROWS_PER_SCAN } from '../../config/limits.ts';
import type { FileRow, LibraryTables } from './tables.ts';

export interface KnownFile {
  readonly path: string;
  readonly row: FileRow;
}

/** @param under only what lies below this path of the folder; `''` for all */
export async function* knownPages(
  tables: LibraryTables,
  folderId: string,
  under: string,
): AsyncGenerator<KnownFile[]> {
  // Behind every path that begins with `under/` comes `under0`.
  const range = under === '' ? {} : { from: [`${under}/`] as const, to: [`${under}0`] as const };
  let cursor: string | undefined;
  do {
    const page = await tables.files.scan(folderId, {
      ...range,
      limit: LIBRARY_ROWS_PER_SCAN,
      ...(cursor !== undefined && { cursor }),
    });
    yield page.rows.map(({ ck, row }) => ({ path: ck[0], row }));
    cursor = page.cursor;
  } while (cursor !== undefined);
}

/** Rows one by one, looked at before they are taken. */
export class KnownFiles {
  readonly #pages: AsyncGenerator<KnownFile[]>;
  #page: KnownFile[] = [];
  #at = 0;
  #isEnd = false;

  constructor(pages: AsyncGenerator<KnownFile[]>) {
    this.#pages = pages;
  }

  /** Undefined at the end, and when a page must be fetched first. */
  get next(): KnownFile | undefined {
    return this.#page[this.#at];
  }

  get needsPage(): boolean {
    return this.#at >= this.#page.length && !this.#isEnd;
  }

  async fetch(): Promise<void> {
    while (this.needsPage) {
      const { value, done } = await this.#pages.next();
      this.#page = value ?? [];
      this.#at = 0;
      this.#isEnd = done === true;
    }
  }

  take(): void {
    this.#at += 1;
  }
}
