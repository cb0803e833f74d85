import sql, { empty, join, type Sql } from 'sql-template-tag';
import { resolveMetric } from '../catalog/catalog.store.js';
import type { MetricTarget } from '../catalog/definitions.js';
import { Metric } from '../catalog/metric.entity.js';
import { isMetric, metricKeyOf, metricTables } from '../catalog/metric.query.js';
import type { Database } from '../database/database.js';
import { execute, query, queryOne, type Work } from '../database/work.js';
import type { CoverageKind } from '../catalog/aggregates.js';
import { Coverage } from '../statistics/coverage.entity.js';
import type { LocalDate } from '../time/local-date.js';
import type { Period } from '../time/period.js';
import type { CoveredRange } from './run-plan.js';

/** What a coverage is of. */
export interface CoverageKey {
  readonly metricId: number;
  readonly period: Period;
  readonly scope: string;
}

/** What the periods of a run have in common. */
export interface CoverageOrigin {
  readonly timeZone: string;
  readonly kind: CoverageKind;
  readonly computedAt: Date;
}

/** The coverages of one run. */
export interface WantedCoverages {
  readonly periods: readonly Period[];
  readonly scope: string;
  readonly kind: CoverageKind;
}

export interface HeldCoverages {
  readonly metricId: number;
  /** what is covered; a period is not there before its first run */
  readonly coverage: ReadonlyMap<Period, ComputedRange>;
}

/** A range that a run has computed. */
export interface ComputedRange extends CoveredRange {
  /** the run's now */
  readonly computedAt: Date;
}

const KEY = ['metricId', 'period', 'scope'] as const;

/**
 * Holds the coverages of a metric's periods until the transaction ends, made empty where they are not there yet, and
 * reads them: two runs for the same statistics, in whatever processes, follow one another. The metric is stored on its
 * first use.
 *
 * @throws what `resolveMetric` throws
 */
export function* holdCoverages(database: Database, metric: MetricTarget, wanted: WantedCoverages): Work<HeldCoverages> {
  const { scope, kind } = wanted;
  // in one order, so that two runs cannot wait for each other
  const periods = [...wanted.periods].sort((a, b) => a - b);
  const rows = yield* selectHeld(database, metric, periods, scope);
  const [first] = rows;
  if (first !== undefined && rows.length === periods.length) {
    return { metricId: first.metric_id, coverage: rangesOf(rows) };
  }
  const { id: metricId } = yield* resolveMetric(database, metric);
  const held: CoverageRow[] = [];
  for (const period of periods) held.push(...(yield* holdCoverage(database, { metricId, period, scope }, kind)));
  return { metricId, coverage: rangesOf(held) };
}

/** Holds and reads in one statement those that are there. */
function* selectHeld(
  database: Database,
  metric: MetricTarget,
  periods: readonly Period[],
  scope: string,
): Work<CoverageRow[]> {
  const { dialect } = database;
  const table = database.table(Coverage);
  const id = sql`SELECT m.${database.table(Metric).column('id')} FROM ${metricTables(database)} WHERE ${isMetric(database, metricKeyOf(metric))}`;
  const wanted = periods.map((period) => dialect.integer(period));
  return yield* query<CoverageRow>(
    sql`SELECT ${coverageColumns(database)} FROM ${table.path}
WHERE ${table.column('metricId')} = (${id}) AND ${table.column('period')} IN (${join(wanted)}) AND ${table.column('scope')} = ${dialect.text(scope)}
ORDER BY ${table.column('period')} ${dialect.forUpdate}`,
  );
}

function* holdCoverage(database: Database, key: CoverageKey, kind: CoverageKind): Work<CoverageRow[]> {
  const { dialect } = database;
  const held = yield* selectCoverage(database, key, dialect.forUpdate);
  if (held !== undefined) return [held];
  const empty = { timeZone: dialect.text(''), kind: dialect.text(kind), fingerprint: dialect.text('') };
  yield* execute(dialect.insertIfAbsent(database.table(Coverage), { ...bound(database, key), ...empty }, KEY));
  const made = yield* selectCoverage(database, key, dialect.forUpdate);
  return made === undefined ? [] : [made];
}

/** Reads a coverage; undefined before the first run. */
export function* readCoverage(database: Database, key: CoverageKey): Work<ComputedRange | undefined> {
  const row = yield* selectCoverage(database, key, empty);
  return row === undefined ? undefined : rangesOf([row]).get(key.period);
}

function* selectCoverage(database: Database, key: CoverageKey, hold: Sql): Work<CoverageRow | undefined> {
  const table = database.table(Coverage);
  return yield* queryOne<CoverageRow>(
    sql`SELECT ${coverageColumns(database)} FROM ${table.path} WHERE ${matches(database, key)} ${hold}`,
  );
}

interface CoverageRow {
  metric_id: number;
  period: Period;
  covered_from: LocalDate | null;
  covered_through: LocalDate | null;
  fingerprint: string;
  computed_at: unknown;
}

function coverageColumns(database: Database): Sql {
  const { dialect } = database;
  const table = database.table(Coverage);
  return sql`${table.column('metricId')} AS metric_id, ${table.column('period')} AS period,
${dialect.dateText(table.column('from'))} AS covered_from, ${dialect.dateText(table.column('through'))} AS covered_through,
${table.column('fingerprint')} AS fingerprint, ${table.column('computedAt')} AS computed_at`;
}

/** The ranges that are covered, by period; a coverage that was made and never filled has none. */
function rangesOf(rows: readonly CoverageRow[]): Map<Period, ComputedRange> {
  const ranges = new Map<Period, ComputedRange>();
  for (const { period, covered_from: from, covered_through: through, fingerprint, computed_at } of rows) {
    if (from === null || through === null) continue;
    ranges.set(period, { from, through, fingerprint, computedAt: new Date(Number(computed_at)) });
  }
  return ranges;
}

/** Writes what a run has covered of each period. */
export function* moveCoverages(
  database: Database,
  { metricId, scope }: Omit<CoverageKey, 'period'>,
  covered: ReadonlyMap<Period, CoveredRange>,
  { timeZone, kind, computedAt }: CoverageOrigin,
): Work<void> {
  const { dialect } = database;
  const table = database.table(Coverage);
  const period = table.column('period');
  const ofEach = (value: (range: CoveredRange) => Sql): Sql => {
    const cases = [...covered].map(([of, range]) => sql`WHEN ${dialect.integer(of)} THEN ${value(range)}`);
    const [only, ...others] = covered.values();
    return only !== undefined && others.length === 0 ? value(only) : sql`CASE ${period} ${join(cases, ' ')} END`;
  };
  const set: [string, Sql][] = [
    ['from', ofEach(({ from }) => dialect.date(from))],
    ['through', ofEach(({ through }) => dialect.date(through))],
    ['timeZone', dialect.text(timeZone)],
    ['kind', dialect.text(kind)],
    ['fingerprint', ofEach(({ fingerprint }) => dialect.text(fingerprint))],
    ['computedAt', sql`${computedAt.getTime()}`],
  ];
  const periods = [...covered.keys()].map((of) => dialect.integer(of));
  yield* execute(sql`UPDATE ${table.path} SET ${join(set.map(([property, value]) => sql`${table.column(property)} = ${value}`))}
WHERE ${table.column('metricId')} = ${dialect.integer(metricId)} AND ${period} IN (${join(periods)}) AND ${table.column('scope')} = ${dialect.text(scope)}`);
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
