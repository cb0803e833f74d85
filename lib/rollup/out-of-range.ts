import sql, { empty, join, raw } from 'sql-template-tag';
import type { Dialect } from '../database/dialects/dialect.js';
import { query, queryOne, type Work } from '../database/work.js';
import { ofCounted } from './aggregate-sql.js';
import { lengthOf } from './rollup-sql.js';
import type { Measure, ResolvedSource } from './rollup-spec.js';
import type { StatisticTable } from '../statistics/tables/statistic-table.js';

/** A key of the source that is longer than its column. */
export interface LongKey {
  readonly property: string;
  readonly value: string;
  readonly length: number;
  readonly limit: number;
}

/** The greatest number of the source, with its keys. */
export interface GreatNumber {
  readonly keys: readonly string[];
  readonly value: string;
}

/** Finds a key that does not fit its column. Only after a run has failed, because it reads the whole source. */
export function* longKey(
  dialect: Dialect,
  { query: rows, keys }: ResolvedSource,
  statistic: StatisticTable,
): Work<LongKey | null> {
  for (const key of keys) {
    const limit = lengthOf(statistic, key);
    if (statistic.keys.find(({ property }) => property === key.property)?.type !== 'varchar') continue;
    const text = dialect.keyText(dialect.storedKey(raw('g.k'), key.kind, 'varchar'), 'varchar');
    const found = yield* queryOne<{ k: string }>(sql`SELECT ${text} AS k FROM (
SELECT ${dialect.groupKey(key.expression, key.kind, 'varchar')} AS k FROM (${rows}) source WHERE ${key.expression} IS NOT NULL
) g ORDER BY ${dialect.characters(text)} DESC ${dialect.limit(1)}`);
    const length = Array.from(found?.k ?? '').length;
    if (found !== undefined && length > limit) return { property: key.property, value: found.k, length, limit };
  }
  return null;
}

/** Finds a value that is no number in a numeric column, as some databases store them. Only after a run has failed. */
export function* noNumber(dialect: Dialect, { query: rows }: ResolvedSource, measure: Measure): Work<string | null> {
  if (measure.numeric === null) return null;
  const number = ofCounted(measure, measure.numeric.expression);
  const isNone = dialect.isNotNumber(number);
  if (isNone === null) return null;
  const found = yield* queryOne<{ v: unknown }>(
    sql`SELECT ${number} AS v FROM (${rows}) source WHERE ${isNone} ${dialect.limit(1)}`,
  );
  if (found === undefined) return null;
  return found.v instanceof Uint8Array ? `0x${Buffer.from(found.v).toString('hex')}` : String(found.v);
}

/** Finds the keys with the numbers farthest from zero. Only after a run has failed, because it reads the whole source. */
export function* greatestNumber(
  dialect: Dialect,
  { query: rows, keys }: ResolvedSource,
  measure: Measure,
): Work<GreatNumber | null> {
  const { numeric, aggregate } = measure;
  if (numeric === null) return null;
  const number = ofCounted(measure, numeric.expression);
  const adds = aggregate === 'sum' || aggregate === 'avg';
  const total = adds ? dialect.approximateSum(number) : sql`MAX(${number})`;
  const least = adds ? total : sql`MIN(${number})`;
  const names = keys.map((_, index) => raw(`k${String(index)}`));
  const grouped = keys.map(
    ({ expression, kind }, index) => sql`${dialect.groupKey(expression, kind, 'varchar')} AS ${names[index]}`,
  );
  const texts = keys.map(({ kind }, index) => {
    const stored = dialect.storedKey(sql`g.${names[index]}`, kind, 'varchar');
    return sql`${dialect.keyText(stored, 'varchar')} AS ${names[index]}`;
  });
  const groups = keys.length === 0 ? empty : sql` GROUP BY ${join(keys.map((_, index) => raw(String(index + 1))))}`;
  const [found] = yield* query(sql`SELECT ${join([...texts, raw('g.a AS a'), raw('g.b AS b')])} FROM (
SELECT ${join([...grouped, sql`${total} AS a`, sql`${least} AS b`])} FROM (${rows}) source${groups}
) g WHERE g.a IS NOT NULL ORDER BY CASE WHEN ABS(g.a) >= ABS(g.b) THEN ABS(g.a) ELSE ABS(g.b) END DESC ${dialect.limit(1)}`);
  if (found === undefined) return null;
  const [a, b] = [Number(found['a']), Number(found['b'])];
  const value = Math.abs(a) >= Math.abs(b) || Number.isNaN(a) ? a : b;
  return { keys: keys.map((_, index) => String(found[`k${String(index)}`])), value: String(value) };
}
