import { setImmediate } from 'node:timers/promises';
import { addDays, dayNumber, type LocalDate } from '../../time/local-date.js';
import type { Progress } from './progress.js';
import type { RunOptions } from './run-options.js';
import type { TrackResult } from './track-result.js';

/** The number of days that one transaction of a backfill computes by default. */
export const BACKFILL_STEP = 366;

export interface BackfillRange {
  readonly from: LocalDate;
  /** undefined if it ends today, which removes the rows of later dates */
  readonly to: LocalDate | undefined;
  readonly today: LocalDate;
  /** number of days in a step */
  readonly step: number;
  /** the last date that is already computed; null if none */
  readonly after: LocalDate | null;
}

export interface BackfillStep {
  readonly range: Pick<RunOptions, 'from' | 'to' | 'stepOf'>;
  readonly isLast: boolean;
}

/**
 * Computes a range in bounded steps, the earliest first. Each step is a transaction: when one fails, is aborted or
 * killed, the earlier steps stay, and the range can be resumed from there.
 *
 * @param run computes one step. It also receives a function that adds the results of the earlier steps to the step's
 * own
 * @param signal checked before each step. The call then rejects with its reason
 */
export async function backfilled(
  range: BackfillRange,
  run: (step: BackfillStep, whole: (result: TrackResult) => TrackResult) => Promise<TrackResult>,
  { onProgress, signal }: { onProgress?: ((progress: Progress) => void) | undefined; signal?: AbortSignal | undefined },
): Promise<TrackResult> {
  const { from, to, today } = range;
  const end = to === undefined || to > today ? today : to;
  const days = dayNumber(end) - dayNumber(from) + 1;
  let total: TrackResult | undefined;
  for (const step of stepsOf(range, end)) {
    // on a driver that is synchronous nothing else is heard before the last step: no signal, no timer, no request
    await setImmediate();
    signal?.throwIfAborted();
    const before = total;
    const whole = (result: TrackResult): TrackResult => (before === undefined ? result : together(before, result));
    const result = await run(step, whole);
    total = whole(result);
    const done = dayNumber(result.through) - dayNumber(from) + 1;
    onProgress?.({ date: result.through, from, to: end, fraction: Math.min(1, done / days), written: total.written });
  }
  return total ?? run({ range: { from, to }, isLast: true }, (result) => result);
}

function* stepsOf({ from, to, step, after }: BackfillRange, end: LocalDate): Generator<BackfillStep> {
  const stepOf = { from, to };
  for (let start = after === null ? from : addDays(after, 1); start <= end; start = addDays(start, step)) {
    const last = addDays(start, step - 1);
    yield last >= end
      ? { range: { from: start, to, stepOf }, isLast: true }
      : { range: { from: start, to: last, stepOf }, isLast: false };
  }
}

function together(a: TrackResult, b: TrackResult): TrackResult {
  return {
    tracker: a.tracker,
    from: a.from,
    through: b.through,
    written: a.written + b.written,
    removed: a.removed + b.removed,
    durationMs: a.durationMs + b.durationMs,
  };
}
