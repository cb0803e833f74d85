import { minutesOf } from '../../../chart/moments.js';
import type { SummaryItem } from '../../../http/resources.js';
import type { MetricAddress, OverviewAddress } from '../address.js';

/** Which metrics are listed, and in which order. */

/** A list of metrics, as tiles or as a table. */
export interface ListProps {
  readonly caption: string;
  readonly items: readonly SummaryItem[];
  readonly address: OverviewAddress;
  readonly favourites: readonly string[];
  readonly onFavourite: (key: string) => void;
}

export interface DomainGroup {
  readonly ref: string;
  readonly name: string;
  readonly items: readonly SummaryItem[];
}

/** True if all words of a search are in a metric's name, key, domain or description. */
export function matches({ metric, description }: SummaryItem, words: readonly string[]): boolean {
  const text = `${metric.name} ${metric.key} ${metric.domain.name} ${description ?? ''}`.toLowerCase();
  return words.every((word) => text.includes(word));
}

export function wordsOf(search: string): string[] {
  return search
    .toLowerCase()
    .split(/\s+/)
    .filter((word) => word !== '');
}

/** The metrics that an address asks for, sorted; the favourites first. */
export function listed(
  items: readonly SummaryItem[],
  { search, domain, sort, order }: Pick<OverviewAddress, 'search' | 'domain' | 'sort' | 'order'>,
): SummaryItem[] {
  const words = wordsOf(search);
  const found = items.filter((item) => (domain === '' || item.metric.domain.ref === domain) && matches(item, words));
  const direction = order === 'asc' ? 1 : -1;
  return found.sort((a, b) => {
    const [x, y] = [rankOf(a, sort), rankOf(b, sort)];
    // what is not known comes last, whichever way it is sorted
    if (x === null || y === null) return Number(x === null) - Number(y === null);
    return direction * (typeof x === 'string' ? x.localeCompare(String(y)) : x - Number(y));
  });
}

function rankOf({ metric, summary }: SummaryItem, sort: OverviewAddress['sort']): string | number | null {
  switch (sort) {
    case 'name':
      return metric.name;
    case 'value':
      return summary?.value ?? null;
    case 'change':
      return summary?.comparison?.relative ?? null;
  }
}

/** The metrics of each domain, the domains in the order of their names. */
export function byDomain(items: readonly SummaryItem[]): DomainGroup[] {
  const groups = new Map<string, { ref: string; name: string; items: SummaryItem[] }>();
  for (const item of items) {
    const { ref, name } = item.metric.domain;
    const group = groups.get(ref) ?? { ref, name, items: [] };
    group.items.push(item);
    groups.set(ref, group);
  }
  return [...groups.values()].sort((a, b) => a.name.localeCompare(b.name));
}

/** Leads to the same period as in the list, and to its range if one was chosen. Of a day the page chooses it likewise. */
export function metricPart({ period }: SummaryItem, address: OverviewAddress): Partial<MetricAddress> {
  const isChosen = period === null || period === 'DAY' || (address.period === '' && minutesOf(period) !== null);
  return { period: isChosen ? null : period, range: address.range };
}

/** The period that the values of a list are of; empty: of each metric its own. */
export function askedPeriod({ period, range }: OverviewAddress): string {
  return period === '' && range === '24h' ? 'HOUR' : period;
}
