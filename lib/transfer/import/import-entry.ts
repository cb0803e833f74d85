import {
  type StatisticTable,
  type Cell,
  checkId,
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
import { bucketStart, checkOfDays, Period, type WeekStart } from '../../time/period.js';
import { oneOf, optional } from '../../validation/check.js';
import { readArgument } from '../../validation/options.js';

/** The position of an entry: a line of a file, or an id in a table. */
export interface EntryPlace {
  readonly line: number;
  readonly table?: string;
}

/** The contents of one line of a file, or of one row of a table, before they are checked. */
export type ImportEntry = EntryPlace &
  (
    | { readonly value: GivenValue }
    | { readonly metric: GivenMetric }
    | { readonly coverage: GivenCoverage }
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
}

export interface GivenValue extends GivenMetric {
  readonly table: StatisticTable;
  /** by property: an object's type and id, a custom statistic's dimensions */
  readonly keys: Readonly<Record<string, unknown>>;
  /** name or code */
  readonly period: unknown;
  readonly date: unknown;
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

/** A metric that an import may have to create. */
export interface ImportedMetric extends Readonly<MetricDetails> {
  readonly domain: { readonly ref: string; readonly name?: string | undefined };
  readonly ref: string;
}

/** A row that can be stored. */
export interface CheckedValue {
  readonly table: StatisticTable;
  readonly period: Period;
  readonly date: LocalDate;
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
export function checkMetric({ key, domainName, name, description, unit, better }: GivenMetric): ImportedMetric {
  const { domain, metric } = parseKey(typeof key === 'string' ? key : shown(key));
  checkStored('import', `${domain}/${metric}`);
  return {
    domain: { ref: domain, name: checkName(domainName) },
    ref: metric,
    name: checkName(name),
    description: checkDescription(description),
    unit: readArgument('unit', unit, optional(metricUnit)),
    better: readArgument('better', better, optional(oneOf('up', 'down'))),
  };
}

/**
 * Checks a value's row, all but its metric.
 *
 * @throws InvalidPeriodError, InvalidDateError, InvalidValueError, InvalidObjectError, InvalidDimensionValueError
 */
export function checkValue({ table, period, date, keys, value }: GivenValue, weekStart: WeekStart): CheckedValue {
  const checked = checkPeriodText(period);
  const cell = checkCell(table, keys);
  const [scope = ''] = coverageScopes(table, cell);
  return { table, period: checked, date: checkDate(checked, date, weekStart), cell, scope, value: checkDecimal(value) };
}

/** As `Period.parse`, of anything. A file has dates, which do not name a bucket of less than a day. */
export function checkPeriodText(period: unknown): Period {
  const text = typeof period === 'string' || typeof period === 'number' ? period : shown(period);
  return checkOfDays('An import takes', Period.parse(text));
}

function checkDate(period: Period, given: unknown, weekStart: WeekStart): LocalDate {
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
