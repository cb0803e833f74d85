import { isLocalDate, localDateOf, utcOf, minutesOf } from '../../../chart/moments.js';
import type { PeriodResource } from '../../../http/resources.js';
import { DAY_PRESETS, type MetricAddress, type NamedRange, type Preset, PRESETS } from '../address.js';
import { formatDates, shiftDate } from '../parts/format.js';

/**
 * The dates of a range, both included, or the starts of its first and last bucket of less than a day. `from` is null if all
 * dates are wanted and no coverage says when they began.
 */
export interface Dates {
  readonly from: string | null;
  readonly to: string;
}

const LABELS: Readonly<Record<NamedRange, string>> = {
  today: 'Today',
  yesterday: 'Yesterday',
  '24h': '24 hours',
  '7d': '7 days',
  '30d': '30 days',
  '90d': '90 days',
  month: 'Month to date',
  'last-month': 'Last month',
  year: 'Year to date',
  '12m': '12 months',
  all: 'All',
};

/** The dates of an address that names its own. Without `from` they are 90 days, without `to` they end today. */
export function ownDates(
  { from, to }: Pick<MetricAddress, 'from' | 'to'>,
  today: string,
): Dates & { readonly from: string } {
  const last = to ?? (from !== null && localDateOf(from) > today ? from : today);
  return { from: from ?? shiftDate(localDateOf(last), -89), to: last };
}

/** True if a range is of days and not of hours: its bounds are dates. */
export function isOfDates({ from, to }: Dates): boolean {
  return (from === null || isLocalDate(from)) && isLocalDate(to);
}

/** The days that a range has, or a part of one. */
export function daysOf({ from, to }: Dates): number {
  if (from === null) return LONG_AGO;
  const length = (utcOf(to) - utcOf(from)) / DAY;
  return isOfDates({ from, to }) ? length + 1 : Math.max(length, 0);
}

const DAY = 86_400_000;
/** More are no chart that anyone reads: quarters of an hour of a month are 2,976. */
const MOST_BUCKETS = 3_000;

/** True if a chart of a range can have the points of a period. Those of days and longer ones always can. */
export function fits(period: string, days: number): boolean {
  const minutes = minutesOf(period);
  return minutes === null || (days * 1_440) / minutes <= MOST_BUCKETS;
}

/**
 * The presets of a metric in a period that can be chosen.
 *
 * @param hasTimes true if it has hours or minutes, for a day by hours
 * @param since its first date; null: not known
 */
export function fittingPresets(
  period: string | null,
  hasTimes: boolean,
  today: string,
  since: string | null,
): readonly NamedRange[] {
  if (period !== null && minutesOf(period) === null) return PRESETS;
  const days = hasTimes ? DAY_PRESETS : [];
  return [
    ...days,
    ...PRESETS.filter((preset) => period === null || fits(period, daysOf(presetDates(preset, today, since)))),
  ];
}

/** The range of hours or minutes if the address names none: a week by hours, a day by minutes. */
export function automaticTimes(period: string): NamedRange {
  return minutesOf(period) === 60 ? '7d' : '24h';
}

/** The dates that a preset means today. @param since the first covered date; null: not known */
export function presetDates(preset: NamedRange, today: string, since: string | null): Dates {
  const month = `${today.slice(0, 7)}-01`;
  switch (preset) {
    case 'today':
      return { from: today, to: today };
    case 'yesterday':
      return { from: shiftDate(today, -1), to: shiftDate(today, -1) };
    case '24h':
      // a part of yesterday: which, only the clock of the server knows
      return { from: shiftDate(today, -1), to: today };
    case '7d':
      return { from: shiftDate(today, -6), to: today };
    case '30d':
      return { from: shiftDate(today, -29), to: today };
    case '90d':
      return { from: shiftDate(today, -89), to: today };
    case 'month':
      return { from: month, to: today };
    case 'last-month': {
      const to = shiftDate(month, -1);
      return { from: `${to.slice(0, 7)}-01`, to };
    }
    case 'year':
      return { from: `${today.slice(0, 4)}-01-01`, to: today };
    case '12m':
      return { from: shiftDate(yearBefore(today), 1), to: today };
    case 'all':
      return { from: since === null || since > today ? null : since, to: today };
  }
}

/** The presets to choose from, each with its dates if they are known: '7 days · Nov 24 – 30, 2026'. */
export function presetChoices<P extends NamedRange>(
  presets: readonly P[],
  today: string,
  since: string | null,
): { value: P; label: string }[] {
  return presets.map((value) => {
    const { from, to } = presetDates(value, today, since);
    const isKnown = from !== null && value !== '24h';
    return { value, label: isKnown ? `${LABELS[value]} · ${formatDates(from, to)}` : LABELS[value] };
  });
}

/** The interface answers with 10,000 points at most. */
const MOST_DAYS = 9_999;

/** The first date that "all" means of a metric: of days and rolling periods at most 27 years ago. */
export function sinceIn({ name, since }: Pick<PeriodResource, 'name' | 'since'>, today: string): string | null {
  return name.startsWith('CALENDAR_') ? since : latest(since, today);
}

/** The first date that "all" means of several metrics; null if none has statistics. */
export function sinceOfAll(dates: readonly (string | null)[], today: string): string | null {
  return latest(dates.filter((date) => date !== null).sort()[0] ?? null, today);
}

function latest(since: string | null, today: string): string | null {
  const earliest = shiftDate(today, -MOST_DAYS + 1);
  return since !== null && since < earliest ? earliest : since;
}

/** Ten years in days, for a range of which no coverage says when it began. */
export const LONG_AGO = 3_660;

/** True if a chart shows a value as more than a line along its axis. */
export function isSeen(value: number | null): boolean {
  return value !== null && value !== 0;
}

/** The ranges that are tried, the shortest first, if the address names none. */
export const AUTOMATIC: readonly Preset[] = ['30d', '90d', '12m', 'all'];

/** The range of what has just begun: in a month most of a chart would be empty. */
export const NEW: Preset = '7d';

/** True if a range of seven days has all there is. @param since the first covered date; null: not known */
export function isNew(since: string | null, today: string): boolean {
  return since !== null && since >= (presetDates(NEW, today, null).from ?? since);
}

/** One or two values are no chart. */
const ENOUGH = 3;

/**
 * Chooses the shortest range with something to see in it. A metric without values this month is shown over a year, and
 * not as thirty zeros.
 *
 * @param values of the last twelve months, by date
 * @param since the first covered date; null: not known
 */
export function automaticRange(
  values: readonly { date: string; value: number | null }[],
  today: string,
  since: string | null,
): Preset {
  if (isNew(since, today)) return NEW;
  const seen = values.filter(({ value }) => isSeen(value));
  const found = AUTOMATIC.find((preset) => {
    const { from } = presetDates(preset, today, null);
    return from !== null && seen.filter(({ date }) => date >= from).length >= ENOUGH;
  });
  if (found !== undefined) return found;
  // a year without values, or with few long calendar periods, is shown as a whole; a metric that began lately, over a month
  const isOld = since === null || since < (presetDates('90d', today, null).from ?? since);
  return isOld ? 'all' : '30d';
}

function yearBefore(date: string): string {
  const year = String(Number(date.slice(0, 4)) - 1).padStart(4, '0');
  return date.endsWith('-02-29') ? `${year}-02-28` : `${year}${date.slice(4)}`;
}
