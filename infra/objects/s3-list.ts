import { S3_LIST_KEYS_MAX } from '../../config/engine-limits.ts';
import { refusal } from './s3-errors.ts';
import type { S3Http } from './s3-http.ts';
import { textOf, textsOf } from './s3-xml.ts';

/** Keys in order, asked for by the page; a page goes on after the last key seen, which needs no token. */
export async function* keysOf(
  http: S3Http,
  prefix: string,
  pageKeysMax = S3_LIST_KEYS_MAX,
): AsyncGenerator<string> {
  for (let after = ''; ; ) {
    const reply = await http.send({
      method: 'GET',
      query: {
        'list-type': '2',
        'max-keys': String(pageKeysMax),
        prefix,
        ...(after !== '' && { 'start-after': after }),
      },
    });
    if (reply.status !== 200) throw refusal(reply, `a list of ${prefix}`);
    const xml = reply.body.toString();
    const keys = textsOf(xml, 'Key');
    // Our own mark is no object.
    for (const key of keys) if (!key.startsWith('.')) yield key;
    const last = keys.at(-1);
    if (textOf(xml, 'IsTruncated') !== 'true' || last === undefined) return;
    after = last;
  }
}
