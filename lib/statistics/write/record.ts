import type { EntityManager } from 'typeorm';
import { resolveMetrics } from '../../catalog/catalog.store.js';
import type { MetricTarget } from '../../catalog/definitions.js';
import type { Metric } from '../../catalog/metric.entity.js';
import { isDomainStill } from '../../catalog/domain.query.js';
import { expectedMetric } from '../../catalog/metric.query.js';
import { areStill } from '../../coverage/coverage.check.js';
import { storedCoverages } from '../../coverage/covered-metrics.query.js';
import type { Statement, Work } from '../../database/work.js';
import { TrackstatsError } from '../../errors/trackstats.error.js';
import { periodKind } from '../../time/period.js';
import { readOneMetric } from '../filter/calls.js';
import { writtenAt } from '../filter/date-range.js';
import { requireOneCell } from '../filter/scope-filter.js';
import type { StatisticContext } from '../filter/statistic.context.js';
import type { RecordInput } from '../filter/statistic-filter.js';
import { type KnownMetrics, type MetricsToWrite, writeTogether } from './known-metrics.js';
import { rowAt, WritePlaces } from './write-places.js';
import { lockMetrics, rowId, type RowToWrite, upsertsOf, type ValueToWrite, writeRows } from './write.query.js';

/*
 * How values are recorded. A call is a transaction: it reads the metrics, locks them, so that no first `increment` comes
 * between, reads their coverages, and writes the rows. A call with one value, whose metric an earlier one has read, is a
 * single statement on PostgreSQL and MariaDB. It locks the metric, on the condition that the metric and its coverages are
 * as they were read. On PostgreSQL the coverages are those of the statement's snapshot, which is older than the lock. A
 * first `increment` that was committed in between has changed the row of the metric (`lockMetrics`), and so the condition
 * is not met.
 */

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

/** Records values in the database. */
export class Recorder {
  constructor(
    private readonly context: StatisticContext,
    private readonly known: KnownMetrics,
  ) {}

  /** Records a value, and returns its row. */
  async record(manager: EntityManager | undefined, value: ValueToWrite, now: Date): Promise<RowToWrite> {
    const alone = manager === undefined ? recordStatement(this.context, value, this.known, now) : null;
    if (alone !== null && (await this.context.database.addTogether(alone.statement))) return alone.row;
    const [row] = await this.recordMany('record', manager, [value], now);
    if (row === undefined) throw new TypeError('a value that was recorded has no row');
    return row;
  }

  /** Records values in one transaction, and returns the rows. Of several values with the same key, the last one is recorded. */
  async recordMany(
    call: 'record' | 'recordMany',
    manager: EntityManager | undefined,
    values: readonly ValueToWrite[],
    now: Date,
  ): Promise<readonly RowToWrite[]> {
    const { context } = this;
    const { rows, read } = await context.database.write(call, manager, () => recordValues(context, values, now));
    // what a transaction of the application has read may never be committed
    if (manager === undefined) this.known.remember(read);
    return rows;
  }
}

function* recordValues(
  context: StatisticContext,
  values: readonly ValueToWrite[],
  now: Date,
): Work<{ rows: readonly RowToWrite[]; read: MetricsToWrite }> {
  const { database } = context;
  const targets = [...new Set(values.map(({ metric }) => metric))];
  const resolved = yield* resolveMetrics(database, targets);
  const metrics = new Map(targets.map((target, place) => [target, resolved[place] as Metric]));
  const countable = values.filter(({ period }) => periodKind(period) === 'bucket');
  yield* lockMetrics(database, metricsOf(countable, metrics), 'record');
  const coverages = yield* storedCoverages(database, resolved, null);

  const places = new WritePlaces(context, 'record', coverages, now);
  const rows = new Map<string, RowToWrite>();
  for (const value of values) {
    const row = placeValue(places, value, metrics.get(value.metric) as Metric);
    if (row instanceof TrackstatsError) throw row;
    rows.set(rowId(row), row);
  }
  yield* writeRows(database, rows, 'replace');
  return { rows: [...rows.values()], read: { metrics, coverages } };
}

function metricsOf(values: readonly ValueToWrite[], metrics: ReadonlyMap<MetricTarget, Metric>): Metric[] {
  return [...new Set(values.map(({ metric }) => metric))].map((target) => metrics.get(target) as Metric);
}

function placeValue(places: WritePlaces, value: ValueToWrite, metric: Metric): RowToWrite | TrackstatsError {
  try {
    const place = places.of(metric, value);
    return place instanceof TrackstatsError ? place : rowAt(place, metric, value);
  } catch (error) {
    if (error instanceof TrackstatsError) return error;
    throw error;
  }
}

/**
 * Returns one statement that records a value if its metric and coverages are as an earlier call has read them, and
 * otherwise nothing, with the row that it writes. null if they were not read, if the value may not be recorded, or if the
 * database has no such statement.
 */
function recordStatement(
  context: StatisticContext,
  value: ValueToWrite,
  known: KnownMetrics,
  now: Date,
): { readonly statement: Statement; readonly row: RowToWrite } | null {
  const { database } = context;
  const metrics = known.allOf([value.metric]);
  const one = metrics?.get(value.metric);
  if (metrics === null || one === undefined) return null;
  const { metric, coverages } = one;
  const row = placeValue(new WritePlaces(context, 'record', coverages, now), value, metric);
  if (row instanceof TrackstatsError) return null;
  const statement = writeTogether(database, metrics, {
    mode: 'replace',
    expected: () => expectedMetric(database, metric),
    conditions: () => [isDomainStill(database, metric.domain), areStill(database, metric, coverages)],
    fresh: null,
    upserts: [...upsertsOf(database, new Map([[rowId(row), row]]), 'replace')],
  });
  return statement === null ? null : { statement, row };
}
