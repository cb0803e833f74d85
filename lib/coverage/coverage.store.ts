import sql, { empty, join, type Sql } from 'sql-template-tag';
import type { Metric } from '../catalog/metric.entity.js';
import { batchesOf, MOST_PARTS } from '../database/batches.js';
import type { Database } from '../database/database.js';
import type { WrittenType } from '../database/dialects/dialect.js';
import { execute, executeDeferred, type Work } from '../database/work.js';
import type { LocalDate } from '../time/local-date.js';
import type { CoverageKey, CoverageValues, CoveredDates, StoredCoverage } from './coverage.js';
import { Coverage } from './coverage.entity.js';
import { bindKey, bindValues, COVERAGE_KEY, isCoverage } from './coverage.row.js';
import { type DriftStep, writeDrift } from './drift.js';

/** Writes and removes coverages. */

/**
 * Writes the coverages of a run. They must exist.
 *
 * @param isWhole true to mark them as coverages before which the source has no rows; false leaves the mark as it is
 */
export function* writeCoverages(
  database: Database,
  coverages: readonly (CoverageKey & CoverageValues)[],
  isWhole: boolean,
): Work<void> {
  const table = database.table(Coverage);
  const mark: Record<string, Sql> = isWhole ? { isWhole: database.dialect.integer(1) } : {};
  for (const some of batchesOf(coverages, MOST_PARTS)) {
    const rows = some.map((coverage) => ({
      ...bindKey(database, coverage),
      ...bindValues(database, coverage),
      ...mark,
    }));
    yield* executeDeferred(database.dialect.replaceAll(table, rows, COVERAGE_KEY));
  }
}

/** Writes the drift of a period: the dates at which its values and those of the days went apart. */
export function* writeDriftOf(database: Database, key: CoverageKey, drift: readonly DriftStep[]): Work<void> {
  const table = database.table(Coverage);
  yield* execute(
    sql`UPDATE ${table.path} SET ${table.column('drift')} = ${writeDrift(drift)} WHERE ${isCoverage(database, key)}`,
  );
}

/** Writes all values of a coverage. */
export function* writeCoverage(database: Database, key: CoverageKey, values: CoveredDates): Work<void> {
  const { path } = database.table(Coverage);
  yield* execute(
    sql`UPDATE ${path} SET ${assignments(database, bindValues(database, values))} WHERE ${isCoverage(database, key)}`,
  );
}

/** Extends the coverage of increments, which has no end, to begin at a date or earlier. */
export function* coverIncrements(database: Database, key: CoverageKey, from: LocalDate, timeZone: string): Work<void> {
  const table = database.table(Coverage);
  const date = database.dialect.date(from);
  yield* insertCoverage(database, key, { from, timeZone, kind: 'increment', fingerprint: 'increment' });
  yield* execute(sql`UPDATE ${table.path} SET ${table.column('from')} = ${date}
WHERE ${isCoverage(database, key)} AND ${table.column('from')} > ${date}`);
}

/**
 * Moves the start of coverages to a date. One that ends before it keeps its last date.
 *
 * @param of a metric's period, in one scope or (null) in all
 */
export function* startCoveragesAt(
  database: Database,
  { metricId, period, scope }: Omit<CoverageKey, 'scope'> & { readonly scope: string | null },
  date: LocalDate,
): Work<void> {
  const { dialect } = database;
  const table = database.table(Coverage);
  const [from, through] = [table.column('from'), table.column('through')];
  const start = dialect.date(date);
  const inScope = scope === null ? empty : sql` AND ${table.column('scope')} = ${dialect.text(scope)}`;
  yield* execute(sql`UPDATE ${table.path} SET ${table.column('isWhole')} = 0, ${from} = CASE WHEN ${through} < ${start} THEN ${through} ELSE ${start} END
WHERE ${table.column('metricId')} = ${dialect.integer(metricId)} AND ${table.column('period')} = ${dialect.integer(period)} AND ${from} < ${start}${inScope}`);
}

/** Removes coverages, as if their statistics had never been computed. */
export function* removeCoverages(database: Database, keys: readonly CoverageKey[]): Work<void> {
  const { path } = database.table(Coverage);
  for (const key of keys) yield* execute(sql`DELETE FROM ${path} WHERE ${isCoverage(database, key)}`);
}

/** Removes every coverage of a metric. */
export function* removeCoveragesOf(database: Database, metric: Metric): Work<void> {
  const table = database.table(Coverage);
  yield* execute(
    sql`DELETE FROM ${table.path} WHERE ${table.column('metricId')} = ${database.dialect.integer(metric.id)}`,
  );
}

/** Stores a coverage that does not exist. */
export function* insertCoverage(database: Database, key: CoverageKey, values: Partial<CoverageValues>): Work<void> {
  const row = { ...bindKey(database, key), ...bindValues(database, values) };
  yield* execute(database.dialect.insertIfAbsent(database.table(Coverage), row, COVERAGE_KEY));
}

/** Stores those of the coverages that do not exist. */
export function* insertCoverages(database: Database, coverages: readonly StoredCoverage[]): Work<void> {
  const { dialect } = database;
  const columns = Object.entries(COLUMNS);
  for (const some of batchesOf(coverages, dialect.mostRows(columns.length))) {
    const written = columns.map(([property, { type, valueOf }]) => ({ property, type, values: some.map(valueOf) }));
    yield* execute(dialect.insertAllIfAbsent(database.table(Coverage), written, COVERAGE_KEY));
  }
}

interface WrittenColumn {
  readonly type: WrittenType;
  readonly valueOf: (coverage: StoredCoverage) => string | number | null;
}

/** The columns of a coverage that is inserted. */
const COLUMNS: Readonly<Record<keyof CoverageKey | keyof CoverageValues, WrittenColumn>> = {
  metricId: { type: 'integer', valueOf: ({ metricId }) => metricId },
  period: { type: 'integer', valueOf: ({ period }) => period },
  scope: { type: 'text', valueOf: ({ scope }) => scope },
  from: { type: 'date', valueOf: ({ from }) => from },
  through: { type: 'date', valueOf: ({ through }) => through },
  timeZone: { type: 'text', valueOf: ({ timeZone }) => timeZone },
  kind: { type: 'text', valueOf: ({ kind }) => kind },
  fingerprint: { type: 'text', valueOf: ({ fingerprint }) => fingerprint },
  computedAt: { type: 'bigint', valueOf: ({ computedAt }) => computedAt?.getTime() ?? null },
};

function assignments(database: Database, values: Readonly<Record<string, Sql>>): Sql {
  const table = database.table(Coverage);
  return join(Object.entries(values).map(([property, value]) => sql`${table.column(property)} = ${value}`));
}
