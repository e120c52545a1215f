/** Lets work on the same thing happen one after the other, and work on different things at once. */
export class InTurn {
  /** Settled or not, the last work of each key; at most one key for each caller that waits. */
  readonly #last = new Map<string, Promise<unknown>>();

  /** Runs `work` when what was asked for `key` before has ended, however it ended. */
  async run<T>(key: string, work: () => Promise<T>): Promise<T> {
    const before = this.#last.get(key) ?? Promise.resolve();
    const mine = before.then(work, work);
    this.#last.set(key, mine);
    try {
      return await mine;
    } finally {
      if (this.#last.get(key) === mine) this.#last.delete(key);
    }
  }
}
