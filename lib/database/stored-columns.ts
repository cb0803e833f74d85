import type { DataSource, EntityMetadata, EntityTarget, ObjectLiteral } from 'typeorm';
import { calendarDateOf, processTimeZone, type StorageZone } from '../time/time-zone.js';
import type { Database } from './database.js';

type ColumnMetadata = EntityMetadata['columns'][number];
type ReadColumn = (given: unknown) => unknown;

/** Turns what a driver gives for a column into what the column stores. */
const READ = Symbol('reads what is stored');

interface ReadableColumn extends ColumnMetadata {
  [READ]?: ReadColumn;
}

const drivers = new WeakSet<object>();

/**
 * Makes entities of this library read the same with every setting of the driver: dates as they are stored, whatever
 * `timezone`, `dateStrings`, `typeCast` or type parser the application has, integers as numbers where better-sqlite3
 * gives a bigint, and booleans that a parser leaves as text.
 *
 * A column's transformer comes too late for that: TypeORM gives it the date that a `Date` shows in the process's zone,
 * which is the day before where the driver made it in a zone further east. So the value is read before TypeORM sees it,
 * and only for columns of these entities.
 */
export function readAsStored(database: Database, entities: readonly EntityTarget<ObjectLiteral>[]): void {
  const { dataSource, dialect } = database;
  const readDate = dateReader(() => dialect.driverZone(dataSource));
  for (const entity of entities) {
    for (const column of dataSource.getMetadata(entity).columns as ReadableColumn[]) {
      const read = readerOf(column, readDate);
      if (read !== undefined) column[READ] = read;
    }
  }
  readColumns(dataSource);
}

function readerOf(column: ColumnMetadata, readDate: ReadColumn): ReadColumn | undefined {
  if (column.type === 'date') return readDate;
  if (column.type === 'boolean') return booleanOf;
  return isInteger(column) ? integerOf : undefined;
}

function readColumns({ driver }: DataSource): void {
  if (drivers.has(driver)) return;
  drivers.add(driver);
  const hydrate = driver.prepareHydratedValue.bind(driver);
  driver.prepareHydratedValue = (value: unknown, column: ReadableColumn): unknown => {
    const read = column[READ];
    return hydrate(read === undefined ? value : read(value), column);
  };
}

function isInteger({ type }: ColumnMetadata): boolean {
  return type === 'integer' || type === 'smallint' || type === 'bigint';
}

function integerOf(given: unknown): unknown {
  return typeof given === 'bigint' ? Number(given) : given;
}

/** A parser may leave the database's text, of which TypeORM takes every one for true. */
function booleanOf(given: unknown): unknown {
  return typeof given === 'string' ? !['0', 'f', 'false'].includes(given.toLowerCase()) : given;
}

const DATE = /^\d{4,}-\d{2}-\d{2}/;

function dateReader(driverZone: () => StorageZone): ReadColumn {
  return (given) => {
    if (given === null || given === undefined) return given;
    const text = typeof given === 'string' ? given : given instanceof Date ? '' : textOf(given);
    const date = DATE.exec(text)?.[0];
    if (date !== undefined || typeof given === 'string') return date ?? given;
    const instant = given instanceof Date ? given : new Date(Number(given));
    return calendarDateOf(instant, [driverZone(), 'UTC', processTimeZone()]) ?? given;
  };
}

/** The text of a date of a library, as a type parser may make it: of a Temporal.PlainDate or a Luxon date it begins with the date. */
function textOf(given: unknown): string {
  return String(given);
}
