import sql, { join, raw, type Sql } from 'sql-template-tag';
import type { ClockColumn, Dialect } from '../database/dialects/dialect.js';
import { queryOne, type Work } from '../database/work.js';
import { DateFormError } from '../errors/run.error.js';
import type { ResolvedSource } from './rollup-spec.js';

/**
 * Rejects dates in a form in which comparisons would miss them. Some databases do not check the form of a date. Epochs in
 * another unit would be dates in the far future or in January 1970.
 *
 * @param from the first reading that a run reads day by day, in milliseconds; null: it checks every row, as a first
 * run does. A later run checks the rows from there on, and numbers, which sort before every date
 * @throws DateFormError
 */
export function* refuseOtherForms(
  dialect: Dialect,
  { label, dateField }: { readonly label: string; readonly dateField: string },
  { clock, query }: Pick<ResolvedSource, 'clock' | 'query'>,
  from: number | null,
): Work<void> {
  const rows = keptRows(dialect, { clock, query }, from);
  if (rows === null) return;
  const first = yield* queryOne<{ example: unknown }>(sql`${rows} ${dialect.limit(1)}`);
  if (first === undefined) return;
  const counted = yield* queryOne<{ count: unknown }>(sql`SELECT COUNT(*) AS count FROM (${rows}) found`);
  const example = typeof first.example === 'string' ? first.example : JSON.stringify(first.example);
  throw new DateFormError(label, dateField, example, Number(counted?.count), explain(clock, dateField, example));
}

/** The check of the last run of a source. */
interface LastCheck {
  readonly dialect: Dialect;
  readonly from: number | null;
  readonly rows: Sql | null;
}

const lastChecks = new WeakMap<ClockColumn, LastCheck>();

/** Returns the rows in other forms like `otherRows`, with a text that is kept if runs check from the same day on again and again. */
function keptRows(dialect: Dialect, source: Pick<ResolvedSource, 'clock' | 'query'>, from: number | null): Sql | null {
  const last = lastChecks.get(source.clock);
  if (last !== undefined && last.from === from && last.dialect === dialect) return last.rows;
  const rows = otherRows(dialect, source, from);
  lastChecks.set(source.clock, { dialect, from, rows });
  return rows;
}

function otherRows(
  dialect: Dialect,
  { clock, query }: Pick<ResolvedSource, 'clock' | 'query'>,
  from: number | null,
): Sql | null {
  const forms = dialect.otherForms(clock, from);
  const unit = from === null ? otherUnit(clock) : null;
  // all rows are read in one pass. For some, an index answers each condition: 0.45 ms instead of 0.85 for 1,800 late rows
  const every = unit === null ? forms : [...forms, unit];
  const conditions = from === null && every.length > 1 ? [sql`(${join(every, ' OR ')})`] : every;
  if (conditions.length === 0) return null;
  return join(
    conditions.map((condition) => sql`SELECT ${clock.expression} AS example FROM (${query}) source WHERE ${condition}`),
    ' UNION ALL ',
  );
}

/** The number of each unit of epochs in a second. */
const UNITS = [
  { name: 'seconds', perSecond: 1, epoch: 's' },
  { name: 'milliseconds', perSecond: 1e3, epoch: 'ms' },
  { name: 'microseconds', perSecond: 1e6, epoch: null },
  { name: 'nanoseconds', perSecond: 1e9, epoch: null },
] as const;

/**
 * 1980 and 2100 in seconds. Between them a number is a date in one unit only: in a finer one it is of the first weeks of
 * 1970, in a coarser one after the year 9999. Numbers that stand for "never" (2^53 - 1, 2^63 - 1) are outside.
 */
const [EARLIEST, LATEST] = [315_532_800, 4_102_444_800];

/** Returns the condition for numbers that are dates in another unit, or null for columns that are no epochs. */
function otherUnit({ kind, expression }: ClockColumn): Sql | null {
  if (kind !== 'seconds' && kind !== 'milliseconds') return null;
  const ranges = UNITS.filter(({ name }) => name !== kind).map(({ perSecond }) => {
    const [low, high] = [raw(String(EARLIEST * perSecond)), raw(String(LATEST * perSecond))];
    return sql`${expression} BETWEEN ${low} AND ${high}`;
  });
  return sql`(${join(ranges, ' OR ')})`;
}

/** Returns the part of a message that names the expected form and the remedy. */
function explain({ kind }: ClockColumn, dateField: string, example: string): string {
  if (kind !== 'seconds' && kind !== 'milliseconds') {
    return (
      `Expected dates as TypeORM writes them on SQLite: text in UTC as '2026-10-31 23:59:59.000', or '2026-10-31' in a column of type date. ` +
      `Rewrite the rows, for example SET ${dateField} = STRFTIME('%Y-%m-%d %H:%M:%f', ${dateField}), and what writes them; ` +
      `of numbers declare the column as integer and say epoch: 's' or 'ms'.`
    );
  }
  const value = Number(example);
  const unit = UNITS.find(
    ({ name, perSecond }) => name !== kind && value >= EARLIEST * perSecond && value <= LATEST * perSecond,
  );
  const expected = `Expected ${kind} since 1970, as epoch: '${kind === 'seconds' ? 's' : 'ms'}' says`;
  if (unit === undefined) return `${expected}, stored as numbers. Rewrite the rows, and what writes them.`;
  const fix = unit.epoch === null ? `Store ${kind} instead` : `Say epoch: '${unit.epoch}' if all rows are`;
  return `${expected}; this number looks like ${unit.name}. ${fix}, or leave such rows out with where.`;
}
