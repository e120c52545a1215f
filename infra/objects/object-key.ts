import { OBJECT_KEY_CHARS_MAX } from '../../config/limits.ts';
import { BadRequestError, ConflictError, NotFoundError } from '../../kit/errors.ts';

/** No segment starts with a dot: neither `..` nor a hidden file can be named. */
const KEY = /^[A-Za-z0-9_-][A-Za-z0-9._-]{0,199}(\/[A-Za-z0-9_-][A-Za-z0-9._-]{0,199})*$/;
const PREFIX = /^([A-Za-z0-9_-][A-Za-z0-9._-]*(\/[A-Za-z0-9_-][A-Za-z0-9._-]*)*\/?)?$/;

/** @throws BadRequestError `BAD_OBJECT_KEY` */
export function assertObjectKey(key: string): void {
  if (key.length > OBJECT_KEY_CHARS_MAX || !KEY.test(key)) throw badKey(key);
}

/** @throws BadRequestError `BAD_OBJECT_KEY` */
export function assertObjectPrefix(prefix: string): void {
  if (prefix.length > OBJECT_KEY_CHARS_MAX || !PREFIX.test(prefix)) throw badKey(prefix);
}

const badKey = (key: string) =>
  new BadRequestError(
    'BAD_OBJECT_KEY',
    `An object key is made of names of letters, digits, ".", "_" and "-", joined by "/"; no name starts with ".".`,
    { key: key.slice(0, 100) },
  );

/** @throws BadRequestError `BAD_RANGE` */
export function assertRange(start: number, end: number): void {
  if (!Number.isSafeInteger(start) || !Number.isSafeInteger(end) || start < 0 || end < start) {
    throw new BadRequestError('BAD_RANGE', 'A range runs from a byte to a later one.', { start, end });
  }
}

/** What a put with `ifAbsent` answers to all but the one who wins. */
export const objectExists = (key: string) =>
  new ConflictError('OBJECT_EXISTS', `There already is an object at ${key}.`, { key });

/** What putFile answers when it has nothing to take over. */
export const noSuchFile = (path: string) =>
  new NotFoundError('NO_SUCH_FILE', `There is no plain file at ${path}.`, { path });
