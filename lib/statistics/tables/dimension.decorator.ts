import {
  getMetadataArgsStorage,
  Index,
  PrimaryColumn,
  type PrimaryColumnOptions,
  type ValueTransformer,
} from 'typeorm';
import { InvalidDimensionError } from '../../errors/dimension.error.js';
import { shown } from '../../errors/trackstats.error.js';
import { oneOf, optional, text, boolean, wholeNumber, withDefault } from '../../validation/check.js';
import { readOptions, type ChecksOf } from '../../validation/options.js';
import { type Moment, momentOf } from './abstract-time-statistic.js';

/** The type of a dimension's column. A date is text, `'2026-10-31'`. */
export type DimensionType = 'varchar' | 'integer' | 'boolean' | 'date';

/** Controls how a dimension is stored. */
export interface DimensionOptions {
  /** required if the property is a union, can be null, or is compiled without metadata. @default the property's type */
  type?: DimensionType | undefined;
  /** length of a varchar, in characters. @default 128 */
  length?: number | undefined;
  /** accepts NULL as a key, stored as `NULL_DIMENSION[type]`. @default false */
  nullable?: boolean | undefined;
  /** name of the column. @default as the naming strategy names the property */
  name?: string | undefined;
}

/**
 * Defines how a NULL dimension is stored, for each type of dimension, because a primary key cannot contain NULL. Reads
 * return null. Compare with these values in your own SQL.
 *
 * @example
 * await dataSource.getRepository(OrdersByRegion).countBy({ country: NULL_DIMENSION.varchar });
 */
export const NULL_DIMENSION = {
  varchar: '\u2400',
  integer: -2147483648,
  boolean: -1,
  date: '1000-01-01', // the first that MySQL supports; drivers take the years before 100 for 19xx
} as const satisfies Record<DimensionType, string | number>;

/** A dimension as its class declares it. */
export interface DeclaredDimension {
  property: string;
  type: DimensionType;
  nullable: boolean;
  length: number;
}

const declared = new WeakMap<object, DeclaredDimension[]>();

/** Returns the dimensions of a statistic class and of the classes that it extends, in the order of its primary key. */
export function dimensionsOf(statistic: abstract new () => object): readonly DeclaredDimension[] {
  const parent = Object.getPrototypeOf(statistic) as abstract new () => object;
  const inherited = typeof parent === 'function' && parent.prototype !== undefined ? dimensionsOf(parent) : [];
  return [...inherited, ...(declared.get(statistic) ?? [])];
}

const OPTIONS = {
  type: optional(oneOf<DimensionType>('varchar', 'integer', 'boolean', 'date')),
  length: withDefault(wholeNumber('characters', 1), 128),
  nullable: withDefault(boolean, false),
  name: optional(text),
} satisfies ChecksOf<DimensionOptions>;

/**
 * Declares a property of a custom statistic as a dimension, which is part of its primary key (metric, period,
 * …dimensions, date).
 *
 * @throws InvalidDimensionError if the type cannot be derived from the property
 * @example
 * ```ts
 * @Entity()
 * export class OrdersByRegion extends AbstractStatistic {
 *   @Dimension() country!: string;
 *   @Dimension({ type: 'varchar', nullable: true }) province!: string | null;
 * }
 * ```
 */
export function Dimension(options: DimensionOptions = {}): PropertyDecorator {
  return (prototype, key) => {
    const target = prototype.constructor;
    const property = String(key);
    const given = readOptions(options, OPTIONS, (name, value, expected) => {
      const place = `${target.name}.${property}: @Dimension`;
      const problem = `${name === null ? 'has options that are' : `${name} is`} ${shown(value)}. ${expected}`;
      return new InvalidDimensionError(target.name, property, `${place} ${problem}`);
    });
    const { nullable, length, type = typeFromMetadata(prototype, property) } = given;
    declared.set(target, [...(declared.get(target) ?? []), { property, type, nullable, length }]);
    PrimaryColumn({
      ...columnOptions(type, nullable, length),
      ...(given.name === undefined ? {} : { name: given.name }),
    })(prototype, property);
    keepMomentLast(prototype);
  };
}

function typeFromMetadata(prototype: object, property: string): DimensionType {
  const type: unknown = Reflect.getMetadata('design:type', prototype, property);
  if (type === String) return 'varchar';
  if (type === Number) return 'integer';
  if (type === Boolean) return 'boolean';
  throw new InvalidDimensionError(prototype.constructor.name, property);
}

function columnOptions(type: DimensionType, nullable: boolean, length: number): PrimaryColumnOptions {
  switch (type) {
    case 'varchar':
      return { type: 'varchar', length, ...(nullable ? { transformer: nullAs(NULL_DIMENSION.varchar) } : {}) };
    case 'integer':
      return { type: 'integer', ...(nullable ? { transformer: nullAs(NULL_DIMENSION.integer) } : {}) };
    case 'date':
      return { type: 'date', ...(nullable ? { transformer: nullAs(NULL_DIMENSION.date) } : {}) };
    case 'boolean':
      return { type: 'smallint', transformer: booleanAsInteger };
  }
}

function nullAs(sentinel: string | number): ValueTransformer {
  return {
    from: (stored: unknown) => (stored === sentinel ? null : stored),
    to: (value: unknown) => value ?? sentinel,
  };
}

const booleanAsInteger: ValueTransformer = {
  from: (stored: unknown) => (Number(stored) === NULL_DIMENSION.boolean ? null : Number(stored) === 1),
  to: (value: unknown) => (value === null || value === undefined ? NULL_DIMENSION.boolean : value === true ? 1 : 0),
};

/**
 * Moves the date, or the start of a bucket, behind the dimensions in the primary key, as reads need it. TypeORM orders a
 * primary key by declaration, with the columns of the base class first.
 */
function keepMomentLast(prototype: object): void {
  const { columns } = getMetadataArgsStorage();
  const target = prototype.constructor;
  const moment = momentOf(target);
  const declaration = columns.findIndex((column) => column.propertyName === moment && isOf(column.target, target));
  if (declaration >= 0) {
    columns.push(...columns.splice(declaration, 1));
    return;
  }
  Index(['metricId', 'period', moment])(target);
  MomentColumn(moment)(prototype, moment);
}

/** Declares the column that says of when the value of a statistic is. */
export function MomentColumn(moment: Moment): PropertyDecorator {
  return PrimaryColumn(moment === 'date' ? { type: 'date' } : { type: 'bigint', transformer: secondsAsNumber });
}

// drivers return a bigint as text, a number or a bigint
const secondsAsNumber: ValueTransformer = {
  from: (stored: unknown) => (stored === null || stored === undefined ? stored : Number(stored)),
  to: (value: unknown) => value,
};

/** True if a class is the target, or if the target extends it. */
function isOf(owner: unknown, target: { readonly prototype: unknown }): boolean {
  return owner === target || (typeof owner === 'function' && target.prototype instanceof owner);
}
