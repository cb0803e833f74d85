import { byText } from '../../catalog/order.js';
import type { Work } from '../../database/work.js';
import { TooManyPointsError } from '../../errors/statistic.error.js';
import type { AbstractStatistic } from '../tables/abstract-statistic.js';
import type { DimensionValue } from '../tables/dimension-value.js';
import type { StatisticKey, StatisticTable } from '../tables/statistic-table.js';
import type { Metric } from '../../catalog/metric.entity.js';
import { coverageIn, type StoredCoverage } from '../../coverage/coverage.js';
import { rowRange, type StoredMoment } from '../filter/date-range.js';
import type { NormalFilter } from '../filter/filter.js';
import {
  carriesForward,
  carryForward,
  type ComputedDates,
  datesWithValue,
  isWithin,
  lastCarriedDate,
} from './carried-values.js';
import {
  inOrderOfSeries,
  type RowFilter,
  selectLastRow,
  selectLastRows,
  selectSeries,
  type StoredRow,
} from './rows.query.js';
import { type Cell, coverageScopes } from '../filter/scope-filter.js';
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
  const all = yield* selectSeries(context.database, covered, carrying);
  for (const series of inOrderOfSeries(covered.table, all)) {
    const computed = computedDates(covered, series[0]);
    if (computed === null) {
      for (const row of series) if (isWithin(row.date, covered.range)) found.push(row);
      continue;
    }
    const dates = datesWithValue(series, computed, covered.range);
    for (const { date, row, earlier = series[0] } of carryForward(series, dates)) {
      if (found.length >= MOST_POINTS) throw new TooManyPointsError('This find', MOST_POINTS);
      found.push(row ?? { ...earlier, date });
    }
  }
  // stable: those of one date stay by metric, period and keys
  found.sort((a, b) => byText(a.date, b.date));
  const metrics = new Map(covered.metrics.map((metric) => [metric.id, metric]));
  const toEntity = statisticReader(covered.table);
  return found.map((row) => {
    const metric = metrics.get(row.metricId);
    if (metric === undefined) throw new TypeError('a row was read of a metric that was not asked for');
    return toEntity(metric, row);
  });
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
export function toStatistic(table: StatisticTable, metric: Metric, row: StoredRow & StoredMoment): AbstractStatistic {
  return statisticReader(table)(metric, row);
}

type StatisticReader = (metric: Metric, row: StoredRow & StoredMoment) => AbstractStatistic;

/** Returns a function that returns rows as `toStatistic` does. It decodes the keys of a cell that rows share once. */
function statisticReader({ entity, keys }: StatisticTable): StatisticReader {
  let [cell, decoded]: [Cell | null, readonly DimensionValue[]] = [null, []];
  return (metric, row) => {
    if (cell !== row.cell) decoded = keys.map((key) => key.decode(row.cell[key.property]));
    cell = row.cell;
    const statistic = new entity();
    statistic.metricId = metric.id;
    statistic.metric = metric;
    statistic.period = row.period;
    const values = statistic as unknown as Record<string, unknown>;
    for (let place = 0; place < keys.length; place++) values[(keys[place] as StatisticKey).property] = decoded[place];
    statistic.date = row.date;
    if (row.start !== undefined) values['start'] = row.start;
    values['value'] = row.value;
    return statistic;
  };
}
