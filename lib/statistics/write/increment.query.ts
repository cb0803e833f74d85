import sql from 'sql-template-tag';
import { ensureMetric, inOrderOfStoring } from '../../catalog/catalog.store.js';
import { isMetricDefinition, type MetricTarget } from '../../catalog/definitions.js';
import type { Metric } from '../../catalog/metric.entity.js';
import { unknownMetric } from '../../catalog/metric.query.js';
import { byText } from '../../catalog/order.js';
import { coverageIn, type StoredCoverage } from '../../coverage/coverage.js';
import { type CoverageToLock, lockStoredCoverages } from '../../coverage/coverage.lock.js';
import { coveredMetrics, storedCoverages } from '../../coverage/covered-metrics.query.js';
import { coverIncrements } from '../../coverage/coverage.store.js';
import type { Database } from '../../database/database.js';
import { addDecimals } from '../../database/decimal.js';
import { groupBy } from '../../database/groups.js';
import { queryOne, type Work } from '../../database/work.js';
import { MixedWritesError } from '../../errors/statistic.error.js';
import { TrackstatsError } from '../../errors/trackstats.error.js';
import type { LocalDate } from '../../time/local-date.js';
import { Period } from '../../time/period.js';
import { rangeOf } from '../filter/date-range.js';
import { coverageScopes, type KeyValues } from '../filter/scope-filter.js';
import type { StatisticContext } from '../filter/statistic.context.js';
import { checkDigits } from '../filter/statistic-value.js';
import { rowCondition, selectValues } from '../read/rows.query.js';
import { claimKeys, releaseKeys } from './increment-key.query.js';
import type { MetricsToWrite } from './known-metrics.js';
import { type WritePlace, WritePlaces } from './write-places.js';
import { lockMetrics, rowId, type RowToWrite, type ValueToWrite, writeRows } from './write.query.js';

/** An amount to add, checked as far as possible without the database. */
export interface Increment extends ValueToWrite {
  readonly value: string;
  /** counts once; null: counts each time */
  readonly key: string | null;
  /** true if the call gave the date or instant */
  readonly isDated: boolean;
}

/** An increment of a batch, with its index and the row that it adds to. */
export interface PlacedIncrement {
  readonly place: number;
  readonly timeZone: string;
  /** the first covered date of its statistics; null if they are not covered yet */
  readonly coveredFrom: LocalDate | null;
  readonly row: RowToWrite & Pick<Increment, 'value' | 'key' | 'isDated'>;
}

/** For each increment of a batch, the error with which it was not added, or null. */
export type Outcomes = (TrackstatsError | null)[];

/** Adds amounts. Those of the same row are summed first, so that each row is written once. */
export function* addIncrements(context: StatisticContext, increments: readonly Increment[], now: Date): Work<Outcomes> {
  const { outcomes } = yield* addReading(context, increments, now);
  return outcomes;
}

/** Adds amounts like `addIncrements`, and returns what it has read of their metrics, before it wrote. */
export function* addReading(
  context: StatisticContext,
  increments: readonly Increment[],
  now: Date,
): Work<{ outcomes: Outcomes; read: MetricsToWrite }> {
  const { database } = context;
  const outcomes: Outcomes = increments.map(() => null);
  const read = yield* readMetricsToCount(
    context,
    increments.map(({ metric }) => metric),
  );
  const { placed, coverages } = yield* placeLocked(context, increments, read, outcomes, now);
  const { counting, repetitions } = yield* claimKeys(database, placed, outcomes, now);
  const covered = yield* coverDates(database, counting, coverages, outcomes);
  const sums = sumByRow(covered, outcomes);
  yield* releaseKeys(
    database,
    counting.filter(({ place }) => outcomes[place] !== null),
  );
  for (const [place, repeated] of repetitions) outcomes[place] = outcomes[repeated] ?? null;
  yield* addSums(context, sums);
  return { outcomes, read };
}

function* readMetricsToCount({ database }: StatisticContext, all: readonly MetricTarget[]): Work<MetricsToWrite> {
  // so that concurrent batches cannot deadlock
  const targets = [...new Set(all)].sort(inOrderOfStoring);
  const { asked, coverages } = yield* coveredMetrics(database, targets, null);
  const metrics = new Map<MetricTarget, Metric | TrackstatsError>();
  const made: Metric[] = [];
  for (const [place, target] of targets.entries()) {
    const metric = asked[place] ?? made.find(({ key }) => key === target) ?? null;
    if (metric !== null) metrics.set(target, metric);
    else if (isMetricDefinition(target)) {
      const ensured = yield* ensureMetric(database, target.domain, target);
      made.push(ensured);
      metrics.set(target, ensured);
    } else metrics.set(target, yield* unknownMetric(database, target));
  }
  // another process may have created them in the meantime, and counted already
  return { metrics, coverages: [...coverages, ...(yield* storedCoverages(database, made, null))] };
}

interface Placed {
  readonly placed: readonly PlacedIncrement[];
  readonly coverages: readonly StoredCoverage[];
}

/** Places increments, and locks their coverages, so that nothing is added to statistics that are being removed. */
function* placeLocked(
  context: StatisticContext,
  increments: readonly Increment[],
  { metrics, coverages: read }: MetricsToWrite,
  outcomes: Outcomes,
  now: Date,
): Work<Placed> {
  const { database } = context;
  const place = (coverages: readonly StoredCoverage[]): Placed => ({
    placed: placeAll(new WritePlaces(context, 'increment', coverages, now), increments, metrics, outcomes),
    coverages,
  });
  const found = place(yield* readMissingCoverages(database, increments, metrics, read));
  if (yield* areLocked(database, found)) return found;
  yield* lockMetrics(database, storedAmong(metrics), 'increment');
  return place(yield* storedCoverages(database, storedAmong(metrics), null));
}

function placeAll(
  places: WritePlaces,
  increments: readonly Increment[],
  metrics: ReadonlyMap<MetricTarget, Metric | TrackstatsError>,
  outcomes: Outcomes,
): PlacedIncrement[] {
  const placed: PlacedIncrement[] = [];
  for (const [place, increment] of increments.entries()) {
    const one = placeIncrement(places, place, increment, metrics.get(increment.metric));
    outcomes[place] = one instanceof TrackstatsError ? one : null;
    if (!(one instanceof TrackstatsError)) placed.push(one);
  }
  return placed;
}

/** Locks the coverages of increments until the transaction ends. False if one of them has been removed. */
function* areLocked(database: Database, { placed, coverages }: Placed): Work<boolean> {
  if (database.dialect.forKeyShare.sql === '') return true;
  const toLock = new Map<StoredCoverage, CoverageToLock>();
  for (const { row, coveredFrom } of placed) {
    const { metric, period, table, cell, date } = row;
    const coverage = coverageIn(coverages, metric, period, coverageScopes(table, cell));
    if (coverage === null) continue;
    // a lock that is shared first and then not could deadlock with that of another batch
    const isChanged = toLock.get(coverage)?.isChanged === true || coveredFrom === null || date < coveredFrom;
    toLock.set(coverage, { ...coverage, isChanged });
  }
  const locked = yield* lockStoredCoverages(database, [...toLock.values()]);
  return locked.length === toLock.size;
}

function storedAmong(metrics: ReadonlyMap<MetricTarget, Metric | TrackstatsError>): Metric[] {
  return [...metrics.values()].filter((metric): metric is Metric => !(metric instanceof TrackstatsError));
}

/** Returns the row to which an increment adds, or the error with which it is refused. */
export function placeIncrement(
  places: WritePlaces,
  place: number,
  increment: Increment,
  metric: Metric | TrackstatsError | undefined,
): PlacedIncrement | TrackstatsError {
  if (metric === undefined || metric instanceof TrackstatsError) return metric as TrackstatsError;
  try {
    const found = places.of(metric, increment);
    if (found instanceof TrackstatsError) return found;
    return {
      place,
      timeZone: found.timeZone,
      coveredFrom: found.coverage?.from ?? null,
      row: rowOf(found, metric, increment),
    };
  } catch (error) {
    if (error instanceof TrackstatsError) return error;
    throw error;
  }
}

/** Returns the row of an increment, written out as that of `rowAt`. */
function rowOf(
  { moment: { date, start } }: WritePlace,
  metric: Metric,
  { table, cell, period, value, key, isDated }: Increment,
): PlacedIncrement['row'] {
  return start === undefined
    ? { table, metric, period, cell, value, date, key, isDated }
    : { table, metric, period, cell, value, date, start, key, isDated };
}

/**
 * Returns the coverages of increments. If one does not exist yet, all are read again after a lock that keeps others from
 * creating it.
 *
 * @param coverages as they were read with the metrics
 */
function* readMissingCoverages(
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
  yield* lockMetrics(database, uncovered, 'increment');
  return yield* storedCoverages(database, storedAmong(metrics), null);
}

/** Covers the dates of increments, and returns those that may be added. */
function* coverDates(
  database: Database,
  placed: readonly PlacedIncrement[],
  coverages: readonly StoredCoverage[],
  outcomes: Outcomes,
): Work<readonly PlacedIncrement[]> {
  const groups = groupBy(placed, ({ row: { metric, period, table, cell } }) =>
    JSON.stringify([metric.id, period, coverageScopes(table, cell).at(-1)]),
  );
  const covered: PlacedIncrement[] = [];
  for (const [, group] of [...groups].sort(([a], [b]) => byText(a, b))) {
    const [first] = group;
    const { metric, period, table, cell } = first.row;
    const coverage = coverageIn(coverages, metric, period, coverageScopes(table, cell));
    if (coverage === null && (yield* hasRecordedRows(database, first.row))) {
      const problem = new MixedWritesError('increment', metric.key, Period.nameOf(period));
      for (const { place } of group) outcomes[place] = problem;
      continue;
    }
    const from = group.map(({ row }) => row.date).sort(byText)[0] as LocalDate;
    if (coverage === null || coverage.from === null || from < coverage.from) {
      // by object: the scope of the whole type, so that an object that was never counted reads zero, too
      const scope = coverageScopes(table, cell).at(-1) ?? '';
      yield* coverIncrements(database, { metricId: metric.id, period, scope }, from, first.timeZone);
    }
    covered.push(...group);
  }
  return covered;
}

/** True if a metric has recorded rows where increments would be counted for the first time. */
function* hasRecordedRows(database: Database, { metric, period, table, cell }: RowToWrite): Work<boolean> {
  const ofType: KeyValues = table.kind === 'object' ? { objectType: [cell['objectType'] ?? ''] } : {};
  const filter = { table, alternatives: [ofType], metrics: [metric], period, range: { from: null, to: null } };
  const row = yield* queryOne(
    sql`SELECT 1 AS found FROM ${table.table.path} WHERE ${rowCondition(database, filter)} ${database.dialect.limit(1)}`,
  );
  return row !== undefined;
}

/**
 * Returns each row once with the sum of its increments, by `rowId`. A sum with too many digits becomes the outcome of its
 * increments.
 */
export function sumByRow(placed: readonly PlacedIncrement[], outcomes: Outcomes): Map<string, RowToWrite> {
  const sums = new Map<string, RowToWrite & { readonly value: string }>();
  const added = new Map<string, RowToWrite & { value: string }>();
  for (const { row } of placed) {
    const id = rowId(row);
    const first = sums.get(id);
    if (first === undefined) {
      sums.set(id, row);
      continue;
    }
    let sum = added.get(id);
    if (sum === undefined) {
      sum = { ...first };
      added.set(id, sum);
      sums.set(id, sum);
    }
    sum.value = addDecimals(sum.value, row.value);
  }
  for (const [id, { value }] of added) {
    const problem = problemOf(() => checkDigits(value));
    if (problem === null) continue;
    sums.delete(id);
    for (const { place, row } of placed) if (rowId(row) === id) outcomes[place] = problem;
  }
  return sums;
}

function* addSums({ database }: StatisticContext, rows: ReadonlyMap<string, RowToWrite>): Work<void> {
  if (database.dialect.addsExactly) return yield* writeRows(database, rows, 'add');
  const totals = new Map<string, RowToWrite>();
  for (const [id, row] of rows) {
    const { table, cell, metric, period, value } = row;
    const values = Object.fromEntries(Object.entries(cell).map(([property, one]) => [property, [one]]));
    const filter = { table, alternatives: [values], metrics: [metric], period, range: rangeOf(row) };
    const [stored] = yield* selectValues(database, filter);
    totals.set(id, { ...row, value: checkDigits(addDecimals(stored ?? '0', value ?? '0')) });
  }
  yield* writeRows(database, totals, 'replace');
}

function problemOf(check: () => unknown): TrackstatsError | null {
  try {
    check();
    return null;
  } catch (error) {
    if (error instanceof TrackstatsError) return error;
    throw error;
  }
}
