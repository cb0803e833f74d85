import { offsetByIntl } from './wall-clock.js';

/** The model of buckets: a walk second by second, which knows only what a zone's clock shows at an instant. */

export type OffsetAt = (second: number) => number;

export function offsetsByIntl(zone: string): OffsetAt {
  const known = new Map<number, number>();
  return (second) => {
    const offset = known.get(second) ?? offsetByIntl(second * 1000, zone);
    known.set(second, offset);
    return offset;
  };
}

/** True if a bucket begins at a second: the clock shows a multiple of the length, or goes otherwise than a second before. */
export function isStart(offsetAt: OffsetAt, length: number, second: number): boolean {
  return (second + offsetAt(second)) % length === 0 || offsetAt(second) !== offsetAt(second - 1);
}

/** The bucket of a second, found by walking from it to both sides. */
export function modelBucket(offsetAt: OffsetAt, length: number, second: number): { start: number; end: number } {
  let start = second;
  while (!isStart(offsetAt, length, start)) start -= 1;
  let end = second + 1;
  while (!isStart(offsetAt, length, end)) end += 1;
  return { start, end };
}
