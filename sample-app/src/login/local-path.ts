const HERE = 'http://here.invalid';

/**
 * Returns the address to open after the login, always one of this application. Browsers read `//host`, `/\host` and
 * `/<tab>/host` as other hosts, so the text is parsed as a browser does before it is checked.
 */
export function localPath(to: unknown): string {
  if (typeof to !== 'string' || !to.startsWith('/') || !URL.canParse(to, HERE)) return '/';
  const { origin, pathname, search } = new URL(to, HERE);
  return origin === HERE && !pathname.startsWith('//') ? pathname + search : '/';
}
