/** Brings errors of kit/errors.ts back to life on the calling node, with class, code and data. */
import { Errors } from 'moleculer';
import { type ErrorData, errorFromWire } from '../../kit/errors.ts';

export class ErrorRegenerator extends Errors.Regenerator {
  override restoreCustomError(plain: Errors.PlainMoleculerError): Error {
    const { name, message, data } = plain;
    const error = errorFromWire({ name, code: String(plain.code), message, data: (data ?? {}) as ErrorData });
    // Undefined leaves the error to Moleculer, whose types do not say so.
    return error as Error;
  }
}
