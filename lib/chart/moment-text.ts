import { formatClock, formatOffset, isLocalDate, isoWeek, localDateOf, quarterOf, utcOf, yearOf } from './moments.js';

const NONE: ReadonlySet<string> = new Set();

/** Writes dates and points of periods in a language. */
export class MomentText {
  private readonly dates: Intl.DateTimeFormat;
  private readonly dayMonths: Intl.DateTimeFormat;
  private readonly weekdays: Intl.DateTimeFormat;
  private readonly months: Intl.DateTimeFormat;
  private readonly monthYears: Intl.DateTimeFormat;

  /** @param locale undefined: that of the process, or of the browser */
  constructor(locale: string | undefined) {
    const format = (options: Intl.DateTimeFormatOptions): Intl.DateTimeFormat =>
      new Intl.DateTimeFormat(locale, { ...options, timeZone: 'UTC' });
    this.dates = format({ dateStyle: 'medium' });
    this.dayMonths = format({ day: 'numeric', month: 'short' });
    this.weekdays = format({ weekday: 'short' });
    this.months = format({ month: 'short' });
    this.monthYears = format({ month: 'long', year: 'numeric' });
  }

  /** A local date, `2026-10-31`, as people write it. */
  date(date: string): string {
    return this.dates.format(utcOf(date));
  }

  /** Dates from one to another, both included, with what they share written once. */
  range(from: string, through: string): string {
    return this.dates.formatRange(utcOf(from), utcOf(through));
  }

  dayMonth(date: string): string {
    return this.dayMonths.format(utcOf(date));
  }

  weekday(date: string): string {
    return this.weekdays.format(utcOf(date));
  }

  /**
   * The name of a point of a period: 'Sat, Oct 31, 2026', 'Week 42, 2026', 'October 2026', 'Q4 2026', '2026', and of a
   * bucket of less than a day 'Sat, Oct 31, 2026, 14:00'.
   *
   * @param repeated of `repeatedStarts`
   */
  point(date: string, period: string, repeated = NONE): string {
    if (!isLocalDate(date)) {
      const day = localDateOf(date);
      const offset = repeated.has(date) || date.endsWith('Z') ? ` (${formatOffset(date)})` : '';
      return `${this.weekday(day)}, ${this.date(day)}, ${formatClock(date)}${offset}`;
    }
    switch (period) {
      case 'DAY':
        return `${this.weekday(date)}, ${this.date(date)}`;
      case 'CALENDAR_WEEK': {
        const { week, year } = isoWeek(date);
        return `Week ${week}, ${year}`;
      }
      case 'CALENDAR_MONTH':
        return this.monthYears.format(utcOf(date));
      case 'CALENDAR_QUARTER':
        return `Q${quarterOf(date)} ${yearOf(date)}`;
      case 'CALENDAR_YEAR':
        return yearOf(date);
      default:
        return this.date(date);
    }
  }

  /** The short name of a point on an axis, and the year that belongs to it, which is written where it changes. */
  tick(date: string, period: string, days: number): { text: string; year: string } {
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
        return days >= 365 ? { text: year, year: '' } : { text: this.months.format(utcOf(date)), year };
      default:
        if (days >= 365) return { text: year, year: '' };
        return { text: (days >= 28 ? this.months : this.dayMonths).format(utcOf(date)), year };
    }
  }

  /** The name of a bucket of less than a day on an axis, and the date that belongs to it, which is written where it changes. */
  clock(start: string): { text: string; year: string } {
    return { text: formatClock(start), year: this.dayMonth(localDateOf(start)) };
  }
}
