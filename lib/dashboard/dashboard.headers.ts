/** Everything the page loads comes from where it comes from itself; nothing runs or is styled inline. */
export const CONTENT_SECURITY_POLICY = [
  `default-src 'none'`,
  `script-src 'self'`,
  `style-src 'self'`,
  `img-src 'self'`,
  `connect-src 'self'`,
  `base-uri 'none'`,
  `form-action 'none'`,
  `frame-ancestors 'none'`,
].join('; ');

const OF_ALL = { 'X-Content-Type-Options': 'nosniff', 'Cross-Origin-Resource-Policy': 'same-origin' };

export const PAGE_HEADERS: Readonly<Record<string, string>> = {
  ...OF_ALL,
  'Content-Type': 'text/html; charset=utf-8',
  'Content-Security-Policy': CONTENT_SECURITY_POLICY,
  'Referrer-Policy': 'same-origin',
  'X-Frame-Options': 'DENY',
  'Cache-Control': 'private, no-cache',
};

/** @param isCurrent whether the address names the build that is served: only then does it always hold the same */
export function fileHeaders(type: string, isCurrent: boolean): Readonly<Record<string, string>> {
  return {
    ...OF_ALL,
    'Content-Type': type,
    'Cache-Control': isCurrent ? 'private, max-age=31536000, immutable' : 'private, no-store',
    Vary: 'Accept-Encoding',
  };
}
