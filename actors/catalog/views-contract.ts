/** Schemas that the catalogue's contract and its corrections share. */
import { Type } from 'typebox';
import { literals } from '../../kit/contract.ts';

export const Name = Type.String({ minLength: 1, maxLength: 500 });
export const Year = Type.Integer({ minimum: 0, maximum: 9999 });
export const AlbumType = literals('album', 'single', 'ep', 'compilation');
