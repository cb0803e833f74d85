/** The address contains the state of the page, so that it can be shared, kept and returned to. */

export const VIEWS = ['lines', 'bars', 'table'] as const;
export type View = (typeof VIEWS)[number];

/** The ranges that are named. Their dates depend on today. */
export const PRESETS = ['7d', '30d', '90d', 'month', 'last-month', 'year', '12m', 'all'] as const;
/** Those of a metric with hours or minutes: one day of it, or the last 24 hours. */
export const DAY_PRESETS = ['today', 'yesterday', '24h'] as const;
export type DayPreset = (typeof DAY_PRESETS)[number];
export type Preset = (typeof PRESETS)[number];
export type NamedRange = Preset | DayPreset;

/** '': the shortest preset that has something to show; 'own': the dates of the address */
export type Range = '' | NamedRange | 'own';

export const COMPARISONS = ['previous', 'week', 'month', 'quarter', 'year', 'weekdays'] as const;
export type Comparison = (typeof COMPARISONS)[number];
/** '': the one that fits the range, for its value and its ranking, without a line of its own in the chart */
export type Compare = '' | 'none' | Comparison;

export const SORTS = ['name', 'value', 'change'] as const;
export type Sort = (typeof SORTS)[number];

/** By what a ranking is sorted. */
export const RANKS = ['value', 'before', 'change'] as const;
export type Rank = (typeof RANKS)[number];

export interface OverviewAddress {
  readonly page: 'overview';
  /** only metrics whose name, key, domain or description has these words */
  readonly search: string;
  /** ref of a domain; '': all */
  readonly domain: string;
  /** '': each metric's first */
  readonly period: string;
  readonly range: '' | NamedRange;
  readonly as: 'tiles' | 'table';
  readonly sort: Sort;
  readonly order: 'asc' | 'desc';
}

export interface MetricAddress {
  readonly page: 'metric';
  /** 'shopping/order_count' */
  readonly metric: string;
  /** further metrics in the same chart */
  readonly with: readonly string[];
  readonly period: string | null;
  readonly range: Range;
  /** of a range of one's own */
  readonly from: string | null;
  readonly to: string | null;
  /** the range that a part of the chart was drawn over in, as `rangeText` has it; '': the range is no such part */
  readonly zoomedFrom: string;
  readonly compare: Compare;
  /** the object type or custom statistic that is shown by its parts */
  readonly by: string | null;
  /** id of the one object of the type `by` that is shown, or the dimensions of the one group as JSON; null: the greatest */
  readonly object: string | null;
  readonly top: number;
  readonly as: View;
  /** ids of the lines that the legend hides */
  readonly hidden: readonly string[];
  /** words to find in the ranking */
  readonly search: string;
  readonly rank: Rank;
  readonly order: 'asc' | 'desc';
  /** page of the ranking, from 0 */
  readonly place: number;
  /** true: lines have a logarithmic axis */
  readonly isLogarithmic: boolean;
  /** true: open dates are counted now, where the period allows it */
  readonly isLive: boolean;
  /** true: the chart alone, to be embedded in another page */
  readonly isEmbedded: boolean;
}

export interface ObjectAddress {
  readonly page: 'object';
  readonly type: string;
  readonly id: string;
  readonly range: Range;
  /** of a range of one's own */
  readonly from: string | null;
  readonly to: string | null;
}

export type Address =
  | OverviewAddress
  | MetricAddress
  | ObjectAddress
  | { readonly page: 'trackers' }
  | { readonly page: 'tracker'; readonly tracker: string };

export const TOP = 5;
export const TOP_LIMIT = 10;
/** More lines than colours could not be told apart. */
export const WITH_LIMIT = 9;
const DATE = /^\d{4}-\d{2}-\d{2}$/;
const INSTANT = /^\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}(Z|[+-]\d{2}:\d{2})$/;

export const OVERVIEW: OverviewAddress = {
  page: 'overview',
  search: '',
  domain: '',
  period: '',
  range: '',
  as: 'tiles',
  sort: 'name',
  order: 'asc',
};

/** Reads the part of an address from `?` on. What it does not know is taken as absent: an address may be typed by hand. */
export function parseAddress(search: string): Address {
  const query = new URLSearchParams(search);
  const [metric, ...others] = query.getAll('metric');
  if (metric !== undefined) return metricAddress(metric, others, query);
  const tracker = query.get('tracker');
  if (tracker !== null) return { page: 'tracker', tracker };
  if (query.get('view') === 'trackers') return { page: 'trackers' };
  const [type, id] = [query.get('object_type'), query.get('object_id')];
  if (type !== null && id !== null) return { page: 'object', type, id, ...rangeIn(query) };
  return {
    page: 'overview',
    search: query.get('q') ?? '',
    domain: query.get('domain') ?? '',
    period: query.get('period') ?? '',
    range: namedIn(query),
    as: oneOf(query.get('as'), ['tiles', 'table'], 'tiles'),
    sort: oneOf(query.get('sort'), SORTS, 'name'),
    order: oneOf(query.get('order'), ['asc', 'desc'], 'asc'),
  };
}

/** The address of a page, relative to the one that is shown. Defaults are left out. */
export function hrefOf(address: Address): string {
  const query = new URLSearchParams(entriesOf(address).filter(([, value]) => value !== ''));
  return `?${query.toString()}`;
}

/** A metric's page as one comes to it first. */
export function toMetric(metric: string, part: Partial<MetricAddress> = {}): MetricAddress {
  return { ...metricAddress(metric, [], new URLSearchParams()), ...part };
}

/** A part of the range of a metric's page, which can be left again for the range that it was first a part of. */
export function zoomedIn(address: MetricAddress, from: string | null, to: string | null): MetricAddress {
  const zoomedFrom = address.zoomedFrom === '' ? rangeText(address) : address.zoomedFrom;
  return { ...address, range: 'own', from, to, zoomedFrom, place: 0 };
}

/** The range that the range of a metric's page is a part of. */
export function zoomedOut(address: MetricAddress): MetricAddress {
  return { ...address, ...rangeOfText(address.zoomedFrom), zoomedFrom: '', place: 0 };
}

/** The overview over the range of another page. It has no range of one's own. */
export function toOverview(from: Address, domain = ''): OverviewAddress {
  const range = 'range' in from && from.range !== 'own' ? from.range : '';
  return { ...OVERVIEW, domain, range };
}

/** True if a page shows the new address by itself, so that the focus and the scroll position stay. */
export function isSamePage(a: Address, b: Address): boolean {
  return identityOf(a) === identityOf(b);
}

/** The part of an address that makes it another page. */
export function identityOf(address: Address): string {
  switch (address.page) {
    case 'metric':
      return JSON.stringify([address.page, address.metric, address.by === null ? null : address.object]);
    case 'object':
      return JSON.stringify([address.page, address.type, address.id]);
    case 'tracker':
      return JSON.stringify([address.page, address.tracker]);
    default:
      return address.page;
  }
}

function metricAddress(metric: string, others: readonly string[], query: URLSearchParams): MetricAddress {
  return {
    page: 'metric',
    metric,
    with: [...new Set(others)].filter((other) => other !== metric).slice(0, WITH_LIMIT),
    period: query.get('period'),
    ...zoomIn(query),
    compare: comparisonIn(query),
    by: query.get('by'),
    object: query.get('object'),
    top: countIn(query.get('top')),
    as: oneOf(query.get('as'), VIEWS, 'lines'),
    hidden: [...new Set(query.getAll('hide'))].filter((id) => id !== ''),
    search: query.get('q') ?? '',
    rank: oneOf(query.get('sort'), RANKS, 'value'),
    order: oneOf(query.get('order'), ['asc', 'desc'], 'desc'),
    place: placeIn(query.get('place')),
    isLogarithmic: query.get('axis') === 'log',
    isLive: query.get('live') === 'true',
    isEmbedded: query.get('view') === 'chart',
  };
}

function entriesOf(address: Address): [string, string][] {
  switch (address.page) {
    case 'overview':
      return [
        ['q', address.search],
        ['domain', address.domain],
        ['period', address.period],
        ['range', address.range],
        ['as', unless(address.as, 'tiles')],
        ['sort', unless(address.sort, 'name')],
        ['order', unless(address.order, 'asc')],
      ];
    case 'trackers':
      return [['view', 'trackers']];
    case 'tracker':
      return [['tracker', address.tracker]];
    case 'object':
      return [['object_type', address.type], ['object_id', address.id], ...rangeEntries(address)];
    case 'metric':
      return metricEntries(address);
  }
}

function metricEntries(address: MetricAddress): [string, string][] {
  const { metric, period, compare, by, object, top, as, search, place } = address;
  return [
    ['view', address.isEmbedded ? 'chart' : ''],
    ...[metric, ...address.with].map((key): [string, string] => ['metric', key]),
    ['period', period ?? ''],
    ...rangeEntries(address),
    ['zoom', address.zoomedFrom],
    ['compare', compare],
    ['by', by ?? ''],
    ['object', object ?? ''],
    ['top', by === null || top === TOP ? '' : String(top)],
    ['as', unless(as, 'lines')],
    ...address.hidden.map((id): [string, string] => ['hide', id]),
    ['axis', address.isLogarithmic ? 'log' : ''],
    ['live', address.isLive ? 'true' : ''],
    ['q', search],
    ['sort', unless(address.rank, 'value')],
    ['order', unless(address.order, 'desc')],
    ['place', place === 0 ? '' : String(place)],
  ];
}

type RangePart = Pick<MetricAddress, 'range' | 'from' | 'to'>;

function rangeEntries({ range, from, to }: RangePart): [string, string][] {
  if (range !== 'own') return [['range', range]];
  return [
    ['from', from ?? ''],
    ['to', to ?? ''],
  ];
}

function unless(value: string, fallback: string): string {
  return value === fallback ? '' : value;
}

function rangeIn(query: URLSearchParams): RangePart {
  const from = dateIn(query, 'from');
  const to = dateIn(query, 'to');
  const isOwn = (from !== null || to !== null) && (from === null || to === null || !isAfter(from, to));
  if (isOwn) return { range: 'own', from, to };
  return { range: namedIn(query), from: null, to: null };
}

/** A range in one word: 'auto', the name of a preset, or dates of one's own as an interval of ISO 8601. */
function rangeText({ range, from, to }: RangePart): string {
  return range === '' ? 'auto' : range === 'own' ? `${from ?? ''}/${to ?? ''}` : range;
}

function rangeOfText(text: string): RangePart {
  const [from = '', to = ''] = text.split('/');
  return rangeIn(new URLSearchParams(text.includes('/') ? { from, to } : { range: text }));
}

function zoomIn(query: URLSearchParams): RangePart & Pick<MetricAddress, 'zoomedFrom'> {
  const part = rangeIn(query);
  const text = query.get('zoom') ?? '';
  // a text that names no range is not known
  const isKnown = part.range === 'own' && rangeText(rangeOfText(text)) === text;
  return { ...part, zoomedFrom: isKnown ? text : '' };
}

/** Instants are compared by their time, as one clock shows some twice, and dates by their text. */
function isAfter(from: string, to: string): boolean {
  return INSTANT.test(from) && INSTANT.test(to)
    ? Date.parse(from) > Date.parse(to)
    : from.slice(0, 10) > to.slice(0, 10);
}

/** `1y` and `compare=before` were in addresses that people may have kept. */
function namedIn(query: URLSearchParams): '' | NamedRange {
  const text = query.get('range');
  return text === '1y' ? '12m' : oneOf(text, ['', ...DAY_PRESETS, ...PRESETS], '');
}

function comparisonIn(query: URLSearchParams): Compare {
  const text = query.get('compare');
  return text === 'before' ? 'previous' : oneOf(text, ['', 'none', ...COMPARISONS], '');
}

function dateIn(query: URLSearchParams, name: string): string | null {
  // an address typed by hand has a + that reads as a space
  const text = query.get(name)?.replace(' ', '+') ?? '';
  if (INSTANT.test(text) && isDate(text.slice(0, 10)) && !Number.isNaN(Date.parse(text))) return text;
  return DATE.test(text) && isDate(text) ? text : null;
}

function countIn(text: string | null): number {
  const count = Number(text ?? TOP);
  return Number.isInteger(count) && count >= 1 ? Math.min(count, TOP_LIMIT) : TOP;
}

function placeIn(text: string | null): number {
  const place = Number(text ?? 0);
  return Number.isInteger(place) && place >= 0 && place < 100_000 ? place : 0;
}

function oneOf<T extends string>(text: string | null, choices: readonly T[], fallback: T): T {
  return choices.find((choice) => choice === text) ?? fallback;
}

function isDate(text: string): boolean {
  const time = Date.parse(text);
  return !Number.isNaN(time) && new Date(time).toISOString().startsWith(text); // February 31st is parsed as March 3rd
}
