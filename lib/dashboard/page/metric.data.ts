import type {
  DimensionsResource,
  MultiSeriesResponse,
  ObjectResource,
  PointResource,
  SeriesResponse,
  UnitResource,
} from '../../http/resources.js';
import type { MetricAddress } from './address.js';
import { get, type Query } from './api.js';
import { formatInstant, shiftDate } from './format.js';
import type { ChosenScope, ScopeOption } from './metric.scope.js';
import { pointsIn, startOfBefore } from './period.js';

/** One line of what is shown. */
export interface ShownSeries {
  readonly label: string;
  readonly object?: ObjectResource;
  readonly dimensions?: DimensionsResource;
  readonly values: readonly (number | null)[];
  /** decimals, where they were asked for */
  readonly exact: readonly (string | null)[] | null;
  readonly complete: readonly boolean[];
}

/** The range before: as many points of the same lines, in the same order. */
export interface Before {
  readonly dates: readonly string[];
  readonly lines: readonly ShownSeries[];
}

/** The data of a metric's page, as columns over the same dates. */
export interface Shown {
  readonly dates: readonly string[];
  readonly lines: readonly ShownSeries[];
  readonly before: Before | null;
  /** when it was computed, in words; null where that is not known */
  readonly asOf: string | null;
  /** of the metric, if it has one */
  readonly unit?: UnitResource | undefined;
}

const DAYS = { '30d': 30, '90d': 90, '1y': 365 } as const;
/** Ten years, where no coverage says when values began. */
const LONG_AGO = 3_660;

/** Asks for what an address shows. @param exact with decimals as they are stored, which only an export needs */
export async function load(
  address: MetricAddress,
  choice: ChosenScope,
  signal: AbortSignal,
  exact = false,
): Promise<Shown> {
  const { scope, period } = choice;
  const asked: Query = {
    metric: address.metric,
    period: period.name,
    exact: exact ? 'true' : null,
    ...scope.query,
    ...rangeOf(address, choice),
  };
  const compares = address.compares && canCompare(address, scope);
  if (scope.by !== '') {
    const { data } = await get<MultiSeriesResponse>(['multi-series'], { ...asked, top: address.top }, signal);
    const before = compares && data.series.length > 0 ? await beforeOf(data, asked, signal) : null;
    return trimmed({ dates: data.dates, lines: linesOf(data), before, asOf: null }, address);
  }
  const { data } = await get<SeriesResponse>(['series'], { ...asked, compare: compares ? 'previous' : null }, signal);
  return trimmed(ofOne(data), address);
}

/** True if there is a previous range, and its series can be requested. */
export function canCompare({ range }: MetricAddress, { query }: ScopeOption): boolean {
  return range !== 'all' && query['statistic'] === undefined;
}

/** The same objects in the range before, whoever was on top then. */
async function beforeOf(now: MultiSeriesResponse, asked: Query, signal: AbortSignal): Promise<Before> {
  const [first = ''] = now.dates;
  const ids = now.series.flatMap(({ object }) => (object === undefined ? [] : [object.id]));
  const range = { from: startOfBefore(first, now.dates.length, now.period), to: shiftDate(first, -1), last: null };
  const { data } = await get<MultiSeriesResponse>(['multi-series'], { ...asked, ...range, object_id: ids }, signal);
  const lines = linesOf(data);
  const sorted = ids.map((id) => lines.find(({ object }) => object?.id === id)).filter((line) => line !== undefined);
  return { dates: data.dates, lines: sorted };
}

function rangeOf({ range, from, to }: MetricAddress, { period }: ChosenScope): Query {
  switch (range) {
    case 'own':
      return { from: from ?? (to === null ? null : shiftDate(to, -89)), to };
    case 'all':
      return period.coverage === null ? { last: LONG_AGO } : { from: period.coverage.from };
    default:
      return { last: pointsIn(DAYS[range], period.name) };
  }
}

/** Of everything, what comes before the first value is left out. */
function trimmed(shown: Shown, { range }: MetricAddress): Shown {
  const first = shown.dates.findIndex((_, place) => shown.lines.some(({ values }) => (values[place] ?? null) !== null));
  if (range !== 'all' || first < 1) return shown;
  const lines = shown.lines.map((line) => ({
    ...line,
    values: line.values.slice(first),
    exact: line.exact?.slice(first) ?? null,
    complete: line.complete.slice(first),
  }));
  return { ...shown, dates: shown.dates.slice(first), lines };
}

function ofOne({ points, comparison, asOf }: SeriesResponse): Shown {
  const before = comparison === null ? null : comparison.points;
  return {
    dates: points.map(({ date }) => date),
    lines: [lineOf('Value', points)],
    before: before === null ? null : { dates: before.map(({ date }) => date), lines: [lineOf('Value', before)] },
    asOf: asOf === null ? null : formatInstant(asOf),
  };
}

function lineOf(label: string, points: readonly PointResource[]): ShownSeries {
  return {
    label,
    values: points.map(({ value }) => value),
    exact: points.some(({ exactValue }) => exactValue !== undefined)
      ? points.map((point) => point.exactValue ?? null)
      : null,
    complete: points.map(({ complete }) => complete),
  };
}

function linesOf({ series }: MultiSeriesResponse): ShownSeries[] {
  return series.map(({ object, dimensions, values, exactValues, complete }) => ({
    label: nameOf(object, dimensions),
    ...(object === undefined ? {} : { object }),
    ...(dimensions === undefined ? {} : { dimensions }),
    values,
    exact: exactValues ?? null,
    complete,
  }));
}

function nameOf(object: ObjectResource | undefined, dimensions: DimensionsResource | undefined): string {
  if (object !== undefined) return object.label ?? `${object.type} ${object.id}`;
  const parts = Object.entries(dimensions ?? {}).map(
    ([name, value]) => `${name} ${value === null ? '–' : String(value)}`,
  );
  return parts.join(', ');
}
