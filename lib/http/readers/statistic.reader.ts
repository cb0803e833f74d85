import { Injectable } from '@nestjs/common';
import { checkOneBucket, momentOfPoint, readSeries, type SeriesPoint, storedMoment } from '../../statistics/index.js';
import { instantText } from '../../time/instant.js';
import { Period } from '../../time/period.js';
import type { CoverageQuery, SeriesQuery, TopQuery, TotalQuery } from '../parameters/statistic.parameters.js';
import { HttpReader } from './http.reader.js';
import {
  type Bounds,
  boundsOf,
  checkLimit,
  checkPoints,
  checkRangeQuery,
  comparedMoments,
  horizonOf,
  momentKey,
  readRange,
} from './range.js';
import type { CoverageResponse, SeriesResponse, TopResponse, TotalResponse } from '../resources.js';
import { checkOne, checkRanked, scopeFilter, statisticName } from './scope.js';
import { readOneSelection, type Selection, selectionResource } from './selection.js';
import { asOf, metricResource, pointResource, valueResource } from './statistic.resource.js';

type Points = readonly SeriesPoint<string>[];

/** Reads series, rankings of a date, totals and coverage of one metric. */
@Injectable()
export class StatisticReader extends HttpReader {
  async series(query: SeriesQuery): Promise<SeriesResponse> {
    const { period, exact, compare } = query;
    checkRangeQuery(query, this.options.limits);
    const selection = await readOneSelection(this.access, query);
    checkOne(selection.scope);
    const { calendar } = selection;
    const now = this.access.clock();
    const { moments, bounds } = readRange(query, calendar, now, this.options.limits);
    const compares = compare !== undefined && moments.length > 0;
    if (compares) checkPoints(2 * moments.length, this.options.limits);
    const horizon = horizonOf(null, calendar, now);
    const earlier = compares ? comparedMoments(period, moments, compare, calendar, horizon).pairs : [];
    const [points, before] =
      moments.length === 0 ? [[], []] : await this.readRanges(query, selection, bounds, boundsOf(earlier), now);
    const byMoment = new Map(before.map((point) => [momentKey(momentOfPoint(point)), point]));
    const compared = earlier.flatMap((moment) => byMoment.get(momentKey(moment)) ?? []);
    return {
      ...(await selectionResource(selection, this.labels)),
      points: points.map((point) => pointResource(point, exact)),
      asOf: asOf(points),
      comparison: compares ? { points: compared.map((point) => pointResource(point, exact)) } : null,
    };
  }

  /** Reads the points of a range and those that it is compared with, in one snapshot. */
  private readRanges(
    { fill, live: isLive }: SeriesQuery,
    { filter: asked }: Selection,
    range: Bounds,
    earlier: Bounds | null,
    now: Date,
  ): Promise<[Points, Points]> {
    const read = { call: 'series', filter: asked, isLive, inSnapshot: earlier !== null };
    return this.gate.pass(isLive, () =>
      this.access.read(read, now, function* (context, filter) {
        const [series] = yield* readSeries(context, { ...filter, range }, fill, now);
        const points = series?.points ?? [];
        if (earlier === null) return [points, []];
        const [before] = yield* readSeries(context, { ...filter, range: earlier }, fill, now);
        return [points, before?.points ?? []];
      }),
    );
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
