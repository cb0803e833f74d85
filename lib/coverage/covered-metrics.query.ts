import sql, { empty, join, type Sql } from 'sql-template-tag';
import type { MetricTarget } from '../catalog/definitions.js';
import type { Metric } from '../catalog/metric.entity.js';
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
import { batchesOf } from '../database/batches.js';
import { namedColumns } from '../database/columns.js';
import type { Database } from '../database/database.js';
import type { Point } from '../database/dialects/dialect.js';
import { query, withConstantText, type Work } from '../database/work.js';
import type { Period } from '../time/period.js';
import type { StoredCoverage } from './coverage.js';
import { Coverage } from './coverage.entity.js';
import { coverageColumns, type CoverageRow, namedFields, prefixedFields, storedCoverage } from './coverage.row.js';

/** Reads coverages, alone or with their metrics and with points. */

/** The number of metrics in one statement. Databases limit the values that one binds. */
const MOST_METRICS = 500;

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
 * @param points a query as `Dialect.points` takes it
 */
export function* coveredPoints(
  database: Database,
  target: MetricTarget,
  period: Period,
  points: Sql,
): Work<CoveredPoints> {
  const { dialect } = database;
  const { list, joined, ofPeriod } = coveredColumns(database);
  const from = sql`${joined}${ofPeriod}${dialect.integer(period)}`;
  const rows = yield* query<PointsRow>(
    withConstantText(
      sql`SELECT ${list} AS fields, ${dialect.pointsValue(points)} AS points FROM ${from} WHERE ${isMetric(database, metricKeyOf(target))}`,
    ),
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
  const read = rows.map(({ fields }) => coveredRow(database, fields));
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

/** Lists that are kept as rows, of each database. */
const MOST_LISTS = 1_000;

/** Returns a list of values as a row. Most reads find the list that an earlier one has read. */
function coveredRow(database: Database, list: string): CoveredRow {
  const { names, rows } = coveredColumns(database);
  const known = rows.get(list);
  if (known !== undefined) return known;
  const row = namedFields(names, JSON.parse(list) as readonly unknown[]) as unknown as CoveredRow;
  if (rows.size >= MOST_LISTS) rows.clear();
  rows.set(list, row);
  return row;
}

/** The parts of statements that read metrics with their coverages, made once: they are longer than what they read. */
interface CoveredColumns {
  /** of a CoveredRow */
  readonly columns: Sql;
  /** the same as one value, and their names */
  readonly list: Sql;
  readonly names: readonly string[];
  /** rows by the text of their list */
  readonly rows: Map<string, CoveredRow>;
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
  const made: CoveredColumns = {
    columns: namedColumns(fields),
    list: database.dialect.list(Object.values(fields)),
    names: Object.keys(fields),
    rows: new Map(),
    joined: sql`${metricTables(database)} LEFT JOIN ${table.path} c ON c.${table.column('metricId')} = ${fields.id}`,
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
