/**
 * Returns the candidate that differs least from a text, for "did you mean". Returns null if all differ by more than a
 * few letters, or by half of a short text.
 *
 * @example nearest('shoping/orders', ['shopping/orders', 'forum/posts']) // 'shopping/orders'
 */
export function nearest(text: string, candidates: readonly string[]): string | null {
  const limit = Math.min(Math.max(2, Math.floor(text.length / 5)), Math.floor(text.length / 2));
  let best: string | null = null;
  let least = limit + 1;
  for (const candidate of candidates) {
    if (Math.abs(candidate.length - text.length) >= least) continue;
    const differing = distance(text.toLowerCase(), candidate.toLowerCase());
    if (differing < least) [best, least] = [candidate, differing];
  }
  return best;
}

/** Returns Levenshtein's distance. */
function distance(a: string, b: string): number {
  let previous = Array.from({ length: b.length + 1 }, (_, column) => column);
  for (let row = 1; row <= a.length; row++) {
    const current = [row];
    for (let column = 1; column <= b.length; column++) {
      const replaced = at(previous, column - 1) + (a[row - 1] === b[column - 1] ? 0 : 1);
      current.push(Math.min(replaced, at(previous, column) + 1, at(current, column - 1) + 1));
    }
    previous = current;
  }
  return at(previous, b.length);
}

function at(row: readonly number[], column: number): number {
  return row[column] ?? 0;
}
