import type { UnitResource } from '../../http/resources.js';

/** How values, dates and durations are written, in the browser's language. */

const NUMBER = new Intl.NumberFormat(undefined, { maximumFractionDigits: 2 });
const COMPACT = new Intl.NumberFormat(undefined, { notation: 'compact', maximumFractionDigits: 1 });
const PERCENT = { style: 'percent', signDisplay: 'exceptZero' } as const;
const ROUGH_PERCENT = new Intl.NumberFormat(undefined, { ...PERCENT, maximumFractionDigits: 0 });
const FINE_PERCENT = new Intl.NumberFormat(undefined, { ...PERCENT, maximumFractionDigits: 1 });
const DATE = new Intl.DateTimeFormat(undefined, { dateStyle: 'medium', timeZone: 'UTC' });
const WEEKDAY = new Intl.DateTimeFormat(undefined, { weekday: 'short', timeZone: 'UTC' });
const DAY = new Intl.DateTimeFormat(undefined, { day: 'numeric', month: 'short', timeZone: 'UTC' });
const MONTH = new Intl.DateTimeFormat(undefined, { month: 'short', timeZone: 'UTC' });
const INSTANT = new Intl.DateTimeFormat(undefined, { dateStyle: 'medium', timeStyle: 'medium' });

/** A number as it is written, and one that is short enough for an axis. */
interface Formats {
  readonly full: Intl.NumberFormat;
  readonly compact: Intl.NumberFormat;
}

const BY_UNIT = new Map<string, Formats>();

/** As numbers are written, with the sign of their unit: 25 %, €12.50. */
function formatsOf(unit: UnitResource): Formats {
  const id = JSON.stringify(unit);
  const known = BY_UNIT.get(id);
  if (known !== undefined) return known;
  const style = styleOf(unit);
  const fraction = typeof unit === 'string' ? { maximumFractionDigits: 1 } : {};
  const formats = {
    full: new Intl.NumberFormat(undefined, { ...style, ...fraction }),
    compact: new Intl.NumberFormat(undefined, {
      ...style,
      notation: 'compact',
      maximumFractionDigits: 1,
    }),
  };
  BY_UNIT.set(id, formats);
  return formats;
}

function styleOf(unit: UnitResource): Intl.NumberFormatOptions {
  if (typeof unit !== 'string') return { style: 'currency', currency: unit.currency };
  if (unit === 'percent') return { style: 'percent' };
  return unit === 'bytes' || unit === 'seconds' ? { style: 'unit', unit: unit.slice(0, -1) } : {};
}

/** Shown for an unknown value. */
export const UNKNOWN = '–';

export function formatNumber(value: number | null, unit?: UnitResource): string {
  if (value === null) return UNKNOWN;
  return (unit === undefined ? NUMBER : formatsOf(unit).full).format(value);
}

/** Short enough for an axis: 12K. */
export function formatCompact(value: number, unit?: UnitResource): string {
  if (unit !== undefined) return formatsOf(unit).compact.format(value);
  return Math.abs(value) < 10_000 ? NUMBER.format(value) : COMPACT.format(value);
}

/** A change as a share of what was before: +12.5%; null where there is nothing to compare, or it was zero. */
export function changeOf(value: number | null, before: number | null): number | null {
  if (value === null || before === null || before === 0) return null;
  return (value - before) / Math.abs(before);
}

export function formatChange(change: number | null): string {
  if (change === null) return UNKNOWN;
  if (change >= 100) return `${NUMBER.format(Math.round(change + 1))}×`;
  return (Math.abs(change) < 0.1 ? FINE_PERCENT : ROUGH_PERCENT).format(change);
}

/** A local date, `2026-10-31`, as people write it. */
export function formatDate(date: string): string {
  return DATE.format(utcOf(date));
}

/** Dates from one to another, both included, with what they share written once. */
export function formatDates(from: string, through: string): string {
  return DATE.formatRange(utcOf(from), utcOf(through));
}

export function formatWeekday(date: string): string {
  return WEEKDAY.format(utcOf(date));
}

/** A date on an axis, where neighbours are `days` apart: the day, the month or the year, with the year where it begins. */
export function formatTick(date: number, days: number, isFirst: boolean): string {
  const at = new Date(date);
  if (days >= 365) return String(at.getUTCFullYear());
  const text = (days >= 28 ? MONTH : DAY).format(at);
  const isNewYear = at.getUTCMonth() === 0 && at.getUTCDate() <= (days >= 28 ? 1 : days);
  return isFirst || isNewYear ? `${text}\n${at.getUTCFullYear()}` : text;
}

export function formatInstant(instant: string): string {
  return INSTANT.format(new Date(instant));
}

const UNITS: readonly (readonly [name: string, milliseconds: number])[] = [
  ['day', 86_400_000],
  ['hour', 3_600_000],
  ['minute', 60_000],
  ['second', 1_000],
];

/** A duration in its largest unit: '3 hours'. */
export function formatDuration(milliseconds: number): string {
  const size = Math.abs(milliseconds);
  const [name, unit] = UNITS.find(([, length]) => size >= length * 0.9995) ?? ['second', 1_000];
  if (name === 'second') {
    return size < 10_000 ? `${NUMBER.format(size / 1_000)} s` : `${Math.round(size / 1_000)} s`;
  }
  const count = Math.round(size / unit);
  return `${count} ${name}${count === 1 ? '' : 's'}`;
}

/** An instant against now: '3 minutes ago', 'in 2 hours'. Both are the server's. */
export function formatRelative(instant: string, now: string): string {
  const difference = Date.parse(instant) - Date.parse(now);
  if (Math.abs(difference) < 1_000) return 'now';
  const duration = formatDuration(difference).replace(/^(\d+)\.\d+ s$/, '$1 s');
  return difference < 0 ? `${duration} ago` : `in ${duration}`;
}

/** The first day of a local date as an instant, for charts: days as long as one another. */
export function utcOf(date: string): number {
  return Date.parse(`${date}T00:00:00Z`);
}

/** A local date some days later, or earlier. */
export function shiftDate(date: string, days: number): string {
  return new Date(utcOf(date) + days * 86_400_000).toISOString().slice(0, 10);
}
