import type { MetricTarget } from '../../catalog/definitions.js';
import type { CoveredMetrics } from '../../coverage/covered-metrics.query.js';
import type { Point } from '../../database/dialects/dialect.js';
import type { Statement, Work } from '../../database/work.js';
import type { Period } from '../../time/period.js';
import type { StatisticTable } from '../tables/statistic-table.js';
import type { ScopeFilter } from './scope-filter.js';

/** Statistics as a run at this instant would leave them. They exist during a live read only. */
export interface LiveStatistics {
  /** the metrics of the read that are stored or computed, with their coverage as after a run */
  readonly covered: CoveredMetrics;
  /** Returns a statistic whose table is a query of stored rows for closed dates, and of fresh rows for open ones. */
  tableOf(statistic: StatisticTable): StatisticTable;
  /**
   * reads the points of a query together with the coverage that `covered` is made of: then the statement is the only one
   * of its read. Absent where the coverage was read before, in the same snapshot
   *
   * @param points as `Dialect.points` takes it
   */
  readonly readPoints?: ((points: Statement) => Work<readonly Point[]>) | undefined;
}

/** The statistics that a live read needs. */
export interface LiveRead {
  /** the call that an error names */
  readonly call: string;
  /** no derived ones */
  readonly metrics: readonly MetricTarget[];
  readonly period: Period;
  readonly scope: ScopeFilter;
  /** true if other periods are read too, because values do not add up. @default false */
  readonly readsWhole?: boolean | undefined;
}

/** Computes the open dates of statistics from their source while they are read. Implemented by trackers. */
export interface LiveSource {
  /**
   * Runs a read in one snapshot of the source.
   *
   * @throws LiveReadError if nothing counts the statistics
   */
  read<T>(asked: LiveRead, now: Date, work: (live: LiveStatistics) => Work<T>): Promise<T>;
  /** True if the statistics of a metric can be computed while they are read, in some scope and period. */
  counts(metricKey: string, scope: string, period: Period): boolean;
}
