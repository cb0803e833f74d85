import sql from 'sql-template-tag';
import type { Metric } from '../../catalog/metric.entity.js';
import { batchesOf } from '../../database/batches.js';
import type { Database } from '../../database/database.js';
import { execute, type Work } from '../../database/work.js';
import { TrackerOwnedError } from '../../errors/statistic.error.js';
import { Period } from '../../time/period.js';
import type { StoredCoverage } from '../../coverage/coverage.js';
import { lockStoredCoverages } from '../../coverage/coverage.lock.js';
import { removeCoverages } from '../../coverage/coverage.store.js';
import { type DateRange, rowRange, type StartRange } from '../filter/date-range.js';
import { startsOf } from '../filter/start-range.js';
import type { NormalFilter } from '../filter/filter.js';
import { overlap } from '../../coverage/scope.js';
import { removeKeys } from './increment-key.query.js';
import { rowCondition, type RowFilter } from '../read/rows.query.js';
import { type Cell, filterScopes, selectsScope } from '../filter/scope-filter.js';
import { calendarOf, readMetrics, type StatisticContext } from '../filter/statistic.context.js';
import { type StatisticTable, statisticTablesOf } from '../tables/statistic-table.js';

/**
 * Removes the rows of a filter and returns their number. If it removes a whole scope over all dates, it also removes
 * the coverage and the keys of increments, as if the scope had never been written.
 */
export function* removeRows(
  context: StatisticContext,
  filter: NormalFilter,
  isForced: boolean,
  now: Date,
): Work<number> {
  const { database } = context;
  const { period, scope } = filter;
  const { stored, coverages } = yield* readMetrics(context, filter.metrics, period);
  if (stored.length === 0) return 0;
  const scopes = filterScopes(scope);
  const isOverAllDates = Object.keys(filter.range).length === 0;
  const overlapping = coverages.filter((coverage) => scopes.some((one) => overlap(one, coverage.scope)));
  // before their rows: what another transaction adds to them is committed first, or finds them removed
  const touched = isOverAllDates ? yield* lockToRemove(database, overlapping) : overlapping;
  if (!isForced) for (const metric of stored) refuseOwned(context, metric, period, scopes, touched);

  const calendar = calendarOf(context, now, stored, coverages, period ?? Period.DAY, scopes);
  const { alternatives } = scope;
  let removed = 0;
  for (const table of tablesOf(database, filter)) {
    const range =
      table.moment === 'date' ? rowRange(filter.range, period, calendar) : startsOf(filter, calendar.timeZone, now);
    removed += yield* deleteRows(database, { table, alternatives, metrics: stored, period, range });
  }
  if (isOverAllDates) {
    const whole = touched.filter((coverage) => selectsScope(scope, coverage.scope));
    yield* removeCoverages(database, whole);
    for (const coverage of whole) if (coverage.kind === 'increment') yield* removeKeys(database, coverage);
  }
  return removed;
}

function lockToRemove(database: Database, coverages: readonly StoredCoverage[]): Work<StoredCoverage[]> {
  return lockStoredCoverages(
    database,
    coverages.map((coverage) => ({ ...coverage, isChanged: true })),
  );
}

/** Returns the tables of a filter's rows. Without a period, those of dates and of buckets of less than a day. */
function tablesOf(database: Database, { scope: { table }, period }: NormalFilter): StatisticTable[] {
  if (period !== null || table.kind === 'custom') return [table];
  return statisticTablesOf(database).filter(({ kind }) => kind === table.kind);
}

function deleteRows(database: Database, filter: RowFilter<DateRange | StartRange>): Work<number> {
  return execute(sql`DELETE FROM ${filter.table.table.path} WHERE ${rowCondition(database, filter)}`);
}

/** Each cell is a condition of its own, and databases limit the number of conditions in one expression. */
const MOST_CELLS = 400;

/** Removes the rows of cells. */
export function* removeCells(
  database: Database,
  filter: Omit<RowFilter<DateRange | StartRange>, 'alternatives'>,
  cells: readonly Cell[],
): Work<void> {
  const alternatives = cells.map((cell) =>
    Object.fromEntries(Object.entries(cell).map(([key, value]) => [key, [value]])),
  );
  for (const some of batchesOf(alternatives, MOST_CELLS))
    yield* deleteRows(database, { ...filter, alternatives: some });
}

function refuseOwned(
  { owners }: StatisticContext,
  metric: Metric,
  period: Period | null,
  scopes: readonly string[],
  touched: readonly StoredCoverage[],
): void {
  const owner = scopes.map((scope) => owners.ownerOf(metric.key, period, scope)).find((name) => name !== undefined);
  const computed = touched.find(({ metricId, kind }) => metricId === metric.id && kind !== 'increment');
  if (owner === undefined && computed === undefined) return;
  const periods = period ?? computed?.period;
  throw new TrackerOwnedError(
    'remove',
    metric.key,
    periods === undefined ? 'every period' : Period.nameOf(periods),
    owner ?? null,
  );
}
