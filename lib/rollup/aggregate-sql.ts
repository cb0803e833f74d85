import sql, { raw, type Sql } from 'sql-template-tag';
import { type AggregateFunction, type AggregateMeaning, meaningOf } from '../catalog/aggregates.js';
import type { Dialect } from '../database/dialects/dialect.js';
import type { ResolvedSource, RollupSpec } from './rollup-spec.js';

type OfSource = Pick<ResolvedSource, 'aggregate' | 'numeric'>;

/** The partial of a group of source rows, `a` and where needed `b`, of a number and the form in which it is added. */
const PARTIALS: Readonly<Record<AggregateFunction, (addend: Sql, value: Sql) => readonly Sql[]>> = {
  count: () => [sql`COUNT(*) AS a`],
  // the scan tells values apart; they are counted by bucket or window
  countDistinct: () => [],
  sum: (addend) => [sql`SUM(${addend}) AS a`],
  avg: (addend, value) => [sql`SUM(${addend}) AS a`, sql`COUNT(${value}) AS b`],
  min: (addend) => [sql`MIN(${addend}) AS a`],
  max: (addend) => [sql`MAX(${addend}) AS a`],
};

const COMBINING: Readonly<Record<AggregateMeaning['combine'], string>> = { add: 'SUM', least: 'MIN', greatest: 'MAX' };

/** Returns the columns that the scan computes for each group of source rows. */
export function partialColumns(dialect: Dialect, { aggregate, numeric }: OfSource): readonly Sql[] {
  const addend = numeric === null ? raw('') : dialect.addend(numeric);
  return PARTIALS[aggregate](addend, numeric?.expression ?? raw(''));
}

/** Returns the names of the columns that the scan computes: none where it keeps values apart. */
export function scannedPartials({ aggregate }: OfSource): readonly Sql[] {
  return meaningOf(aggregate).reads === 'values' ? [] : partialNames({ aggregate });
}

/** Returns the names of a partial's columns once values are counted. */
export function partialNames({ aggregate }: Pick<OfSource, 'aggregate'>): readonly Sql[] {
  return meaningOf(aggregate).partial.map((name) => raw(name));
}

/** Returns the SQL aggregate that makes one partial of several. */
export function combining({ aggregate }: Pick<OfSource, 'aggregate'>): Sql {
  return raw(COMBINING[meaningOf(aggregate).combine]);
}

/** Returns the columns of a calendar bucket, of the partials of its days. */
export function bucketTotals(source: OfSource): readonly Sql[] {
  if (meaningOf(source.aggregate).reads === 'values') return [sql`COUNT(DISTINCT u) AS a`];
  return partialNames(source).map((name) => sql`${combining(source)}(${name}) AS ${name}`);
}

/** Returns the statistic's value of a partial's columns: what is empty where the rows hold no value. */
export function finished(dialect: Dialect, { aggregate, numeric }: OfSource, a: Sql, b: Sql): Sql {
  const { empty, partial } = meaningOf(aggregate);
  if (numeric === null) return sql`COALESCE(${a}, 0)`;
  const value =
    partial.length === 2 ? dialect.storedValue(dialect.quotient(a, b, numeric)) : dialect.fromAddends(a, numeric);
  return empty === null ? value : sql`COALESCE(${value}, 0)`;
}

/** True if values are whole numbers of rows, which need no care when stored. */
export function isCount({ source: { aggregate } }: RollupSpec): boolean {
  return meaningOf(aggregate).reads !== 'numbers';
}
