/** The address contains the state of the page, so that it can be shared, kept and returned to. */

export type View = 'lines' | 'bars' | 'table';
export type Range = '30d' | '90d' | '1y' | 'all' | 'own';

export interface OverviewAddress {
  readonly page: 'overview';
  /** only metrics whose name or key holds this */
  readonly search: string;
  /** '': each metric's first */
  readonly period: string;
}

export interface MetricAddress {
  readonly page: 'metric';
  /** 'shopping/order_count' */
  readonly metric: string;
  readonly period: string | null;
  readonly range: Range;
  /** of a range of one's own */
  readonly from: string | null;
  readonly to: string | null;
  readonly compares: boolean;
  /** the object type whose objects are shown, each by itself */
  readonly by: string | null;
  readonly top: number;
  readonly as: View;
}

export type Address =
  | OverviewAddress
  | MetricAddress
  | { readonly page: 'trackers' }
  | { readonly page: 'tracker'; readonly tracker: string };

export const TOP = 5;
export const TOP_LIMIT = 10;
const DATE = /^\d{4}-\d{2}-\d{2}$/;

/** Reads the part of an address from `?` on. What it does not know is taken as absent: an address may be typed by hand. */
export function parseAddress(search: string): Address {
  const query = new URLSearchParams(search);
  const metric = query.get('metric');
  if (metric !== null) return metricAddress(metric, query);
  const tracker = query.get('tracker');
  if (tracker !== null) return { page: 'tracker', tracker };
  if (query.get('view') === 'trackers') return { page: 'trackers' };
  return { page: 'overview', search: query.get('q') ?? '', period: query.get('period') ?? '' };
}

/** The address of a page, relative to the one that is shown. Defaults are left out. */
export function hrefOf(address: Address): string {
  const query = new URLSearchParams(entriesOf(address).filter(([, value]) => value !== ''));
  return `?${query.toString()}`;
}

/** A metric's page as one comes to it first. */
export function toMetric(metric: string, period: string | null = null): MetricAddress {
  return { ...metricAddress(metric, new URLSearchParams()), period };
}

function metricAddress(metric: string, query: URLSearchParams): MetricAddress {
  const from = dateIn(query, 'from');
  const to = dateIn(query, 'to');
  return {
    page: 'metric',
    metric,
    period: query.get('period'),
    range: from !== null || to !== null ? 'own' : oneOf(query.get('range'), ['30d', '90d', '1y', 'all'], '90d'),
    from,
    to,
    compares: query.get('compare') === 'before',
    by: query.get('by'),
    top: countIn(query.get('top')),
    as: oneOf(query.get('as'), ['lines', 'bars', 'table'], 'lines'),
  };
}

function entriesOf(address: Address): [string, string][] {
  switch (address.page) {
    case 'overview':
      return [
        ['q', address.search],
        ['period', address.period],
      ];
    case 'trackers':
      return [['view', 'trackers']];
    case 'tracker':
      return [['tracker', address.tracker]];
    case 'metric':
      return metricEntries(address);
  }
}

function metricEntries(address: MetricAddress): [string, string][] {
  const { metric, period, range, from, to, compares, by, top, as } = address;
  const own = range === 'own';
  return [
    ['metric', metric],
    ['period', period ?? ''],
    ['range', own || range === '90d' ? '' : range],
    ['from', own ? (from ?? '') : ''],
    ['to', own ? (to ?? '') : ''],
    ['compare', compares ? 'before' : ''],
    ['by', by ?? ''],
    ['top', by === null || top === TOP ? '' : String(top)],
    ['as', as === 'lines' ? '' : as],
  ];
}

function dateIn(query: URLSearchParams, name: string): string | null {
  const text = query.get(name);
  return text !== null && DATE.test(text) && isDate(text) ? text : null;
}

function countIn(text: string | null): number {
  const count = Number(text ?? TOP);
  return Number.isInteger(count) && count >= 1 ? Math.min(count, TOP_LIMIT) : TOP;
}

function oneOf<T extends string>(text: string | null, choices: readonly T[], fallback: T): T {
  return choices.find((choice) => choice === text) ?? fallback;
}

function isDate(text: string): boolean {
  const time = Date.parse(text);
  return !Number.isNaN(time) && new Date(time).toISOString().startsWith(text); // February 31st is parsed as March 3rd
}
