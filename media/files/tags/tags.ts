/**
 * Tags of any scheme under one set of names: those of Vorbis comments, in capitals and without spaces, dashes
 * and underscores. What a file can make us hold is bounded here, for every scheme alike.
 */
import { TAG_FIELD_VALUES_MAX, TAG_FIELDS_MAX, TAG_PICTURES_MAX } from '../../../config/limits.ts';

export interface Picture {
  /** Whether it says to be the front cover. */
  readonly isFront: boolean;
  readonly bytes: number;
  /** While the file is open. */
  readonly read: () => Buffer;
}

export const fieldName = (name: string): string => name.replace(/[\s_-]+/g, '').toUpperCase();

export class Tags {
  readonly pictures: Picture[] = [];
  readonly #fields = new Map<string, string[]>();

  /** Values of a field that is there already come behind it. */
  add(name: string, ...values: readonly string[]): void {
    const field = fieldName(name);
    const known = this.#fields.get(field);
    if (!known && this.#fields.size >= TAG_FIELDS_MAX) return;
    const list = known ?? [];
    // A zero ends a text or parts two of them, in whichever scheme it turns up.
    for (const text of values.flatMap((value) => value.split('\0'))) {
      if (text !== '' && list.length < TAG_FIELD_VALUES_MAX) list.push(text);
    }
    if (list.length > 0) this.#fields.set(field, list);
  }

  addPicture(picture: Picture): void {
    if (this.pictures.length < TAG_PICTURES_MAX) this.pictures.push(picture);
  }

  /** Takes of `other` what is not here: an older tag of the same file knows less. */
  fill(other: Tags): void {
    for (const [name, values] of other.#fields) if (!this.#fields.has(name)) this.#fields.set(name, values);
    if (this.pictures.length === 0) this.pictures.push(...other.pictures);
  }

  all(name: string): readonly string[] {
    return this.#fields.get(fieldName(name)) ?? [];
  }

  /** Of the first of these fields that has any value. */
  firstOf(...names: readonly string[]): readonly string[] {
    return names.map((name) => this.all(name)).find((values) => values.length > 0) ?? [];
  }

  first(...names: readonly string[]): string | undefined {
    return this.firstOf(...names)[0];
  }
}
