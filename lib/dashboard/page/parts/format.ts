import { MomentText } from '../../../chart/moment-text.js';
import { formatClock, isLocalDate, localDateOf, utcOf } from '../../../chart/moments.js';
import { NumberText, UNKNOWN } from '../../../catalog/number-text.js';
import type { UnitResource } from '../../../http/resources.js';

/** How values, dates and durations are written, in the browser's language. */

export const NUMBERS = new NumberText(undefined);
export const MOMENTS = new MomentText(undefined);
const INSTANT = new Intl.DateTimeFormat(undefined, { dateStyle: 'medium', timeStyle: 'medium' });
const TIME = new Intl.DateTimeFormat(undefined, { timeStyle: 'short' });

/** Writes a value in full. */
export function formatNumber(value: number | null, unit?: UnitResource): string {
  return NUMBERS.full(value, unit);
}

/** Writes a value in at most about seven characters: 1.23M. */
export function formatShort(value: number | null, unit?: UnitResource): string {
  return NUMBERS.short(value, unit);
}

export function formatChange(change: number | null): string {
  return NUMBERS.change(change);
}

/** A part of a whole: 12.5%. */
export function formatShare(share: number): string {
  return NUMBERS.share(share);
}

/** A range of days, or of a part of them: 'Oct 25, 14:00 – 18:00'. */
export function formatSpan({ from, to, start, end }: Span): string {
  if (start === undefined || end === undefined) return from === to ? formatDate(from) : formatDates(from, to);
  const [first, last] = [localDateOf(start), localDateOf(end)];
  const isWhole = formatClock(start) === '00:00' && formatClock(end) === '00:00';
  if (isWhole) return from === to ? formatDate(from) : formatDates(from, to);
  // two dates with their years and times are as long as a row
  const dateText = (date: string): string =>
    first.slice(0, 4) === last.slice(0, 4) ? MOMENTS.dayMonth(date) : formatDate(date);
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
  return MOMENTS.date(date);
}

/** Dates from one to another, both included, with what they share written once. */
export function formatDates(from: string, through: string): string {
  return from > through ? UNKNOWN : MOMENTS.range(from, through);
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

/** A label within a sentence. */
export function lowered(label: string): string {
  return label.charAt(0).toLowerCase() + label.slice(1);
}

/** '1 row', '2 rows' */
export function plural(count: number, name: string): string {
  return `${formatNumber(count)} ${name}${count === 1 ? '' : 's'}`;
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
