/** AWS Signature Version 4 in its header form, as S3 asks for it (AmazonS3/latest/API/sig-v4-header-based-auth). */
import { createHmac, hash } from 'node:crypto';

export interface S3Credentials {
  readonly region: string;
  readonly accessKey: string;
  readonly secretKey: string;
}

export interface UnsignedRequest {
  readonly method: string;
  /** Of characters that need no encoding. */
  readonly path: string;
  readonly query: Readonly<Record<string, string>>;
  /** All of them are signed; names in lower case, `host` among them. */
  readonly headers: Readonly<Record<string, string>>;
  /** Hexadecimal SHA-256 of the body. */
  readonly bodySha256: string;
}

export const EMPTY_SHA256 = hash('sha256', '', 'hex');

const hmac = (key: string | Buffer, text: string): Buffer => createHmac('sha256', key).update(text).digest();

const encode = (text: string): string =>
  encodeURIComponent(text).replace(/[!'()*]/g, (char) => `%${char.charCodeAt(0).toString(16).toUpperCase()}`);

/** Sorted and encoded, the same for the signature and for the wire. */
export const queryText = (query: Readonly<Record<string, string>>): string =>
  Object.entries(query)
    .map(([name, value]) => `${encode(name)}=${encode(value)}`)
    .sort()
    .join('&');

/** Gives the request's headers with the signature among them. */
export function createSigner({ region, accessKey, secretKey }: S3Credentials) {
  let keyDay = '';
  let key: Buffer = Buffer.alloc(0);

  /** A key holds for a day, so that a request costs one HMAC. */
  const keyOf = (day: string): Buffer => {
    if (day !== keyDay) {
      key = hmac(hmac(hmac(hmac(`AWS4${secretKey}`, day), region), 's3'), 'aws4_request');
      keyDay = day;
    }
    return key;
  };

  return (request: UnsignedRequest, nowMs: number): Record<string, string> => {
    const time = `${new Date(nowMs).toISOString().slice(0, 19).replaceAll(/[-:]/g, '')}Z`;
    const day = time.slice(0, 8);
    const headers: Record<string, string> = {
      ...request.headers,
      'x-amz-content-sha256': request.bodySha256,
      'x-amz-date': time,
    };
    const names = Object.keys(headers).sort();
    const signedNames = names.join(';');
    const canonical = [
      request.method,
      request.path,
      queryText(request.query),
      ...names.map((name) => `${name}:${headers[name]}`),
      '',
      signedNames,
      request.bodySha256,
    ].join('\n');
    const scope = `${day}/${region}/s3/aws4_request`;
    const text = `AWS4-HMAC-SHA256\n${time}\n${scope}\n${hash('sha256', canonical, 'hex')}`;
    const signature = hmac(keyOf(day), text).toString('hex');
    headers.authorization = `AWS4-HMAC-SHA256 Credential=${accessKey}/${scope},SignedHeaders=${signedNames},Signature=${signature}`;
    return headers;
  };
}
