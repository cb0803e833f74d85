import sql, { raw } from 'sql-template-tag';
import type { Dialect } from '../database/dialects/dialect.js';
import { query, queryOne, type Work } from '../database/work.js';
import { type DayNumber, readDayNumber } from '../time/local-date.js';
import { partialsQuery } from './rollup-sql.js';
import type { ResolvedSource, SourceScan } from './rollup-spec.js';

/** Returns the days that staged partials have, in order. */
export function* stagedDays(partials: string): Work<DayNumber[]> {
  const rows = yield* query<{ day: unknown }>(sql`SELECT DISTINCT p.day FROM ${raw(partials)} p ORDER BY p.day`);
  return rows.map(({ day }) => readDayNumber(day));
}

/** Returns the days on which a source has rows, in order. */
export function* sourceDays(dialect: Dialect, scan: SourceScan): Work<DayNumber[]> {
  const count = { aggregate: 'count', numeric: null, counted: null, presence: null, place: 0 } as const;
  const source = { ...scan.source, measures: [count], measured: [], distinct: null, keys: [] };
  const days = partialsQuery(dialect, { ...scan, source });
  const rows = yield* query<{ day: unknown }>(
    sql`SELECT p.day FROM (${days}) p WHERE p.day >= ${dialect.integer(scan.scanFrom)} ORDER BY p.day`,
  );
  return rows.map(({ day }) => readDayNumber(day));
}

/** Returns the number of a source's rows before a reading, and the date of the first one as text. */
export function* rowsBefore(
  dialect: Dialect,
  { clock, query: rows }: ResolvedSource,
  reading: number,
): Work<{ count: number; first: string }> {
  const found = yield* queryOne<{ strays: unknown; first: unknown }>(
    sql`SELECT COUNT(*) AS strays, ${dialect.exactText(sql`MIN(${clock.expression})`)} AS first
FROM (${rows}) source WHERE ${clock.expression} < ${dialect.reading(clock, reading)}`,
  );
  return { count: Number(found?.strays), first: String(found?.first) };
}
