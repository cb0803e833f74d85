import type { Sql } from 'sql-template-tag';
import type { MetricTarget } from '../../catalog/definitions.js';
import { isStill } from '../../catalog/metric.query.js';
import { areCounted, areStill } from '../../coverage/coverage.check.js';
import { TrackstatsError } from '../../errors/trackstats.error.js';
import type { StatisticContext } from '../filter/statistic.context.js';
import { freshKeys } from './increment-key.query.js';
import { type Increment, type Outcomes, type PlacedIncrement, placeIncrement, sumByRow } from './increment.query.js';
import { type KnownMetric, type KnownMetrics, writeTogether } from './known-metrics.js';
import { WritePlaces } from './write-places.js';
import { upsertsOf } from './write.query.js';

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
  const known = metrics.allOf(increments.map(({ metric }) => metric));
  const placed = known === null ? null : placeAll(context, increments, known, now);
  if (known === null || placed === null) return null;
  const keyed = placed.filter(({ row }) => row.key !== null);
  const fresh = keyed.length === 0 ? null : freshKeys(database, keyed, now);
  const outcomes: Outcomes = increments.map(() => null);
  const sums = sumByRow(placed, outcomes);
  if ((keyed.length > 0 && fresh === null) || outcomes.some((problem) => problem !== null)) return null;
  return writeTogether(database, known, {
    mode: 'add',
    expected: () => null,
    conditions: () => asRead(context, known),
    fresh,
    upserts: [...upsertsOf(database, sums, 'add')],
  });
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

function asRead({ database }: StatisticContext, known: ReadonlyMap<MetricTarget, KnownMetric>): Sql[] {
  return [...known].flatMap(([target, { metric, coverages }]) => {
    const counted = areCounted(database, coverages);
    const still = [isStill(database, target, metric), areStill(database, metric, coverages)];
    return counted === null ? still : [...still, counted];
  });
}
