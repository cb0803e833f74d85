import type { Metric } from 'prom-client';
import { outcomeOf } from '../execution/run-outcome.js';
import type { TrackerEvent } from '../execution/tracker-events.js';
import type { PromClient } from './prometheus.options.js';

export interface RunMetrics {
  readonly metrics: readonly Metric[];
  /** Records an event. Runs of several applications have the same ids, so each application has its own function. */
  entering(): (event: TrackerEvent) => void;
}

/** Creates the metrics that are counted as events happen in this process. */
export function runMetrics({ Counter, Histogram }: PromClient, prefix: string, buckets: readonly number[]): RunMetrics {
  const runs = new Counter({
    name: `${prefix}runs_total`,
    help: 'Runs of trackers in this process, by how they ended',
    labelNames: ['tracker', 'outcome'],
    registers: [],
  });
  const durations = new Histogram({
    name: `${prefix}run_duration_seconds`,
    help: 'How long runs of trackers took in this process',
    labelNames: ['tracker', 'outcome'],
    buckets: [...buckets],
    registers: [],
  });
  const written = new Counter({
    name: `${prefix}rows_written_total`,
    help: 'Statistics inserted or changed by runs in this process',
    labelNames: ['tracker'],
    registers: [],
  });
  const removed = new Counter({
    name: `${prefix}rows_removed_total`,
    help: 'Statistics removed by runs in this process',
    labelNames: ['tracker'],
    registers: [],
  });

  const entering = (): ((event: TrackerEvent) => void) => {
    const begun = new Map<number, number>();
    return (event) => {
      const { tracker } = event;
      if (event.type === 'started') {
        begun.set(event.runId, performance.now());
        return;
      }
      if (event.type === 'drift') return;
      const outcome = outcomeOf(event);
      runs.inc({ tracker, outcome });
      if (event.type === 'skipped') return;
      durations.observe(
        { tracker, outcome },
        (performance.now() - (begun.get(event.runId) ?? performance.now())) / 1000,
      );
      begun.delete(event.runId);
      if (event.type === 'finished') {
        written.inc({ tracker }, event.result.written);
        removed.inc({ tracker }, event.result.removed);
      }
    };
  };
  return { metrics: [runs, durations, written, removed], entering };
}
