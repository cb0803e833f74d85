import { addDecimals, compareDecimals, subtractDecimals } from '../database/decimal.js';
import type { LocalDate } from '../time/local-date.js';

/**
 * A date after which LIFETIME has values that the days do not add up to: rows of that date or earlier have changed in
 * the source, LIFETIME was counted again after it, and the days were not.
 */
export interface DriftStep {
  /** last date that was not counted again */
  readonly date: LocalDate;
  /** number of objects or groups of dimensions that differ; 1 for a total */
  readonly keys: number;
  /** LIFETIME of the source less that of the statistics; null for aggregates that do not add up */
  readonly difference: string | null;
}

/** A comparison of LIFETIME at the end of a date, between the source and the stored values. */
export type Compared = DriftStep;

/** A range of dates that is counted again. */
export interface Recounted {
  readonly from: LocalDate;
  readonly through: LocalDate;
  /** the comparison at the end of the date before it; null if nothing is stored there */
  readonly before: Compared | null;
  /** the comparison at the end of its last date, if that is before the last covered date; otherwise null */
  readonly after: Compared | null;
  /** true if there is only one series, whose differences may cancel each other out */
  readonly isSingle: boolean;
}

/** The most steps that are stored. If rows of the past change every day, there is a step a day. */
const MOST_STEPS = 60;

/** Returns the steps after a range was counted again. From the first date of the range on, statistics follow the source. */
export function moveDrift(steps: readonly DriftStep[], recounted: Recounted): readonly DriftStep[] {
  const { from, through, before, after, isSingle } = recounted;
  const earlier = steps.filter(({ date }) => date < from && date !== before?.date);
  const later = steps.filter(({ date }) => date > through || (after !== null && date === through));
  const first = before === null ? [] : [before];
  const last = after === null ? later : beside(later, after);
  const moved = [...earlier, ...first, ...last].filter(({ keys }) => keys > 0);
  if (isSingle && isZero(sumOf(moved))) return [];
  while (moved.length > MOST_STEPS) moved.splice(0, 2, joined(moved[0] as DriftStep, moved[1] as DriftStep));
  return moved;
}

/** Adds a step at the end of a range, because the statistics after it stay as they were recorded. */
function beside(later: readonly DriftStep[], after: Compared): DriftStep[] {
  const difference = after.difference === null ? null : subtractDecimals('0', after.difference);
  const step = { ...after, difference };
  const same = later.find(({ date }) => date === after.date);
  if (same === undefined) return [step, ...later];
  const both = joined(same, step);
  const isGone = both.difference !== null && isZero(both.difference) && both.keys === 1;
  return [...(isGone ? [] : [both]), ...later.filter((one) => one !== same)];
}

function joined(a: DriftStep, b: DriftStep): DriftStep {
  return { date: b.date, keys: Math.max(a.keys, b.keys), difference: sumOf([a, b]) };
}

/** Returns the drift of all steps together, or null if there is none. */
export function totalDrift(steps: readonly DriftStep[]): DriftStep | null {
  const last = steps.at(-1);
  if (last === undefined) return null;
  return { date: last.date, keys: Math.max(...steps.map(({ keys }) => keys)), difference: sumOf(steps) };
}

function sumOf(steps: readonly DriftStep[]): string | null {
  return steps.reduce<string | null>(
    (sum, { difference }) => (sum === null || difference === null ? null : addDecimals(sum, difference)),
    '0',
  );
}

function isZero(difference: string | null): boolean {
  return difference !== null && compareDecimals(difference, '0') === 0;
}

/** Returns steps as they are stored; null for none. */
export function writeDrift(steps: readonly DriftStep[]): string | null {
  if (steps.length === 0) return null;
  return JSON.stringify(steps.map(({ date, keys, difference }) => [date, keys, difference]));
}

/** Reads stored steps. */
export function readDrift(stored: string | null): readonly DriftStep[] {
  if (stored === null) return [];
  const steps = JSON.parse(stored) as [LocalDate, number, string | null][];
  return steps.map(([date, keys, difference]) => ({ date, keys, difference }));
}
