/** A media source at an audio element: one operation after another, each place in time exact to the sample. */

type Bytes = Uint8Array<ArrayBuffer>;

/** What every rendition is coded in (MPEG-4 AAC-LC). */
const TYPE = 'audio/mp4; codecs="mp4a.40.2"';

type SourceClass = typeof MediaSource;

/** iPhones have the managed one alone; it may throw out what is buffered when memory is short. */
function sourceClass(): SourceClass | undefined {
  const { ManagedMediaSource, MediaSource } = globalThis as {
    ManagedMediaSource?: SourceClass;
    MediaSource?: SourceClass;
  };
  return [MediaSource, ManagedMediaSource].find((Class) => Class?.isTypeSupported(TYPE));
}

export const canBuffer = (): boolean => sourceClass() !== undefined;

export interface Place {
  /** Where the media's own time 0 lies on the timeline, in seconds. */
  readonly offset: number;
  /** What lies outside does not sound. */
  readonly start: number;
  readonly end: number;
}

export class Source {
  readonly #media: MediaSource;
  readonly #url: string;
  #buffer: SourceBuffer | undefined;
  #last: Promise<unknown>;

  constructor(audio: HTMLAudioElement) {
    const Class = sourceClass();
    if (!Class) throw new Error('this browser has no media source');
    this.#media = new Class();
    // A managed source wants to know that the sound goes to no other device by the browser's own means.
    audio.disableRemotePlayback = true;
    this.#url = URL.createObjectURL(this.#media);
    audio.src = this.#url;
    this.#last = happened(this.#media, 'sourceopen').then(() => {
      URL.revokeObjectURL(this.#url);
      this.#buffer = this.#media.addSourceBuffer(TYPE);
    });
    this.#last.catch(() => undefined);
  }

  /** Ranges in seconds, in order. */
  get buffered(): readonly (readonly [start: number, end: number])[] {
    if (!this.#buffer || this.#media.readyState === 'closed') return [];
    const { buffered } = this.#buffer;
    return Array.from({ length: buffered.length }, (_, i) => [buffered.start(i), buffered.end(i)] as const);
  }

  /** @throws DOMException `QuotaExceededError` when there is no room. */
  append(bytes: Bytes, { offset, start, end }: Place): Promise<void> {
    return this.#inTurn((buffer) => {
      buffer.timestampOffset = offset;
      buffer.appendWindowStart = 0;
      buffer.appendWindowEnd = end;
      buffer.appendWindowStart = start;
      buffer.appendBuffer(bytes);
    });
  }

  remove(start: number, end = Number.POSITIVE_INFINITY): Promise<void> {
    return this.#inTurn((buffer) => {
      if (this.buffered.some((range) => range[0] < end && range[1] > start)) buffer.remove(start, end);
    });
  }

  setDuration(seconds: number): Promise<void> {
    return this.#inTurn(() => {
      if (this.#media.readyState === 'open' && this.#media.duration !== seconds)
        this.#media.duration = seconds;
    });
  }

  /** Nothing follows what has been appended; appending more takes it back. */
  end(): Promise<void> {
    return this.#inTurn(() => {
      if (this.#media.readyState === 'open') this.#media.endOfStream();
    });
  }

  /** The element has dropped it. */
  get isClosed(): boolean {
    return this.#buffer !== undefined && this.#media.readyState === 'closed';
  }

  #inTurn(work: (buffer: SourceBuffer) => void): Promise<void> {
    const done = this.#last.then(async () => {
      const buffer = this.#buffer;
      if (!buffer || this.#media.readyState === 'closed') throw new Error('the media source is closed');
      work(buffer);
      if (buffer.updating) await happened(buffer, 'updateend');
    });
    this.#last = done.catch(() => undefined);
    return done;
  }
}

function happened(target: EventTarget, name: string): Promise<void> {
  return new Promise((done, failed) => {
    const end = new AbortController();
    const on = (event: string, then: () => void) =>
      target.addEventListener(
        event,
        () => {
          end.abort();
          then();
        },
        { signal: end.signal },
      );
    on(name, done);
    on('error', () => failed(new Error('the media cannot be decoded')));
    on('sourceclose', () => failed(new Error('the media source is closed')));
  });
}
