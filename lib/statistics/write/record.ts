import { resolveMetrics } from '../../catalog/catalog.store.js';
import type { Work } from '../../database/work.js';
import { storedCoverages } from '../../coverage/coverage.store.js';
import { periodKind } from '../../time/period.js';
import { TrackstatsError } from '../../errors/trackstats.error.js';
import { writtenAt } from '../filter/date-range.js';
import { requireOneCell } from '../filter/scope-filter.js';
import type { StatisticContext } from '../filter/statistic.context.js';
import { readOneMetric } from '../filter/calls.js';
import type { RecordInput } from '../filter/statistic-filter.js';
import { rowAt, WritePlaces } from './write-places.js';
import { lockMetrics, rowId, type RowToWrite, type ValueToWrite, writeRows } from './write.query.js';

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

  const places = new WritePlaces(context, 'record', coverages, now);
  const rows = new Map<string, RowToWrite>();
  for (const given of values) {
    const metric = metricOf.get(given.metric);
    if (metric === undefined) continue;
    const place = places.of(metric, given);
    if (place instanceof TrackstatsError) throw place;
    const row = rowAt(place, metric, given);
    rows.set(rowId(row), row);
  }
  yield* writeRows(database, rows, 'replace');
  return [...rows.values()];
}
