/** Headers of every answer. Pages load only what this server holds and run no inline script. */
const contentSecurityPolicy = (media: string): string =>
  [
    "default-src 'self'",
    "img-src 'self' data: blob:",
    // The audio element is fed from a MediaSource, whose address is a blob's.
    `media-src 'self' blob:${media}`,
    `connect-src 'self'${media}`,
    "worker-src 'self' blob:",
    "object-src 'none'",
    "base-uri 'none'",
    "form-action 'self'",
    "frame-ancestors 'none'",
  ].join('; ');

const HSTS_MAX_AGE_SEC = 31_536_000;

/**
 * Names and values in turn.
 *
 * `secure`: browsers reach the service by https, so they may be told to insist on it.
 * `mediaUrl`: an edge that stands apart, from which pages may fetch sound.
 */
export function securityHeaders(secure: boolean, mediaUrl?: string): string[] {
  const headers = [
    ['Content-Security-Policy', contentSecurityPolicy(mediaUrl === undefined ? '' : ` ${mediaUrl}`)],
    ['X-Content-Type-Options', 'nosniff'],
    ['Referrer-Policy', 'no-referrer'],
    ['Permissions-Policy', 'camera=(), microphone=(), geolocation=(), payment=(), usb=()'],
    ['Cross-Origin-Opener-Policy', 'same-origin'],
  ];
  if (secure) headers.push(['Strict-Transport-Security', `max-age=${HSTS_MAX_AGE_SEC}`]);
  return headers.flat();
}
