import { resolveMetrics } from '../../catalog/catalog.store.js';
import type { Work } from '../../database/work.js';
import { storedCoverages } from '../../coverage/coverage.store.js';
import { periodKind } from '../../time/period.js';
import { storedMoment, writtenAt } from '../filter/date-range.js';
import { coverageScopes, requireOneCell } from '../filter/scope-filter.js';
import { calendarOf, type StatisticContext } from '../filter/statistic.context.js';
import { readOneMetric } from '../filter/calls.js';
import type { RecordInput } from '../filter/statistic-filter.js';
import { lockMetrics, rowId, type RowToWrite, type ValueToWrite, writeProblem, writeRows } from './write.query.js';

/**
 * Checks a value to record.
 *
 * @throws InvalidValueError, InvalidFilterError and the errors of its metric, date, period and scope
 */
export function checkRecord(
  context: StatisticContext,
  call: 'record' | 'recordMany',
  s: RecordInput,
  now: Date,
): ValueToWrite {
  const { metric, period, range, scope, options } = readOneMetric(context, call, s);
  return {
    metric,
    table: scope.table,
    cell: requireOneCell(scope),
    period,
    at: writtenAt(call, period, range, now),
    value: options.value,
  };
}

/** Records values and returns the rows. Of several values with the same key, the last one is recorded. */
export function* recordValues(
  context: StatisticContext,
  values: readonly ValueToWrite[],
  now: Date,
): Work<RowToWrite[]> {
  const { database } = context;
  const targets = [...new Set(values.map(({ metric }) => metric))];
  const metrics = yield* resolveMetrics(database, targets);
  const metricOf = new Map(targets.map((target, place) => [target, metrics[place]]));
  const countable = values.filter(({ period }) => periodKind(period) === 'bucket');
  yield* lockMetrics(
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
    const row = { ...value, metric, ...storedMoment(value.period, value.at, calendar) };
    rows.set(rowId(row), row);
  }
  yield* writeRows(database, rows.values(), 'replace');
  return [...rows.values()];
}
