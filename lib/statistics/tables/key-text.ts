const LONE_SURROGATE = /\p{Surrogate}/u;

/**
 * Returns why a value cannot be a text key, or null if it can. Databases accept neither NUL characters nor halves of
 * surrogate pairs, and would cut or reject longer text.
 *
 * @param limit in characters (code points), as databases count them
 */
export function keyTextProblem(value: unknown, limit: number): string | null {
  if (typeof value !== 'string') return `Expected text of at most ${limit} characters.`;
  if (value.length > limit && Array.from(value).length > limit) {
    return `Expected text of at most ${limit} characters; it has ${Array.from(value).length}.`;
  }
  if (value.includes('\0')) return 'Expected text without NUL characters, which no database stores.';
  if (LONE_SURROGATE.test(value)) return 'Expected well-formed text; it has half of a surrogate pair.';
  return null;
}
