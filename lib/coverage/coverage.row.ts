import sql, { empty, join, type Sql } from 'sql-template-tag';
import { namedColumns } from '../database/columns.js';
import type { Database } from '../database/database.js';
import type { LocalDate } from '../time/local-date.js';
import type { Period } from '../time/period.js';
import type { CoverageKey, CoverageValues, StoredCoverage } from './coverage.js';
import type { CoverageKind } from './coverage-kind.js';
import { Coverage } from './coverage.entity.js';
import { readDrift } from './drift.js';

/** A coverage as a row of its table. */

export interface CoverageRow {
  metric_id: number;
  period: Period;
  scope: string;
  from_date: LocalDate | null;
  through_date: LocalDate | null;
  time_zone: string;
  kind: CoverageKind;
  fingerprint: string;
  computed_at: string | number | null;
  is_whole: number | null;
  drift: string | null;
}

/** Returns the columns of a `CoverageRow`. */
export function coverageColumns(database: Database): Sql {
  return namedColumns(coverageFields(database));
}

/** The key of a coverage in the database. */
export const COVERAGE_KEY = ['metricId', 'period', 'scope'] as const;

type CoverageFields = Readonly<Record<keyof CoverageRow, Sql>>;

const fieldsOf = new WeakMap<Database, CoverageFields>();

/** Returns the expression of each field of a `CoverageRow`. */
export function coverageFields(database: Database): CoverageFields {
  const fields = fieldsOf.get(database) ?? prefixedFields(database, empty);
  fieldsOf.set(database, fields);
  return fields;
}

/** Returns the same of a table that has an alias, which `prefix` names. */
export function prefixedFields(database: Database, prefix: Sql): CoverageFields {
  const { dialect } = database;
  const table = database.table(Coverage);
  const column = (property: string): Sql => sql`${prefix}${table.column(property)}`;
  return {
    metric_id: column('metricId'),
    period: column('period'),
    scope: column('scope'),
    from_date: dialect.dateText(column('from')),
    through_date: dialect.dateText(column('through')),
    time_zone: column('timeZone'),
    kind: column('kind'),
    fingerprint: column('fingerprint'),
    computed_at: column('computedAt'),
    is_whole: column('isWhole'),
    drift: column('drift'),
  };
}

export function storedCoverage(row: CoverageRow): StoredCoverage {
  return {
    metricId: row.metric_id,
    period: row.period,
    scope: row.scope,
    from: row.from_date,
    through: row.through_date,
    timeZone: row.time_zone,
    kind: row.kind,
    fingerprint: row.fingerprint,
    computedAt: row.computed_at === null ? null : new Date(Number(row.computed_at)),
    isWhole: row.is_whole === 1,
    drift: readDrift(row.drift),
  };
}

export function bindKey(
  { dialect }: Database,
  { metricId, period, scope }: CoverageKey,
): Record<(typeof COVERAGE_KEY)[number], Sql> {
  return { metricId: dialect.integer(metricId), period: dialect.integer(period), scope: dialect.text(scope) };
}

/** Returns the bound values of the given properties, by property. */
export function bindValues({ dialect }: Database, values: Partial<CoverageValues>): Record<string, Sql> {
  const { from, through, timeZone, kind, fingerprint, computedAt } = values;
  const date = (value: LocalDate | null): Sql => (value === null ? sql`NULL` : dialect.date(value));
  return {
    ...(from === undefined ? {} : { from: date(from) }),
    ...(through === undefined ? {} : { through: date(through) }),
    ...(timeZone === undefined ? {} : { timeZone: dialect.text(timeZone) }),
    ...(kind === undefined ? {} : { kind: dialect.text(kind) }),
    ...(fingerprint === undefined ? {} : { fingerprint: dialect.text(fingerprint) }),
    ...(computedAt === undefined ? {} : { computedAt: computedAt === null ? sql`NULL` : sql`${computedAt.getTime()}` }),
  };
}

/** Returns the condition that finds a coverage by its key. */
export function isCoverage(database: Database, key: CoverageKey): Sql {
  const table = database.table(Coverage);
  const values = bindKey(database, key);
  return join(
    COVERAGE_KEY.map((property) => sql`${table.column(property)} = ${values[property]}`),
    ' AND ',
  );
}

/** Returns values that were selected as a list, each by its name. */
export function namedFields(names: readonly string[], values: readonly unknown[]): Record<string, unknown> {
  return Object.fromEntries(names.map((name, place) => [name, values[place]]));
}
