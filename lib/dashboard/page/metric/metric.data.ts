import { isLocalDate, localDateOf, minutesOf, repeatedStarts } from '../../../chart/moments.js';
import type {
  CatalogMetric,
  DimensionsResource,
  MultiSeriesResponse,
  NamedSeriesResource,
  ObjectResource,
  PeriodResource,
  PointResource,
  SeriesResponse,
  SummaryResponse,
  UnitResource,
} from '../../../http/resources.js';
import { type Comparison, DAY_PRESETS, type MetricAddress, type Range } from '../address.js';
import { get, type Query, RequestError } from '../api.js';
import { pointLabel } from '../parts/period.js';
import { canCompare, comparisonOf } from './comparison.js';
import { metricsOf } from './metric.catalog.js';
import {
  chosen,
  type ChosenScope,
  dimensionQuery,
  partId,
  partQuery,
  scopesOf,
  type ScopeOption,
} from './metric.scope.js';
import {
  automaticRange,
  automaticTimes,
  type Dates,
  daysOf,
  fits,
  fittingPresets,
  isOfDates,
  isSeen,
  LONG_AGO,
  ownDates,
  presetDates,
  sinceIn,
} from './range.js';

/** One line of what is shown. */
export interface ShownSeries {
  /** unique among the lines, and the same whatever else is shown */
  readonly id: string;
  readonly label: string;
  readonly metric: string;
  readonly unit?: UnitResource | undefined;
  readonly better?: 'up' | 'down' | undefined;
  readonly object?: ObjectResource;
  readonly dimensions?: DimensionsResource;
  readonly values: readonly (number | null)[];
  /** decimals, where they were asked for */
  readonly exact: readonly (string | null)[] | null;
  readonly complete: readonly boolean[];
  /** the values that they are compared with, in the same order */
  readonly before?: readonly (number | null)[] | undefined;
  readonly exactBefore?: readonly (string | null)[] | null | undefined;
}

/** The data of a metric's page, as columns over the same dates. */
export interface Shown {
  readonly metrics: readonly CatalogMetric[];
  readonly scopes: readonly ScopeOption[];
  readonly choice: ChosenScope;
  readonly period: string;
  /** the dates, or the starts of buckets of less than a day */
  readonly dates: readonly string[];
  /** the first date of the range: before those of the chart, if nothing is known there */
  readonly firstDate: string | null;
  /** the starts at which the clock shows the same as at another one */
  readonly repeated: ReadonlySet<string>;
  readonly lines: readonly ShownSeries[];
  /** what the greatest leave out, where bars are stacked and values add up; null: nothing */
  readonly others: ShownSeries | null;
  /** what the value of the range and the ranking are compared with; null: nothing */
  readonly comparison: Comparison | null;
  /** the dates of the earlier values beside those of the lines; null: there are none beside them */
  readonly compared: { readonly dates: readonly string[] } | null;
  /** the range as a whole, of one line */
  readonly summary: SummaryResponse | null;
  /** the range as a whole of each line, if these are several metrics; those of a ranking have their places in it */
  readonly summaries: readonly (SummaryResponse | null)[];
  /** when it was computed; null where that is not known */
  readonly asOf: string | null;
  /** of all lines, if they have the same */
  readonly unit?: UnitResource | undefined;
  /** the one object that is shown, with its name */
  readonly object: ObjectResource | null;
  /** the name of the one object or group that is shown */
  readonly part: string | null;
  readonly today: string;
  readonly range: Dates;
  /** the range that the address asks for, or that was chosen for it */
  readonly preset: Range;
  /** the range as one value, as the figures and the ranking have it; null: it has no dates */
  readonly whole: WholeRange | null;
}

/** A metric that nothing is stored of has its name and nothing to show. */
export type Loaded = Shown | { readonly metrics: readonly CatalogMetric[]; readonly choice: null };

/** Asks for what an address shows. @param exact with decimals as they are stored, which only an export needs */
export async function load(address: MetricAddress, signal: AbortSignal, exact = false): Promise<Loaded> {
  const keys = [address.metric, ...address.with];
  const metrics = await metricsOf(keys, signal);
  const [metric] = metrics;
  if (metric === undefined) throw new RequestError(404, `There is no metric ${address.metric}.`);
  const scopes = scopesOf(metric);
  const choice = chosen(scopes, address);
  if (choice === null) return { metrics, choice };
  const { today } = metric;
  const request: Request = { address, choice, keys: metrics.map(({ key }) => key), exact, signal };
  const chosenRange = await rangeOf(request, today);
  const { preset } = chosenRange;
  const period = periodFor(address, choice, chosenRange.range);
  const drawn: Request = { ...request, choice: { ...choice, period } };
  const { found, range, whole, comparison, summaries } = await readRange(request, drawn, chosenRange);
  const { lines, compared } = found;
  const [unit] = lines.map((line) => JSON.stringify(line.unit));
  const all = found.others === null ? lines : [...lines, found.others];
  const since = drawn.choice.period.coverage?.from ?? null;
  const columns = trimmed({ dates: found.dates, lines: all, compared }, preset, since);
  return {
    metrics,
    scopes,
    choice: drawn.choice,
    period: period.name,
    comparison,
    dates: columns.dates,
    firstDate: (preset === 'all' ? columns.dates : found.dates)[0] ?? null,
    compared: columns.compared,
    lines: columns.lines.slice(0, lines.length),
    others: columns.lines[lines.length] ?? null,
    summary: lines.length === 1 ? (summaries[0] ?? null) : null,
    summaries,
    asOf: found.asOf,
    unit: lines.every((line) => JSON.stringify(line.unit) === unit) ? lines[0]?.unit : undefined,
    repeated: repeatedStarts([...found.dates, ...(compared?.dates ?? [])]),
    object: address.object === null ? null : (lines[0]?.object ?? null),
    part: address.object === null ? null : (lines[0]?.label ?? null),
    today,
    range,
    preset,
    whole,
  };
}

interface ReadRange {
  readonly found: Found;
  /** with the first and last whole bucket of the last 24 hours, which only the server knows */
  readonly range: Dates;
  readonly whole: WholeRange | null;
  readonly comparison: Comparison | null;
  readonly summaries: readonly (SummaryResponse | null)[];
}

/** Asks for the lines of a range and for each as one value, in as few steps as possible. @param drawn by its period */
async function readRange(request: Request, drawn: Request, chosenRange: FoundRange): Promise<ReadRange> {
  const { preset, year } = chosenRange;
  const { compare } = request.address;
  const [asked, period] = [request.choice.period, drawn.choice.period];
  const isBeside = preset !== 'all' && compare !== '' && compare !== 'none' && canCompare(period.name, compare);
  const known = isBeside || year === null || period !== asked ? null : within(year, chosenRange.range);
  const days = asked.name === period.name || minutesOf(period.name) !== null ? null : asked.name;
  const ahead = aheadOf(request, chosenRange.range, period.name, days);
  const against = (of: string, range: Dates): Comparison | null => comparisonOf(compare, of, preset, range);
  const [found, early] = await Promise.all([
    known ?? read(drawn, preset === '24h' ? null : chosenRange.range, isBeside ? compare : null),
    ahead &&
      summaryOf(drawn, ahead.line, ahead.whole, chosenRange.range, against(ahead.whole.period, chosenRange.range)),
  ]);
  // of the last 24 hours the one that is not over is drawn, and left out of what is compared
  const counted = preset === '24h' ? datesThatAreOver(found) : found.dates;
  const range = preset === '24h' ? boundsOf(counted, chosenRange.range) : chosenRange.range;
  const whole = wholeRange(counted, range, days, period.name);
  const comparison = against(whole?.period ?? period.name, range);
  if (early !== null) return { found, range, whole, comparison, summaries: [early] };
  const summed = found.lines.length === 1 || request.keys.length > 1 ? found.lines : [];
  const summaries = await Promise.all(
    summed.map((line) => summaryOf(drawn, summedLine(line), whole, range, comparison)),
  );
  return { found, range, whole, comparison, summaries };
}

/** More days than this are drawn by week or by month, where these are stored: hundreds of days are a thicket. */
const MANY_DAYS = 120;
const MANY_WEEKS = 1_100;

/** One or two days are no chart of days: hours are drawn, where these are stored. */
const FEW_DAYS = 2;
/** Fewer hours are no chart: minutes are drawn. */
const ENOUGH_BUCKETS = 12;

/**
 * The period that is drawn: the one that is asked for, or a longer one for a long range of days, or hours or minutes for a
 * day or a part of it.
 */
function periodFor({ period }: MetricAddress, choice: ChosenScope, range: Dates): PeriodResource {
  const days = daysOf(range);
  if (!fits(choice.period.name, days)) return fittingPeriod(choice, days);
  if (period !== null || choice.period.name !== 'DAY') return choice.period;
  if (days <= FEW_DAYS) return shorterPeriod(choice, days) ?? choice.period;
  if (days <= MANY_DAYS) return choice.period;
  const longer = days > MANY_WEEKS ? ['CALENDAR_MONTH', 'CALENDAR_WEEK'] : ['CALENDAR_WEEK', 'CALENDAR_MONTH'];
  const names = choice.scope.periods;
  return longer.map((name) => names.find((one) => one.name === name)).find((one) => one !== undefined) ?? choice.period;
}

/** The shortest period that is not too short for a range: a chart of a year by minutes would be half a million points. */
function fittingPeriod({ scope, period }: ChosenScope, days: number): PeriodResource {
  return byLength(scope).find(({ name }) => fits(name, days)) ?? period;
}

/** The longest period of less than a day that has enough buckets in a range, or else the shortest; null: it has none. */
function shorterPeriod({ scope }: ChosenScope, days: number): PeriodResource | null {
  const times = byLength(scope).filter(({ name }) => minutesOf(name) !== null);
  const enough = times.findLast(({ name }) => (days * 1_440) / lengthOf(name) >= ENOUGH_BUCKETS);
  return enough ?? times[0] ?? null;
}

/** The periods of less than a day by their length, the shortest first, and then the others. */
function byLength({ periods }: ScopeOption): PeriodResource[] {
  return [...periods].sort((a, b) => lengthOf(a.name) - lengthOf(b.name));
}

function lengthOf(period: string): number {
  return minutesOf(period) ?? Number.MAX_VALUE;
}

/** The dates up to the last of which every line has a final value; all of them if there is none. */
function datesThatAreOver({ dates, lines }: Pick<Found, 'dates' | 'lines'>): readonly string[] {
  const last = dates.findLastIndex((_, place) => lines.every(({ complete }) => complete[place] !== false));
  return last < 0 ? dates : dates.slice(0, last + 1);
}

/** The first and the last bucket of those that were found. */
function boundsOf(starts: readonly string[], asked: Dates): Dates {
  return { from: starts.at(0) ?? asked.from, to: starts.at(-1) ?? asked.to };
}

/** The dates and the period of which the range is one value. */
export interface WholeRange {
  readonly period: string;
  readonly from: string;
  readonly to: string;
}

/**
 * Returns the dates of one value. Drawn by week or month, a range still has the days that it names: it does not begin on a
 * Monday. Drawn by hours, days are asked for as days: where a clock is set back over midnight, there are minutes of the next
 * one between their first hour and their last.
 *
 * @param days the period of days, if a longer one is drawn
 */
export function wholeRange(
  dates: readonly string[],
  range: Dates,
  days: string | null,
  drawn: string,
): WholeRange | null {
  const [first, last] = [dates.at(0), dates.at(-1)];
  if (first === undefined || last === undefined) return null;
  const areNamed = days !== null || (minutesOf(drawn) !== null && isOfDates(range));
  if (!areNamed || range.from === null) return { period: drawn, from: first, to: last };
  return { period: days ?? drawn, from: range.from, to: range.to };
}

/** A date of what is shown: whether its values are not known, or not final. */
export function stateAt(
  { dates, lines, today, period }: StateOf,
  place: number,
): '' | 'so far' | 'not yet' | 'not known' {
  const isKnown = lines.some(({ values }) => (values[place] ?? null) !== null);
  if (!isKnown) return isToCome({ dates, lines, today }, place) ? 'not yet' : period === 'LIFETIME' ? '' : 'not known';
  const isOpen = lines.some(({ values, complete }) => (values[place] ?? null) !== null && complete[place] === false);
  return isOpen ? 'so far' : '';
}

type StateOf = Pick<Shown, 'dates' | 'lines' | 'today' | 'period'>;

/** True for a date after today, and for a bucket of today after which nothing is known. */
function isToCome({ dates, lines, today }: Omit<StateOf, 'period'>, place: number): boolean {
  const moment = dates[place] ?? '';
  const date = localDateOf(moment);
  if (date !== today || isLocalDate(moment)) return date > today;
  return lines.every(({ values, complete }) => {
    return complete[place] === false && values.slice(place).every((value) => value === null);
  });
}

/** True if the lines are the objects or groups with the greatest values, and not named one by one. */
export function isRanked({ by, object }: Pick<MetricAddress, 'by' | 'object'>): boolean {
  return by !== null && object === null;
}

/** True if the open dates of what is shown are counted now. */
export function isLive(address: MetricAddress, { period }: ChosenScope): boolean {
  return address.isLive && period.live;
}

interface Request {
  readonly address: MetricAddress;
  readonly choice: ChosenScope;
  readonly keys: readonly string[];
  readonly exact: boolean;
  readonly signal: AbortSignal;
}

interface Found {
  readonly others: ShownSeries | null;
  readonly dates: readonly string[];
  readonly lines: readonly ShownSeries[];
  readonly compared: { readonly dates: readonly string[] } | null;
  readonly asOf: string | null;
}

interface FoundRange {
  readonly preset: Range;
  readonly range: Dates;
  /** what was read of the last twelve months, to choose the range; null: it was named */
  readonly year: Found | null;
}

/** The named ranges that can be chosen for an address. */
export function presetsOf(
  { period }: MetricAddress,
  { periods }: ScopeOption,
  today: string,
): ReturnType<typeof fittingPresets> {
  const hasTimes = periods.some(({ name }) => minutesOf(name) !== null);
  const [first] = periods;
  const hasDays = periods.some(({ name }) => name === 'DAY');
  const own = hasDays || first === undefined || minutesOf(first.name) === null ? null : first.name;
  const asked = period ?? own;
  return fittingPresets(asked, hasTimes, today, periods.find(({ name }) => name === asked)?.since ?? null);
}

/** The range that is shown: the address's, or the shortest that has something to show. */
async function rangeOf(request: Request, today: string): Promise<FoundRange> {
  const { range } = request.address;
  const { period, scope } = request.choice;
  const begin = sinceIn(period, today);
  if (range === 'own') return { preset: range, range: ownDates(request.address, today), year: null };
  // a range that was chosen for days may be too long for minutes, and a day too short for months
  const named = presetsOf(request.address, scope, today).find((preset) => preset === range);
  const fitting = named ?? (minutesOf(period.name) === null ? undefined : automaticTimes(period.name));
  if (fitting !== undefined) return { preset: fitting, range: presetDates(fitting, today, begin), year: null };
  const year = await read(request, presetDates('12m', today, null));
  const values = year.dates.map((date, place) => ({
    date,
    value: year.lines.map((line) => line.values[place] ?? null).find(isSeen) ?? null,
  }));
  const preset = automaticRange(values, today, begin);
  return { preset, range: presetDates(preset, today, begin), year: isOfGreatest(request) ? null : year };
}

/**
 * Returns the line and the dates of a summary if they are known before the series is read, so that both are asked for at
 * once. A ranking has to be read first, and so have the dates of periods other than days.
 */
function aheadOf(
  request: Request,
  { from, to }: Dates,
  drawn: string,
  days: string | null,
): { readonly line: Summed; readonly whole: WholeRange } | null {
  const period = days ?? drawn;
  const [metric, ...others] = request.keys;
  if (metric === undefined || others.length > 0 || isOfGreatest(request)) return null;
  if (period !== 'DAY' || from === null) return null;
  return {
    line: { metric, query: partQuery(request.choice.scope, request.address.object) },
    whole: { period, from, to },
  };
}

/** True if the lines are those with the greatest values of the range, asked for or because there is no total. */
function isOfGreatest({ address, choice }: Request): boolean {
  return choice.scope.by !== '' && address.object === null;
}

/** The dates of a range, if it is within those that were read. */
function within(found: Found, { from, to }: Dates): Found | null {
  const first = from === null ? -1 : found.dates.indexOf(from);
  return first < 0 || found.dates.at(-1) !== to ? null : { ...found, ...columnsFrom(found, first) };
}

/** @param range null: the last 24 hours that are over, and the bucket after them, in which now is */
function rangeQuery(range: Dates | null, period: string): Query {
  if (range === null) return { last: 1_440 / (minutesOf(period) ?? 1_440) + 1 };
  const { from, to } = range;
  return from === null ? { last: LONG_AGO } : { from, to };
}

async function read(
  { address, choice, keys, exact, signal }: Request,
  range: Dates | null,
  compare: Comparison | null = null,
): Promise<Found> {
  const { scope, period } = choice;
  const asked: Query = {
    period: period.name,
    exact: exact ? 'true' : null,
    live: isLive(address, choice) ? 'true' : null,
    compare,
    ...scope.query,
    ...rangeQuery(range, period.name),
  };
  const { object } = address;
  if (keys.length > 1 || (scope.by !== '' && object === null)) {
    const isStacked = isRanked(address) && address.as === 'bars';
    const ranked: Query = { top: address.top, others: isStacked ? 'true' : null };
    const parts: Query = scope.by === '' ? {} : keys.length > 1 ? partQuery(scope, object) : ranked;
    const { data } = await get<MultiSeriesResponse>(['multi-series'], { ...asked, metric: keys, ...parts }, signal);
    const { comparison, series } = data;
    const lines = series.map((one) => lineOf(one, keys.length > 1));
    return {
      dates: data.starts ?? data.dates,
      lines,
      others: othersOf(data, lines),
      compared: comparison && { dates: comparison.starts ?? comparison.dates },
      asOf: null,
    };
  }
  const one: Query = { ...asked, metric: address.metric, ...partQuery(scope, object) };
  return ofOne((await get<SeriesResponse>(['series'], one, signal)).data);
}

/** A line of which the range is asked for as one value. */
interface Summed {
  readonly metric: string;
  /** its object or dimensions */
  readonly query: Query;
}

function summedLine({ metric, object, dimensions }: ShownSeries): Summed {
  return { metric, query: { object_id: object?.id ?? null, ...dimensionQuery(dimensions) } };
}

/** The range of one line as a whole. */
async function summaryOf(
  request: Request,
  line: Summed,
  whole: WholeRange | null,
  asked: Dates,
  comparison: Comparison | null,
): Promise<SummaryResponse | null> {
  const { address, choice, signal } = request;
  if (whole === null) return null;
  const query: Query = {
    metric: line.metric,
    ...whole,
    compare: comparison,
    live: isLive(address, choice) ? 'true' : null,
    ...choice.scope.query,
    ...line.query,
  };
  const summary = (await get<SummaryResponse>(['summary'], query, signal)).data;
  // of averages, distinct counts and levels the hours have no value of a day, and the day has
  const isOfDay = summary.kind === 'last' && minutesOf(whole.period) !== null && isOfDates(asked);
  const hasDays = choice.scope.periods.some(({ name }) => name === 'DAY');
  if (!isOfDay || !hasDays || asked.from === null) return summary;
  const ofDays: Query = { ...query, period: 'DAY', from: asked.from, to: asked.to };
  return (await get<SummaryResponse>(['summary'], ofDays, signal)).data;
}

/** Fewer dates are no chart of a range. */
const LEAST_DATES = 7;

type Columns = Pick<Shown, 'dates' | 'lines' | 'compared'>;

/** Leaves out the dates before the first that is known, unless the range is one's own: six days of 30 are a corner. */
function trimmed({ dates, lines, compared }: Columns, preset: Range, since: string | null): Columns {
  const isKnown = (date: string, place: number): boolean =>
    (since !== null && date >= since) ||
    lines.some(({ values, before }) => (values[place] ?? before?.[place] ?? null) !== null);
  const known = dates.findIndex(isKnown);
  const first = preset === 'all' ? known : Math.min(known, dates.length - LEAST_DATES);
  const isWhole = preset === 'own' || DAY_PRESETS.some((one) => one === preset);
  if (isWhole || first < 1) return { dates, lines, compared };
  return columnsFrom({ dates, lines, compared }, first);
}

function columnsFrom({ dates, lines, compared }: Columns, first: number): Columns {
  return {
    dates: dates.slice(first),
    compared: compared && { dates: compared.dates.slice(first) },
    lines: lines.map((line) => ({
      ...line,
      values: line.values.slice(first),
      exact: line.exact?.slice(first) ?? null,
      complete: line.complete.slice(first),
      before: line.before?.slice(first),
      exactBefore: line.exactBefore?.slice(first),
    })),
  };
}

function ofOne({ metric, object, dimensions, points, comparison, asOf }: SeriesResponse): Found {
  const isPart = object !== undefined || dimensions !== undefined;
  const line: ShownSeries = {
    id: isPart ? partId({ object, dimensions }) : metric.key,
    label: isPart ? nameOf(object, dimensions) : metric.name,
    metric: metric.key,
    unit: metric.unit,
    better: metric.better,
    ...(object !== undefined && { object }),
    ...(dimensions !== undefined && { dimensions }),
    values: points.map(({ value }) => value),
    exact: exactOf(points),
    complete: points.map(({ complete }) => complete),
    before: comparison?.points.map(({ value }) => value),
    exactBefore: comparison && exactOf(comparison.points),
  };
  const momentOf = ({ date, start }: PointResource): string => start ?? date;
  const compared = comparison && { dates: comparison.points.map(momentOf) };
  return { dates: points.map(momentOf), lines: [line], others: null, compared, asOf };
}

function exactOf(points: readonly PointResource[]): readonly (string | null)[] | null {
  if (!points.some(({ exactValue }) => exactValue !== undefined)) return null;
  return points.map((point) => point.exactValue ?? null);
}

function lineOf(series: NamedSeriesResource, isByMetric: boolean): ShownSeries {
  const { metric, object, dimensions, values, exactValues, complete, before, exactBefore } = series;
  const isPart = object !== undefined || dimensions !== undefined;
  return {
    id: isByMetric || !isPart ? metric.key : partId(series),
    label: isByMetric ? metric.name : nameOf(object, dimensions),
    metric: metric.key,
    unit: metric.unit,
    better: metric.better,
    ...(object === undefined ? {} : { object }),
    ...(dimensions === undefined ? {} : { dimensions }),
    values,
    exact: exactValues ?? null,
    complete,
    before,
    exactBefore: exactBefore ?? null,
  };
}

/** The id of all others together, among the ids of objects and groups. */
export const OTHERS = '…others';

/** All others together as a line; null if the greatest leave out nothing. */
function othersOf({ others }: MultiSeriesResponse, [first]: readonly ShownSeries[]): ShownSeries | null {
  if (others === undefined || others === null || first === undefined) return null;
  if (!others.values.some((value) => value !== null && value > 0)) return null;
  const { metric, unit, better, complete } = first;
  const { values, before } = others;
  return { id: OTHERS, label: 'Others', metric, unit, better, values, exact: null, complete, before };
}

/** An object by its name, or its id; a group by its dimensions. */
export function nameOf(object: ObjectResource | undefined, dimensions: DimensionsResource | undefined): string {
  if (object !== undefined) return object.label ?? `${object.type.replaceAll('_', ' ')} ${object.id}`;
  const parts = Object.entries(dimensions ?? {}).map(
    ([name, value]) => `${name} ${value === null ? '–' : String(value)}`,
  );
  return parts.join(', ');
}

/** The dates of a chart's place, and of what it is compared with. */
export function labelAt(
  { dates, period, repeated }: Pick<Shown, 'dates' | 'period' | 'repeated'>,
  place: number,
): string {
  const date = dates[place];
  return date === undefined ? '' : pointLabel(date, period, repeated);
}
