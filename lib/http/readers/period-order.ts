import { Period, periodKind } from '../../time/period.js';

const KINDS = ['bucket', 'rolling', 'lifetime'];

/** Compares periods as people list them: DAY, weeks to years, windows by their length, LIFETIME. */
export function byPeriod(a: Period, b: Period): number {
  if (a === b) return 0;
  if (a === Period.DAY) return -1;
  if (b === Period.DAY) return 1;
  return KINDS.indexOf(periodKind(a)) - KINDS.indexOf(periodKind(b)) || Math.abs(a) - Math.abs(b);
}
