import { Injectable } from '@nestjs/common';
import type { Work } from '../../database/work.js';
import { derivedOf } from '../../catalog/index.js';
import { coverageIn, kindMeaning, type StoredCoverage } from '../../coverage/index.js';
import {
  type CompleteDates,
  decodeDimensions,
  isKnownFrom,
  nearestDouble,
  objectRefOf,
  readComparedRanking,
  type StatisticService,
} from '../../statistics/index.js';
import { Period, periodKind } from '../../time/period.js';
import type { RankingQuery } from '../parameters/statistic.parameters.js';
import type { RankedItem, RankingResponse, SpanResource } from '../resources.js';
import { HttpReader } from './http.reader.js';
import {
  type Bounds,
  boundsOf,
  checkLimit,
  checkRangeQuery,
  comparedMoments,
  coveredSpan,
  horizonOf,
  type Moment,
  readRange,
} from './range.js';
import { checkRanked, scopeFilter, statisticName } from './scope.js';
import { ownCoverages, readOneSelection, type Selection, withComputedAt } from './selection.js';
import { metricResource, valueResource } from './statistic.resource.js';

type Ranking = ReturnType<typeof readComparedRanking> extends Work<infer R> ? R : never;
type OneSelection = Awaited<ReturnType<typeof readOneSelection>>;
type Page = Pick<RankingQuery, 'limit' | 'offset' | 'sort' | 'order' | 'exact' | 'live'>;

/** The dates of a ranking. */
interface Ranges {
  readonly bounds: Bounds;
  /** null: nothing is compared */
  readonly earlier: { readonly bounds: Bounds; readonly span: SpanResource; readonly known: boolean } | null;
  readonly now: Date;
}

interface Places {
  readonly items: RankedItem[];
  readonly count: number;
  readonly total: number | null;
  readonly totalBefore: number | null;
}

/** Ranks the objects or groups of one metric over a range. */
@Injectable()
export class RankingReader extends HttpReader {
  async ranking(query: RankingQuery): Promise<RankingResponse> {
    const { period, limit, offset, search } = query;
    const { limits } = this.options;
    checkRangeQuery(query, limits);
    checkLimit('rows', limit, limits);
    checkRanked(query);
    const selection = await readOneSelection(this.access, query);
    const now = this.access.clock();
    const { moments, bounds, span } = readRange(query, selection.calendar, now, limits);
    const earlier = await this.earlierRange(selection, moments, query, now);
    const ranges = { bounds, earlier, now };
    const { totalBefore, ...places } =
      search === undefined
        ? await this.places(selection, ranges, query)
        : await this.found(selection, ranges, query, search);
    return {
      metric: metricResource(selection.metric),
      period: Period.nameOf(period),
      ...span,
      ...(selection.scope.kind === 'statistic' && { statistic: statisticName(selection.scope.table) }),
      comparison: earlier && { ...earlier.span, known: earlier.known, total: totalBefore },
      ...places,
      limit,
      offset,
    };
  }

  /** The range that a ranking is compared with. What is recorded one by one may not be known, so it is not compared. */
  private async earlierRange(
    selection: OneSelection,
    moments: readonly Moment[],
    { period, compare, live }: RankingQuery,
    now: Date,
  ): Promise<Ranges['earlier']> {
    if (compare === undefined) return null;
    const { calendar, metric, scope } = selection;
    const filter = { metric: metric.key, period, ...scopeFilter(scope) };
    const coverage = derivedOf(metric) === null ? coverageOf(selection) : await this.completeDates(filter);
    const horizon = horizonOf(live ? null : withComputedAt(coverage, ownCoverages(selection)), calendar, now);
    const { earlier } = comparedMoments(period, moments, compare, calendar, horizon);
    const [first] = earlier;
    const [bounds, span] = [boundsOf(earlier), coveredSpan(period, earlier, calendar)];
    if (first === undefined || bounds === null || span === null) return null;
    const since = coverage?.from ?? null;
    return { bounds, span, known: since !== null && isKnownFrom(first.date, since, { period, calendar }) };
  }

  private completeDates(filter: object): Promise<CompleteDates | null> {
    return this.access.statistics.coverage(filter as Parameters<StatisticService['coverage']>[0]);
  }

  private async places(
    selection: OneSelection,
    { bounds, earlier, now }: Ranges,
    { limit, offset, sort, order, exact, live }: Page,
  ): Promise<Places> {
    const { metric, period, calendar } = selection;
    const kind = coverageOf(selection)?.kind;
    const empty = kind !== undefined && periodKind(period) === 'bucket' ? kindMeaning(kind).empty : null;
    const asked = { call: 'top', filter: selection.filter, isLive: live, inSnapshot: earlier !== null };
    const ranges = { range: bounds, earlier: earlier?.known === true ? earlier.bounds : null };
    const found = await this.gate.pass(live, () =>
      this.access.read(asked, now, (context, filter) => {
        const coverages = context.live?.covered.coverages ?? selection.coverages;
        const options = { coverages, calendar, sort, order, limit, offset, empty, now };
        return readComparedRanking(context, metric, filter, ranges, options);
      }),
    );
    return {
      items: await this.itemsOf(selection, found, exact, earlier !== null),
      count: found.count,
      total: nearestDouble(found.total),
      totalBefore: nearestDouble(found.totalBefore),
    };
  }

  /** Searches the greatest places for words. It reads them first, because only the application knows the names. */
  private async found(
    selection: OneSelection,
    ranges: Ranges,
    { limit, offset, ...page }: RankingQuery,
    search: string,
  ): Promise<Places> {
    const all = await this.places(selection, ranges, { ...page, limit: this.options.limits.rows, offset: 0 });
    const words = search.toLowerCase().split(/\s+/);
    const matching = all.items.filter(({ object, dimensions }) => {
      const parts = object === undefined ? Object.values(dimensions ?? {}) : [object.label, object.id];
      const text = parts.map((part) => String(part ?? '').toLowerCase()).join(' ');
      return words.every((word) => text.includes(word));
    });
    return { ...all, items: matching.slice(offset, offset + limit), count: matching.length };
  }

  private async itemsOf(
    { filter }: Selection,
    { places }: Ranking,
    exact: boolean,
    isCompared: boolean,
  ): Promise<RankedItem[]> {
    const { table } = filter.scope;
    const isOfObjects = table.kind === 'object';
    const objects = isOfObjects ? await this.labels.of(places.map(({ cell }) => objectRefOf(cell))) : [];
    return places.map(({ cell, value, before, change }, place) => ({
      ...(objects[place] !== undefined && { object: objects[place] }),
      ...(!isOfObjects && { dimensions: decodeDimensions(table, cell) }),
      ...valueResource(value, exact),
      ...(isCompared && changeResource(before, change)),
    }));
  }
}

function coverageOf({ coverages, metric, period, scopes }: OneSelection): StoredCoverage | null {
  return coverageIn(coverages, metric, period, scopes);
}

function changeResource(
  before: string | null,
  change: string | null,
): Pick<RankedItem, 'before' | 'absolute' | 'relative'> {
  const [was, absolute] = [nearestDouble(before), nearestDouble(change)];
  const isRelative = absolute !== null && was !== null && was !== 0;
  return { before: was, absolute, relative: isRelative ? absolute / Math.abs(was) : null };
}
