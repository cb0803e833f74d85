import { Injectable } from '@nestjs/common';
import type { Work } from '../../database/work.js';
import {
  nearestDouble,
  nameSeries,
  narrowScope,
  type NamedSeries,
  readGreatestCells,
  readRest,
  readSeries,
  type SeriesPoint,
} from '../../statistics/index.js';
import { isTimePeriod, Period } from '../../time/period.js';
import { TrackstatsHttpException } from '../platform/http.exception.js';
import type { MultiSeriesQuery } from '../parameters/statistic.parameters.js';
import { HttpReader } from './http.reader.js';
import {
  type Bounds,
  boundsOf,
  pointsByMoment,
  checkLimit,
  checkRangeQuery,
  comparedMoments,
  horizonOf,
  type Moment,
  momentKey,
  readRange,
  type ReadRange,
} from './range.js';
import type { MultiSeriesResponse, NamedSeriesResource, OthersResource } from '../resources.js';
import { statisticName, type RequestScope } from './scope.js';
import { readSelection, type Selection } from './selection.js';
import { metricResource } from './statistic.resource.js';

const DEFAULT_TOP = 10;

type Series = ReturnType<typeof readSeries> extends Work<readonly (infer S)[]> ? S : never;
type ReadOptions = Pick<MultiSeriesQuery, 'fill' | 'live' | 'others'> & {
  readonly ranked: number | null;
  readonly pairs: readonly Moment[];
  readonly now: Date;
};

/** A series with the value that each of its points is compared with; null: it is not compared. */
interface ComparedSeries extends NamedSeries {
  readonly before: (string | null)[] | null;
}

interface Found {
  readonly series: readonly ComparedSeries[];
  /** null: they are not asked for, or do not add up */
  readonly others: Others | null;
}

/** All others together, at the moments of the series and at those that they are compared with. */
interface Others {
  readonly values: readonly (string | null)[];
  /** null: it is not compared */
  readonly before: readonly (string | null)[] | null;
}

/** Reads several series over the same dates. */
@Injectable()
export class MultiSeriesReader extends HttpReader {
  async multiSeries(query: MultiSeriesQuery): Promise<MultiSeriesResponse> {
    const { period, fill, exact } = query;
    const { limits } = this.options;
    checkRangeQuery(query, limits);
    checkLimit('series', query.metric.length, limits);
    const selection = await readSelection(this.access, query.metric, period, query);
    const now = this.access.clock();
    const { moments, bounds } = readRange(query, selection.calendar, now, limits);
    const ranked = rankedCount(selection.scope, query);
    const count = ranked ?? query.metric.length * Math.max(1, query.objectId.length);
    checkLimit('series', count, limits);
    checkLimit('values', count * moments.length * (query.compare === undefined ? 1 : 2), limits);
    const { live, compare, others } = query;
    const { calendar, scope } = selection;
    const { pairs } = comparedMoments(period, moments, compare, calendar, horizonOf(null, calendar, now));
    const options = { fill, live, others, ranked, pairs, now };
    const found: Found =
      moments.length === 0
        ? { series: [], others: null }
        : await this.gate.pass(live, () => this.read(selection, { bounds, moments }, options));
    const { series } = found;
    const asked = series.length === 0 ? [] : moments;
    return {
      period: Period.nameOf(period),
      ...(scope.kind === 'statistic' && { statistic: statisticName(scope.table) }),
      ...columnsOf(period, asked),
      comparison: compare === undefined ? null : columnsOf(period, asked.length === 0 ? [] : pairs),
      series: await this.linesOf(series, exact),
      ...(others && { others: found.others && othersResource(found.others, exact) }),
    };
  }

  /**
   * @param options `ranked`: how many of those in the scope, the greatest ones; null: those that it names. `pairs`: the
   *   moments with which those of the range are compared
   */
  private read(
    selection: Selection,
    { bounds, moments }: Pick<ReadRange, 'bounds' | 'moments'>,
    { fill, live: isLive, others: isWhole, ranked, pairs, now }: ReadOptions,
  ): Promise<Found> {
    const [metric] = selection.metrics;
    const earlier = boundsOf(pairs);
    const { calendar } = selection;
    const asked = { call: 'multiSeries', filter: selection.filter, isLive, inSnapshot: earlier !== null };
    return this.access.read(asked, now, function* (context, filter): Work<Found> {
      const coverages = context.live?.covered.coverages ?? selection.coverages;
      const cells =
        ranked === null
          ? null
          : metric === undefined
            ? []
            : yield* readGreatestCells(context, metric, filter, bounds, { coverages, calendar, limit: ranked, now });
      const scope = cells === null ? filter.scope : narrowScope(filter.scope, cells);
      const read = function* (range: Bounds): Work<Series[]> {
        return yield* readSeries(context, { ...filter, scope, range }, fill, now);
      };
      const all = yield* read(bounds);
      // the same objects, whichever were the greatest then
      const before = earlier === null ? [] : yield* read(earlier);
      const rest = function* (range: Bounds): Work<ReadonlyMap<string, string> | null> {
        if (!isWhole || cells === null || metric === undefined) return null;
        return yield* readRest(context, metric, filter, range, { coverages, calendar, now, without: cells });
      };
      const others = yield* rest(bounds);
      const othersBefore = earlier === null || others === null ? null : yield* rest(earlier);
      return {
        series: all.map((series, place) => ({
          ...nameSeries(scope.table, series, true),
          before: along(pairs, before[place]?.points),
        })),
        others: others && {
          values: restAlong(all.length === 0 ? [] : moments, others, all),
          before: othersBefore && restAlong(pairs, othersBefore, before),
        },
      };
    });
  }

  private async linesOf(series: readonly ComparedSeries[], exact: boolean): Promise<NamedSeriesResource[]> {
    const objects = await this.labels.of(series.flatMap(({ object }) => object ?? []));
    return series.map(({ key, metric, dimensions, points, before }, place) => {
      const values = (points as readonly SeriesPoint<string>[]).map(({ value }) => value);
      return {
        key,
        metric: metricResource(metric),
        ...(objects[place] !== undefined && { object: objects[place] }),
        ...(dimensions !== undefined && { dimensions }),
        values: values.map(nearestDouble),
        ...(exact && { exactValues: values }),
        complete: points.map(({ complete }) => complete),
        ...(before !== null && { before: before.map(nearestDouble) }),
        ...(before !== null && exact && { exactBefore: before }),
      };
    });
  }
}

/** Returns the number of series that a ranking chooses, or null if the request names them. */
function rankedCount(scope: RequestScope, { metric, objectId, top, others }: MultiSeriesQuery): number | null {
  const isNamed = scope.kind === 'total' || objectId.length > 0;
  if (isNamed && others) {
    throw TrackstatsHttpException.badRequest(
      'others is given, which adds up what the greatest leave out: give object_type or statistic, without object_id, or leave it out.',
    );
  }
  if (isNamed && top !== undefined) {
    throw TrackstatsHttpException.badRequest(
      'top takes the greatest of all objects of object_type, or of statistic: give it with one of them, without object_id.',
    );
  }
  if (isNamed) return null;
  if (metric.length > 1) {
    throw TrackstatsHttpException.badRequest('Several metrics are given; a ranking of objects is that of one metric.');
  }
  return top ?? DEFAULT_TOP;
}

/** The values of an earlier series at the moments that are compared; null if none are. */
function along(pairs: readonly Moment[], points: Series['points'] | undefined): (string | null)[] | null {
  if (points === undefined) return null;
  const found = pointsByMoment(points);
  return pairs.map((moment) => found.get(momentKey(moment))?.value ?? null);
}

function columnsOf(period: Period, moments: readonly Moment[]): { dates: string[]; starts?: string[] } {
  return {
    dates: moments.map(({ date }) => date),
    ...(isTimePeriod(period) && { starts: moments.map(({ start = '' }) => start) }),
  };
}

/** The sum of the others at each moment: 0 where there is no row, and null where the greatest are not known either. */
function restAlong(
  moments: readonly Moment[],
  rest: ReadonlyMap<string, string>,
  series: readonly Pick<Series, 'points'>[],
): (string | null)[] {
  const known = new Set(series.flatMap(({ points }) => points.filter(({ value }) => value !== null).map(momentKey)));
  return moments.map(momentKey).map((key) => rest.get(key) ?? (known.has(key) ? '0' : null));
}

function othersResource({ values, before }: Others, exact: boolean): OthersResource {
  return {
    values: values.map(nearestDouble),
    ...(exact && { exactValues: [...values] }),
    ...(before !== null && { before: before.map(nearestDouble) }),
  };
}
