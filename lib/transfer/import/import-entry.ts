import {
  builtInTable,
  type StatisticTable,
  type Cell,
  checkId,
  checkMoment,
  checkTypeText,
  coverageScopes,
  storedValue,
} from '../../statistics/index.js';
import {
  checkDescription,
  checkName,
  checkStored,
  type MetricDetails,
  metricUnit,
  parseKey,
} from '../../catalog/index.js';
import { InvalidDateError } from '../../errors/time.error.js';
import { InvalidObjectError, InvalidValueError } from '../../errors/statistic.error.js';
import { shown } from '../../errors/trackstats.error.js';
import { type LocalDate, parseLocalDate } from '../../time/local-date.js';
import type { Database } from '../../database/database.js';
import { instantText, parseInstant } from '../../time/instant.js';
import { bucketStart, isTimePeriod, Period, type WeekStart } from '../../time/period.js';
import { bucketAt } from '../../time/time-bucket.js';
import { localDateAt } from '../../time/time-zone.js';
import { boolean, oneOf, optional } from '../../validation/check.js';
import { readArgument } from '../../validation/options.js';

/** The position of an entry: a line of a file, or an id in a table. */
export interface EntryPlace {
  readonly line: number;
  readonly table?: string;
  /** the metric of a row in a table, by its name there */
  readonly ref?: string;
}

/** The contents of one line of a file, or of one row of a table, before they are checked. */
export type ImportEntry = EntryPlace &
  (
    | { readonly value: GivenValue }
    | { readonly metric: GivenMetric }
    | { readonly coverage: GivenCoverage }
    | { readonly annotation: GivenAnnotation }
    /** why it cannot be read */
    | { readonly problem: string }
  );

export interface GivenMetric {
  /** natural key */
  readonly key: unknown;
  readonly domainName?: unknown;
  readonly name?: unknown;
  readonly description?: unknown;
  readonly unit?: unknown;
  readonly better?: unknown;
  readonly gauge?: unknown;
}

export interface GivenValue extends GivenMetric {
  readonly table: StatisticTable;
  /** by property: an object's type and id, a custom statistic's dimensions */
  readonly keys: Readonly<Record<string, unknown>>;
  /** name or code */
  readonly period: unknown;
  readonly date: unknown;
  /** of a period of less than a day: text with an offset; null or undefined if it is left out */
  readonly start?: unknown;
  /** a decimal as text, or null */
  readonly value: unknown;
}

export interface GivenCoverage {
  readonly key: unknown;
  readonly period: unknown;
  readonly scope: unknown;
  readonly from: unknown;
  readonly through: unknown;
  readonly timeZone: unknown;
  readonly kind: unknown;
  readonly fingerprint: unknown;
  readonly computedAt: unknown;
}

export interface GivenAnnotation {
  /** only used without `at`: the date of an instant is that of the time zone here */
  readonly date: unknown;
  readonly at: unknown;
  readonly text: unknown;
  /** a ref; null or undefined for the charts of all domains */
  readonly domain: unknown;
  readonly domainName: unknown;
  readonly key: unknown;
}

/** A metric that an import may have to create. */
export interface ImportedMetric extends Readonly<MetricDetails> {
  readonly domain: { readonly ref: string; readonly name?: string | undefined };
  readonly ref: string;
}

/** The moment of a row: a date, or the first second of a bucket of less than a day with the date that the file gives beside it. */
export type GivenMoment = LocalDate | { readonly start: number; readonly date: LocalDate | null };

/** A row that can be stored. */
export interface CheckedValue {
  readonly table: StatisticTable;
  readonly period: Period;
  readonly at: GivenMoment;
  readonly cell: Cell;
  /** the scope of the row's own, by which its owner is found */
  readonly scope: string;
  readonly value: string | null;
}

/**
 * Checks what is said of a metric.
 *
 * @throws InvalidRefError, InvalidNameError, InvalidArgumentError, DerivedMetricError
 */
export function checkMetric({ key, domainName, name, description, unit, better, gauge }: GivenMetric): ImportedMetric {
  const { domain, metric } = parseKey(typeof key === 'string' ? key : shown(key));
  checkStored('import', `${domain}/${metric}`);
  return {
    domain: { ref: domain, name: checkName(domainName) },
    ref: metric,
    name: checkName(name),
    description: checkDescription(description),
    unit: readArgument('unit', unit, optional(metricUnit)),
    better: readArgument('better', better, optional(oneOf('up', 'down'))),
    gauge: readArgument('gauge', gauge, optional(boolean)),
  };
}

/**
 * Checks a value's row, all but its metric.
 *
 * @throws InvalidPeriodError, InvalidDateError, InvalidValueError, InvalidObjectError, InvalidDimensionValueError
 * @throws InvalidFilterError for a period that the custom statistic does not store
 */
export function checkValue(database: Database, given: GivenValue, weekStart: WeekStart): CheckedValue {
  const { date, start = null, keys } = given;
  const period = checkPeriodText(given.period);
  const at = isTimePeriod(period)
    ? {
        start: checkStart(period, start),
        date: date === null || date === undefined || date === '' ? null : parseLocalDate(date),
      }
    : checkDate(period, date, start, weekStart);
  const table = tableFor(database, given.table, period);
  const cell = checkCell(table, keys);
  const [scope = ''] = coverageScopes(table, cell);
  return { table, period, at, cell, scope, value: checkDecimal(given.value) };
}

/** A file names the statistic, and the period says whether it is stored by date or by time. */
function tableFor(database: Database, table: StatisticTable, period: Period): StatisticTable {
  if (table.kind === 'custom') checkMoment(table, period);
  if (table.kind === 'custom' || !isTimePeriod(period)) return table;
  return builtInTable(database, table.kind, 'start');
}

function checkStart(period: Period, given: unknown): number {
  if (given === null || given === '') {
    throw new InvalidDateError(
      given,
      `A value of ${Period.nameOf(period)} is stored under the first instant of its bucket: give it as start, '2026-10-25T02:00:00+02:00'.`,
    );
  }
  const second = parseInstant(given).getTime() / 1000;
  if (!Number.isInteger(second)) throw new InvalidDateError(given, 'Expected an instant of a whole second as start.');
  return second;
}

/**
 * Returns the reason why a bucket cannot be stored in a time zone, or null if there is none. A row that begins within a
 * bucket would never be read.
 */
export function startProblem(
  period: Period,
  { start, date }: Exclude<GivenMoment, string>,
  timeZone: string,
): string | null {
  if (!isTimePeriod(period)) return null;
  const bucket = bucketAt({ zone: timeZone, length: period }, start);
  const shownStart = instantText(start, timeZone);
  if (bucket.start !== start) {
    return (
      `start is ${shownStart}, which is within a bucket of ${Period.nameOf(period)} in ${timeZone}. It begins at ` +
      `${instantText(bucket.start, timeZone)}. Import the coverage of the metric too, or set the time zone of the module, ` +
      'if these are buckets of another zone.'
    );
  }
  const local = localDateAt(new Date(start * 1000), timeZone);
  return date === null || date === local ? null : `date is ${date}, and start is on ${local} in ${timeZone}.`;
}

/** As `Period.parse`, of anything. */
export function checkPeriodText(period: unknown): Period {
  return Period.parse(typeof period === 'string' || typeof period === 'number' ? period : shown(period));
}

function checkDate(period: Period, given: unknown, givenStart: unknown, weekStart: WeekStart): LocalDate {
  if (givenStart !== null && givenStart !== '') {
    throw new InvalidDateError(givenStart, `A value of ${Period.nameOf(period)} has a date and no start.`);
  }
  const date = parseLocalDate(given);
  const start = bucketStart(period, date, weekStart);
  if (start === date) return date;
  const week = period === Period.CALENDAR_WEEK ? `, as weeks begin on ${weekStart} here` : '';
  throw new InvalidDateError(
    date,
    `A value of ${Period.nameOf(period)} is stored under its first day: ${start}${week}.`,
  );
}

function checkCell({ kind, keys }: StatisticTable, given: Readonly<Record<string, unknown>>): Cell {
  if (kind === 'object') {
    const { objectType: type, objectId: id } = given;
    if (typeof type !== 'string') throw new InvalidObjectError(type, 'Expected an object type as text.');
    return { objectType: checkTypeText(type), objectId: checkId(id, id) };
  }
  return Object.fromEntries(
    keys.map((key) => [key.property, key.encode(Object.hasOwn(given, key.property) ? given[key.property] : undefined)]),
  );
}

/** A number of JSON may have lost digits before it came here. */
function checkDecimal(value: unknown): string | null {
  if (value !== null && typeof value !== 'string') {
    throw new InvalidValueError(value, "Expected a decimal as text, as '12.50', or null.");
  }
  return storedValue(value);
}
