import type { SummaryItem, SummariesResponse } from '../../../http/resources.js';
import type { Comparison, OverviewAddress, Preset } from '../address.js';
import { get, type Query } from '../api.js';
import { fittingComparison } from '../metric/comparison.js';
import { AUTOMATIC, type Dates, daysOf, fits, isSeen, presetDates, sinceOfAll } from '../metric/range.js';

export interface Overview {
  readonly items: readonly SummaryItem[];
  readonly preset: Preset;
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
 * happened, so that a quiet month does not look like an empty application.
 */
export async function loadOverview({ period, range }: OverviewAddress, signal: AbortSignal): Promise<Overview> {
  let found: Overview | null = null;
  for (const preset of range === '' ? AUTOMATIC : [range]) {
    found = await loadPreset(preset, period, found, signal);
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
  preset: Preset,
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
  const { items, now } = await allPages({ period: asked, range, comparison }, null, signal);
  return {
    items: comparison === null ? items.map(withoutComparison) : items,
    preset,
    range,
    comparison,
    today,
    now,
  };
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
