/**
 * Frames on the bus socket: length of the rest (4 bytes), length of the topic (2 bytes), topic, data; numbers
 * are big-endian.
 */
import type { Socket } from 'node:net';
import { BUS_FRAME_BYTES_MAX } from '../../config/engine-limits.ts';
import { TooLargeError } from '../../kit/errors.ts';

const LENGTH_BYTES = 4;
const TOPIC_LENGTH_BYTES = 2;

/** @throws TooLargeError `BUS_FRAME_TOO_LARGE`. */
export function frameOf(topic: string, data: Buffer): Buffer {
  const name = Buffer.from(topic);
  const length = TOPIC_LENGTH_BYTES + name.length + data.length;
  if (length > BUS_FRAME_BYTES_MAX) {
    throw new TooLargeError('BUS_FRAME_TOO_LARGE', `A message of ${length} bytes is too large for the bus.`, {
      bytes: length,
      bytesMax: BUS_FRAME_BYTES_MAX,
    });
  }
  const head = Buffer.allocUnsafe(LENGTH_BYTES + TOPIC_LENGTH_BYTES);
  head.writeUInt32BE(length, 0);
  head.writeUInt16BE(name.length, LENGTH_BYTES);
  return Buffer.concat([head, name, data]);
}

/** Cuts the byte stream into frames again; a peer that breaks the format is cut off. */
export function readFrames(
  socket: Socket,
  onFrame: (topic: string, data: Buffer, frame: Buffer) => void,
): void {
  let held: Buffer = Buffer.alloc(0);
  socket.on('data', (chunk: Buffer) => {
    held = held.length > 0 ? Buffer.concat([held, chunk]) : chunk;
    while (held.length >= LENGTH_BYTES + TOPIC_LENGTH_BYTES) {
      const length = held.readUInt32BE(0);
      const topicLength = held.readUInt16BE(LENGTH_BYTES);
      if (length > BUS_FRAME_BYTES_MAX || length < TOPIC_LENGTH_BYTES + topicLength) {
        socket.destroy();
        return;
      }
      const end = LENGTH_BYTES + length;
      if (held.length < end) return;
      const topicEnd = LENGTH_BYTES + TOPIC_LENGTH_BYTES + topicLength;
      const topic = held.toString('utf8', LENGTH_BYTES + TOPIC_LENGTH_BYTES, topicEnd);
      onFrame(topic, held.subarray(topicEnd, end), held.subarray(0, end));
      held = held.subarray(end);
    }
  });
}
