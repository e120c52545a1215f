/** Blobs by key (`tracks/<id>/160.mp4`). Keys are made of `[A-Za-z0-9._-]` segments joined by `/`. */
export interface ObjectInfo {
  readonly bytes: number;
  /** Strong validator: changes whenever the content does. */
  readonly etag: string;
}

export interface PutObjectOptions {
  /** Of those who write one new key at the same time, one wins. @throws ConflictError `OBJECT_EXISTS`. */
  readonly ifAbsent?: boolean;
}

export interface Objects {
  /** All or nothing: a reader sees the old content or the new, never a part. Resolves once durable. */
  put(
    key: string,
    content: Uint8Array | AsyncIterable<Uint8Array>,
    options?: PutObjectOptions,
  ): Promise<ObjectInfo>;
  /** Takes over a local file: it is gone when this resolves. */
  putFile(key: string, path: string): Promise<ObjectInfo>;
  head(key: string): Promise<ObjectInfo | undefined>;
  get(key: string): Promise<Buffer | undefined>;
  /** Bytes [start, end) of the object; undefined when there is no such object. */
  range(key: string, start: number, end: number): Promise<Buffer | undefined>;
  /**
   * The whole object in pieces, for what is too large to hold; undefined when there is no such object. Held
   * open until it is read to its end or broken off.
   */
  stream(key: string): Promise<AsyncIterable<Uint8Array> | undefined>;
  delete(key: string): Promise<void>;
  /** Keys that start with `prefix`, in order. */
  list(prefix: string): AsyncIterable<string>;
}
