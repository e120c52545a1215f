/**
 * Errors that keep their class, code and data across nodes.
 *
 * Every error that an actor throws on purpose is one of the classes below. Its `code` is stable and meant
 * for programs (`SONG_NOT_FOUND`), its message is one sentence for a person that says what to do, and its
 * `data` is plain JSON. `status` is the HTTP status the gateway answers with (RFC 9110).
 */

export type ErrorData = Readonly<Record<string, unknown>>;

export abstract class AntiphonError extends Error {
  abstract readonly status: number;
  /** Whether the same call may succeed when simply sent again. */
  readonly retryable: boolean = false;
  readonly code: string;
  readonly data: ErrorData;

  constructor(code: string, message: string, data: ErrorData = {}) {
    super(message);
    this.code = code;
    this.data = data;
    this.name = new.target.name;
  }

  /** What Moleculer puts on the wire as the error's type; it finds the class again on the other side. */
  get type(): string {
    return this.code;
  }
}

export class BadRequestError extends AntiphonError {
  readonly status = 400;
}
export class UnauthenticatedError extends AntiphonError {
  readonly status = 401;
}
export class ForbiddenError extends AntiphonError {
  readonly status = 403;
}
export class NotFoundError extends AntiphonError {
  readonly status = 404;
}
export class ConflictError extends AntiphonError {
  readonly status = 409;
}
export class TooLargeError extends AntiphonError {
  readonly status = 413;
}
export class UnsupportedError extends AntiphonError {
  readonly status = 415;
}
/** `data.retryAfterSec` says when to come back. */
export class RateLimitedError extends AntiphonError {
  readonly status = 429;
}
/** Something this call needs is away for the moment. */
export class UnavailableError extends AntiphonError {
  readonly status = 503;
  override readonly retryable = true;
}
/** The caller's deadline had passed before the work was done; nothing was changed. */
export class DeadlineExceededError extends AntiphonError {
  readonly status = 504;
}
/** A journal append whose expected sequence is no longer the subject's last one. */
export class StaleWriteError extends AntiphonError {
  readonly status = 409;
}

const classes = {
  BadRequestError,
  UnauthenticatedError,
  ForbiddenError,
  NotFoundError,
  ConflictError,
  TooLargeError,
  UnsupportedError,
  RateLimitedError,
  UnavailableError,
  DeadlineExceededError,
  StaleWriteError,
} as const;

export interface WireError {
  readonly name: string;
  readonly code: string;
  readonly message: string;
  readonly data: ErrorData;
}

export const errorToWire = (error: AntiphonError): WireError => ({
  name: error.name,
  code: error.code,
  message: error.message,
  data: error.data,
});

/** The error a wire error stands for, or undefined when it is none of ours. */
export function errorFromWire(wire: WireError): AntiphonError | undefined {
  const Class = Object.hasOwn(classes, wire.name) ? classes[wire.name as keyof typeof classes] : undefined;
  return Class && new Class(wire.code, wire.message, wire.data);
}
