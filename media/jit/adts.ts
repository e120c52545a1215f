/** Frames of an ADTS stream (ISO 14496-3, 1.A.2), as ffmpeg writes it to a pipe: each one can be had at once. */

const HEADER_BYTES = 7;

export class AdtsFrames {
  #rest: Buffer = Buffer.alloc(0);

  /** The frames that are whole by now, without their headers. */
  push(chunk: Buffer): Buffer[] {
    const bytes = this.#rest.length > 0 ? Buffer.concat([this.#rest, chunk]) : chunk;
    const frames: Buffer[] = [];
    let at = 0;
    while (bytes.length - at >= HEADER_BYTES) {
      const frameBytes =
        ((bytes.readUInt8(at + 3) & 0x03) << 11) |
        (bytes.readUInt8(at + 4) << 3) |
        (bytes.readUInt8(at + 5) >> 5);
      if (bytes.readUInt16BE(at) >> 4 !== 0xfff || frameBytes <= HEADER_BYTES) {
        throw new Error('the encoder wrote no ADTS');
      }
      if (bytes.length - at < frameBytes) break;
      frames.push(bytes.subarray(at + HEADER_BYTES, at + frameBytes));
      at += frameBytes;
    }
    this.#rest = bytes.subarray(at);
    return frames;
  }
}

/** One frame of silence, for mono and stereo. */
export const silentFrame = (channels: 1 | 2): Buffer =>
  Buffer.from(channels === 1 ? '00c800802380' : '210049900219002380', 'hex');
