import sql, { join } from 'sql-template-tag';
import type { MetricTarget } from '../../catalog/definitions.js';
import { Metric } from '../../catalog/metric.entity.js';
import { byText } from '../../catalog/order.js';
import { coverageIn, type StoredCoverage } from '../../coverage/coverage.js';
import { enclosingScope } from '../../coverage/scope.js';
import { batchesOf } from '../../database/batches.js';
import { groupBy } from '../../database/groups.js';
import type { Database } from '../../database/database.js';
import type { ColumnToWrite, Upsert, UpsertMode } from '../../database/dialects/dialect.js';
import { execute, type Work } from '../../database/work.js';
import { MixedWritesError, TrackerOwnedError } from '../../errors/statistic.error.js';
import type { TrackstatsError } from '../../errors/trackstats.error.js';
import type { CheckedDateInput } from '../../time/local-date.js';
import { Period } from '../../time/period.js';
import { type Cell, coverageScopes } from '../filter/scope-filter.js';
import { cellId } from '../read/rows.query.js';
import type { StatisticOwners } from '../tables/owners.js';
import { boundType, momentColumn, type StatisticTable } from '../tables/statistic-table.js';
import { type Calendar, storedMoment, type StoredMoment } from '../filter/date-range.js';
import { calendarOf, type StatisticContext } from '../filter/statistic.context.js';

/** A value to write, checked as far as possible without the database. */
export interface ValueToWrite {
  readonly metric: MetricTarget;
  readonly table: StatisticTable;
  readonly cell: Cell;
  readonly period: Period;
  /** its date or an instant of it; always an instant for a period of less than a day */
  readonly at: CheckedDateInput;
  readonly value: string | null;
}

/** A row to write. */
export interface RowToWrite extends StoredMoment {
  readonly table: StatisticTable;
  readonly metric: Metric;
  readonly period: Period;
  readonly cell: Cell;
  readonly value: string | null;
}

/** Returns text that is equal only for rows with the same table and key. */
export function rowId({ table, metric, period, cell, date, start }: Omit<RowToWrite, 'value'>): string {
  return `${table.table.metadata.tablePath} [${String(metric.id)},${String(period)}] ${cellId(table, cell)} ${String(start ?? date)}`;
}

/** Writes rows of different keys in as few statements as the driver's limit allows. */
export function* writeRows(database: Database, rows: Iterable<RowToWrite>, mode: UpsertMode): Work<void> {
  for (const upsert of upsertsOf(database, rows, mode)) yield* execute(database.dialect.upsert(upsert));
}

/** Yields the upserts of rows of different keys, as many of a table as one statement takes. */
export function* upsertsOf(database: Database, rows: Iterable<RowToWrite>, mode: UpsertMode): Generator<Upsert> {
  // in one order, so that concurrent transactions cannot deadlock
  const sorted = [...rows].map((row) => ({ id: rowId(row), row })).sort((a, b) => byText(a.id, b.id));
  const byTable = groupBy(
    sorted.map(({ row }) => row),
    ({ table }) => table,
  );
  for (const [table, some] of byTable) {
    const most = database.dialect.mostRows(table.keys.length + 4);
    for (const batch of batchesOf(some, most)) yield upsertOf(table, batch, mode);
  }
}

function upsertOf(statistic: StatisticTable, rows: readonly RowToWrite[], mode: UpsertMode): Upsert {
  const { table, keys } = statistic;
  const ofKeys = keys.map((key): ColumnToWrite => {
    const { property } = key;
    return { property, type: boundType(key), values: rows.map(({ cell }) => cell[property] ?? null) };
  });
  return {
    table,
    keys: [
      { property: 'metricId', type: 'integer', values: rows.map(({ metric }) => metric.id) },
      { property: 'period', type: 'integer', values: rows.map(({ period }) => period) },
      ...ofKeys,
      momentColumn(statistic, rows),
    ],
    value: { property: 'value', type: 'decimal', values: rows.map(({ value }) => value) },
    mode,
  };
}

/** Returns the error of a call that may not write a value, or null if it may. */
export function writeProblem(
  call: 'record' | 'increment',
  { owners, coverages }: { owners: StatisticOwners; coverages: readonly StoredCoverage[] },
  metric: Metric,
  period: Period,
  { table, cell }: { table: StatisticTable; cell: Cell },
): TrackstatsError | null {
  const scopes = coverageScopes(table, cell);
  const owner = scopes.map((scope) => owners.ownerOf(metric.key, period, scope)).find((name) => name !== undefined);
  const kind = coverageIn(coverages, metric, period, scopes)?.kind;
  if (owner !== undefined || (kind !== undefined && kind !== 'increment')) {
    return new TrackerOwnedError(call, metric.key, Period.nameOf(period), owner ?? null);
  }
  return call === 'record' && kind === 'increment'
    ? new MixedWritesError(call, metric.key, Period.nameOf(period))
    : null;
}

/** Returns the row of a value. Written out: a row that is spread together takes several times as long. */
export function rowAt(
  { moment: { date, start } }: WritePlace,
  metric: Metric,
  { table, cell, period, value }: Omit<ValueToWrite, 'metric' | 'at'>,
): RowToWrite {
  return start === undefined
    ? { table, metric, period, cell, value, date }
    : { table, metric, period, cell, value, date, start };
}

/** What the values of a metric, period and table, and of one type of objects, have in common. */
interface WriteGroup {
  readonly problem: TrackstatsError | null;
  readonly coverage: StoredCoverage | null;
  readonly calendar: Calendar;
  readonly moments: Map<string | number, StoredMoment>;
}

/** Where a value is written, and the coverage of its statistics. */
export interface WritePlace {
  readonly moment: StoredMoment;
  readonly coverage: StoredCoverage | null;
  readonly timeZone: string;
}

/**
 * Finds where the values of a call are written, and checks that the call may write them. The values of one call are
 * mostly of few metrics and dates, so what they have in common is worked out once.
 */
export class WritePlaces {
  private readonly groups = new Map<StatisticTable, Map<string, WriteGroup>>();
  private readonly ofOneObject = new Map<Metric, boolean>();

  /** @param coverages of all metrics that are written */
  constructor(
    private readonly context: StatisticContext,
    private readonly call: 'record' | 'increment',
    private readonly coverages: readonly StoredCoverage[],
    private readonly now: Date,
  ) {}

  /**
   * @returns the error of a call that may not write the value
   * @throws InvalidDateError for a date that has no bucket
   */
  of(metric: Metric, value: Omit<ValueToWrite, 'metric' | 'value'>): WritePlace | TrackstatsError {
    const { problem, coverage, calendar, moments } = this.groupOf(metric, value);
    if (problem !== null) return problem;
    const { period, at } = value;
    const key = typeof at === 'string' ? at : at.getTime();
    let moment = moments.get(key);
    if (moment === undefined) moments.set(key, (moment = storedMoment(period, at, calendar)));
    return { moment, coverage, timeZone: calendar.timeZone };
  }

  private groupOf(metric: Metric, { table, cell, period }: Omit<ValueToWrite, 'metric' | 'value' | 'at'>): WriteGroup {
    if (table.kind === 'object' && this.dependsOnObject(metric)) return this.readGroup(metric, table, cell, period);
    let ofTable = this.groups.get(table);
    if (ofTable === undefined) this.groups.set(table, (ofTable = new Map<string, WriteGroup>()));
    const type = table.kind === 'object' ? String(cell['objectType']) : '';
    const key = `${String(metric.id)} ${String(period)} ${type}`;
    let group = ofTable.get(key);
    if (group === undefined) ofTable.set(key, (group = this.readGroup(metric, table, cell, period)));
    return group;
  }

  /** True if a tracker or a coverage is of one object, and not of all objects of a type. */
  private dependsOnObject(metric: Metric): boolean {
    let depends = this.ofOneObject.get(metric);
    if (depends === undefined) {
      const owned = this.context.owners.ownedOf(metric.key);
      const covered = this.coverages.filter(({ metricId }) => metricId === metric.id);
      depends = [...owned, ...covered].some(({ scope }) => enclosingScope(scope) !== null);
      this.ofOneObject.set(metric, depends);
    }
    return depends;
  }

  private readGroup(metric: Metric, table: StatisticTable, cell: Cell, period: Period): WriteGroup {
    const { context, coverages } = this;
    const scopes = coverageScopes(table, cell);
    return {
      problem: writeProblem(this.call, { ...context, coverages }, metric, period, { table, cell }),
      coverage: coverageIn(coverages, metric, period, scopes),
      calendar: calendarOf(context, this.now, [metric], coverages, period, scopes),
      moments: new Map(),
    };
  }
}

/** The number of metrics in one statement. Drivers bind at most some ten thousand values. */
const MOST_IDS = 5_000;

/**
 * Locks metrics until the transaction ends, so that `record` and `increment` see each other's writes before they decide
 * whether they may write. Calls of `record` run in parallel; the first `increment` of a scope runs alone. Data that was
 * read before the lock must be read again.
 */
export function* lockMetrics(database: Database, metrics: Iterable<Metric>, call: 'record' | 'increment'): Work<void> {
  const { dialect } = database;
  const lock = call === 'record' ? dialect.forShare : dialect.forUpdate;
  const ids = [...new Set([...metrics].map(({ id }) => id))];
  if (ids.length === 0 || lock.sql === '') return;
  const table = database.table(Metric);
  const id = table.column('id');
  // in one order, so that two calls cannot deadlock
  ids.sort((a, b) => a - b);
  for (const some of batchesOf(ids, MOST_IDS)) {
    const locked = join(some.map((one) => dialect.integer(one)));
    yield* execute(sql`SELECT ${id} FROM ${table.path} WHERE ${id} IN (${locked}) ORDER BY ${id} ${lock}`);
  }
}
