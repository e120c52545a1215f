/** ISO base media file format (ISO/IEC 14496-12) boxes: just enough to read ffmpeg's and to write ours. */
import { BadRequestError } from '../../../kit/errors.ts';

export interface Box {
  readonly type: string;
  /** The box is bytes [start, end), its content [bodyStart, end) of the buffer it was read from. */
  readonly start: number;
  readonly bodyStart: number;
  readonly end: number;
}

export const malformed = (what: string): BadRequestError =>
  new BadRequestError('MALFORMED_MP4', `The encoded file is not the fragmented MP4 expected: ${what}`);

export const BOX_HEADER_BYTES = 8;

/** Type and total size from a box's first 16 bytes. */
export function boxHeader(bytes: Buffer): { type: string; headerBytes: number; bytes: number } {
  if (bytes.length < BOX_HEADER_BYTES) throw malformed('a box is cut short');
  const type = bytes.toString('latin1', 4, 8);
  const size = bytes.readUInt32BE(0);
  if (size !== 1) {
    if (size < BOX_HEADER_BYTES) throw malformed(`box ${type} has size ${size}`);
    return { type, headerBytes: BOX_HEADER_BYTES, bytes: size };
  }
  if (bytes.length < 16) throw malformed('a box is cut short');
  return { type, headerBytes: 16, bytes: Number(bytes.readBigUInt64BE(8)) };
}

export function boxesIn(bytes: Buffer, from = 0, to = bytes.length): Box[] {
  const boxes: Box[] = [];
  for (let at = from; at < to; ) {
    const header = boxHeader(bytes.subarray(at, to));
    const end = at + header.bytes;
    if (end > to) throw malformed(`box ${header.type} reaches past its parent`);
    boxes.push({ type: header.type, start: at, bodyStart: at + header.headerBytes, end });
    at = end;
  }
  return boxes;
}

/** The first box at `path` (`moov/trak/mdia`), or undefined. */
export function findBox(bytes: Buffer, path: string, from = 0, to = bytes.length): Box | undefined {
  const [type, ...rest] = path.split('/');
  const box = boxesIn(bytes, from, to).find((candidate) => candidate.type === type);
  return box && rest.length > 0 ? findBox(bytes, rest.join('/'), box.bodyStart, box.end) : box;
}

export function needBox(bytes: Buffer, path: string, from = 0, to = bytes.length): Box {
  const box = findBox(bytes, path, from, to);
  if (!box) throw malformed(`it has no ${path}`);
  return box;
}

export const u16 = (value: number): Buffer => {
  const out = Buffer.alloc(2);
  out.writeUInt16BE(value);
  return out;
};

/** Consecutive 32-bit unsigned integers. */
export const u32 = (...values: readonly number[]): Buffer => {
  const out = Buffer.alloc(4 * values.length);
  values.forEach((value, i) => {
    out.writeUInt32BE(value, 4 * i);
  });
  return out;
};

export const u64 = (value: number): Buffer => {
  const out = Buffer.alloc(8);
  out.writeBigUInt64BE(BigInt(value));
  return out;
};

export function box(type: string, ...parts: readonly Uint8Array[]): Buffer {
  const body = Buffer.concat(parts);
  return Buffer.concat([u32(BOX_HEADER_BYTES + body.length), Buffer.from(type, 'latin1'), body]);
}

export const fullBox = (
  type: string,
  version: number,
  flags: number,
  ...parts: readonly Uint8Array[]
): Buffer => box(type, u32(version * 2 ** 24 + flags), ...parts);
