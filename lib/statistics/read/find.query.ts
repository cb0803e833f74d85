import { byText } from '../../catalog/order.js';
import type { Work } from '../../database/work.js';
import { TooManyPointsError } from '../../errors/statistic.error.js';
import type { AbstractStatistic } from '../tables/abstract-statistic.js';
import type { StatisticTable } from '../tables/statistic-table.js';
import type { Metric } from '../../catalog/metric.entity.js';
import { coverageIn, type StoredCoverage } from '../../coverage/coverage.js';
import { rowRange, type StoredMoment } from '../filter/date-range.js';
import type { NormalFilter } from '../filter/filter.js';
import { carriesForward, carryForward, type ComputedDates, datesWithValue, lastCarriedDate } from './carried-values.js';
import { type RowFilter, selectLastRow, selectLastRows, selectSeries, type StoredRow } from './rows.query.js';
import { coverageScopes } from '../filter/scope-filter.js';
import { MOST_POINTS } from './series.js';
import { readFilterMetrics, type StatisticContext } from '../filter/statistic.context.js';

/** The rows of a filter, with the coverage in which their values are carried forward. */
interface CoveredRows extends RowFilter {
  readonly coverages: readonly StoredCoverage[];
}

/**
 * Returns the values of a filter as entities ordered by date: those of rows, and carried values on computed dates
 * without a row.
 *
 * @throws TooManyPointsError
 */
export function* findStatistics(context: StatisticContext, filter: NormalFilter, now: Date): Work<AbstractStatistic[]> {
  const covered = yield* coveredRows(context, filter, now);
  if (covered.metrics.length === 0) return [];
  const carrying = [...new Set(covered.coverages.map(({ period }) => period))];
  const found: StoredRow[] = [];
  for (const series of yield* selectSeries(context.database, covered, carrying)) {
    const computed = computedDates(covered, series[0]);
    const dates = datesWithValue(series, computed, covered.range);
    for (const { date, row, earlier = series[0] } of carryForward(series, dates)) {
      if (computed !== null && found.length >= MOST_POINTS) {
        throw new TooManyPointsError('This find', MOST_POINTS);
      }
      found.push(row ?? { ...earlier, date });
    }
  }
  // stable: those of one date stay by metric, period and keys
  found.sort((a, b) => byText(a.date, b.date));
  return found.map((row) => entityOf(covered, row));
}

/**
 * Returns the last value of a filter as an entity: that of a row, or a carried value on a later computed date. Returns
 * null if there is none.
 */
export function* lastStatistic(
  context: StatisticContext,
  filter: NormalFilter,
  now: Date,
): Work<AbstractStatistic | null> {
  const covered = yield* coveredRows(context, filter, now);
  if (covered.metrics.length === 0) return null;
  const upTo = { ...covered, range: { from: null, to: covered.range.to } };
  // without carried values the last row of all is enough
  const isOne = filter.scope.cells?.length === 1 || covered.coverages.length === 0;
  let last: StoredRow | null = null;
  for (const row of yield* isOne ? selectLastRow(context.database, upTo) : selectLastRows(context.database, upTo)) {
    const date = lastCarriedDate(row.date, computedDates(covered, row), covered.range);
    if (date !== null && (last === null || date > last.date)) last = { ...row, date };
  }
  return last === null ? null : entityOf(covered, last);
}

function* coveredRows(context: StatisticContext, filter: NormalFilter, now: Date): Work<CoveredRows> {
  const { period, scope } = filter;
  const { stored, coverages, calendar } = yield* readFilterMetrics(context, filter, now);
  return {
    ...scope,
    metrics: stored,
    period,
    range: rowRange(filter.range, period, calendar),
    coverages: coverages.filter((one) => carriesForward(one.period)),
  };
}

/**
 * Returns the dates on which the values of a row's metric, period and cell are carried forward, or null if there are
 * none.
 */
function computedDates({ table, metrics, coverages }: CoveredRows, row: StoredRow): ComputedDates | null {
  const metric = metrics.find(({ id }) => id === row.metricId);
  if (metric === undefined) return null;
  const coverage = coverageIn(coverages, metric, row.period, coverageScopes(table, row.cell));
  if (coverage === null) return null;
  const { from, through } = coverage;
  return from === null || through === null ? null : { from, through };
}

function entityOf({ table, metrics }: CoveredRows, row: StoredRow): AbstractStatistic {
  const metric = metrics.find(({ id }) => id === row.metricId);
  if (metric === undefined) throw new TypeError('a row was read of a metric that was not asked for');
  return toStatistic(table, metric, row);
}

/** Returns a stored row as an instance of its entity, with its metric loaded. */
export function toStatistic(
  { entity, keys }: StatisticTable,
  metric: Metric,
  row: StoredRow & StoredMoment,
): AbstractStatistic {
  return Object.assign(new entity(), {
    metricId: metric.id,
    metric,
    period: row.period,
    ...Object.fromEntries(keys.map((key) => [key.property, key.decode(row.cell[key.property])])),
    date: row.date,
    ...(row.start === undefined ? {} : { start: row.start }),
    value: row.value,
  });
}
