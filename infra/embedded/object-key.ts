import { OBJECT_KEY_CHARS_MAX } from '../../config/limits.ts';
import { BadRequestError } from '../../kit/errors.ts';

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
