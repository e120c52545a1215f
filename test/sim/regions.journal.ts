/**
 * A journal over regions (docs/decisions/0015-regions.md): each region appends to a stream of its own and
 * holds a mirror, a little behind, of the others'. A subject is a chain of legs, one for each time that a
 * region was its home.
 */
import { StaleWriteError, UnavailableError } from '../../kit/errors.ts';
import type { Journal, JournalRecord } from '../../kit/ports/journal.ts';

export interface Leg {
  readonly region: string;
  /** The record with which the region took the subject over; absent until it has. What counts comes after. */
  readonly fromSeq?: number;
  /** The last record that counts; absent on the leg that still grows. */
  readonly untilSeq?: number;
}

/** Kept with a majority over all regions: in Cassandra by LWT at SERIAL, never at LOCAL_SERIAL. */
export interface Homes {
  /** Oldest leg first; of a subject that never moved, its first region from 0 on. */
  legs(subject: string): Promise<readonly Leg[]>;
  /** Resolves with whether they still were `from`. */
  swap(subject: string, from: readonly Leg[], to: readonly Leg[]): Promise<boolean>;
}

export interface RegionalDeps {
  readonly region: string;
  /** The region's own engine: `<stream>@<region>`, and `<stream>@<other>~<region>` for each mirror. */
  readonly local: Pick<Journal, 'append' | 'read' | 'lastSeq'>;
  readonly homes: Homes;
  /** Whether the other regions are bound to believe that this one is alive. */
  readonly holdsLease: () => boolean;
  /** Whether that region's lease has run out, so that its subjects may be taken over. */
  readonly isLost: (region: string) => Promise<boolean>;
}

export interface RegionalJournal extends Pick<Journal, 'append' | 'read' | 'lastSeq'> {
  /** Gives a subject that lives here to another region. */
  moveOut(stream: string, subject: string, to: string): Promise<void>;
}

/** A subject as its home sees it. */
interface Subject {
  readonly legs: readonly Leg[];
  readonly records: readonly JournalRecord[];
  readonly lastSeq: number;
  /** The last of the growing leg in the region's own stream. */
  readonly localSeq: number;
  readonly toSeq: (localSeq: number) => number;
}

const isOpening = (data: unknown): boolean => Object.hasOwn(data as object, 'opens');

/** Sequences of a later leg are above all of an earlier one. */
const LEG = 2 ** 40;
const STEPS_MAX = 4;

export const streamIn = (stream: string, of: string, at: string): string =>
  of === at ? `${stream}@${at}` : `${stream}@${of}~${at}`;

const notHome = () =>
  new UnavailableError('NOT_HOME', 'This lives in another region at the moment; ask there.');

export function regionalJournal({ region, local, homes, holdsLease, isLost }: RegionalDeps): RegionalJournal {
  const own = (stream: string) => streamIn(stream, region, region);

  /** Ends the lost region's leg where its mirror ends: what lies behind is an orphan, to be handed in later. */
  async function takeOver(stream: string, subject: string, legs: readonly Leg[]): Promise<readonly Leg[]> {
    const last = legs.at(-1) as Leg;
    const before = legs.slice(0, -1);
    if (last.fromSeq === undefined) return [...before, { region }];
    const mirrored = await local.lastSeq(streamIn(stream, last.region, region), subject);
    return [...before, { ...last, untilSeq: Math.max(last.fromSeq, mirrored) }, { region }];
  }

  /** A record of one's own first, so that a process of an earlier leg that wakes up finds the subject gone on. */
  async function open(stream: string, subject: string, legs: readonly Leg[]): Promise<readonly Leg[]> {
    const expectedSeq = await local.lastSeq(own(stream), subject);
    const fromSeq = await local.append(own(stream), subject, { opens: legs.length }, { expectedSeq });
    return [...legs.slice(0, -1), { region, fromSeq }];
  }

  /** @throws UnavailableError `NOT_HOME` unless the subject lives here, or could be taken over. */
  async function legsOf(stream: string, subject: string): Promise<readonly Leg[]> {
    for (let step = 0; step < STEPS_MAX; step++) {
      if (!holdsLease()) throw notHome();
      const legs = await homes.legs(subject);
      const last = legs.at(-1) as Leg;
      if (last.region === region && last.fromSeq !== undefined) return legs;
      if (last.region !== region && !(await isLost(last.region))) throw notHome();
      const next = last.region === region ? open : takeOver;
      await homes.swap(subject, legs, await next(stream, subject, legs));
    }
    throw notHome();
  }

  async function subjectAt(stream: string, subject: string): Promise<Subject> {
    const legs = await legsOf(stream, subject);
    const parts = await Promise.all(
      legs.map(async ({ region: of, fromSeq = 0, untilSeq = Number.POSITIVE_INFINITY }, index) => {
        const all = await local.read(streamIn(stream, of, region), subject);
        // After a planned move the mirror may still be on its way.
        const isWhole = untilSeq === Number.POSITIVE_INFINITY || (all.at(-1)?.seq ?? 0) >= untilSeq;
        if (!isWhole && untilSeq > fromSeq) throw notHome();
        return all
          .filter(({ seq }) => seq > fromSeq && seq <= untilSeq)
          .map((record) => ({ ...record, stream, seq: index * LEG + record.seq }));
      }),
    );
    const growing = legs.length - 1;
    // Two nodes may have opened one leg: the record that lost stands behind the one that counts.
    const records = parts.flat().filter(({ data }) => !isOpening(data));
    const localSeq = (parts[growing]?.at(-1)?.seq ?? 0) - growing * LEG;
    return {
      legs,
      records,
      lastSeq: records.at(-1)?.seq ?? 0,
      localSeq: localSeq > 0 ? localSeq : (legs[growing]?.fromSeq ?? 0),
      toSeq: (seq) => growing * LEG + seq,
    };
  }

  return {
    async read(stream, subject, afterSeq = 0, last = Number.POSITIVE_INFINITY) {
      const { records } = await subjectAt(stream, subject);
      const found = records.filter(({ seq }) => seq > afterSeq);
      return found.slice(Math.max(0, found.length - last));
    },
    async lastSeq(stream, subject) {
      return (await subjectAt(stream, subject)).lastSeq;
    },
    async append(stream, subject, data, { expectedSeq } = {}) {
      const { lastSeq, localSeq, toSeq } = await subjectAt(stream, subject);
      if (expectedSeq !== undefined && expectedSeq !== lastSeq) {
        throw new StaleWriteError('STALE_WRITE', 'Someone else has written this subject.', { lastSeq });
      }
      if (!holdsLease()) throw notHome();
      const options = expectedSeq === undefined ? {} : { expectedSeq: localSeq };
      return toSeq(await local.append(own(stream), subject, data, options));
    },
    async moveOut(stream, subject, to) {
      const { legs, localSeq: untilSeq } = await subjectAt(stream, subject);
      const last = legs.at(-1) as Leg;
      await homes.swap(subject, legs, [...legs.slice(0, -1), { ...last, untilSeq }, { region: to }]);
    },
  };
}
