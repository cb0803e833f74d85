import type { OverviewItem, OverviewResponse } from '../../http/resources.js';
import { hrefOf, toMetric, type Address, type OverviewAddress } from './address.js';
import { announce } from './notice.js';
import { get } from './api.js';
import { field, selection } from './controls.js';
import { element, hidden } from './element.js';
import { changed } from './figures.js';
import { formatDate, formatNumber, UNKNOWN } from './format.js';
import type { Page, Surroundings } from './page.js';
import { periodLabel } from './period.js';
import { sparkline } from './sparkline.js';

const POINTS = 30;
const PERIODS = [
  'DAY',
  'WEEK',
  'MONTH',
  'CALENDAR_WEEK',
  'CALENDAR_MONTH',
  'CALENDAR_QUARTER',
  'CALENDAR_YEAR',
  'LIFETIME',
];

interface Row {
  readonly row: HTMLElement;
  readonly text: string;
}

/** All metrics, by domain. */
export async function overviewPage(address: OverviewAddress, { signal, go, rewrite }: Surroundings): Promise<Page> {
  const items = await allItems(address.period, signal);
  const sections = byDomain(items).map(({ name, items: own }) => sectionOf(name, own));
  const rows = sections.map(({ rows: own }) => own).flat();
  const none = element('p', { class: 'quiet', hidden: true }, 'No metric has that in its name.');
  let current = address;

  const filter = (text: string): void => {
    const words = text.toLowerCase().split(/\s+/);
    for (const { row, text: own } of rows) row.hidden = !words.every((word) => own.includes(word));
    for (const { card, rows: own } of sections) card.hidden = own.every(({ row }) => row.hidden);
    none.hidden = rows.length === 0 || rows.some(({ row }) => !row.hidden);
  };
  const search = element('input', { type: 'search', value: address.search, autocomplete: 'off', spellcheck: 'false' });
  search.addEventListener('input', () => {
    current = { ...current, search: search.value };
    rewrite(current);
    filter(search.value);
    announce(`${rows.filter(({ row }) => !row.hidden).length} metrics`);
  });
  filter(address.search);

  const choices = [
    { value: '', label: 'Default period' },
    ...PERIODS.map((value) => ({ value, label: periodLabel(value) })),
  ];
  const period = selection(choices, address.period, (value) => {
    go({ ...current, period: value });
  });
  const content = element(
    'div',
    { class: 'stack' },
    element('h1', { tabindex: -1 }, 'Metrics'),
    element('div', { class: 'controls' }, field('Search', search), field('Period', period)),
    rows.length === 0 ? noMetrics() : none,
    ...sections.map(({ card }) => card),
  );
  return {
    title: 'Metrics',
    content,
    follow(next: Address) {
      if (next.page !== 'overview' || next.period !== current.period) return false;
      current = next;
      search.value = next.search;
      filter(next.search);
      return true;
    },
  };
}

async function allItems(period: string, signal: AbortSignal): Promise<OverviewItem[]> {
  const items: OverviewItem[] = [];
  for (;;) {
    const query = { points: POINTS, offset: items.length, period: period === '' ? null : period };
    const { data } = await get<OverviewResponse>(['overview'], query, signal);
    items.push(...data.items);
    if (data.items.length === 0 || items.length >= data.total) return items;
  }
}

function byDomain(items: readonly OverviewItem[]): { name: string; items: OverviewItem[] }[] {
  const domains = new Map<string, { name: string; items: OverviewItem[] }>();
  for (const item of items) {
    const { ref, name } = item.metric.domain;
    const domain = domains.get(ref) ?? { name, items: [] };
    domain.items.push(item);
    domains.set(ref, domain);
  }
  return [...domains.values()];
}

function sectionOf(name: string, items: readonly OverviewItem[]): { card: HTMLElement; rows: Row[] } {
  const rows = items.map((item) => ({ row: rowOf(item), text: textOf(item) }));
  const columns = ['name', 'trend', 'value number', 'change number', 'on'];
  const titles = ['Metric', 'Trend', 'Value', 'Change', 'On'];
  const head = element(
    'thead',
    {},
    element(
      'tr',
      {},
      ...titles.map((title, place) => element('th', { scope: 'col', class: columns[place] ?? '' }, title)),
    ),
  );
  const table = element(
    'table',
    { class: 'metrics' },
    element('caption', { class: 'hidden' }, name),
    head,
    element('tbody', {}, ...rows.map(({ row }) => row)),
  );
  return { card: element('section', { class: 'card flush' }, element('h2', {}, name), table), rows };
}

function textOf({ metric }: OverviewItem): string {
  return `${metric.name} ${metric.key} ${metric.domain.name}`.toLowerCase();
}

function rowOf(item: OverviewItem): HTMLElement {
  const { metric, period, sparkline: points, last, change } = item;
  const value = change?.value ?? last?.value ?? null;
  const date = change?.date ?? last?.date ?? null;
  const open = last !== null && !last.complete ? last : null;
  return element(
    'tr',
    {},
    element(
      'th',
      { scope: 'row', class: 'name' },
      element('a', { href: hrefOf(toMetric(metric.key, period === 'DAY' ? null : period)) }, metric.name),
      element('div', { class: 'quiet small' }, element('code', {}, metric.key), ...suffix(period)),
    ),
    element('td', { class: 'trend' }, points.length === 0 ? '' : sparkline(points.map((point) => point.value))),
    element(
      'td',
      { class: 'value number' },
      element('strong', {}, formatNumber(value, metric.unit)),
      open !== null &&
        element(
          'div',
          { class: 'quiet small' },
          open.date === date ? 'so far' : `${formatNumber(open.value, metric.unit)} so far`,
        ),
    ),
    element('td', { class: 'change number' }, changed(change?.relative ?? null, change?.absolute ?? null, metric.unit)),
    element('td', { class: 'on quiet nowrap' }, date === null ? UNKNOWN : formatDate(date)),
  );
}

function suffix(period: string | null): (string | HTMLElement)[] {
  if (period === null) return [' · no totals'];
  return period === 'DAY' ? [] : [hidden('period:'), ` · ${periodLabel(period)}`];
}

function noMetrics(): HTMLElement {
  return element(
    'p',
    { class: 'quiet' },
    'There are no metrics yet. A metric is stored when something is first recorded for it: when a tracker first runs, for instance.',
  );
}
