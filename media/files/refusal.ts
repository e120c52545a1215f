import { UnsupportedError } from '../../kit/errors.ts';

/** Why a file is not taken in. The code is for programs, the sentence for the person who owns the file. */
export const REFUSALS = {
  NOT_MUSIC:
    'It holds no music that can be read (FLAC, MP3, Ogg Vorbis, Opus, AAC or ALAC in M4A, WAV, AIFF).',
  NOT_A_FILE: 'It is not a regular file.',
  SYMLINK_LEAVES_FOLDER: 'It is a link to a place outside the folder; copy the file into the folder.',
  SYMLINK_BROKEN: 'It is a link to nothing.',
  UNREADABLE: 'It could not be read; check its permissions, and that its name is UTF-8.',
  PATH_TOO_LONG: 'Its path is longer than 900 bytes; move it up or give it a shorter name.',
  TOO_DEEP: 'Its folder lies too deep; move it up.',
  EMPTY: 'It is empty.',
  TOO_LARGE: 'It is larger than 4 GiB.',
  TOO_LONG: 'It lasts longer than three hours; split it into tracks.',
  TOO_SHORT: 'It lasts less than half a second.',
  IS_VIDEO: 'It is a video; extract its sound first.',
  UNSUPPORTED_CODEC: 'Its sound is in a format that is not taken in.',
  TRUNCATED: 'It ends before the length that it declares; copy or download it again.',
  DAMAGED: 'It could not be decoded; it is damaged.',
  NOT_ACCEPTED: 'The catalogue does not take what its tags say.',
  TOO_SLOW: 'It took longer to read or to decode than any music should.',
  CRASHED_THE_READER: 'Reading it has ended the reader twice; it is read again when it has changed.',
  UPLOAD_LOST: 'What was sent of it is gone; import it again.',
  PARKED: 'No worker could take it in; an operator finds it among the parked records.',
} as const;

export type RefusalCode = keyof typeof REFUSALS;

export class RefusedError extends UnsupportedError {
  readonly refusal: RefusalCode;

  constructor(refusal: RefusalCode, detail = '') {
    super(refusal, detail ? `${REFUSALS[refusal]} (${detail})` : REFUSALS[refusal]);
    this.refusal = refusal;
  }

  /** As another process has told it. */
  static told(refusal: RefusalCode, message: string): RefusedError {
    return Object.assign(new RefusedError(refusal), { message });
  }
}
