import { Inject, Injectable } from '@nestjs/common';
import {
  type DimensionValue,
  type CompleteDates,
  type ObjectRef,
  type SeriesPoint,
  storedDate,
} from '../../statistics/index.js';
import { bucketEnd, Period } from '../../time/period.js';
import { TrackstatsHttpException } from '../platform/http.exception.js';
import type { ResolvedHttpOptions } from '../http.options.js';
import { HTTP_OPTIONS } from '../http.options.js';
import { ObjectLabels } from './labels.js';
import type { CoverageQuery, SeriesQuery, TopQuery, TotalQuery } from '../parameters/statistic.parameters.js';
import { checkLimit, checkPoints, checkRangeQuery, firstBefore, readRange } from './range.js';
import type { CoverageResponse, SeriesResponse, TopResponse, TotalResponse } from '../resources.js';
import { checkOne, scopeFilter, statisticName } from './scope.js';
import { readOneSelection, selectionResource } from './selection.js';
import { asOf, metricResource, pointResource, valueResource } from './statistic.resource.js';
import { TrackstatsAccess } from '../trackstats.access.js';

/** StatisticService as a request calls it, whose scope is known at run time only; values are exact. */
interface ExactReads {
  series(filter: object): Promise<SeriesPoint<string>[]>;
  total(filter: object): Promise<string | null>;
  top(
    filter: object,
  ): Promise<{ object?: ObjectRef; dimensions?: Record<string, DimensionValue>; value: string | null }[]>;
  coverage(filter: object): Promise<CompleteDates | null>;
}

/** Reads one metric for the routes. */
@Injectable()
export class StatisticReader {
  constructor(
    @Inject(TrackstatsAccess) private readonly access: TrackstatsAccess,
    @Inject(ObjectLabels) private readonly labels: ObjectLabels,
    @Inject(HTTP_OPTIONS) private readonly options: ResolvedHttpOptions,
  ) {}

  async series(query: SeriesQuery): Promise<SeriesResponse> {
    const { metric, period, exact, fill } = query;
    checkRangeQuery(query, this.options.limits);
    const selection = await readOneSelection(this.access, query);
    checkOne(selection.scope);
    const range = readRange(query, selection.calendar, this.options.limits);
    const compares = query.compare !== undefined && range.length > 0;
    if (compares) checkPoints(2 * range.length, this.options.limits);
    // both ranges in one read, so that they are of one moment
    const from = compares ? firstBefore(period, range) : range.from;
    const filter = { metric, period, from, to: range.to, fill, exact: true, ...scopeFilter(selection.scope) };
    const all = range.length === 0 ? [] : await this.reads.series(filter);
    const points = compares ? all.slice(range.length) : all;
    const earlier = { points: all.slice(0, range.length).map((point) => pointResource(point, exact)) };
    return {
      ...(await selectionResource(selection, this.labels)),
      points: points.map((point) => pointResource(point, exact)),
      asOf: asOf(points),
      comparison: compares ? earlier : null,
    };
  }

  async top(query: TopQuery): Promise<TopResponse> {
    const { metric, period, limit, offset, order, exact } = query;
    checkLimit('rows', limit, this.options.limits);
    if (query.objectType === undefined && query.statistic === undefined) {
      throw TrackstatsHttpException.badRequest('object_type is missing (or statistic): what is to be ranked?');
    }
    const selection = await readOneSelection(this.access, query);
    const date = storedDate(period, query.date, selection.calendar);
    // one more tells whether there are more
    const filter = {
      metric,
      period,
      date,
      limit: limit + 1,
      offset,
      order,
      exact: true,
      ...scopeFilter(selection.scope),
    };
    const found = await this.reads.top(filter);
    const places = found.slice(0, limit);
    const objects = await this.labels.of(places.flatMap(({ object }) => (object === undefined ? [] : [object])));
    return {
      metric: metricResource(selection.metric),
      period: Period.nameOf(period),
      date,
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
    const { metric, period, exact } = query;
    checkRangeQuery(query, this.options.limits);
    const selection = await readOneSelection(this.access, query);
    checkOne(selection.scope);
    const { from, to } = readRange(query, selection.calendar, this.options.limits);
    const value = await this.reads.total({ metric, period, from, to, exact: true, ...scopeFilter(selection.scope) });
    const resource = await selectionResource(selection, this.labels);
    const last = bucketEnd(period, to, selection.calendar.weekStart);
    return { ...resource, from, to: last, ...valueResource(value, exact) };
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

  private get reads(): ExactReads {
    return this.access.statistics as unknown as ExactReads;
  }
}
