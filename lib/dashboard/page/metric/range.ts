import type { MetricAddress, Preset } from '../address.js';
import { formatDates, shiftDate, utcOf } from '../parts/format.js';

/** The dates of a range, both included. `from` is null where everything is asked for and no coverage says since when. */
export interface Dates {
  readonly from: string | null;
  readonly to: string;
}

const LABELS: Readonly<Record<Preset, string>> = {
  '7d': '7 days',
  '30d': '30 days',
  '90d': '90 days',
  month: 'Month to date',
  'last-month': 'Last month',
  year: 'Year to date',
  '12m': '12 months',
  all: 'All',
};

export function presetLabel(preset: Preset): string {
  return LABELS[preset];
}

/** The dates of one's own, where one of them may be open: 90 days until `to`, and until today from `from`. */
export function ownDates(
  { from, to }: Pick<MetricAddress, 'from' | 'to'>,
  today: string,
): Dates & { readonly from: string } {
  const last = to ?? (from !== null && from > today ? from : today);
  return { from: from ?? shiftDate(last, -89), to: last };
}

/** The dates that a preset means today. @param since where everything begins; null: not known */
export function presetDates(preset: Preset, today: string, since: string | null): Dates {
  const month = `${today.slice(0, 7)}-01`;
  switch (preset) {
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

/** The dates of a preset in words, for its option: 'Nov 1 – 29, 2026'. */
export function presetHint(preset: Preset, today: string, since: string | null): string {
  const { from, to } = presetDates(preset, today, since);
  return from === null ? '' : formatDates(from, to);
}

/** The ranges to try, the shortest first, where the address names none. */
export const AUTOMATIC: readonly Preset[] = ['30d', '90d', '12m', 'all'];

/** Some values are a chart; one or two are not. */
const ENOUGH = 3;

/**
 * Chooses the shortest range with something to see in it: a metric that nothing happened to this month is shown over a
 * year, and not as thirty zeros.
 *
 * @param values of the last twelve months, by date
 * @param since where everything begins; null: not known
 */
export function automaticRange(
  values: readonly { date: string; value: number | null }[],
  today: string,
  since: string | null,
): Preset {
  const seen = values.filter(({ value }) => value !== null && value !== 0);
  const found = AUTOMATIC.find((preset) => {
    const { from } = presetDates(preset, today, null);
    return from !== null && seen.filter(({ date }) => date >= from).length >= ENOUGH;
  });
  if (found !== undefined) return found;
  // of a year without anything, or of long calendar periods, all that there is; of what has just begun, a month
  const isOld = since === null || since < (presetDates('90d', today, null).from ?? since);
  return isOld ? 'all' : '30d';
}

function yearBefore(date: string): string {
  const day = new Date(utcOf(date));
  const year = day.getUTCFullYear() - 1;
  return date.endsWith('-02-29') ? `${year}-02-28` : `${year}${date.slice(4)}`;
}
