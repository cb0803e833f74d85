import sql, { empty, join, raw, type Sql } from 'sql-template-tag';
import { resolveMetrics } from '../catalog/catalog.store.js';
import type { MetricTarget } from '../catalog/definitions.js';
import { Metric } from '../catalog/metric.entity.js';
import {
  inOrderOf,
  isMetric,
  metricConditions,
  metricFields,
  metricKeyOf,
  metricOf,
  type MetricRow,
  metricTables,
} from '../catalog/metric.query.js';
import { byText } from '../catalog/order.js';
import { batchesOf, MOST_PARTS } from '../database/batches.js';
import { namedColumns } from '../database/columns.js';
import type { Database } from '../database/database.js';
import type { ExpectedRows, Point, WrittenType } from '../database/dialects/dialect.js';
import { execute, executeDeferred, query, queryOne, withConstantText, type Work } from '../database/work.js';
import type { LocalDate } from '../time/local-date.js';
import type { Period } from '../time/period.js';
import { type CoverageKey, type CoverageValues, type CoveredDates, type StoredCoverage } from './coverage.js';
import type { CoverageKind } from './coverage-kind.js';
import { Coverage } from './coverage.entity.js';
import { type DriftStep, readDrift, writeDrift } from './drift.js';

/** Every statement that reads or writes coverage. */

const KEY = ['metricId', 'period', 'scope'] as const;
/** The number of metrics in one statement. Databases limit the values that one binds. */
const MOST_METRICS = 500;

// ── reading ──

/** The metrics of a call, with the coverages of those that are stored. */
export interface CoveredMetrics {
  readonly asked: readonly (Metric | null)[];
  readonly coverages: readonly StoredCoverage[];
}

/** Reads metrics and their coverages in one statement, for one period or (null) for all. */
export function* coveredMetrics(
  database: Database,
  targets: readonly MetricTarget[],
  period: Period | null,
): Work<CoveredMetrics> {
  const { columns, joined, ofPeriod } = coveredColumns(database);
  const from = period === null ? joined : sql`${joined}${ofPeriod}${database.dialect.integer(period)}`;
  const found = new Map<number, Metric>();
  const coverages: StoredCoverage[] = [];
  for (const condition of metricConditions(database, targets)) {
    const rows = yield* query<CoveredRow>(sql`SELECT ${columns} FROM ${from} WHERE ${condition}`);
    for (const row of rows) {
      if (!found.has(row.id)) found.set(row.id, metricOf(row));
      if (row.scope !== null) coverages.push(storedCoverage(row));
    }
  }
  return { asked: inOrderOf(targets, [...found.values()]), coverages };
}

/** The metrics of a call with their coverages, and points that were read with them. */
export interface CoveredPoints {
  readonly covered: CoveredMetrics;
  /** null if they could not be read with the metric */
  readonly points: readonly Point[] | null;
}

/**
 * Reads a metric, its coverages of a period, and points, all in one statement.
 *
 * @param pointsOf returns a query of points as `Dialect.points` takes it, of the metric whose id is an expression
 */
export function* coveredPoints(
  database: Database,
  target: MetricTarget,
  period: Period,
  pointsOf: (id: Sql) => Sql,
): Work<CoveredPoints> {
  const { dialect } = database;
  const { list, joined, ofPeriod, id } = coveredColumns(database);
  const condition = isMetric(database, metricKeyOf(target));
  const metricId = dialect.namesOuterColumns
    ? id
    : sql`(SELECT ${id} FROM ${metricTables(database)} WHERE ${condition})`;
  const from = sql`${joined}${ofPeriod}${dialect.integer(period)}`;
  const points = dialect.pointsValue(pointsOf(metricId));
  const rows = yield* query<PointsRow>(
    withConstantText(sql`SELECT ${list} AS fields, ${points} AS points FROM ${from} WHERE ${condition}`),
  );
  return pointsRead(database, rows);
}

/**
 * Reads a metric, its coverages of all periods, and points, all in one statement, and so of one snapshot. Returns null if
 * the settings of the session give it another meaning than in a transaction of `Database.snapshot`.
 *
 * @param points a query as `Dialect.points` takes it
 */
export function* pointsOfSnapshot(database: Database, target: MetricTarget, points: Sql): Work<CoveredPoints | null> {
  const { dialect } = database;
  const { list, joined } = coveredColumns(database);
  const rows = yield* query<PointsRow & { snapshot: unknown }>(
    withConstantText(
      sql`SELECT ${list} AS fields, ${dialect.pointsValue(points)} AS points, ${dialect.readsSnapshotAlone} AS snapshot
FROM ${joined} WHERE ${isMetric(database, metricKeyOf(target))}`,
      'many',
    ),
  );
  return rows.every(({ snapshot }) => Number(snapshot) === 1) ? pointsRead(database, rows) : null;
}

interface PointsRow {
  readonly fields: string;
  readonly points: unknown;
}

function pointsRead(database: Database, rows: readonly PointsRow[]): CoveredPoints {
  const { names } = coveredColumns(database);
  const read = rows.map((row) => namedValues(names, row.fields) as unknown as CoveredRow);
  const [first] = rows;
  return {
    covered: { asked: [read[0] === undefined ? null : metricOf(read[0])], coverages: coveragesIn(read) },
    points: first === undefined ? [] : database.dialect.readPointsValue(first.points),
  };
}

type CoveredRow = MetricRow & (CoverageRow | { readonly scope: null });

function coveragesIn(rows: readonly CoveredRow[]): StoredCoverage[] {
  return rows.filter((row) => row.scope !== null).map(storedCoverage);
}

function namedValues(names: readonly string[], list: string): Record<string, unknown> {
  return namedFields(names, JSON.parse(list) as readonly unknown[]);
}

function namedFields(names: readonly string[], values: readonly unknown[]): Record<string, unknown> {
  return Object.fromEntries(names.map((name, place) => [name, values[place]]));
}

/** The parts of statements that read metrics with their coverages, made once: they are longer than what they read. */
interface CoveredColumns {
  /** of a CoveredRow */
  readonly columns: Sql;
  /** the same as one value, and their names */
  readonly list: Sql;
  readonly names: readonly string[];
  readonly id: Sql;
  /** metrics with their coverages, and the condition on a period that may follow, up to the period */
  readonly joined: Sql;
  readonly ofPeriod: Sql;
}

const coveredColumnsOf = new WeakMap<Database, CoveredColumns>();

function coveredColumns(database: Database): CoveredColumns {
  const known = coveredColumnsOf.get(database);
  if (known !== undefined) return known;
  const table = database.table(Coverage);
  const fields = { ...metricFields(database), ...prefixedFields(database, sql`c.`) };
  const { id } = fields;
  const made = {
    columns: namedColumns(fields),
    list: database.dialect.list(Object.values(fields)),
    names: Object.keys(fields),
    id,
    joined: sql`${metricTables(database)} LEFT JOIN ${table.path} c ON c.${table.column('metricId')} = ${id}`,
    ofPeriod: sql` AND c.${table.column('period')} = `,
  };
  coveredColumnsOf.set(database, made);
  return made;
}

/** Reads the coverages of metrics, for one period or (null) for all. */
export function* storedCoverages(
  database: Database,
  metrics: readonly Pick<Metric, 'id'>[],
  period: Period | null,
): Work<readonly StoredCoverage[]> {
  const { dialect } = database;
  const table = database.table(Coverage);
  const ids = [...new Set(metrics.map(({ id }) => id))];
  const ofPeriod = period === null ? empty : sql`AND ${table.column('period')} = ${dialect.integer(period)}`;
  const found: StoredCoverage[] = [];
  for (const some of batchesOf(ids, MOST_METRICS)) {
    const metricIds = join(some.map((id) => dialect.integer(id)));
    const rows = yield* query<CoverageRow>(sql`SELECT ${coverageColumns(database)}
FROM ${table.path} WHERE ${table.column('metricId')} IN (${metricIds}) ${ofPeriod}`);
    found.push(...rows.map(storedCoverage));
  }
  return found;
}

/**
 * Returns the condition that the coverages of a metric are still those that were read: no other ones, of the same kinds
 * and zones, and none begins later.
 *
 * @param coverages all of the metric
 */
export function areStill(database: Database, { id }: Metric, coverages: readonly StoredCoverage[]): Sql {
  const { dialect } = database;
  const table = database.table(Coverage);
  const column = (property: string): Sql => sql`c.${table.column(property)}`;
  const each = coverages.map(({ period, scope, kind, timeZone, from }) => {
    const begins = from === null ? empty : sql` AND ${column('from')} <= ${dialect.date(from)}`;
    return sql`(${column('period')} = ${dialect.integer(period)} AND ${column('scope')} = ${dialect.text(scope)}
AND ${column('kind')} = ${dialect.text(kind)} AND ${column('timeZone')} = ${dialect.text(timeZone)}${begins})`;
  });
  const count = raw(String(coverages.length));
  const ofMetric = sql`FROM ${table.path} c WHERE ${column('metricId')} = ${dialect.integer(id)}`;
  if (coverages.length === 0) return sql`NOT EXISTS (SELECT 1 ${ofMetric})`;
  return sql`(SELECT COUNT(*) = ${count} AND COUNT(CASE WHEN ${join(each, ' OR ')} THEN 1 END) = ${count} ${ofMetric})`;
}

/**
 * Returns the condition that coverages of increments are still stored. They are locked, so that nothing is added to one
 * that is being removed. Those of trackers are not, because a run locks its own until it ends.
 *
 * @param coverages all of a metric
 * @returns null if none is of increments: there is nothing to lock
 */
export function areCounted(database: Database, coverages: readonly StoredCoverage[]): Sql | null {
  const counted = coverages.filter(({ kind }) => kind === 'increment');
  if (counted.length === 0) return null;
  const { path } = database.table(Coverage);
  // each by its key: MySQL waits for every row that it reads
  const keys = counted.map((coverage) => sql`(${matches(database, coverage)})`);
  return sql`(SELECT COUNT(*) = ${raw(String(keys.length))}
FROM (SELECT 1 FROM ${path} WHERE ${join(keys, ' OR ')} ${database.dialect.forKeyShare}) l)`;
}

// ── locking ──

/** The coverages of a metric in one scope. */
export interface WantedCoverages {
  readonly metric: MetricTarget;
  readonly periods: readonly Period[];
  readonly scope: string;
  readonly kind: CoverageKind;
}

export interface LockedCoverages {
  readonly metricId: number;
  /** one for each period, the shortest first */
  readonly coverages: readonly StoredCoverage[];
}

/**
 * Locks coverages until the transaction ends, and reads them. Two runs for the same statistics thus never overlap, even in
 * two processes. Missing coverages are created empty, and a metric is stored on its first use.
 *
 * @param wanted in an order that is the same in every call, so that two runs cannot wait for each other
 * @throws the errors of `resolveMetrics`
 */
export function* lockCoverages(database: Database, wanted: readonly WantedCoverages[]): Work<LockedCoverages[]> {
  const found = yield* selectLocked(database, wanted);
  const all = allFound(wanted, found);
  if (all !== null) return all;
  const metrics = yield* resolveMetrics(
    database,
    wanted.map(({ metric }) => metric),
  );
  const missing = wanted.flatMap((each, place) => {
    const stored = new Set(found[place]?.map(({ period }) => period));
    const { id: metricId } = metrics[place] as Metric;
    return sorted(each.periods)
      .filter((period) => !stored.has(period))
      .map((period) => emptyCoverage({ metricId, period, scope: each.scope }, each.kind));
  });
  yield* insertCoverages(database, missing);
  const made = yield* selectLocked(database, wanted);
  return wanted.map(({ periods, scope, kind }, place) => {
    const { id: metricId } = metrics[place] as Metric;
    const stored = new Map(made[place]?.map((coverage) => [coverage.period, coverage]));
    const coverages = sorted(periods).map(
      (period) => stored.get(period) ?? emptyCoverage({ metricId, period, scope }, kind),
    );
    return { metricId, coverages };
  });
}

/** Returns coverages as one value of a statement, for `readCoveragesValue`: at most MOST_PARTS. */
export function coveragesValue(database: Database, wanted: readonly WantedCoverages[]): Sql {
  const { dialect } = database;
  const parts = [...wanted.entries()].map(([place, each]) => {
    const fields = [raw(String(place)), ...Object.values(coverageFields(database))];
    return sql`SELECT ${dialect.list(fields)} AS fields FROM ${wantedRows(database, each)}`;
  });
  return sql`(SELECT CONCAT('[', ${dialect.joined(raw('c.fields'))}, ']') FROM (${join(parts, ' UNION ALL ')}) c)`;
}

/** Reads what `coveragesValue` has selected. Returns null if a coverage does not exist, or the value was cut. */
export function readCoveragesValue(
  database: Database,
  wanted: readonly WantedCoverages[],
  value: string,
): LockedCoverages[] | null {
  const names = Object.keys(coverageFields(database));
  const found = wanted.map((): StoredCoverage[] => []);
  try {
    for (const [place, ...fields] of JSON.parse(value) as [number, ...unknown[]][]) {
      found[place]?.push(storedCoverage(namedFields(names, fields) as unknown as CoverageRow));
    }
  } catch {
    return null;
  }
  return allFound(
    wanted,
    found.map((coverages) => coverages.sort((a, b) => a.period - b.period)),
  );
}

function allFound(wanted: readonly WantedCoverages[], found: readonly StoredCoverage[][]): LockedCoverages[] | null {
  if (!wanted.every(({ periods }, place) => found[place]?.length === periods.length)) return null;
  return found.map((coverages) => ({ metricId: (coverages[0] as StoredCoverage).metricId, coverages }));
}

/** Returns coverages as rows that must still be as they were read. They have dates. */
export function expectedCoverages(database: Database, coverages: readonly StoredCoverage[]): ExpectedRows {
  const table = database.table(Coverage);
  const condition = (alias: Sql): Sql => {
    const each = coverages.map((coverage) => {
      const { isWhole, drift } = coverage;
      const values = { ...bindKey(database, coverage), ...bindValues(database, coverage) };
      const column = (property: string): Sql => sql`${alias}.${table.column(property)}`;
      const conditions = [
        ...Object.entries(values).map(([property, value]) => sql`${column(property)} = ${value}`),
        sql`COALESCE(${column('isWhole')}, 0) = ${raw(isWhole ? '1' : '0')}`,
        drift.length === 0 ? sql`${column('drift')} IS NULL` : sql`${column('drift')} = ${writeDrift(drift)}`,
      ];
      return sql`(${join(conditions, ' AND ')})`;
    });
    return sql`(${join(each, ' OR ')})`;
  };
  return { table, keys: KEY, condition, count: coverages.length };
}

function sorted(periods: readonly Period[]): Period[] {
  return [...periods].sort((a, b) => a - b);
}

function emptyCoverage(key: CoverageKey, kind: CoverageKind): StoredCoverage {
  const dates = { from: null, through: null, computedAt: null, isWhole: false, drift: [] };
  return { ...key, ...dates, kind, timeZone: '', fingerprint: '' };
}

/**
 * Locks existing coverages of many metrics in one statement, which finds each by its key. With one condition for all of
 * them, a database might read the whole table, and MySQL would wait for the coverages of other trackers.
 */
function* selectLocked(database: Database, wanted: readonly WantedCoverages[]): Work<StoredCoverage[][]> {
  const { dialect } = database;
  const table = database.table(Coverage);
  const locked = wanted.map((): StoredCoverage[] => []);
  for (const some of batchesOf([...wanted.entries()], MOST_PARTS)) {
    const entries = some.map(
      ([place, each]) => sql`SELECT ${raw(String(place))} AS place, ${coverageColumns(database)} FROM ${wantedRows(database, each)}
ORDER BY ${table.column('period')} ${dialect.forUpdate}`,
    );
    const rows = yield* query<CoverageRow & { place: unknown }>(unionOfLocked(entries));
    for (const row of rows) locked[Number(row.place)]?.push(storedCoverage(row));
  }
  return locked;
}

/** Joins queries that lock rows: a lock is refused in a UNION itself. */
function unionOfLocked(queries: readonly Sql[]): Sql {
  const [only, ...others] = queries;
  if (only !== undefined && others.length === 0) return only;
  const parts = queries.map((each, index) => sql`SELECT * FROM (${each}) ${raw(`e${String(index)}`)}`);
  return join(parts, '\nUNION ALL\n');
}

/** A stored coverage to lock. */
export interface CoverageToLock extends CoverageKey {
  /** true if the transaction changes or removes it; false keeps others from removing it */
  readonly isChanged: boolean;
}

/**
 * Locks stored coverages until the transaction ends, each found by its key. Returns those that are still stored, as they
 * are now.
 */
export function* lockStoredCoverages(database: Database, keys: readonly CoverageToLock[]): Work<StoredCoverage[]> {
  const { dialect } = database;
  const { path } = database.table(Coverage);
  // in one order, so that two calls cannot deadlock
  const ordered = [...keys].sort((a, b) => a.metricId - b.metricId || a.period - b.period || byText(a.scope, b.scope));
  const found: StoredCoverage[] = [];
  for (const some of batchesOf(ordered, MOST_PARTS)) {
    const queries = some.map((key) => {
      const lock = key.isChanged ? dialect.forUpdate : dialect.forKeyShare;
      return sql`SELECT ${coverageColumns(database)} FROM ${path} WHERE ${matches(database, key)} ${lock}`;
    });
    found.push(...(yield* query<CoverageRow>(unionOfLocked(queries))).map(storedCoverage));
  }
  return found;
}

/** The coverages of a metric in one scope, for use in FROM, with the condition that follows. */
function wantedRows(database: Database, { metric, periods, scope }: WantedCoverages): Sql {
  const { dialect } = database;
  const table = database.table(Coverage);
  const id = sql`SELECT m.${database.table(Metric).column('id')} FROM ${metricTables(database)} WHERE ${isMetric(database, metricKeyOf(metric))}`;
  const ofPeriods = join(sorted(periods).map((period) => dialect.integer(period)));
  return sql`${table.path}
WHERE ${table.column('metricId')} = (${id}) AND ${table.column('period')} IN (${ofPeriods}) AND ${table.column('scope')} = ${dialect.text(scope)}`;
}

/** Locks one coverage until the transaction ends. Creates it from `initial` first if it does not exist. */
export function* lockCoverage(
  database: Database,
  key: CoverageKey,
  initial: Partial<CoverageValues> & Pick<CoverageValues, 'kind' | 'timeZone' | 'fingerprint'>,
): Work<StoredCoverage> {
  const found = yield* selectLockedCoverage(database, key);
  if (found !== null) return found;
  yield* insertCoverage(database, key, initial);
  const made = yield* selectLockedCoverage(database, key);
  return made ?? { ...emptyCoverage(key, initial.kind), ...initial };
}

// ── writing ──

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
    yield* executeDeferred(database.dialect.replaceAll(table, rows, KEY));
  }
}

/** Writes the drift of a period: the dates at which its values and those of the days went apart. */
export function* writeDriftOf(database: Database, key: CoverageKey, drift: readonly DriftStep[]): Work<void> {
  const table = database.table(Coverage);
  yield* execute(
    sql`UPDATE ${table.path} SET ${table.column('drift')} = ${writeDrift(drift)} WHERE ${matches(database, key)}`,
  );
}

/** Writes all values of a coverage. */
export function* writeCoverage(database: Database, key: CoverageKey, values: CoveredDates): Work<void> {
  const { path } = database.table(Coverage);
  yield* execute(
    sql`UPDATE ${path} SET ${assignments(database, bindValues(database, values))} WHERE ${matches(database, key)}`,
  );
}

/** Extends the coverage of increments, which has no end, to begin at a date or earlier. */
export function* coverIncrements(
  database: Database,
  key: CoverageKey,
  from: LocalDate,
  timeZone: string,
): Work<void> {
  const table = database.table(Coverage);
  const date = database.dialect.date(from);
  yield* insertCoverage(database, key, { from, timeZone, kind: 'increment', fingerprint: 'increment' });
  yield* execute(sql`UPDATE ${table.path} SET ${table.column('from')} = ${date}
WHERE ${matches(database, key)} AND ${table.column('from')} > ${date}`);
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
  for (const key of keys) yield* execute(sql`DELETE FROM ${path} WHERE ${matches(database, key)}`);
}

/** Removes every coverage of a metric. */
export function* removeCoveragesOf(database: Database, metric: Metric): Work<void> {
  const table = database.table(Coverage);
  yield* execute(
    sql`DELETE FROM ${table.path} WHERE ${table.column('metricId')} = ${database.dialect.integer(metric.id)}`,
  );
}

// ── rows and columns ──

interface CoverageRow {
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

function coverageColumns(database: Database): Sql {
  return namedColumns(coverageFields(database));
}

type CoverageFields = Readonly<Record<keyof CoverageRow, Sql>>;

const fieldsOf = new WeakMap<Database, CoverageFields>();

function coverageFields(database: Database): CoverageFields {
  const fields = fieldsOf.get(database) ?? prefixedFields(database, empty);
  fieldsOf.set(database, fields);
  return fields;
}

function prefixedFields(database: Database, prefix: Sql): CoverageFields {
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

function storedCoverage(row: CoverageRow): StoredCoverage {
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

function* selectLockedCoverage(database: Database, key: CoverageKey): Work<StoredCoverage | null> {
  const { path } = database.table(Coverage);
  const row = yield* queryOne<CoverageRow>(
    sql`SELECT ${coverageColumns(database)} FROM ${path} WHERE ${matches(database, key)} ${database.dialect.forUpdate}`,
  );
  return row === undefined ? null : storedCoverage(row);
}

function* insertCoverage(database: Database, key: CoverageKey, values: Partial<CoverageValues>): Work<void> {
  const row = { ...bindKey(database, key), ...bindValues(database, values) };
  yield* execute(database.dialect.insertIfAbsent(database.table(Coverage), row, KEY));
}

function* insertCoverages(database: Database, coverages: readonly StoredCoverage[]): Work<void> {
  const { dialect } = database;
  const columns = Object.entries(COLUMNS);
  for (const some of batchesOf(coverages, dialect.mostRows(columns.length))) {
    const written = columns.map(([property, { type, valueOf }]) => ({ property, type, values: some.map(valueOf) }));
    yield* execute(dialect.insertAllIfAbsent(database.table(Coverage), written, KEY));
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

function bindKey({ dialect }: Database, { metricId, period, scope }: CoverageKey): Record<(typeof KEY)[number], Sql> {
  return { metricId: dialect.integer(metricId), period: dialect.integer(period), scope: dialect.text(scope) };
}

/** Returns the bound values of the given properties, by property. */
function bindValues({ dialect }: Database, values: Partial<CoverageValues>): Record<string, Sql> {
  const { from, through, timeZone, kind, fingerprint, computedAt } = values;
  const date = (value: LocalDate | null): Sql => (value === null ? sql`NULL` : dialect.date(value));
  return {
    ...(from === undefined ? {} : { from: date(from) }),
    ...(through === undefined ? {} : { through: date(through) }),
    ...(timeZone === undefined ? {} : { timeZone: dialect.text(timeZone) }),
    ...(kind === undefined ? {} : { kind: dialect.text(kind) }),
    ...(fingerprint === undefined ? {} : { fingerprint: dialect.text(fingerprint) }),
    ...(computedAt === undefined
      ? {}
      : { computedAt: computedAt === null ? sql`NULL` : sql`${computedAt.getTime()}` }),
  };
}

function assignments(database: Database, values: Readonly<Record<string, Sql>>): Sql {
  const table = database.table(Coverage);
  return join(Object.entries(values).map(([property, value]) => sql`${table.column(property)} = ${value}`));
}

function matches(database: Database, key: CoverageKey): Sql {
  const table = database.table(Coverage);
  const values = bindKey(database, key);
  return join(
    KEY.map((property) => sql`${table.column(property)} = ${values[property]}`),
    ' AND ',
  );
}
