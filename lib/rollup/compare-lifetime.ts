import sql, { empty, join, raw, type Sql } from 'sql-template-tag';
import { meaningOf } from '../catalog/aggregates.js';
import type { Dialect } from '../database/dialects/dialect.js';
import { queryOne, type Work } from '../database/work.js';
import { lastRows } from '../statistics/read/carried-values.js';
import { exactValue, SAME_DOUBLES } from '../statistics/tables/exact-value.js';
import type { DayNumber } from '../time/local-date.js';
import { Period } from '../time/period.js';
import { bucketTotals, finished, isCount, partialNames } from './aggregate-sql.js';
import type { Measure, RollupEntry } from './rollup-spec.js';
import { keyNames, partialsOf, storedKeys } from './rollup-sql.js';
import { ofPeriod } from './window-sql.js';

/** The differences between the LIFETIME values of a source and those that are stored. */
export interface LifetimeDifference {
  /** number of series that differ */
  readonly keys: number;
  /** the values of the source less the stored ones; null for aggregates that do not add up */
  readonly difference: string | null;
}

/**
 * Compares LIFETIME at the end of a day, computed from the staged partials, with the values that are stored or carried
 * there. The partials must contain every row up to that day.
 */
export function* compareLifetime(dialect: Dialect, entry: RollupEntry, day: DayNumber): Work<LifetimeDifference> {
  const { measure } = entry;
  const names = keyNames(entry);
  const isSummable = meaningOf(measure.aggregate).isSummable;
  const values = ['fv', 'fa', 'sv', 'sa'].map((name) => sql`MAX(x.${raw(name)}) AS ${raw(name)}`);
  const rows = sql`${freshValues(dialect, entry, day)} UNION ALL ${storedValues(dialect, entry, day)}`;
  const groups = names.length === 0 ? empty : sql` GROUP BY ${join(names)}`;
  const both = sql`SELECT ${join([...names, ...values])} FROM (${rows}) x${groups}`;
  const total = raw('SUM(COALESCE(c.fa, 0) - COALESCE(c.sa, 0))');
  const difference = measure.numeric === null ? total : dialect.fromAddends(total, measure.numeric);
  const row = yield* queryOne<{ n: unknown; difference: unknown }>(
    sql`SELECT COUNT(*) AS n, ${dialect.exactText(difference)} AS difference FROM (${both}) c WHERE ${differs(dialect, measure)}`,
  );
  const keys = Number(row?.n ?? 0);
  if (!isSummable) return { keys, difference: null };
  return { keys, difference: keys === 0 ? '0' : exactValue(row?.difference ?? 0) };
}

/** Keys, `fv` (the value), `fa` (its addend), and nothing for what is stored. */
function freshValues(dialect: Dialect, entry: RollupEntry, day: DayNumber): Sql {
  const { measure } = entry;
  const names = keyNames(entry);
  const groups = names.length === 0 ? empty : sql` GROUP BY ${join(names)}`;
  const totals = sql`SELECT ${join([...names, ...bucketTotals(measure)])} FROM ${partialsOf(entry)} p
WHERE p.day <= ${dialect.integer(day)}${groups}`;
  const columns = partialNames(measure).map((name) => sql`b.${name}`);
  const value = finished(dialect, measure, columns);
  const stored = isCount(entry) ? value : dialect.storedValue(value);
  const keys = storedKeys(dialect, entry).map((key, index) => sql`${key} AS ${names[index]}`);
  return sql`SELECT ${join([...keys, sql`${dialect.numeric(stored)} AS fv`, sql`${columns[0]} AS fa`])}, NULL AS sv, NULL AS sa
FROM (${totals}) b`;
}

function storedValues(dialect: Dialect, entry: RollupEntry, day: DayNumber): Sql {
  const { measure, statistic } = entry;
  const { table } = statistic;
  const where = ofPeriod(dialect, entry, { period: Period.LIFETIME }, raw('s'));
  const until = { date: dialect.dateOf(dialect.integer(day)), isIncluded: true };
  const series = entry.keys.map(({ property }) => property);
  const keys = series.map((property, index) => sql`l.${table.column(property)} AS ${raw(`k${String(index)}`)}`);
  const value = dialect.numeric(sql`l.${table.column('value')}`);
  const addend = measure.numeric === null ? value : dialect.asAddend(value, measure.numeric);
  return sql`SELECT ${join([...keys, raw('NULL AS fv'), raw('NULL AS fa'), sql`${value} AS sv`, sql`${addend} AS sa`])}
FROM ${lastRows(dialect, statistic, { where, until }, series.length === 0)} l`;
}

function differs(dialect: Dialect, { aggregate, numeric }: Measure): Sql {
  const nothing = meaningOf(aggregate).empty;
  const [fresh, stored] = ['c.fv', 'c.sv'].map((name) => (nothing === null ? raw(name) : raw(`COALESCE(${name}, 0)`)));
  const differ = dialect.differ(fresh as Sql, stored as Sql);
  const isInexact =
    numeric !== null && (numeric.type === 'float' || (numeric.type === 'decimal' && numeric.scale === null));
  if (!isInexact) return differ;
  // as a decimal: 1e-10 is a double on MySQL
  const isFar = sql`ABS(${fresh} - ${stored}) > ${raw(SAME_DOUBLES.toFixed(10))} * (ABS(${fresh}) + ABS(${stored}))`;
  return sql`${differ} AND (${fresh} IS NULL OR ${stored} IS NULL OR ${isFar})`;
}
