/** The most parts that one statement joins by UNION ALL. SQLite allows 500 at most. */
export const MOST_PARTS = 100;

/** Returns a list in parts of at most `size` items, in its order. Databases limit what one statement has. */
export function batchesOf<T>(all: readonly T[], size: number): T[][] {
  const batches: T[][] = [];
  for (let start = 0; start < all.length; start += size) batches.push(all.slice(start, start + size));
  return batches;
}
