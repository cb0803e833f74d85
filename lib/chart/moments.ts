/** A moment is the text of a point: its local date, or the start of its bucket of less than a day with the offset. */

/** True if a moment is a date, and not the start of a bucket of less than a day. */
export function isLocalDate(moment: string): boolean {
  return moment.length === 10;
}

/** The local date of a point: of a bucket of less than a day that of its start. */
export function localDateOf(moment: string): string {
  return moment.slice(0, 10);
}

/** A local date, or the time that the clock shows at the start of a bucket, as if it were UTC: days as long as one another. */
export function utcOf(moment: string): number {
  return Date.parse(isLocalDate(moment) ? `${moment}T00:00:00Z` : `${moment.slice(0, 19)}Z`);
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

/** True if each point stands for dates of its own: the values of others overlap. */
export function isBucket(period: string): boolean {
  return period === 'DAY' || minutesOf(period) !== null || period.startsWith('CALENDAR_');
}

/** The year of a local date, without the zeros before it. */
export function yearOf(date: string): string {
  return String(new Date(utcOf(date)).getUTCFullYear());
}

export function quarterOf(date: string): number {
  return Math.floor(new Date(utcOf(date)).getUTCMonth() / 3) + 1;
}

/**
 * The number and year of a week by its first date. They are those of its Thursday, as in ISO 8601, also where a week
 * begins on a Sunday.
 */
export function isoWeek(weekStart: string): { week: number; year: number } {
  const start = new Date(utcOf(weekStart));
  const toThursday = (4 - start.getUTCDay() + 7) % 7;
  const thursday = new Date(start.getTime() + toThursday * 86_400_000);
  const year = thursday.getUTCFullYear();
  const days = (thursday.getTime() - Date.UTC(year, 0, 1)) / 86_400_000;
  return { week: Math.floor(days / 7) + 1, year };
}
