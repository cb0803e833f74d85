import type { Sql } from 'sql-template-tag';
import { Domain } from '../../catalog/domain.entity.js';
import { Metric } from '../../catalog/metric.entity.js';
import { Coverage } from '../../coverage/coverage.entity.js';
import { readAsStored } from '../../database/stored-columns.js';
import type { EntityMetadata } from 'typeorm';
import type { Database } from '../../database/database.js';
import type { ColumnToWrite, Dialect, WrittenType } from '../../database/dialects/dialect.js';
import type { Table } from '../../database/table.js';
import { MissingEntityError } from '../../errors/database.error.js';
import { InvalidDimensionError } from '../../errors/dimension.error.js';
import type { LocalDate } from '../../time/local-date.js';
import { isTimePeriod, type Period } from '../../time/period.js';
import { AbstractStatistic } from './abstract-statistic.js';
import { type Moment, momentOf } from './abstract-time-statistic.js';
import { type DimensionType, dimensionsOf } from './dimension.decorator.js';
import { decodeDimension, type DimensionValue, encodeDimension } from './dimension-value.js';
import { IncrementKey } from './increment-key.entity.js';
import { StatisticByDateAndObject } from './statistic-by-date-and-object.entity.js';
import { StatisticByDate } from './statistic-by-date.entity.js';
import { StatisticByTimeAndObject } from './statistic-by-time-and-object.entity.js';
import { StatisticByTime } from './statistic-by-time.entity.js';

/** An entity class that extends AbstractStatistic. */
export type StatisticClass<S extends AbstractStatistic = AbstractStatistic> = new () => S;

export type StatisticKind = 'total' | 'object' | 'custom';

/** The library's own statistics, by kind and by the moment of their values. */
const BUILT_IN: Readonly<Record<Exclude<StatisticKind, 'custom'>, Readonly<Record<Moment, StatisticClass>>>> = {
  total: { date: StatisticByDate, start: StatisticByTime },
  object: { date: StatisticByDateAndObject, start: StatisticByTimeAndObject },
};

/** A key column of a statistic, besides metric, period and moment. */
export interface StatisticKey {
  readonly property: string;
  /** escaped, without the table */
  readonly column: Sql;
  readonly type: DimensionType;
  readonly nullable: boolean;
  /** in characters, of a varchar */
  readonly length: number;
  /** Returns a value as the column stores it. Throws InvalidDimensionValueError. */
  encode(value: unknown): string | number;
  /**
   * Returns a value as it was passed, from the value that the driver reads. A date must be read as text, see `readKey`.
   */
  decode(stored: unknown): DimensionValue;
}

/** Describes the table of a statistic for SQL. */
export interface StatisticTable {
  readonly entity: StatisticClass;
  readonly kind: StatisticKind;
  readonly table: Table;
  /** in the order of the primary key */
  readonly keys: readonly StatisticKey[];
  /**
   * the last property of the primary key: the local date, or, of periods of less than a day, the first second of the
   * bucket
   */
  readonly moment: Moment;
  /** in a live read, where `table` is a union: its parts, in each of which an index finds the last row */
  readonly parts?: readonly Table[] | undefined;
}

const COMMON = ['metricId', 'metric', 'period', 'value'];
const known = new WeakMap<Database, Map<StatisticClass, StatisticTable>>();

/**
 * Describes the table of a statistic.
 *
 * @throws MissingEntityError if the data source does not have the entity
 * @throws InvalidDimensionError for a custom statistic without dimensions, or with another column
 */
export function statisticTableOf(database: Database, entity: StatisticClass): StatisticTable {
  const tables = known.get(database) ?? new Map<StatisticClass, StatisticTable>();
  known.set(database, tables);
  const table = tables.get(entity) ?? describeTable(database, entity);
  tables.set(entity, table);
  return table;
}

/** Returns the tables of all statistics that the data source has, including custom ones. */
export function statisticTablesOf(database: Database): readonly StatisticTable[] {
  return database.dataSource.entityMetadatas
    .map(({ target }) => target)
    .filter(isStatisticClass)
    .map((entity) => statisticTableOf(database, entity));
}

/**
 * Returns the table of one of the library's own statistics.
 *
 * @throws MissingEntityError
 */
export function builtInTable(database: Database, kind: keyof typeof BUILT_IN, moment: Moment): StatisticTable {
  return statisticTableOf(database, BUILT_IN[kind][moment]);
}

/** Returns the tables of the library's own statistics: those by date, and those by time if the data source has them. */
export function builtInTables(database: Database): readonly StatisticTable[] {
  const { total, object } = BUILT_IN;
  const byTime = [total.start, object.start].filter((entity) => database.dataSource.hasMetadata(entity));
  return [total.date, object.date, ...byTime].map((entity) => statisticTableOf(database, entity));
}

/** True if a statistic is one of the library's own. */
export function isBuiltIn(entity: StatisticClass): boolean {
  return kindOf(entity) !== 'custom';
}

/** Returns the moment of the values of a period. */
export function momentOfPeriod(period: Period): Moment {
  return isTimePeriod(period) ? 'start' : 'date';
}

/** True if a table stores the values of a period. */
export function storesPeriod({ moment }: Pick<StatisticTable, 'moment'>, period: Period): boolean {
  return moment === momentOfPeriod(period);
}

/** True if a value is a class that extends AbstractStatistic. */
export function isStatisticClass(value: unknown): value is StatisticClass {
  return typeof value === 'function' && value.prototype instanceof AbstractStatistic;
}

/** Returns a key for a SELECT list, in the form that `decode` reads. */
export function readKey(dialect: Dialect, key: StatisticKey, column: Sql = key.column): Sql {
  return key.type === 'date' ? dialect.dateText(column) : column;
}

/** Binds a key's encoded value with the type of its column. */
export function bindKey(dialect: Dialect, key: StatisticKey, encoded: string | number): Sql {
  if (typeof encoded === 'number') return dialect.integer(encoded);
  return key.type === 'date' ? dialect.date(encoded) : dialect.text(encoded);
}

/** Returns the properties of a statistic's primary key, in its order. */
export function primaryKeyOf({ keys, moment }: Pick<StatisticTable, 'keys' | 'moment'>): string[] {
  return ['metricId', 'period', ...keys.map(({ property }) => property), moment];
}

/** Returns the moment of a row for a SELECT list: a date as text, or seconds, which `Number` reads. */
export function readMoment(dialect: Dialect, { moment }: Pick<StatisticTable, 'moment'>, column: Sql): Sql {
  return moment === 'date' ? dialect.dateText(column) : column;
}

/** Returns the moments of rows to write. */
export function momentColumn(
  { moment }: Pick<StatisticTable, 'moment'>,
  rows: readonly { readonly date: LocalDate; readonly start?: number | undefined }[],
): ColumnToWrite {
  return {
    property: moment,
    type: moment === 'date' ? 'date' : 'bigint',
    values: rows.map((row) => row.start ?? row.date),
  };
}

/** Returns how a key's encoded values are bound. */
export function boundType({ type }: StatisticKey): WrittenType {
  if (type === 'date') return 'date';
  return type === 'varchar' ? 'text' : 'integer';
}

function describeTable(database: Database, entity: StatisticClass): StatisticTable {
  if (!database.dataSource.hasMetadata(entity)) {
    throw new MissingEntityError([entity.name], database.name, { custom: kindOf(entity) === 'custom' });
  }
  const table = database.table(entity);
  const kind = kindOf(entity);
  const moment = momentOf(entity);
  const dimensions = dimensionsOf(entity);
  if (kind === 'custom')
    refuseOtherColumns(entity, table.metadata, [moment, ...dimensions.map(({ property }) => property)]);
  const keys = dimensions.map((dimension) => ({
    property: dimension.property,
    column: table.column(dimension.property),
    type: dimension.type,
    nullable: dimension.nullable,
    length: dimension.length,
    encode: (value: unknown) => encodeDimension(entity.name, dimension, value),
    decode: (stored: unknown) => decodeDimension(dimension, stored),
  }));
  return { entity, kind, table, keys, moment };
}

function kindOf(entity: StatisticClass): StatisticKind {
  const isOf = (kind: keyof typeof BUILT_IN): boolean => Object.values(BUILT_IN[kind]).includes(entity);
  return isOf('total') ? 'total' : isOf('object') ? 'object' : 'custom';
}

function refuseOtherColumns(entity: StatisticClass, metadata: EntityMetadata, keys: readonly string[]): void {
  const { name } = entity;
  if (keys.length === 1) {
    const [base, same] =
      momentOf(entity) === 'date'
        ? ['AbstractStatistic', 'StatisticByDate']
        : ['AbstractTimeStatistic', 'StatisticByTime'];
    throw new InvalidDimensionError(
      name,
      '',
      `${name} extends ${base} and has no dimension, so it would hold what ${same} holds. ` +
        `Declare what it groups by: @Dimension() country!: string.`,
    );
  }
  const properties = [...metadata.columns, ...metadata.relations].map(({ propertyPath }) => propertyPath);
  const other = properties.find((property) => !COMMON.includes(property) && !keys.includes(property));
  if (other === undefined) return;
  throw new InvalidDimensionError(
    name,
    other,
    `${name}.${other} is a column and no dimension. A custom statistic has its dimensions and one value only: ` +
      `decorate it with @Dimension() instead of @Column(), or keep it in an entity of your own.`,
  );
}

const NEEDED_ENTITIES = [Domain, Metric, Coverage, IncrementKey, StatisticByDate, StatisticByDateAndObject];

/**
 * Checks the custom statistics of the data source, and makes sure that the text keys of the catalog and of all
 * statistics compare byte by byte. Runs once, when the application starts.
 *
 * @throws InvalidDimensionError, MissingEntityError
 */
export async function prepareStatisticTables(database: Database): Promise<void> {
  const missing = NEEDED_ENTITIES.filter((entity) => !database.dataSource.hasMetadata(entity));
  if (missing.length > 0)
    throw new MissingEntityError(
      missing.map(({ name }) => name),
      database.name,
    );
  const tables = statisticTablesOf(database);
  readAsStored(database, [...NEEDED_ENTITIES, ...tables.map(({ entity }) => entity)]);
  const statistics = tables.map(({ table, keys }) => ({
    table,
    textKeys: keys.filter(({ type }) => type === 'varchar').map(({ property }) => property),
  }));
  await database.driver.prepareKeys(database.dataSource, [
    { table: database.table(Domain), textKeys: ['ref'] },
    { table: database.table(Metric), textKeys: ['ref'] },
    { table: database.table(Coverage), textKeys: ['scope'] },
    { table: database.table(IncrementKey), textKeys: ['key', 'scope'] },
    ...statistics.filter(({ textKeys }) => textKeys.length > 0),
  ]);
}
