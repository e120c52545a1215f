import { tOf } from '../texts/texts.ts';

/** Why a song does not sound, in the listener's words. */
export const reasonText = (reason: string): string => tOf('reason.', reason) ?? reason;
