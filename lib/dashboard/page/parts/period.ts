import { formatClock, formatDate, formatOffset, formatWeekday, isLocalDate, localDateOf, utcOf } from './format.js';

/** How periods and their points are called. */

const LABELS: Readonly<Record<string, string>> = {
  MINUTES_1: 'Minute',
  HOUR: 'Hour',
  DAY: 'Day',
  WEEK: 'Rolling 7 days',
  DAYS_28: 'Rolling 28 days',
  MONTH: 'Rolling 30 days',
  LIFETIME: 'All time',
  CALENDAR_WEEK: 'Calendar week',
  CALENDAR_MONTH: 'Calendar month',
  CALENDAR_QUARTER: 'Quarter',
  CALENDAR_YEAR: 'Year',
  WEEK_TO_DATE: 'Week to date',
  MONTH_TO_DATE: 'Month to date',
  QUARTER_TO_DATE: 'Quarter to date',
  YEAR_TO_DATE: 'Year to date',
};

export function periodLabel(name: string): string {
  const [, unit, count = ''] = /^(DAYS|MINUTES)_(\d+)$/.exec(name) ?? [];
  return LABELS[name] ?? (unit === undefined ? name : unit === 'DAYS' ? `Rolling ${count} days` : `${count} minutes`);
}

/** The length of the buckets of a period of less than a day in minutes; null for other periods. */
export function minutesOf(period: string): number | null {
  const minutes = /^MINUTES_(\d+)$/.exec(period)?.[1];
  return period === 'HOUR' ? 60 : minutes === undefined ? null : Number(minutes);
}

/**
 * The starts of buckets at which the clock shows what it shows at another of them too, where it is set back. They are
 * written with their offset.
 */
export function repeatedStarts(starts: readonly string[]): ReadonlySet<string> {
  const clocks = new Map<string, string[]>();
  for (const start of new Set(starts)) {
    if (isLocalDate(start)) continue;
    const clock = start.slice(0, 19);
    clocks.set(clock, [...(clocks.get(clock) ?? []), start]);
  }
  return new Set([...clocks.values()].filter(({ length }) => length > 1).flat());
}

const NONE: ReadonlySet<string> = new Set();

/** True if each point stands for dates of its own: the values of others overlap. */
export function isBucket(period: string): boolean {
  return period === 'DAY' || minutesOf(period) !== null || period.startsWith('CALENDAR_');
}

const MONTH_YEAR = new Intl.DateTimeFormat(undefined, { month: 'long', year: 'numeric', timeZone: 'UTC' });
const SHORT_MONTH = new Intl.DateTimeFormat(undefined, { month: 'short', timeZone: 'UTC' });
const DAY_MONTH = new Intl.DateTimeFormat(undefined, { day: 'numeric', month: 'short', timeZone: 'UTC' });

/**
 * The name of a point of a period: 'Sat, Oct 31, 2026', 'Week 42, 2026', 'October 2026', 'Q4 2026', '2026', and of a bucket
 * of less than a day 'Sat, Oct 31, 2026, 14:00'.
 *
 * @param repeated of `repeatedStarts`
 */
export function pointLabel(date: string, period: string, repeated = NONE): string {
  if (date.length > 10) {
    const day = localDateOf(date);
    const offset = repeated.has(date) || date.endsWith('Z') ? ` (${formatOffset(date)})` : '';
    return `${formatWeekday(day)}, ${formatDate(day)}, ${formatClock(date)}${offset}`;
  }
  switch (period) {
    case 'DAY':
      return `${formatWeekday(date)}, ${formatDate(date)}`;
    case 'CALENDAR_WEEK': {
      const { week, year } = isoWeek(date);
      return `Week ${week}, ${year}`;
    }
    case 'CALENDAR_MONTH':
      return MONTH_YEAR.format(utcOf(date));
    case 'CALENDAR_QUARTER':
      return `Q${quarterOf(date)} ${yearOf(date)}`;
    case 'CALENDAR_YEAR':
      return yearOf(date);
    default:
      return formatDate(date);
  }
}

/** The short name of a point on an axis, and the year that belongs to it, which is written where it changes. */
export function tickLabel(date: string, period: string, days: number): { text: string; year: string } {
  const year = yearOf(date);
  switch (period) {
    case 'CALENDAR_WEEK': {
      const iso = isoWeek(date);
      return { text: `W${iso.week}`, year: String(iso.year) };
    }
    case 'CALENDAR_QUARTER':
      return { text: `Q${quarterOf(date)}`, year };
    case 'CALENDAR_YEAR':
      return { text: year, year: '' };
    case 'CALENDAR_MONTH':
      return days >= 365 ? { text: year, year: '' } : { text: SHORT_MONTH.format(utcOf(date)), year };
    default:
      if (days >= 365) return { text: year, year: '' };
      return { text: (days >= 28 ? SHORT_MONTH : DAY_MONTH).format(utcOf(date)), year };
  }
}

/** The name of a bucket of less than a day on an axis, and the date that belongs to it, which is written where it changes. */
export function clockLabel(start: string): { text: string; year: string } {
  return { text: formatClock(start), year: DAY_MONTH.format(utcOf(localDateOf(start))) };
}

function yearOf(date: string): string {
  return String(new Date(utcOf(date)).getUTCFullYear());
}

function quarterOf(date: string): number {
  return Math.floor(new Date(utcOf(date)).getUTCMonth() / 3) + 1;
}

/** The ISO week of a date: the year of a week is that of its Thursday. A week from Sunday on is that of its Thursday too. */
function isoWeek(date: string): { week: number; year: number } {
  const start = new Date(utcOf(date));
  const toThursday = (4 - start.getUTCDay() + 7) % 7;
  const thursday = new Date(start.getTime() + toThursday * 86_400_000);
  const year = thursday.getUTCFullYear();
  const days = (thursday.getTime() - Date.UTC(year, 0, 1)) / 86_400_000;
  return { week: Math.floor(days / 7) + 1, year };
}
