/** An actor's journal consumers as one resource: opened, waited for and stopped together. */
import { UnavailableError } from './errors.ts';
import type { ConsumeOptions, Consumer, Journal } from './ports/journal.ts';

export class Consumers implements AsyncDisposable {
  readonly #journal: Pick<Journal, 'consume'>;
  readonly #opened: Consumer[] = [];

  constructor(journal: Pick<Journal, 'consume'>) {
    this.#journal = journal;
  }

  /** Opens them in this order; when one fails, those before it go on until this is disposed. */
  async open(...all: readonly ConsumeOptions[]): Promise<void> {
    for (const options of all) this.#opened.push(await this.#journal.consume(options));
  }

  /**
   * Resolves when all that is in their streams at the time of the call has been handled.
   *
   * @throws UnavailableError `NOT_READING` before `open`: what was not read must not pass for handled.
   */
  async caughtUp(): Promise<void> {
    if (this.#opened.length === 0) {
      throw new UnavailableError('NOT_READING', 'The journal is not read here yet; try again.');
    }
    await Promise.all(this.#opened.map((consumer) => consumer.caughtUp()));
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await Promise.all(this.#opened.splice(0).map((consumer) => consumer[Symbol.asyncDispose]()));
  }
}
