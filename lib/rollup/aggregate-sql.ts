import sql, { raw, type Sql } from 'sql-template-tag';
import {
  type AggregateFunction,
  type AggregateMeaning,
  meaningOf,
  type PartialMeaning,
} from '../catalog/aggregates.js';
import type { Dialect, NumericColumn } from '../database/dialects/dialect.js';
import type { Measure, RollupEntry } from './rollup-spec.js';

/** A column of the partials, with the SQL that computes it for a group of source rows. */
export interface PartialColumn {
  readonly name: Sql;
  readonly of: Sql;
  /** the SQL aggregate that combines several values */
  readonly combine: Sql;
  readonly holds: PartialMeaning['holds'];
}

/** Returns the parts of a partial from the form in which a number is added, the number itself, and the rows that count. */
const PARTIALS: Readonly<Record<AggregateFunction, (addend: Sql, value: Sql, counted: Sql) => readonly Sql[]>> = {
  count: (_addend, _value, counted) => [sql`COUNT(${counted})`],
  // the scan groups by value, and buckets and windows count the groups
  countDistinct: () => [],
  sum: (addend) => [sql`SUM(${addend})`],
  avg: (addend, value) => [sql`SUM(${addend})`, sql`COUNT(${value})`],
  min: (addend) => [sql`MIN(${addend})`],
  max: (addend) => [sql`MAX(${addend})`],
};

const COMBINING: Readonly<Record<PartialMeaning['combine'], string>> = { add: 'SUM', least: 'MIN', greatest: 'MAX' };

/** The names of a partial's columns, in their order. */
const NAMES = ['a', 'b'] as const;

/** Returns the columns that the scan computes for each group of source rows. */
export function partialColumns(dialect: Dialect, measure: Measure): readonly PartialColumn[] {
  const { aggregate, numeric, counted, presence, place } = measure;
  const addend = numeric === null ? raw('') : ofCounted(measure, dialect.addend(numeric));
  const value = numeric === null ? raw('') : ofCounted(measure, numeric.expression);
  const parts = PARTIALS[aggregate](addend, value, counted ?? raw('*'));
  const names = partialNames(measure);
  const columns = parts.map((of, index) => ({
    name: names[index] ?? raw(''),
    of,
    combine: combinedBy(measure, index),
    holds: partOf(measure, index).holds,
  }));
  // measures with one condition share the column
  if (counted === null || presence?.sql !== presenceName(place)) return columns;
  return [...columns, { name: presence, of: sql`COUNT(${counted})`, combine: raw('SUM'), holds: 'rows' }];
}

/** Returns the name of the column in which a measure that does not count rows counts those that meet its condition. */
export function presenceName(place: number): string {
  return `n${String(place)}`;
}

/** Returns a value for rows that count, and NULL for the others. */
export function ofCounted({ counted }: Pick<Measure, 'counted'>, value: Sql): Sql {
  return counted === null ? value : sql`CASE WHEN ${counted} = 1 THEN ${value} END`;
}

/** Returns the names of a partial's columns once values are counted. */
export function partialNames({ aggregate, place }: Measure): readonly Sql[] {
  return meaningOf(aggregate).partial.map((_, index) => raw(`${NAMES[index] ?? ''}${String(place)}`));
}

/** Returns the SQL aggregate that combines several values of a partial's column. */
export function combinedBy(measure: Pick<Measure, 'aggregate'>, index: number): Sql {
  return raw(COMBINING[partOf(measure, index).combine]);
}

function partOf({ aggregate }: Pick<Measure, 'aggregate'>, index: number): PartialMeaning {
  const part = meaningOf(aggregate).partial[index];
  if (part === undefined) throw new TypeError(`a partial of ${aggregate} has no column ${String(index)}`);
  return part;
}

/** Returns the columns of a bucket, from the partials within it: of a month from its days, of an hour from shorter ones. */
export function bucketTotals(measure: Measure): readonly Sql[] {
  const names = partialNames(measure);
  if (meaningOf(measure.aggregate).reads === 'distinctValues')
    return names.map((name) => sql`COUNT(DISTINCT u) AS ${name}`);
  return names.map((name, index) => sql`${combinedBy(measure, index)}(${name}) AS ${name}`);
}

const VALUES: Readonly<
  Record<AggregateMeaning['value'], (dialect: Dialect, numeric: NumericColumn, a: Sql, b: Sql | undefined) => Sql>
> = {
  itself: (dialect, numeric, a) => dialect.fromAddends(a, numeric),
  quotient: (dialect, numeric, a, b = raw('1')) => dialect.storedValue(dialect.quotient(a, b, numeric)),
};

/** Returns the value of a statistic from a partial's columns. Rows without a value give the empty value. */
export function finished(dialect: Dialect, { aggregate, numeric }: Measure, [a, b]: readonly (Sql | undefined)[]): Sql {
  const { empty, value: made } = meaningOf(aggregate);
  if (a === undefined) throw new TypeError(`${aggregate} has no partial`);
  if (numeric === null) return sql`COALESCE(${a}, 0)`;
  const value = VALUES[made](dialect, numeric, a, b);
  return empty === null ? value : sql`COALESCE(${value}, 0)`;
}

/** True if values are whole numbers of rows, which need no care when stored. */
export function isCount({ measure: { aggregate } }: RollupEntry): boolean {
  return meaningOf(aggregate).reads !== 'numbers';
}

/** True if partials contain values to distinguish, rather than totals. */
export function isDistinct({ aggregate }: Measure): boolean {
  return meaningOf(aggregate).reads === 'distinctValues';
}
