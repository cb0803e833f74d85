import type { DataSource, EntityMetadata } from 'typeorm';
import type { NumericColumn } from '../database/dialects/dialect.js';

/** TypeORM does not export its name. */
export type ColumnMetadata = EntityMetadata['columns'][number];

const INTEGERS = new Set('int integer bigint smallint tinyint mediumint int2 int4 int8 year'.split(' '));
const DECIMALS = new Set(['decimal', 'numeric', 'dec', 'fixed', 'money']);
const FLOATS = new Set(['float', 'double', 'double precision', 'real', 'float4', 'float8']);

/** A column's type as its driver names it: `timestamp without time zone` for a property of type Date, `date[]` for an array. */
export function declaredType(dataSource: DataSource, column: ColumnMetadata): string {
  const type = dataSource.driver.normalizeType(column).toLowerCase();
  return column.isArray ? `${type}[]` : type;
}

export function isInteger(type: string): boolean {
  return INTEGERS.has(type);
}

/** Returns the kind of a numeric column, or null for other columns. */
export function numericType(type: string): NumericColumn['type'] | null {
  if (INTEGERS.has(type)) return 'integer';
  if (DECIMALS.has(type)) return 'decimal';
  return FLOATS.has(type) ? 'float' : null;
}
