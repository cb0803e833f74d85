import type { DataSource, EntityTarget, ObjectLiteral } from 'typeorm';
import { defineDomain, defineMetric, type MetricDefinition } from '../../lib/catalog/definitions.js';
import { canonicalDecimal } from '../../lib/database/decimal.js';
import type { AbstractStatistic } from '../../lib/statistics/tables/abstract-statistic.js';
import { momentOf } from '../../lib/statistics/tables/abstract-time-statistic.js';
import { dimensionsOf } from '../../lib/statistics/tables/dimension.decorator.js';
import { StatisticByDate } from '../../lib/statistics/tables/statistic-by-date.entity.js';
import { StatisticByDateAndObject } from '../../lib/statistics/tables/statistic-by-date-and-object.entity.js';
import { StatisticByTimeAndObject } from '../../lib/statistics/tables/statistic-by-time-and-object.entity.js';
import { StatisticByTime } from '../../lib/statistics/tables/statistic-by-time.entity.js';
import { isTimePeriod, Period } from '../../lib/time/period.js';
import type { TrackResult } from '../../lib/tracking/running/track-result.js';
import type { Source } from '../../lib/rollup/source-query.js';
import type { TestDatabase } from '../support/databases.js';
import { definitionOf, Engine, type OneMetric } from '../support/engine.js';

const DOMAIN = defineDomain({ ref: 'specs' });
let made = 0;

/** A metric that no other test has. */
export function newMetric(): MetricDefinition {
  return defineMetric({ domain: DOMAIN, ref: `m${String(++made)}` });
}

/** What the text of a value and of a date is in SQL; on SQLite a REAL is given as the double that it is. */
function texts(dataSource: DataSource): { date: (column: string) => string; value: (column: string) => string } {
  switch (dataSource.options.type) {
    case 'postgres':
      return {
        date: (column) => `to_char(${column}, 'YYYY-MM-DD')`,
        value: (column) => `CAST(${column} AS text)`,
      };
    case 'mariadb':
    case 'mysql':
      return {
        date: (column) => `DATE_FORMAT(${column}, '%Y-%m-%d')`,
        value: (column) => `CAST(${column} AS CHAR)`,
      };
    default:
      return {
        date: (column) => column,
        value: (column) => `CASE TYPEOF(${column}) WHEN 'real' THEN ${column} ELSE CAST(${column} AS TEXT) END`,
      };
  }
}

/** The engine on connections to a spec's database, which need not outlive a crash. */
export async function engineOn(database: TestDatabase, options: Parameters<TestDatabase['open']>[0]): Promise<Engine> {
  const extra = database.kind === 'postgres' ? { options: '-c synchronous_commit=off' } : {};
  const dataSource = await database.open({ ...options, extra });
  if (database.kind === 'sqlite') await dataSource.query('PRAGMA synchronous = OFF');
  return Engine.on(dataSource);
}

/** Inserts rows through a repository; their types are not looked at. */
export async function insert(
  dataSource: DataSource,
  entity: EntityTarget<ObjectLiteral>,
  rows: readonly object[],
): Promise<void> {
  await dataSource.getRepository(entity).insert(rows);
}

/** Inserts rows that an index on their date may count. */
export async function insertIndexed(
  dataSource: DataSource,
  entity: EntityTarget<ObjectLiteral>,
  rows: readonly object[],
): Promise<void> {
  await insert(dataSource, entity, rows);
  await vacuum(dataSource, entity);
}

/** Has PostgreSQL see the rows of a table: by an index it counts only those. */
export async function vacuum(dataSource: DataSource, entity: EntityTarget<ObjectLiteral>): Promise<void> {
  if (dataSource.options.type !== 'postgres') return;
  // rows are seen once their commit is on the disk, as are all commits before a synchronous one
  await dataSource.query(
    `BEGIN; SET LOCAL synchronous_commit = on; SELECT pg_logical_emit_message(true, '', ''); COMMIT`,
  );
  const { tablePath } = dataSource.getMetadata(entity);
  const names = tablePath.split('.').map((name) => dataSource.driver.escape(name));
  const path = names.join('.');
  // VACUUM leaves out what another session may not see yet, as while autovacuum analyses the table
  for (let isSeen = false, tries = 0; !isSeen && tries < VACUUMS; tries++) {
    await dataSource.query(`VACUUM ${path}`);
    [{ isSeen }] = await dataSource.query<[{ isSeen: boolean }]>(
      `SELECT relallvisible >= relpages AS "isSeen" FROM pg_class WHERE oid = $1::regclass`,
      [path],
    );
    if (!isSeen) await dataSource.query('SELECT pg_sleep(0.05)');
  }
}

/** Five seconds, in which a busy machine ends the analysis of a table. */
const VACUUMS = 100;

type Rows = Record<string, string | null>;

/** The stored statistics of a metric by period, read with plain SQL: `date` or `date key key` → exact value. A bucket has its start. */
async function storedOf(
  dataSource: DataSource,
  metric: MetricDefinition,
  entity: new () => AbstractStatistic,
): Promise<ReadonlyMap<number, Rows>> {
  const { date, value } = texts(dataSource);
  // the object type is the same for all rows of a tracker
  const keys = dimensionsOf(entity).filter(({ property }) => property !== 'objectType');
  const query = dataSource
    .createQueryBuilder(entity, 's')
    .innerJoin('s.metric', 'm')
    .where('m.ref = :ref', { ref: metric.ref })
    .select(momentOf(entity) === 'start' ? 's.start' : date('s.date'), 'moment')
    .addSelect(value('s.value'), 'value')
    .addSelect('s.period', 'period');
  keys.forEach(({ property, type }, index) =>
    query.addSelect(type === 'date' ? date(`s.${property}`) : `s.${property}`, `k${String(index)}`),
  );
  const read = (await query.getRawMany<Record<string, unknown>>()).map((row) => ({
    period: Number(row.period),
    key: [row.moment, ...keys.map((_, index) => row[`k${String(index)}`])].map(String).join(' '),
    value: row.value === null ? null : canonicalDecimal(row.value as string | number),
  }));
  const found = new Map<number, Rows>();
  for (const row of read.sort((one, other) => (one.key < other.key ? -1 : 1))) {
    const rows = found.get(row.period) ?? {};
    found.set(row.period, rows);
    rows[row.key] = row.value;
  }
  return found;
}

export interface Ran {
  metric: MetricDefinition;
  definition: OneMetric;
  result: TrackResult;
  /** of the first period, or of the one given */
  rows(period?: Period): Promise<Record<string, string | null>>;
}

/** Runs a tracker of a new metric once. */
export async function ran(
  engine: Engine,
  source: Source,
  now: string | Date,
  given: Partial<OneMetric> & Pick<OneMetric, 'dateField'>,
): Promise<Ran> {
  const metric = newMetric();
  const definition = definitionOf({ metric, ...given });
  const result = await engine.run(definition, source, { now: new Date(now) });
  return { metric, definition, result, rows: (period) => rowsOf(engine, definition, period) };
}

/** What is stored for a tracker in its first period, or in the one given. */
export async function rowsOf(
  engine: Engine,
  definition: OneMetric,
  period: Period = definition.periods[0] ?? Period.DAY,
): Promise<Rows> {
  return (await storedFor(engine, definition)).get(period) ?? {};
}

/** What is stored for a tracker in each of its periods, in their order. */
export async function allRowsOf(engine: Engine, definition: OneMetric): Promise<Rows[]> {
  const found = await storedFor(engine, definition);
  return definition.periods.map((period) => found.get(period) ?? {});
}

async function storedFor(engine: Engine, { metric, target, periods }: OneMetric): Promise<ReadonlyMap<number, Rows>> {
  const [byDate, byTime] = {
    total: [StatisticByDate, StatisticByTime],
    objects: [StatisticByDateAndObject, StatisticByTimeAndObject],
    object: [StatisticByDateAndObject, StatisticByTimeAndObject],
    dimensions: target.kind === 'dimensions' ? [target.statistic, target.timeStatistic] : [],
  }[target.kind] as [Statistic, Statistic];
  const read = (entity: Statistic) => storedOf(engine.dataSource, metric as MetricDefinition, entity);
  return new Map([...(await read(byDate)), ...(periods.some(isTimePeriod) ? await read(byTime) : [])]);
}

type Statistic = new () => AbstractStatistic;

const formats = new Map<string, Intl.DateTimeFormat>();

/** The local date of an instant, as the platform's formatter has it. */
export function intlDate(instant: Date, timeZone: string): string {
  let format = formats.get(timeZone);
  if (format === undefined) {
    format = new Intl.DateTimeFormat('en-CA', { timeZone, year: 'numeric', month: '2-digit', day: '2-digit' });
    formats.set(timeZone, format);
  }
  return format.format(instant);
}

/** How many times each text is there, as stored counts are. */
export function tally(texts: readonly string[]): Record<string, string> {
  const counts = new Map<string, number>();
  for (const text of texts) counts.set(text, (counts.get(text) ?? 0) + 1);
  return Object.fromEntries([...counts].sort(([a], [b]) => (a < b ? -1 : 1)).map(([text, n]) => [text, String(n)]));
}
