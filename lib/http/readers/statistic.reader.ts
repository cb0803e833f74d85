import { Injectable } from '@nestjs/common';
import type { Metric } from '../../catalog/index.js';
import type { Work } from '../../database/work.js';
import {
  checkOneBucket,
  type NormalFilter,
  readSeries,
  type SeriesPoint,
  type StatisticContext,
  storedMoment,
} from '../../statistics/index.js';
import { instantText } from '../../time/instant.js';
import { Period } from '../../time/period.js';
import type { CoverageQuery, SeriesQuery, TopQuery, TotalQuery } from '../parameters/statistic.parameters.js';
import { HttpReader } from './http.reader.js';
import {
  type Bounds,
  boundsOf,
  pointsByMoment,
  checkLimit,
  checkPoints,
  checkRangeQuery,
  comparedMoments,
  horizonOf,
  type Moment,
  momentKey,
  readRange,
} from './range.js';
import type { CoverageResponse, SeriesResponse, TopResponse, TotalResponse } from '../resources.js';
import { checkOne, checkRanked, scopeFilter, statisticName } from './scope.js';
import {
  askedSelection,
  findSelection,
  ofOneMetric,
  readOneSelection,
  type Selection,
  selectionResource,
} from './selection.js';
import { asOf, metricResource, pointResource, valueResource } from './statistic.resource.js';

type Points = readonly SeriesPoint<string>[];

/** The range of a series, and the one that it is compared with. */
interface AskedRanges {
  /** null if the range has no moments */
  readonly bounds: Bounds | null;
  readonly compares: boolean;
  /** the moment that each one of the range is compared with */
  readonly earlier: readonly Moment[];
}

interface FoundPoints {
  readonly points: Points;
  readonly before: Points;
}

interface FoundSeries extends FoundPoints {
  readonly selection: Selection & { readonly metric: Metric };
  readonly ranges: AskedRanges;
}

/** Reads series, rankings of a date, totals and coverage of one metric. */
@Injectable()
export class StatisticReader extends HttpReader {
  async series(query: SeriesQuery): Promise<SeriesResponse> {
    const { exact } = query;
    checkRangeQuery(query, this.options.limits);
    const now = this.access.clock();
    const { selection, ranges, points, before } = await (query.live
      ? this.liveSeries(query, now)
      : this.storedSeries(query, now));
    const { compares, earlier } = ranges;
    const earlierPoints = pointsByMoment(before);
    const compared = earlier.flatMap((moment) => earlierPoints.get(momentKey(moment)) ?? []);
    return {
      ...(await selectionResource(selection, this.labels)),
      points: points.map((point) => pointResource(point, exact)),
      asOf: asOf(points),
      comparison: compares ? { points: compared.map((point) => pointResource(point, exact)) } : null,
    };
  }

  /** Reads what is stored: the metric with its coverage once, and the points of each range, in one read. */
  private storedSeries(query: SeriesQuery, now: Date): Promise<FoundSeries> {
    const { context } = this.access;
    const asked = askedSelection(context, [query.metric], query.period, query);
    const rangesOf = (selection: Selection): AskedRanges => this.rangesOf(query, selection, now);
    const work = function* (): Work<FoundSeries> {
      const selection = ofOneMetric(yield* findSelection(context, asked, now));
      const ranges = rangesOf(selection);
      return {
        selection,
        ranges,
        ...(yield* readPoints(selection.context, selection.filter, ranges, query.fill, now)),
      };
    };
    // both ranges as they were at one time
    return query.compare === undefined ? context.database.read(work) : context.database.snapshot(work);
  }

  /** Reads the open dates as they are now. */
  private async liveSeries(query: SeriesQuery, now: Date): Promise<FoundSeries> {
    const selection = await readOneSelection(this.access, query);
    const ranges = this.rangesOf(query, selection, now);
    const read = { call: 'series', filter: selection.filter, isLive: true };
    const points = await this.gate.pass(true, () =>
      this.access.read(read, now, (context, filter) => readPoints(context, filter, ranges, query.fill, now)),
    );
    return { selection, ranges, ...points };
  }

  private rangesOf(query: SeriesQuery, { scope, calendar }: Selection, now: Date): AskedRanges {
    const { period, compare } = query;
    const { limits } = this.options;
    checkOne(scope);
    const { moments, bounds } = readRange(query, calendar, now, limits);
    if (moments.length === 0) return { bounds: null, compares: false, earlier: [] };
    if (compare === undefined) return { bounds, compares: false, earlier: [] };
    checkPoints(2 * moments.length, limits);
    const { pairs } = comparedMoments(period, moments, compare, calendar, horizonOf(null, calendar, now));
    return { bounds, compares: true, earlier: pairs };
  }

  async top(query: TopQuery): Promise<TopResponse> {
    const { metric, period, limit, offset, order, exact, live } = query;
    checkLimit('rows', limit, this.options.limits);
    checkRanked(query);
    const selection = await readOneSelection(this.access, query);
    checkOneBucket('top', { period, range: query.date === undefined ? {} : { date: query.date } });
    const asked = query.date ?? this.access.clock();
    // one more than asked for shows if there are more
    const filter = {
      metric,
      period,
      date: asked,
      limit: limit + 1,
      offset,
      order,
      exact: true,
      live,
      ...scopeFilter(selection.scope),
    };
    const found = await this.gate.pass(live, () => this.reads.top(filter));
    const places = found.slice(0, limit);
    const { date, start } = storedMoment(period, asked, selection.calendar);
    const objects = await this.labels.of(places.flatMap(({ object }) => (object === undefined ? [] : [object])));
    return {
      metric: metricResource(selection.metric),
      period: Period.nameOf(period),
      date,
      ...(start !== undefined && { start: instantText(start, selection.calendar.timeZone) }),
      ...(selection.scope.kind === 'statistic' && { statistic: statisticName(selection.scope.table) }),
      items: places.map(({ dimensions, value }, place) => ({
        ...(objects[place] !== undefined && { object: objects[place] }),
        ...(dimensions !== undefined && { dimensions }),
        ...valueResource(value, exact),
      })),
      limit,
      offset,
      hasMore: found.length > limit,
    };
  }

  async total(query: TotalQuery): Promise<TotalResponse> {
    const { metric, period, exact, live } = query;
    checkRangeQuery(query, this.options.limits);
    const selection = await readOneSelection(this.access, query);
    checkOne(selection.scope);
    const { bounds, span } = readRange(query, selection.calendar, this.access.clock(), this.options.limits);
    const filter = { metric, period, ...bounds, exact: true, live, ...scopeFilter(selection.scope) };
    const value = await this.gate.pass(live, () => this.reads.total(filter));
    const resource = await selectionResource(selection, this.labels);
    return { ...resource, ...span, ...valueResource(value, exact) };
  }

  async coverage(query: CoverageQuery): Promise<CoverageResponse> {
    const { metric, period } = query;
    const selection = await readOneSelection(this.access, query);
    const coverage = await this.reads.coverage({ metric, period, ...scopeFilter(selection.scope) });
    const { object, statistic } = await selectionResource(selection, this.labels);
    return {
      metric: metricResource(selection.metric),
      period: Period.nameOf(period),
      ...(object !== undefined && { object }),
      ...(object === undefined && query.objectType !== undefined && { objectType: query.objectType }),
      ...(statistic !== undefined && { statistic }),
      coverage,
      today: selection.calendar.today,
    };
  }
}

/** Reads the points of a range, and those that it is compared with. */
function* readPoints(
  context: StatisticContext,
  filter: NormalFilter & { readonly period: Period },
  { bounds, earlier }: AskedRanges,
  fill: SeriesQuery['fill'],
  now: Date,
): Work<FoundPoints> {
  const pointsOf = function* (range: Bounds | null): Work<Points> {
    if (range === null) return [];
    const [series] = yield* readSeries(context, { ...filter, range }, fill, now);
    return series?.points ?? [];
  };
  return { points: yield* pointsOf(bounds), before: yield* pointsOf(boundsOf(earlier)) };
}
