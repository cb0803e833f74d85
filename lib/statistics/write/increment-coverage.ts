import type { MetricTarget } from '../../catalog/definitions.js';
import type { Metric } from '../../catalog/metric.entity.js';
import { byText } from '../../catalog/order.js';
import type { Database } from '../../database/database.js';
import type { Work } from '../../database/work.js';
import { MixedWritesError } from '../../errors/statistic.error.js';
import { TrackstatsError } from '../../errors/trackstats.error.js';
import type { LocalDate } from '../../time/local-date.js';
import { Period } from '../../time/period.js';
import { coverageIn, type StoredCoverage } from '../../coverage/coverage.js';
import { storedCoverages } from '../../coverage/coverage.store.js';
import { coverIncrements } from '../../coverage/coverage.store.js';
import type { Increment, Outcomes, Placed } from './increment.js';
import { holdMetrics } from './metric-hold.query.js';
import { coverageScopes } from '../filter/scope-filter.js';
import { hasRows } from './write-guard.js';

/**
 * Returns the coverages of increments. One that does not exist yet is read again, once nobody else can create it.
 *
 * @param coverages as they were read with the metrics
 */
export function* settledCoverages(
  database: Database,
  increments: readonly Increment[],
  metrics: ReadonlyMap<MetricTarget, Metric | TrackstatsError>,
  coverages: readonly StoredCoverage[],
): Work<readonly StoredCoverage[]> {
  const uncovered = increments.flatMap(({ metric: target, period, table, cell }) => {
    const metric = metrics.get(target);
    if (metric === undefined || metric instanceof TrackstatsError) return [];
    return coverageIn(coverages, metric, period, coverageScopes(table, cell)) === null ? [metric] : [];
  });
  if (uncovered.length === 0) return coverages;
  yield* holdMetrics(database, uncovered, 'increment');
  const stored = [...metrics.values()].filter((metric): metric is Metric => !(metric instanceof TrackstatsError));
  return yield* storedCoverages(database, stored, null);
}

/** Covers the dates of increments, and returns those that may be added. */
export function* coverPlaced(
  database: Database,
  placed: readonly Placed[],
  coverages: readonly StoredCoverage[],
  outcomes: Outcomes,
): Work<readonly Placed[]> {
  const groups = new Map<string, Placed[]>();
  for (const one of placed) {
    const { metric, period, table, cell } = one.row;
    const id = JSON.stringify([metric.id, period, coverageScopes(table, cell).at(-1)]);
    groups.set(id, [...(groups.get(id) ?? []), one]);
  }
  const covered: Placed[] = [];
  for (const id of [...groups.keys()].sort(byText)) {
    const group = groups.get(id) ?? [];
    const [first] = group;
    if (first === undefined) continue;
    const { metric, period, table, cell } = first.row;
    const coverage = coverageIn(coverages, metric, period, coverageScopes(table, cell));
    if (coverage === null && (yield* hasRows(database, metric, period, table, cell))) {
      const problem = new MixedWritesError('increment', metric.key, Period.nameOf(period));
      for (const { place } of group) outcomes[place] = problem;
      continue;
    }
    const from = group.map(({ row }) => row.date).sort(byText)[0] as LocalDate;
    if (coverage === null || coverage.from === null || from < coverage.from) {
      // of objects: all of the type, so that one that was never counted reads zero too
      const scope = coverageScopes(table, cell).at(-1) ?? '';
      yield* coverIncrements(database, { metricId: metric.id, period, scope }, from, first.timeZone);
    }
    covered.push(...group);
  }
  return covered;
}
