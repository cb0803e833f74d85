import type { CatalogMetric, ObjectResource, SeriesResponse, SummaryResponse } from '../../../http/resources.js';
import type { ObjectAddress, Preset, Range } from '../address.js';
import { get, type Query } from '../api.js';
import { allMetrics } from '../metric/metric.catalog.js';
import { comparisonOf } from '../metric/comparison.js';
import {
  AUTOMATIC,
  daysOf,
  fits,
  isNew,
  isSeen,
  NEW,
  ownDates,
  presetDates,
  sinceIn,
  sinceOfAll,
} from '../metric/range.js';

/** A metric of one object over a range. */
export interface ObjectItem {
  readonly metric: CatalogMetric;
  readonly period: string;
  /** null: the range has too many points of the period */
  readonly summary: SummaryResponse | null;
  readonly trend: readonly (number | null)[];
  /** how many of the last known values of `trend` have a date that is not over */
  readonly openValues: number;
}

export interface ObjectOverview {
  readonly object: ObjectResource;
  readonly items: readonly ObjectItem[];
  readonly preset: Exclude<Range, ''>;
  readonly today: string;
}

/** Requests at a time: browsers open six connections, and other parts of the page need some. */
const AT_ONCE = 4;

/** Asks for every metric that has statistics of the type of an object, over the range of the address. */
export async function loadObject(address: ObjectAddress, signal: AbortSignal): Promise<ObjectOverview> {
  const { type, id, range } = address;
  const metrics = (await allMetrics(signal)).filter((metric) => periodOf(metric, type, id) !== undefined);
  const today = metrics[0]?.today ?? '1970-01-01';
  let found: ObjectOverview | null = null;
  // objects are shown by days, which the last 24 hours are not
  for (const preset of range === '' ? automatic(address, metrics, today) : [range === '24h' ? 'today' : range]) {
    const items = await inTurn(metrics, (metric) => itemOf(metric, address, preset, signal));
    const object = items.find(({ summary }) => summary?.object !== undefined)?.summary?.object;
    found = { object: object ?? { type, id, label: null }, items, preset, today };
    if (items.some(({ trend }) => trend.filter(isSeen).length > 1)) break;
  }
  if (found === null) throw new TypeError('no range was tried');
  return found;
}

function automatic({ type, id }: ObjectAddress, metrics: readonly CatalogMetric[], today: string): readonly Preset[] {
  const since = metrics.map((metric) => periodOf(metric, type, id)?.since ?? null);
  return isNew(sinceOfAll(since, today), today) ? [NEW] : AUTOMATIC;
}

async function itemOf(
  metric: CatalogMetric,
  address: ObjectAddress,
  preset: Exclude<Range, ''>,
  signal: AbortSignal,
): Promise<ObjectItem> {
  const { type, id } = address;
  const period = periodOf(metric, type, id);
  const range =
    preset === 'own'
      ? ownDates(address, metric.today)
      : presetDates(preset, metric.today, period === undefined ? null : sinceIn(period, metric.today));
  if (!fits(period?.name ?? 'DAY', daysOf(range))) {
    return { metric, period: period?.name ?? 'DAY', summary: null, trend: [], openValues: 0 };
  }
  const query: Query = {
    metric: metric.key,
    period: period?.name ?? 'DAY',
    from: range.from ?? metric.today,
    to: range.to,
    object_type: type,
    object_id: id,
  };
  const [summary, series] = await Promise.all([
    get<SummaryResponse>(
      ['summary'],
      { ...query, compare: comparisonOf('', period?.name ?? 'DAY', preset, range) },
      signal,
    ),
    get<SeriesResponse>(['series'], query, signal),
  ]);
  const { points } = series.data;
  const known = points.filter(({ value }) => value !== null);
  const openValues = known.length - 1 - known.findLastIndex(({ complete }) => complete);
  const trend = points.map(({ value }) => value);
  return { metric, period: period?.name ?? 'DAY', summary: summary.data, trend, openValues };
}

function periodOf(
  { scopes }: CatalogMetric,
  type: string,
  id: string,
): CatalogMetric['scopes'][number]['periods'][number] | undefined {
  const own = scopes.filter(
    (scope) =>
      (scope.kind === 'objects' && scope.objectType === type) ||
      (scope.kind === 'object' && scope.object.type === type && scope.object.id === id),
  );
  const periods = own.flatMap((scope) => scope.periods);
  return periods.find(({ name }) => name === 'DAY') ?? periods[0];
}

async function inTurn<T, R>(all: readonly T[], work: (one: T) => Promise<R>): Promise<R[]> {
  const results: R[] = [];
  for (let first = 0; first < all.length; first += AT_ONCE) {
    results.push(...(await Promise.all(all.slice(first, first + AT_ONCE).map(work))));
  }
  return results;
}
