/** Which passwords are refused (NIST SP 800-63B 5.1.1.2, OWASP ASVS 2.1): length, common ones, the name. */
import { BadRequestError } from '../../kit/errors.ts';
import { COMMON_PASSWORDS } from './common-passwords.ts';

/** Shorter names turn up in innocent passwords by chance. */
const CONTAINED_NAME_LENGTH_MIN = 4;

/** Two keyboards may encode one accented letter differently; both must open the account (NFKC). */
export const normalPassword = (password: string): string => password.normalize('NFKC');

/** Why a new password is refused, if it is. Its length is the contract's matter. */
export function passwordRejection(password: string, username: string): BadRequestError | undefined {
  const plain = normalPassword(password).toLowerCase();
  if (COMMON_PASSWORDS.has(plain) || new Set(plain).size < 3) {
    return new BadRequestError(
      'PASSWORD_COMMON',
      'This password is among the first that anyone tries; choose another, such as four unrelated words.',
    );
  }
  if (username.length >= CONTAINED_NAME_LENGTH_MIN && plain.includes(username)) {
    return new BadRequestError('PASSWORD_HAS_USERNAME', 'Choose a password that does not contain your name.');
  }
  return undefined;
}
