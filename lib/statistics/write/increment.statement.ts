import { join, type Sql } from 'sql-template-tag';
import type { MetricTarget } from '../../catalog/definitions.js';
import { Metric } from '../../catalog/metric.entity.js';
import { isStill } from '../../catalog/metric.query.js';
import type { StoredCoverage } from '../../coverage/coverage.js';
import { areStill } from '../../coverage/coverage.store.js';
import { TrackstatsError } from '../../errors/trackstats.error.js';
import type { StatisticContext } from '../filter/statistic.context.js';
import { freshKeys } from './increment-key.query.js';
import {
  type Increment,
  type MetricsToCount,
  type Outcomes,
  type PlacedIncrement,
  placeIncrement,
  sumByRow,
} from './increment.query.js';
import { WritePlaces } from './write-places.js';
import { upsertsOf } from './write.query.js';

/** A metric as an earlier batch has read it, with all its coverages. */
interface KnownMetric {
  readonly metric: Metric;
  readonly coverages: readonly StoredCoverage[];
}

const MOST_KNOWN = 1_000;
/** Conditions of one statement. A batch with more is a transaction, which reads them. */
const MOST_CONDITIONS = 20;

/**
 * The metrics that batches have read. Nothing relies on it alone: a statement that adds by it has the condition that
 * everything is still as it was read.
 */
export class KnownMetrics {
  private readonly known = new Map<MetricTarget, KnownMetric>();

  /** Remembers the metrics that are stored. */
  remember({ metrics, coverages }: MetricsToCount): void {
    if (this.known.size >= MOST_KNOWN) this.known.clear();
    for (const [target, metric] of metrics) {
      if (metric instanceof TrackstatsError) continue;
      // an entity is found by its id, and each call may bring its own
      if (target instanceof Metric) continue;
      this.known.set(target, { metric, coverages: coverages.filter(({ metricId }) => metricId === metric.id) });
    }
  }

  get(target: MetricTarget): KnownMetric | undefined {
    return this.known.get(target);
  }
}

/**
 * Returns one statement that adds a whole batch if the metrics and coverages are as an earlier batch has read them, and
 * otherwise nothing. null if they were not read, if one of the increments needs more than its row and its key, or if the
 * database has no such statement.
 */
export function incrementStatement(
  context: StatisticContext,
  increments: readonly Increment[],
  metrics: KnownMetrics,
  now: Date,
): Sql | null {
  const { database } = context;
  const known = knownOf(increments, metrics);
  const placed = known === null ? null : placeAll(context, increments, known, now);
  if (known === null || placed === null) return null;
  const keyed = placed.filter(({ row }) => row.key !== null);
  const fresh = keyed.length === 0 ? null : freshKeys(database, keyed, now);
  const outcomes: Outcomes = increments.map(() => null);
  const sums = sumByRow(placed, outcomes);
  if ((keyed.length > 0 && fresh === null) || outcomes.some((problem) => problem !== null)) return null;
  return database.dialect.addTogether({
    condition: asRead(context, known),
    fresh,
    upserts: [...upsertsOf(database, sums, 'add')],
    lockTimeout: Math.max(1, Math.round(database.connectionTimeout)),
  });
}

function knownOf(
  increments: readonly Increment[],
  metrics: KnownMetrics,
): ReadonlyMap<MetricTarget, KnownMetric> | null {
  const known = new Map<MetricTarget, KnownMetric>();
  let conditions = 0;
  for (const { metric: target } of increments) {
    if (known.has(target)) continue;
    const one = metrics.get(target);
    if (one === undefined) return null;
    known.set(target, one);
    conditions += 1 + one.coverages.length;
    if (conditions > MOST_CONDITIONS) return null;
  }
  return known;
}

function placeAll(
  context: StatisticContext,
  increments: readonly Increment[],
  known: ReadonlyMap<MetricTarget, KnownMetric>,
  now: Date,
): readonly PlacedIncrement[] | null {
  const coverages = [...known.values()].flatMap((one) => one.coverages);
  const places = new WritePlaces(context, 'increment', coverages, now);
  const placed: PlacedIncrement[] = [];
  for (const [place, increment] of increments.entries()) {
    const { metric } = known.get(increment.metric) as KnownMetric;
    const one = placeIncrement(places, place, increment, metric);
    if (one instanceof TrackstatsError || !isCovered(one)) return null;
    placed.push(one);
  }
  return placed;
}

/** True if the coverage of increments begins at a row's date or before. */
function isCovered({ coveredFrom, row: { date } }: PlacedIncrement): boolean {
  return coveredFrom !== null && coveredFrom <= date;
}

function asRead({ database }: StatisticContext, known: ReadonlyMap<MetricTarget, KnownMetric>): Sql {
  const conditions = [...known].flatMap(([target, { metric, coverages }]) => [
    isStill(database, target, metric),
    areStill(database, metric, coverages),
  ]);
  return join(conditions, ' AND ');
}
