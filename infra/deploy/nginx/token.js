/**
 * Checks the token of a media path in nginx, by the rules of media/edge/token.ts. Runs in njs from 0.7.9 on
 * (Debian 12): each request has a fresh machine, so nothing is remembered between two of them.
 */
// biome-ignore lint/style/useNodejsImportProtocol: njs has this name only.
import crypto from 'crypto';

const SHAPE =
  /^([0-9A-Za-z]{1,16})\.([0-9a-z]{1,8})\.[0-9A-Za-z]{22}\.[0-9A-Za-z]{22}\.(24|96|160|320)\.[A-Z]{2}\.([\w-]{43})$/;

/** In the time that equality takes, so that no prefix of a mac can be felt out. */
function isSame(a, b) {
  let difference = a.length ^ b.length;
  for (let i = 0; i < a.length; i++) difference |= a.charCodeAt(i) ^ b.charCodeAt(i);
  return difference === 0;
}

/** `secrets`: base64url by key id. The rung is that of the file asked for, if it has one. */
function judge(secrets, token, song, rung, nowMs) {
  const match = SHAPE.exec(token);
  if (!match) return 'forged';
  // biome-ignore lint/suspicious/noPrototypeBuiltins: njs 0.7.9 has no Object.hasOwn.
  const secret = Object.prototype.hasOwnProperty.call(secrets, match[1]) && secrets[match[1]];
  if (!secret) return 'forged';
  const mac = match[4];
  const fields = token.slice(0, -mac.length - 1);
  const hmac = crypto.createHmac('sha256', Buffer.from(secret, 'base64url'));
  // Compared as text: of the two spellings that 43 characters allow, only the one that we write is valid.
  if (!isSame(hmac.update(`${fields}.${song}`).digest('base64url'), mac)) return 'forged';
  if (parseInt(match[2], 36) * 1000 <= nowMs) return 'expired';
  if (rung && Number(rung) > Number(match[3])) return 'rung';
  return 'valid';
}

/** For js_set; `media_keys` is preloaded by nginx.conf. */
function verdict(r) {
  const v = r.variables;
  return judge(media_keys, v.media_token, v.media_song, v.media_rung, Date.now());
}

export default { verdict, judge };
