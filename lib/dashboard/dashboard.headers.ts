/** Everything the page loads comes from where it comes from itself; nothing runs or is styled inline. */
const POLICY = [
  `default-src 'none'`,
  `script-src 'self'`,
  `style-src 'self'`,
  `img-src 'self'`,
  `connect-src 'self'`,
  `base-uri 'none'`,
  `form-action 'none'`,
];

/** @param ancestors the pages that may show this one in a frame, as the option has them */
export function contentSecurityPolicy(ancestors: readonly string[]): string {
  const sources = ancestors.map((ancestor) => (ancestor === 'self' ? `'self'` : ancestor));
  return [...POLICY, `frame-ancestors ${sources.length === 0 ? `'none'` : sources.join(' ')}`].join('; ');
}

const OF_ALL = { 'X-Content-Type-Options': 'nosniff', 'Cross-Origin-Resource-Policy': 'same-origin' };

/** @param ancestors the pages that may show this one in a frame, as the option has them */
export function pageHeaders(ancestors: readonly string[]): Readonly<Record<string, string>> {
  return {
    ...OF_ALL,
    'Content-Type': 'text/html; charset=utf-8',
    'Content-Security-Policy': contentSecurityPolicy(ancestors),
    'Referrer-Policy': 'same-origin',
    // for browsers without frame-ancestors; it cannot name other origins
    ...(ancestors.length === 0 && { 'X-Frame-Options': 'DENY' }),
    'Cache-Control': 'private, no-cache',
  };
}

/** @param isCurrent whether the address names the build that is served: only then does it always hold the same */
export function fileHeaders(type: string, isCurrent: boolean): Readonly<Record<string, string>> {
  return {
    ...OF_ALL,
    'Content-Type': type,
    'Cache-Control': isCurrent ? 'private, max-age=31536000, immutable' : 'private, no-store',
    Vary: 'Accept-Encoding',
  };
}
