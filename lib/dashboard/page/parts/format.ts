import type { UnitResource } from '../../../http/resources.js';

/** How values, dates and durations are written, in the browser's language. */

const PERCENT = { style: 'percent', signDisplay: 'exceptZero' } as const;
const ROUGH_PERCENT = new Intl.NumberFormat(undefined, { ...PERCENT, maximumFractionDigits: 0 });
const FINE_PERCENT = new Intl.NumberFormat(undefined, { ...PERCENT, maximumFractionDigits: 1 });
const SHARE = new Intl.NumberFormat(undefined, { style: 'percent', maximumFractionDigits: 1 });
const DATE = new Intl.DateTimeFormat(undefined, { dateStyle: 'medium', timeZone: 'UTC' });
const DAY_MONTH = new Intl.DateTimeFormat(undefined, { day: 'numeric', month: 'short', timeZone: 'UTC' });
const WEEKDAY = new Intl.DateTimeFormat(undefined, { weekday: 'short', timeZone: 'UTC' });
const INSTANT = new Intl.DateTimeFormat(undefined, { dateStyle: 'medium', timeStyle: 'medium' });
const TIME = new Intl.DateTimeFormat(undefined, { timeStyle: 'short' });

/** Shown for an unknown value. */
export const UNKNOWN = '–';

/** A value below this one is shown with its first digits, or it would be 0. */
const SMALL = 1;

const BY_OPTIONS = new Map<string, Intl.NumberFormat>();

/** Creating a formatter takes as long as formatting some hundred numbers. */
function numberFormat(options: Intl.NumberFormatOptions): Intl.NumberFormat {
  const id = JSON.stringify(options);
  const known = BY_OPTIONS.get(id) ?? new Intl.NumberFormat(undefined, options);
  BY_OPTIONS.set(id, known);
  return known;
}

/** How numbers of a size are written with their unit. */
interface Written {
  /** what a number is divided by: 1,000 for kB */
  readonly divisor: number;
  readonly options: Intl.NumberFormatOptions;
  /** text after the number, of a unit that browsers do not know */
  readonly suffix: string;
}

/** The sizes of units that grow, from the largest down, by the names that browsers know. */
const SIZES: Readonly<Record<string, readonly (readonly [unit: string, size: number])[]>> = {
  bytes: [
    ['petabyte', 1e15],
    ['terabyte', 1e12],
    ['gigabyte', 1e9],
    ['megabyte', 1e6],
    ['kilobyte', 1e3],
    ['byte', 1],
  ],
  seconds: [
    ['day', 86_400],
    ['hour', 3_600],
    ['minute', 60],
    ['second', 1],
    ['millisecond', 1e-3],
  ],
};
/** Two of a size are written in it, and less in the one below: 90 seconds, but 2 minutes. */
const LEAST_OF_SIZE: Readonly<Record<string, number>> = { bytes: 1, seconds: 2 };

function writtenWith(unit: UnitResource | undefined, largest: number): Written {
  const plain = { divisor: 1, options: {}, suffix: '' };
  if (unit === undefined) return plain;
  if (typeof unit !== 'string') return { ...plain, options: { style: 'currency', currency: unit.currency } };
  if (unit === 'percent') return { divisor: 0.01, options: {}, suffix: PERCENT_SIGN };
  const sizes = Object.hasOwn(SIZES, unit) ? SIZES[unit] : undefined;
  if (sizes === undefined) return { ...plain, suffix: `\u00a0${unit}` };
  const least = LEAST_OF_SIZE[unit] ?? 1;
  const base = sizes.find(([, size]) => size === 1) ?? ['', 1];
  const [name, divisor] =
    largest === 0 ? base : (sizes.find(([, size]) => largest >= size * (size > 1 ? least : 1)) ?? sizes.at(-1) ?? base);
  return { divisor, options: { style: 'unit', unit: name, unitDisplay: 'short' }, suffix: '' };
}

/** As the browser's language has it: '%' or ' %'. */
const PERCENT_SIGN = new Intl.NumberFormat(undefined, { style: 'percent' })
  .formatToParts(0)
  .filter(({ type }) => type === 'percentSign' || type === 'literal')
  .map(({ value }) => value)
  .join('');

/** What a chart's values are divided by, so that its ticks are round in the unit that they are written in. */
export function sizeOfUnit(unit: UnitResource | undefined, largest: number): number {
  return writtenWith(unit, largest).divisor;
}

/** Writes a value in full. Values below 1 keep three significant digits, so that 0.004 does not read as 0. */
export function formatNumber(value: number | null, unit?: UnitResource): string {
  if (value === null) return UNKNOWN;
  const { divisor, options, suffix } = writtenWith(unit, Math.abs(value));
  const shown = value / divisor;
  return numberFormat({ ...options, ...precisionOf(shown, unit) }).format(shown) + suffix;
}

function precisionOf(shown: number, unit: UnitResource | undefined): Intl.NumberFormatOptions {
  const size = Math.abs(shown);
  if (size > 0 && size < SMALL) return { maximumSignificantDigits: 3 };
  if (typeof unit === 'object') return Number.isInteger(shown) ? { maximumFractionDigits: 0 } : {};
  return { maximumFractionDigits: unit === undefined || unit === 'bytes' ? 2 : 1 };
}

/** Longer numbers do not fit a column or a tile. */
const LONG = 1_000_000;

/** Writes a value in at most about seven characters: 1.23M. */
export function formatShort(value: number | null, unit?: UnitResource): string {
  if (value === null) return UNKNOWN;
  const { divisor, options, suffix } = writtenWith(unit, Math.abs(value));
  const shown = value / divisor;
  if (Math.abs(shown) < LONG) return formatNumber(value, unit);
  return numberFormat({ ...options, notation: 'compact', maximumFractionDigits: 2 }).format(shown) + suffix;
}

/**
 * Writes the ticks of an axis, all with the decimals that their step needs.
 *
 * @example formatTicks([0, 0.005, 0.01], 0.005) // ['0.000', '0.005', '0.010']
 */
export function formatTicks(ticks: readonly number[], step: number, unit?: UnitResource): string[] {
  const most = Math.max(0, ...ticks.map(Math.abs));
  const { divisor, options, suffix } = writtenWith(unit, most);
  const largest = most / divisor;
  const isCompact = largest >= 10_000;
  const power = isCompact ? 3 * Math.floor(Math.log10(largest) / 3) : 0;
  const decimals = Math.min(12, Math.max(0, Math.ceil(-Math.log10(step / divisor / 10 ** power) - 1e-9)));
  const format = numberFormat({
    ...options,
    ...(isCompact
      ? { notation: 'compact', minimumFractionDigits: 0, maximumFractionDigits: decimals }
      : { minimumFractionDigits: decimals, maximumFractionDigits: decimals }),
  });
  return ticks.map((tick) => format.format(tick === 0 ? 0 : tick / divisor) + suffix); // no -0
}

/** A change as a share of what was before: +12.5%; null where there is nothing to compare, or it was zero. */
export function changeOf(value: number | null, before: number | null): number | null {
  if (value === null || before === null || before === 0) return null;
  return (value - before) / Math.abs(before);
}

export function formatChange(change: number | null): string {
  if (change === null) return UNKNOWN;
  if (change >= 100) return `${numberFormat({ maximumFractionDigits: 0 }).format(change + 1)}×`;
  const size = Math.abs(change);
  // beside an arrow 0% would make no sense
  if (size > 0 && size < 0.0005) return numberFormat({ ...PERCENT, maximumSignificantDigits: 1 }).format(change);
  return (size < 0.1 ? FINE_PERCENT : ROUGH_PERCENT).format(change);
}

/** A part of a whole: 12.5%. */
export function formatShare(share: number): string {
  return SHARE.format(share);
}

/** True if a moment is a date, and not the start of a bucket of less than a day. */
export function isLocalDate(moment: string): boolean {
  return moment.length === 10;
}

/** The local date of a point: of a bucket of less than a day that of its start. */
export function localDateOf(moment: string): string {
  return moment.slice(0, 10);
}

/** The time of day at which a bucket starts, where the metric is counted: 14:00. */
export function formatClock(start: string): string {
  return start.slice(11, start.slice(17, 19) === '00' ? 16 : 19);
}

/** The offset of the start of a bucket: UTC+2, UTC−3:30, UTC. */
export function formatOffset(start: string): string {
  const [, sign = '', hours = '', minutes = ''] = /([+-])(\d\d):(\d\d)$/.exec(start) ?? [];
  const [h, m] = [Number(hours), Number(minutes)];
  if (h === 0 && m === 0) return 'UTC';
  return `UTC${sign === '-' ? '−' : '+'}${h}${m === 0 ? '' : `:${minutes}`}`;
}

/** A range of days, or of a part of them: 'Oct 25, 14:00 – 18:00'. */
export function formatSpan({ from, to, start, end }: Span): string {
  if (start === undefined || end === undefined) return from === to ? formatDate(from) : formatDates(from, to);
  const [first, last] = [localDateOf(start), localDateOf(end)];
  const isWhole = formatClock(start) === '00:00' && formatClock(end) === '00:00';
  if (isWhole) return from === to ? formatDate(from) : formatDates(from, to);
  // two dates with their years and times are as long as a row
  const dateText = (date: string): string =>
    first.slice(0, 4) === last.slice(0, 4) ? DAY_MONTH.format(utcOf(date)) : formatDate(date);
  const endText = first === last ? formatClock(end) : `${dateText(last)}, ${formatClock(end)}`;
  return `${dateText(first)}, ${formatClock(start)} – ${endText}`;
}

/** A range by the dates, or by the starts of its first and last bucket. @param minutes the length of its buckets */
export function formatMoments(from: string, to: string, minutes: number): string {
  if (isLocalDate(from) || isLocalDate(to)) return formatDates(localDateOf(from), localDateOf(to));
  const end = new Date(utcOf(to) + minutes * 60_000).toISOString();
  return formatSpan({ from: localDateOf(from), to: localDateOf(to), start: from, end });
}

interface Span {
  readonly from: string;
  readonly to: string;
  readonly start?: string | undefined;
  readonly end?: string | undefined;
}

/** A local date, `2026-10-31`, as people write it. */
export function formatDate(date: string): string {
  return DATE.format(utcOf(date));
}

/** Dates from one to another, both included, with what they share written once. */
export function formatDates(from: string, through: string): string {
  return from > through ? UNKNOWN : DATE.formatRange(utcOf(from), utcOf(through));
}

export function formatWeekday(date: string): string {
  return WEEKDAY.format(utcOf(date));
}

export function formatInstant(instant: string): string {
  return INSTANT.format(new Date(instant));
}

/** The time of day of an instant, where the reader is. */
export function formatTime(instant: string): string {
  return TIME.format(new Date(instant));
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
    return size < 10_000 ? `${formatNumber(Math.round(size / 10) / 100)} s` : `${Math.round(size / 1_000)} s`;
  }
  return plural(Math.round(size / unit), name);
}

/** An instant against now: '3 minutes ago', 'in 2 hours'. Both are the server's. */
export function formatRelative(instant: string, now: string): string {
  const difference = Date.parse(instant) - Date.parse(now);
  if (Math.abs(difference) < 1_000) return 'now';
  const duration = formatDuration(difference).replace(/^(\d+)\.\d+ s$/, '$1 s');
  return difference < 0 ? `${duration} ago` : `in ${duration}`;
}

/** '1 row', '2 rows' */
export function plural(count: number, name: string): string {
  return `${formatNumber(count)} ${name}${count === 1 ? '' : 's'}`;
}

/** A local date, or the time that the clock shows at the start of a bucket, as if it were UTC: days as long as one another. */
export function utcOf(moment: string): number {
  return Date.parse(isLocalDate(moment) ? `${moment}T00:00:00Z` : `${moment.slice(0, 19)}Z`);
}

/** A local date some days later, or earlier. */
export function shiftDate(date: string, days: number): string {
  return new Date(utcOf(date) + days * 86_400_000).toISOString().slice(0, 10);
}

/** Longer words would push the other columns out of a phone. */
const LONGEST_WORD = /.{1,20}/gsu;

/** The parts between which a name may break: after `/` and `_`, and before the capital of a word. */
export function breakable(name: string): string[] {
  const words = name.split(/(?<=[/_])(?=.)|(?<=\p{Ll})(?=\p{Lu})|(?<=\p{Lu})(?=\p{Lu}\p{Ll})/u);
  return words.flatMap((word) => word.match(LONGEST_WORD) ?? [word]);
}
