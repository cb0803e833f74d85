import { minutesOf } from '../../../chart/moments.js';
import type { SummaryItem, SummariesResponse } from '../../../http/resources.js';
import { type Comparison, DAY_PRESETS, type NamedRange, type OverviewAddress } from '../address.js';
import { get, type Query } from '../api.js';
import { fittingComparison } from '../metric/comparison.js';
import { AUTOMATIC, type Dates, daysOf, fits, isNew, isSeen, NEW, presetDates, sinceOfAll } from '../metric/range.js';

export interface Overview {
  readonly items: readonly SummaryItem[];
  readonly preset: NamedRange;
  readonly range: Dates;
  /** null: with nothing */
  readonly comparison: Comparison | null;
  readonly today: string;
  readonly now: string;
}

/** As many as a line of this size can show. */
const POINTS = 60;

/**
 * Asks for all metrics over the range of an address. Where it names none: over the shortest range in which anything
 * happened, so that a quiet month does not look like an empty application, nor a new one like a month of nothing.
 */
export async function loadOverview({ period, range }: OverviewAddress, signal: AbortSignal): Promise<Overview> {
  let found: Overview | null = null;
  for (const preset of range === '' ? AUTOMATIC : [range]) {
    found = await loadPreset(preset, period, found, signal);
    if (range === '' && isNew(sinceOf(found.items, found.today), found.today)) {
      return loadPreset(NEW, period, found, signal);
    }
    if (hasValues(found.items)) break;
  }
  if (found === null) throw new TypeError('no range was tried');
  return found;
}

/** Rolling windows and running totals go on when nothing happens: of these alone nothing can be said. */
function hasValues(items: readonly SummaryItem[]): boolean {
  const own = items.filter(({ summary }) => summary !== null && summary.kind !== 'last');
  const counted = own.length === 0 ? items : own;
  return counted.some(({ trend }) => trend.filter(isSeen).length > 1);
}

async function loadPreset(
  preset: NamedRange,
  period: string,
  known: Overview | null,
  signal: AbortSignal,
): Promise<Overview> {
  // the dates depend on the day of the application, and of all dates on when the metrics begin
  const first =
    known ?? (await allPages({ period, range: null, comparison: null }, preset === 'all' ? null : 1, signal));
  const { today } = first;
  const range = presetDates(preset, today, sinceOf(first.items, today));
  const comparison = fittingComparison(preset, range);
  const asked = fits(period, daysOf(range)) ? period : '';
  const ask = (name: string): ReturnType<typeof allPages> => {
    const minutes = minutesOf(name);
    const own = preset === '24h' && minutes !== null ? lastDay(first.now, minutes) : range;
    return allPages({ period: name, range: own, comparison }, null, signal);
  };
  const { items: found, now } = await ask(asked);
  const isDay = asked === '' && DAY_PRESETS.some((one) => one === preset);
  const items = isDay ? await byHours(found, preset, async (name) => (await ask(name)).items) : found;
  return {
    items: comparison === null ? items.map(withoutComparison) : items,
    preset,
    range,
    comparison,
    today,
    now,
  };
}

/** The buckets of the last 24 hours that are over, by an instant in the first and one in the last of them. */
function lastDay(now: string, minutes: number): Dates {
  const before = (ago: number): string => new Date(Date.parse(now) - ago * 60_000).toISOString();
  return { from: before(1_440), to: before(minutes) };
}

/**
 * Asks for the metrics that have hours, or else minutes, by these: by days a day is one point. The last 24 hours are no
 * days, so there the others have no value.
 */
async function byHours(
  items: readonly SummaryItem[],
  preset: NamedRange,
  ask: (period: string) => Promise<readonly SummaryItem[]>,
): Promise<readonly SummaryItem[]> {
  const wanted = items.map(({ periods }) => longestTime(periods));
  const found = new Map<string, SummaryItem>();
  for (const period of new Set(wanted.filter((name) => name !== null))) {
    for (const item of await ask(period)) found.set(`${period} ${item.metric.key}`, item);
  }
  return items.map((item, place) => {
    const period = wanted[place] ?? null;
    if (period !== null) return found.get(`${period} ${item.metric.key}`) ?? item;
    return preset === '24h' ? { ...item, period: null, summary: null, trend: [], openValues: 0 } : item;
  });
}

function longestTime(periods: readonly string[]): string | null {
  const minutes = (name: string): number => minutesOf(name) ?? 0;
  const [longest = ''] = [...periods].sort((a, b) => minutes(b) - minutes(a));
  return minutesOf(longest) === null ? null : longest;
}

/** Before everything there is nothing to compare with. */
function withoutComparison(item: SummaryItem): SummaryItem {
  return { ...item, summary: item.summary && { ...item.summary, comparison: null } };
}

interface SummariesOf {
  readonly period: string;
  /** null: the last date of each */
  readonly range: Dates | null;
  readonly comparison: Comparison | null;
}

/** Asks for as many metrics as are wanted, or for all, page by page. */
async function allPages(
  { period, range, comparison }: SummariesOf,
  most: number | null,
  signal: AbortSignal,
): Promise<{ items: readonly SummaryItem[]; today: string; now: string }> {
  // without a first date nothing is stored
  const dates: Query = range === null || range.from === null ? { last: 1 } : { from: range.from, to: range.to };
  const asked: Query = { points: POINTS, period: period === '' ? null : period, compare: comparison, ...dates };
  const items: SummaryItem[] = [];
  for (;;) {
    const query = { ...asked, offset: items.length, limit: most };
    const { data, now } = await get<SummariesResponse>(['summaries'], query, signal);
    items.push(...data.items);
    const isWhole = most !== null || data.items.length === 0 || items.length >= data.total;
    if (isWhole) return { items, today: data.today, now };
  }
}

/** The first date of which a metric has statistics; null if none has. */
export function sinceOf(items: readonly SummaryItem[], today: string): string | null {
  return sinceOfAll(
    items.map(({ since }) => since),
    today,
  );
}
