import sql, { empty, join, type Sql } from 'sql-template-tag';
import type { Database } from '../database/database.js';
import { execute, queryOne, type Work } from '../database/work.js';
import { Coverage, type CoverageKind } from '../statistics/coverage.entity.js';
import type { LocalDate } from '../time/local-date.js';
import type { Period } from '../time/period.js';
import type { CoveredRange } from './run-plan.js';

/** What a coverage is of. */
export interface CoverageKey {
  readonly metricId: number;
  readonly period: Period;
  readonly scope: string;
}

export interface CoverageValues {
  readonly from: LocalDate;
  readonly through: LocalDate;
  readonly timeZone: string;
  readonly kind: CoverageKind;
  readonly fingerprint: string;
  readonly computedAt: Date;
}

/** A range that a run has computed. */
export interface ComputedRange extends CoveredRange {
  /** the run's now */
  readonly computedAt: Date;
}

const KEY = ['metricId', 'period', 'scope'] as const;

/**
 * Holds a coverage until the transaction ends, made empty where it is not there yet, and reads it: two runs for the
 * same statistics, in whatever processes, follow one another.
 */
export function* holdCoverage(
  database: Database,
  key: CoverageKey,
  kind: CoverageKind,
): Work<ComputedRange | undefined> {
  const { dialect } = database;
  const held = yield* selectCoverage(database, key, dialect.forUpdate);
  if (held !== undefined) return held;
  const empty = { timeZone: dialect.text(''), kind: dialect.text(kind), fingerprint: dialect.text('') };
  yield* execute(dialect.insertIfAbsent(database.table(Coverage), { ...bound(database, key), ...empty }, KEY));
  return yield* selectCoverage(database, key, dialect.forUpdate);
}

/** Reads a coverage; undefined before the first run. */
export function readCoverage(database: Database, key: CoverageKey): Work<ComputedRange | undefined> {
  return selectCoverage(database, key, empty);
}

function* selectCoverage(database: Database, key: CoverageKey, hold: Sql): Work<ComputedRange | undefined> {
  const { dialect } = database;
  const table = database.table(Coverage);
  const row = yield* queryOne<{
    covered_from: LocalDate | null;
    covered_through: LocalDate | null;
    fingerprint: string;
    computed_at: unknown;
  }>(
    sql`SELECT ${dialect.dateText(table.column('from'))} AS covered_from, ${dialect.dateText(table.column('through'))} AS covered_through,
${table.column('fingerprint')} AS fingerprint, ${table.column('computedAt')} AS computed_at
FROM ${table.path} WHERE ${matches(database, key)} ${hold}`,
  );
  if (row === undefined || row.covered_from === null || row.covered_through === null) return undefined;
  const { covered_from: from, covered_through: through, fingerprint } = row;
  return { from, through, fingerprint, computedAt: new Date(Number(row.computed_at)) };
}

/** Writes what a run has covered. */
export function* moveCoverage(database: Database, key: CoverageKey, values: CoverageValues): Work<void> {
  const { dialect } = database;
  const table = database.table(Coverage);
  const set: [string, Sql][] = [
    ['from', dialect.date(values.from)],
    ['through', dialect.date(values.through)],
    ['timeZone', dialect.text(values.timeZone)],
    ['kind', dialect.text(values.kind)],
    ['fingerprint', dialect.text(values.fingerprint)],
    ['computedAt', sql`${values.computedAt.getTime()}`],
  ];
  const assignments = set.map(([property, value]) => sql`${table.column(property)} = ${value}`);
  yield* execute(sql`UPDATE ${table.path} SET ${join(assignments)} WHERE ${matches(database, key)}`);
}

function bound({ dialect }: Database, { metricId, period, scope }: CoverageKey): Record<(typeof KEY)[number], Sql> {
  return { metricId: dialect.integer(metricId), period: dialect.integer(period), scope: dialect.text(scope) };
}

function matches(database: Database, key: CoverageKey): Sql {
  const table = database.table(Coverage);
  const values = bound(database, key);
  return join(
    KEY.map((property) => sql`${table.column(property)} = ${values[property]}`),
    ' AND ',
  );
}
