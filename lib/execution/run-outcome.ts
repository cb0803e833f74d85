import { LeaseLostError, ShuttingDownError } from '../errors/run.error.js';
import type { TrackerEvent, TrackerEventOf } from './tracker-events.js';

/** The outcome of a run. `retried`: it failed, and will be retried. */
export type RunOutcome = 'succeeded' | 'failed' | 'retried' | 'cancelled' | 'lost' | 'skipped';

/** Returns the outcome that the last event of an attempt tells. */
export function outcomeOf(event: Exclude<TrackerEvent, TrackerEventOf<'started' | 'drift'>>): RunOutcome {
  if (event.type === 'finished') return 'succeeded';
  if (event.type === 'skipped') return 'skipped';
  if (event.willRetry) return 'retried';
  if (event.error instanceof LeaseLostError) return 'lost';
  return isCancellation(event.error) ? 'cancelled' : 'failed';
}

function isCancellation(error: unknown): boolean {
  return error instanceof ShuttingDownError || (error as { name?: unknown } | null)?.name === 'AbortError';
}
