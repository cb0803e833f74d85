const HERE = 'http://here.invalid';

/**
 * Where to go after the login: an address of this application, whatever a link to the login says. Browsers read
 * `//host`, `/\host` and `/<tab>/host` as other hosts, so the text is read as they do before it is looked at.
 */
export function localPath(to: unknown): string {
  if (typeof to !== 'string' || !to.startsWith('/') || !URL.canParse(to, HERE)) return '/';
  const { origin, pathname, search } = new URL(to, HERE);
  return origin === HERE && !pathname.startsWith('//') ? pathname + search : '/';
}
