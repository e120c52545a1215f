const REASONS: Readonly<Record<string, string>> = {
  NOT_IN_REGION: 'not available in your country',
  NOT_RELEASED: 'not released yet',
  NOT_LICENSED: 'not licensed at the moment',
  NOT_READY: 'still being prepared',
  REMOVED: 'no longer here',
  EXPLICIT_FILTERED: 'explicit, which your settings leave out',
  PREMIUM_REQUIRED: 'needs premium',
  PLAYING_ELSEWHERE: 'playing on another device',
  NOTHING_TO_PLAY: 'nothing to play',
};

/** Why a song does not sound, in the listener's words. */
export const reasonText = (reason: string): string => REASONS[reason] ?? reason;
