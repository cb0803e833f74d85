import type { SummaryItem, SummariesResponse } from '../../../http/resources.js';
import type { Comparison, OverviewAddress, Preset } from '../address.js';
import { get, type Query } from '../api.js';
import { fittingComparison } from '../metric/comparison.js';
import { AUTOMATIC, type Dates, daysOf, fits, isSeen, LONG_AGO, presetDates } from '../metric/range.js';

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
  // the dates depend on the days of the metrics, which are known after the first answer
  const first = known ?? (await page({ period, range: null, comparison: null, offset: 0, limit: 1 }, signal));
  const { today } = first;
  const range = presetDates(preset, today, sinceOf(known?.items ?? []));
  const comparison = fittingComparison(preset, range);
  const asked = fits(period, daysOf(range)) ? period : '';
  const items: SummaryItem[] = [];
  for (;;) {
    const next = await page({ period: asked, range, comparison, offset: items.length, limit: null }, signal);
    items.push(...(comparison === null ? next.items.map(withoutComparison) : next.items));
    if (next.items.length === 0 || items.length >= next.total) {
      return { items, preset, range, comparison, today, now: next.now };
    }
  }
}

/** Before everything there is nothing to compare with. */
function withoutComparison(item: SummaryItem): SummaryItem {
  return { ...item, summary: item.summary && { ...item.summary, comparison: null } };
}

interface PageQuery {
  readonly period: string;
  readonly range: Dates | null;
  readonly comparison: Comparison | null;
  readonly offset: number;
  readonly limit: number | null;
}

async function page(
  { period, range, comparison, offset, limit }: PageQuery,
  signal: AbortSignal,
): Promise<{ items: readonly SummaryItem[]; total: number; today: string; now: string }> {
  const dates: Query =
    range === null ? {} : range.from === null ? { last: LONG_AGO } : { from: range.from, to: range.to };
  const asked = { period: period === '' ? null : period, compare: comparison };
  const query: Query = { points: POINTS, offset, limit, ...asked, ...dates };
  const { data, now } = await get<SummariesResponse>(['summaries'], query, signal);
  return { items: data.items, total: data.total, today: data.today, now };
}

/** The first covered date of some metrics; null if none has coverage. */
export function sinceOf(items: readonly SummaryItem[]): string | null {
  return items.flatMap(({ coverage }) => coverage?.from ?? []).sort()[0] ?? null;
}
