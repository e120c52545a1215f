/** The corrections in force, as far as they have been asked for. Opened anew for each piece of work. */
import { CORRECTION_STEPS_MAX } from '../../config/limits.ts';
import { corrected, type Entry, type Target } from './correct.ts';
import type { CatalogTables, Shown } from './tables.ts';

export class CorrectionBook {
  readonly #tables: CatalogTables;
  readonly #entries = new Map<Target, readonly Entry[]>();
  #isEmpty: boolean | undefined;

  constructor(tables: CatalogTables) {
    this.#tables = tables;
  }

  /** What is seen of each, in place of what files say; undefined where that is the same. */
  async shown(said: readonly Shown[]): Promise<(Shown | undefined)[]> {
    if (await this.#nothing()) return said.map(() => undefined);
    for (;;) {
      const missing = new Set<Target>();
      const lookup = (target: Target): readonly Entry[] => {
        const entries = this.#entries.get(target);
        if (!entries) missing.add(target);
        return entries ?? [];
      };
      const shown = said.map((one) => corrected(one, lookup));
      if (missing.size === 0) return shown;
      await this.#load([...missing]);
    }
  }

  async entries(target: Target): Promise<readonly Entry[]> {
    if (!this.#entries.has(target)) await this.#load([target]);
    return this.#entries.get(target) ?? [];
  }

  /** What an album or artist has been merged into, or itself. */
  async root(kind: 'album' | 'artist', id: string): Promise<string> {
    let now = id;
    for (let step = 0; step < CORRECTION_STEPS_MAX; step++) {
      const entries = await this.entries(`${kind}/${now}`);
      const merged = entries.find((entry) => entry.kind === 'albumMerged' || entry.kind === 'artistMerged');
      if (!merged) return now;
      now = merged.kind === 'artistMerged' ? merged.into.artistId : merged.into;
    }
    return now;
  }

  async #nothing(): Promise<boolean> {
    this.#isEmpty ??= (await this.#tables.correctionHead.getVersioned('all', [])) === undefined;
    return this.#isEmpty;
  }

  async #load(targets: readonly Target[]): Promise<void> {
    const rows = await this.#tables.corrected.getMany(targets.map((target) => [target, []] as const));
    for (const [i, target] of targets.entries()) this.#entries.set(target, rows[i]?.entries ?? []);
  }
}
