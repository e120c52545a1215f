/** Refusals that more than one file here gives. */
import { ConflictError, UnavailableError } from '../../kit/errors.ts';

export const accountContended = (): UnavailableError =>
  new UnavailableError('ACCOUNT_CONTENDED', 'Too many changes at once; try again.');

export const usernameTaken = (): ConflictError =>
  new ConflictError('USERNAME_TAKEN', 'This name is taken; choose another.');
