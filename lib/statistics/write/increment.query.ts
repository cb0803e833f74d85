import { ensureMetric } from '../../catalog/catalog.store.js';
import { isMetricDefinition, type MetricTarget } from '../../catalog/definitions.js';
import type { Metric } from '../../catalog/metric.entity.js';
import { unknownMetric } from '../../catalog/metric.query.js';
import { byText } from '../../catalog/order.js';
import { addDecimals } from '../../database/decimal.js';
import type { Work } from '../../database/work.js';
import { TrackstatsError } from '../../errors/trackstats.error.js';
import type { StoredCoverage } from '../../coverage/coverage.js';
import { coveredMetrics, storedCoverages } from '../../coverage/coverage.store.js';
import { storedDate } from '../filter/date-range.js';
import type { Increment, Outcomes, Placed } from './increment.js';
import { coverPlaced, settledCoverages } from './increment-coverage.js';
import { selectRows } from '../read/rows.query.js';
import { coverageScopes } from '../filter/scope-filter.js';
import { calendarOf, type StatisticContext } from '../filter/statistic.context.js';
import { checkDigits } from '../filter/statistic-value.js';
import { writeProblem } from './write-guard.js';
import { rowId, type RowToWrite, writeRows } from './write.query.js';

/** Adds amounts, those of the same key together, so that each key is written once. */
export function* addAll(context: StatisticContext, increments: readonly Increment[], now: Date): Work<Outcomes> {
  const { database } = context;
  const outcomes: Outcomes = increments.map(() => null);
  const { metrics, coverages: known } = yield* metricsOf(
    context,
    increments.map(({ metric }) => metric),
  );
  const coverages = yield* settledCoverages(database, increments, metrics, known);

  const placed: Placed[] = [];
  for (const [place, increment] of increments.entries()) {
    const one = placedAt(context, place, increment, metrics.get(increment.metric), coverages, now);
    if (one instanceof TrackstatsError) outcomes[place] = one;
    else placed.push(one);
  }
  const covered = yield* coverPlaced(database, placed, coverages, outcomes);
  yield* add(context, sums(covered, outcomes));
  return outcomes;
}

function* metricsOf(
  { database }: StatisticContext,
  all: readonly MetricTarget[],
): Work<{
  metrics: ReadonlyMap<MetricTarget, Metric | TrackstatsError>;
  coverages: readonly StoredCoverage[];
}> {
  const targets = [...new Set(all)].sort((a, b) => byText(keyOf(a), keyOf(b)));
  const { asked, coverages } = yield* coveredMetrics(database, targets, null);
  const metrics = new Map<MetricTarget, Metric | TrackstatsError>();
  const made: Metric[] = [];
  for (const [place, target] of targets.entries()) {
    const metric = asked[place] ?? null;
    if (metric !== null) metrics.set(target, metric);
    else if (isMetricDefinition(target)) {
      const ensured = yield* ensureMetric(database, target.domain, target);
      made.push(ensured);
      metrics.set(target, ensured);
    } else metrics.set(target, yield* unknownMetric(database, target));
  }
  // another process may have made them in between, and counted already
  return { metrics, coverages: [...coverages, ...(yield* storedCoverages(database, made, null))] };
}

function placedAt(
  context: StatisticContext,
  place: number,
  increment: Increment,
  metric: Metric | TrackstatsError | undefined,
  coverages: readonly StoredCoverage[],
  now: Date,
): Placed | TrackstatsError {
  if (metric === undefined || metric instanceof TrackstatsError) return metric as TrackstatsError;
  const { table, cell, period, date } = increment;
  const problem = writeProblem('increment', { ...context, coverages }, metric, period, increment);
  if (problem !== null) return problem;
  try {
    const calendar = calendarOf(context, now, [metric], coverages, period, coverageScopes(table, cell));
    return {
      place,
      timeZone: calendar.timeZone,
      row: { ...increment, metric, date: storedDate(period, date, calendar) },
    };
  } catch (error) {
    if (error instanceof TrackstatsError) return error;
    throw error;
  }
}

/** Returns one row for each key, without those whose sum is too long. */
function sums(placed: readonly Placed[], outcomes: Outcomes): RowToWrite[] {
  const byKey = new Map<string, { row: Placed['row']; places: number[] }>();
  for (const { place, row } of placed) {
    const id = rowId(row);
    const sum = byKey.get(id);
    const value = sum === undefined ? row.value : addDecimals(sum.row.value, row.value);
    byKey.set(id, { row: { ...row, value }, places: [...(sum?.places ?? []), place] });
  }
  return [...byKey.values()].flatMap(({ row, places }) => {
    const problem = problemOf(() => checkDigits(row.value));
    for (const place of problem === null ? [] : places) outcomes[place] = problem;
    return problem === null ? [row] : [];
  });
}

function* add({ database }: StatisticContext, rows: readonly RowToWrite[]): Work<void> {
  if (database.dialect.addsExactly) return yield* writeRows(database, rows, 'add');
  const totals: RowToWrite[] = [];
  for (const row of rows) {
    const { table, cell, metric, period, date, value } = row;
    const values = Object.fromEntries(Object.entries(cell).map(([property, one]) => [property, [one]]));
    const filter = { table, alternatives: [values], metrics: [metric], period, range: { from: date, to: date } };
    const [stored] = yield* selectRows(database, filter);
    totals.push({ ...row, value: checkDigits(addDecimals(stored?.value ?? '0', value ?? '0')) });
  }
  yield* writeRows(database, totals, 'replace');
}

function keyOf(target: MetricTarget): string {
  return typeof target === 'string' ? target : target.key;
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
