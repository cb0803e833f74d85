import { Injectable } from '@nestjs/common';
import { readSeries, type SeriesPoint, storedDate } from '../../statistics/index.js';
import type { LocalDate } from '../../time/local-date.js';
import { bucketEnd, Period } from '../../time/period.js';
import type { CoverageQuery, SeriesQuery, TopQuery, TotalQuery } from '../parameters/statistic.parameters.js';
import { HttpReader } from './http.reader.js';
import { checkLimit, checkPoints, checkRangeQuery, comparedDates, type ReadRange, readRange } from './range.js';
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
    const range = readRange(query, selection.calendar, this.options.limits);
    const compares = compare !== undefined && range.length > 0;
    if (compares) checkPoints(2 * range.length, this.options.limits);
    const { calendar } = selection;
    const earlier = compares ? comparedDates(period, range, compare, calendar, calendar.today).pairs : [];
    const [points, before] = range.length === 0 ? [[], []] : await this.readRanges(query, selection, range, earlier);
    const byDate = new Map(before.map((point) => [point.date, point]));
    const compared = earlier.flatMap((date) => byDate.get(date) ?? []);
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
    { from, to }: ReadRange,
    earlier: readonly LocalDate[],
  ): Promise<[Points, Points]> {
    const now = this.access.clock();
    const [first, last] = [earlier.at(0), earlier.at(-1)];
    const read = { call: 'series', filter: asked, isLive, inSnapshot: first !== undefined };
    return this.gate.pass(isLive, () =>
      this.access.read(read, now, function* (context, filter) {
        const [series] = yield* readSeries(context, { ...filter, range: { from, to } }, fill, now);
        const points = series?.points ?? [];
        if (first === undefined || last === undefined) return [points, []];
        const [before] = yield* readSeries(context, { ...filter, range: { from: first, to: last } }, fill, now);
        return [points, before?.points ?? []];
      }),
    );
  }

  async top(query: TopQuery): Promise<TopResponse> {
    const { metric, period, limit, offset, order, exact, live } = query;
    checkLimit('rows', limit, this.options.limits);
    checkRanked(query);
    const selection = await readOneSelection(this.access, query);
    const date = storedDate(period, query.date, selection.calendar);
    // one more than asked for shows if there are more
    const filter = {
      metric,
      period,
      date,
      limit: limit + 1,
      offset,
      order,
      exact: true,
      live,
      ...scopeFilter(selection.scope),
    };
    const found = await this.gate.pass(live, () => this.reads.top(filter));
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
    const { metric, period, exact, live } = query;
    checkRangeQuery(query, this.options.limits);
    const selection = await readOneSelection(this.access, query);
    checkOne(selection.scope);
    const { from, to } = readRange(query, selection.calendar, this.options.limits);
    const filter = { metric, period, from, to, exact: true, live, ...scopeFilter(selection.scope) };
    const value = await this.gate.pass(live, () => this.reads.total(filter));
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
}
