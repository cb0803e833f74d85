import { resolveMetrics } from '../../catalog/catalog.store.js';
import type { MetricTarget } from '../../catalog/definitions.js';
import type { Work } from '../../database/work.js';
import type { CheckedDateInput } from '../../time/local-date.js';
import { storedCoverages } from '../../coverage/coverage.store.js';
import { type Period, periodKind } from '../../time/period.js';
import { storedDate } from '../filter/date-range.js';
import { type Cell, coverageScopes, oneCell } from '../filter/scope-filter.js';
import { calendarOf, type StatisticContext } from '../filter/statistic.context.js';
import { readOneMetric } from '../filter/calls.js';
import type { RecordInput } from '../filter/statistic-filter.js';
import type { StatisticTable } from '../tables/statistic-table.js';
import { writeProblem } from './write-guard.js';
import { holdMetrics } from './metric-hold.query.js';
import { rowId, type RowToWrite, writeRows } from './write.query.js';

/** A value to write, checked as far as possible without the database. */
export interface Written {
  readonly metric: MetricTarget;
  readonly table: StatisticTable;
  readonly cell: Cell;
  readonly period: Period;
  readonly date: CheckedDateInput;
  readonly value: string | null;
}

/**
 * Checks a value to record.
 *
 * @throws InvalidValueError, InvalidFilterError and the errors of its metric, date, period and scope
 */
export function writtenValue(context: StatisticContext, s: RecordInput, now: Date): Written {
  const { metric, period, range, scope, options } = readOneMetric(context, 'record', s);
  return { metric, table: scope.table, cell: oneCell(scope), period, date: range.date ?? now, value: options.value };
}

/** Records values, the last one of those with the same key, and returns the rows. */
export function* recordAll(context: StatisticContext, values: readonly Written[], now: Date): Work<RowToWrite[]> {
  const { database } = context;
  const targets = [...new Set(values.map(({ metric }) => metric))];
  const metrics = yield* resolveMetrics(database, targets);
  const metricOf = new Map(targets.map((target, place) => [target, metrics[place]]));
  const countable = values.filter(({ period }) => periodKind(period) === 'bucket');
  yield* holdMetrics(
    database,
    countable.map(({ metric }) => metricOf.get(metric)).filter((metric) => metric !== undefined),
    'record',
  );
  const coverages = yield* storedCoverages(database, metrics, null);

  const rows = new Map<string, RowToWrite>();
  for (const value of values) {
    const metric = metricOf.get(value.metric);
    if (metric === undefined) continue;
    const problem = writeProblem('record', { ...context, coverages }, metric, value.period, value);
    if (problem !== null) throw problem;
    const scopes = coverageScopes(value.table, value.cell);
    const calendar = calendarOf(context, now, [metric], coverages, value.period, scopes);
    const row = { ...value, metric, date: storedDate(value.period, value.date, calendar) };
    rows.set(rowId(row), row);
  }
  yield* writeRows(database, rows.values(), 'replace');
  return [...rows.values()];
}
