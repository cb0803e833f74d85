import { EntitySchema, type DataSource } from 'typeorm';
import type { DatabaseKind } from './databases.js';

export const ZONE = 'Europe/Amsterdam';
export const USERS = 10_000;
export const DAYS = 730;
export const DAY_MS = 86_400_000;

/** 2024-01-01 in Amsterdam. 730 days later it is 2025-12-31. */
export const BEGIN = Date.UTC(2023, 11, 31, 23);
export const END = BEGIN + DAYS * DAY_MS;
export const FIRST_DATE = '2024-01-01';
export const LAST_DATE = '2025-12-30';
export const NEXT_DATE = '2025-12-31';
/** The last moment of the generated history, and that of the day after it. */
export const NOW = new Date(END - 1);
export const NEXT_NOW = new Date(END + DAY_MS - 1);

/** Instants at which Amsterdam's offset changed, with the offset from then on in hours. */
export const CLOCK_CHANGES = [
  ['2024-03-31 01:00:00', 2],
  ['2024-10-27 01:00:00', 1],
  ['2025-03-30 01:00:00', 2],
  ['2025-10-26 01:00:00', 1],
] as const;

/** A table of generated rows that end with `END`. */
export interface Events {
  readonly table: string;
  readonly rows: number;
  readonly begin: number;
  /** true if the date column has an index, 'user' if user and date have one */
  readonly indexed: boolean | 'user';
}

export interface Event {
  id: string;
  userId: number;
  at: Date;
  amount: string;
}

export const USER = new EntitySchema<{ id: number }>({
  name: 'app_user',
  columns: { id: { type: 'integer', primary: true } },
});

const schemas = new Map<string, EntitySchema<Event>>();

/** The entity of a table of events, as an application would declare it on each database. */
export function eventSchema(kind: DatabaseKind, events: Events): EntitySchema<Event> {
  const key = `${kind} ${events.table}`;
  const schema = schemas.get(key) ?? declared(kind, events);
  schemas.set(key, schema);
  return schema;
}

function declared(kind: DatabaseKind, { table, indexed }: Events): EntitySchema<Event> {
  return new EntitySchema<Event>({
    name: table,
    columns: {
      id: { type: kind === 'sqlite' ? 'integer' : 'bigint', primary: true },
      userId: { name: 'user_id', type: 'integer' },
      at: kind === 'postgres' ? { type: 'timestamptz' } : { type: 'datetime', precision: 3 },
      amount: { type: 'decimal', precision: 12, scale: 2 },
    },
    indices: indexed === false ? [] : [{ columns: indexed === 'user' ? ['userId', 'at'] : ['at'] }],
  });
}

/** Fills a table with its rows, evenly over the days and in time order. The rows are the same each time. */
export async function generate(dataSource: DataSource, kind: DatabaseKind, events: Events): Promise<void> {
  const chunk = 1_000_000;
  for (let from = 1; from <= events.rows; from += chunk) {
    const through = Math.min(events.rows, from + chunk - 1);
    await dataSource.query(insertRows(kind, events.table, { from, through, first: 1, ...events, end: END }));
  }
  await settle(dataSource, kind, [events.table]);
}

/** Updates the planner's statistics, as a database that has been up for a while has them. */
export async function settle(dataSource: DataSource, kind: DatabaseKind, tables: readonly string[]): Promise<void> {
  for (const table of tables) {
    if (kind === 'postgres') await dataSource.query(`VACUUM (ANALYZE) ${table}`);
    if (kind === 'mariadb') await dataSource.query(`ANALYZE TABLE ${table}`);
  }
}

export interface RowRange {
  /** ids of the rows */
  readonly from: number;
  readonly through: number;
  /** number of rows, from the id `first` on, spread evenly between `begin` and `end` */
  readonly rows: number;
  readonly first: number;
  readonly begin: number;
  readonly end: number;
}

/** Returns the INSERT of generated rows. It uses arithmetic, not chance, so that every database has the same rows. */
export function insertRows(kind: DatabaseKind, table: string, range: RowRange): string {
  const { rows, begin, end, first } = range;
  const step = Math.floor((end - begin) / rows);
  const div = kind === 'mariadb' ? 'DIV' : '/';
  const prime = 2_147_483_647;
  const mixed = `SELECT i, (i * 48271 + 12345) % ${prime} AS x FROM (${numbers(kind, range)}) n`;
  const twice = `SELECT i, x, (x * x) % ${prime} AS y FROM (${mixed}) m`;
  const thrice = `SELECT i, (y * y + x) % ${prime} AS h, (y * 16807 + i) % ${prime} AS g FROM (${twice}) t`;
  const ms = `((i - ${first}) * ${end - begin} ${div} ${rows} + g % ${step})`;
  const at = {
    sqlite: `STRFTIME('%Y-%m-%d %H:%M:%f', ${begin / 1000} + ${ms} / 1000.0, 'unixepoch')`,
    postgres: `TIMESTAMPTZ '${new Date(begin).toISOString()}' + ${ms} * INTERVAL '1 millisecond'`,
    mariadb: `TIMESTAMPADD(MICROSECOND, ${ms} * 1000, '${utcText(begin)}')`,
  }[kind];
  return `INSERT INTO ${table} (id, user_id, at, amount)
SELECT i, 1 + h % ${USERS}, ${at}, (100 + g % 20000) / 100.0 FROM (${thrice}) r`;
}

/** Selects the integers `i` of a range, of at most a million. */
export function numbers(kind: DatabaseKind, { from, through }: Pick<RowRange, 'from' | 'through'>): string {
  switch (kind) {
    case 'postgres':
      return `SELECT i FROM GENERATE_SERIES(CAST(${from} AS bigint), ${through}) i`;
    case 'sqlite':
      return `WITH RECURSIVE s(i) AS (SELECT ${from} UNION ALL SELECT i + 1 FROM s WHERE i < ${through}) SELECT i FROM s`;
    case 'mariadb': {
      const thousand = 'WITH RECURSIVE k(n) AS (SELECT 0 UNION ALL SELECT n + 1 FROM k WHERE n < 999) SELECT n FROM k';
      return `SELECT CAST(${from} + a.n * 1000 + b.n AS SIGNED) AS i FROM (${thousand}) a, (${thousand}) b
WHERE ${from} + a.n * 1000 + b.n <= ${through}`;
    }
  }
}

/** Returns an instant as text for a column in UTC. */
export function utcText(ms: number): string {
  return new Date(ms).toISOString().replace('T', ' ').slice(0, -1);
}
