import { Inject, Injectable } from '@nestjs/common';
import type { Work } from '../../database/work.js';
import { decodeDimensions, nearestDouble, readRanking, refOf } from '../../statistics/index.js';
import { bucketEnd, Period } from '../../time/period.js';
import { HTTP_OPTIONS, type ResolvedHttpOptions } from '../http.options.js';
import type { RankingQuery } from '../parameters/statistic.parameters.js';
import { TrackstatsHttpException } from '../platform/http.exception.js';
import type { RankingResponse, TopItem } from '../resources.js';
import { TrackstatsAccess } from '../trackstats.access.js';
import { ObjectLabels } from './labels.js';
import { LiveGate } from './live.gate.js';
import { checkLimit, checkRangeQuery, readRange, type ReadRange } from './range.js';
import { statisticName } from './scope.js';
import { readOneSelection, type Selection } from './selection.js';
import { metricResource, valueResource } from './statistic.resource.js';

type Ranking = ReturnType<typeof readRanking> extends Work<infer R> ? R : never;
type Places = Pick<RankingResponse, 'items' | 'count' | 'total'>;
type OneSelection = Awaited<ReturnType<typeof readOneSelection>>;

/** Ranks the objects or groups of one metric over a range. */
@Injectable()
export class RankingReader {
  constructor(
    @Inject(TrackstatsAccess) private readonly access: TrackstatsAccess,
    @Inject(ObjectLabels) private readonly labels: ObjectLabels,
    @Inject(HTTP_OPTIONS) private readonly options: ResolvedHttpOptions,
    @Inject(LiveGate) private readonly gate: LiveGate,
  ) {}

  async ranking(query: RankingQuery): Promise<RankingResponse> {
    const { period, limit, offset, search } = query;
    const { limits } = this.options;
    checkRangeQuery(query, limits);
    checkLimit('rows', limit, limits);
    if (query.objectType === undefined && query.statistic === undefined) {
      throw TrackstatsHttpException.badRequest('object_type is missing (or statistic): what is to be ranked?');
    }
    const selection = await readOneSelection(this.access, query);
    const range = readRange(query, selection.calendar, limits);
    const places =
      search === undefined
        ? await this.places(selection, range, query)
        : await this.found(selection, range, query, search);
    return {
      metric: metricResource(selection.metric),
      period: Period.nameOf(period),
      from: range.from,
      to: bucketEnd(period, range.to, selection.calendar.weekStart),
      ...(selection.scope.kind === 'statistic' && { statistic: statisticName(selection.scope.table) }),
      ...places,
      limit,
      offset,
    };
  }

  private async places(
    selection: OneSelection,
    range: ReadRange,
    { limit, offset, exact, live }: Pick<RankingQuery, 'limit' | 'offset' | 'exact' | 'live'>,
  ): Promise<Places> {
    const now = this.access.clock();
    const { metric } = selection;
    const asked = { call: 'top', filter: selection.filter, isLive: live };
    const found = await this.gate.pass(live, () =>
      this.access.read(asked, now, (context, filter) => {
        const coverages = context.live?.covered.coverages ?? selection.coverages;
        return readRanking(context, metric, filter, range, { coverages, limit, offset, now });
      }),
    );
    return {
      items: await this.itemsOf(selection, found, exact),
      count: found.count,
      total: nearestDouble(found.total),
    };
  }

  /** Those of the greatest that have all words in their name, id or dimensions: only the application knows names. */
  private async found(
    selection: OneSelection,
    range: ReadRange,
    { limit, offset, exact, live }: RankingQuery,
    search: string,
  ): Promise<Places> {
    const { items, total } = await this.places(selection, range, {
      limit: this.options.limits.rows,
      offset: 0,
      exact,
      live,
    });
    const words = search.toLowerCase().split(/\s+/);
    const matching = items.filter(({ object, dimensions }) => {
      const parts = object === undefined ? Object.values(dimensions ?? {}) : [object.label, object.id];
      const text = parts.map((part) => String(part ?? '').toLowerCase()).join(' ');
      return words.every((word) => text.includes(word));
    });
    return { items: matching.slice(offset, offset + limit), count: matching.length, total };
  }

  private async itemsOf({ filter }: Selection, { places }: Ranking, exact: boolean): Promise<TopItem[]> {
    const { table } = filter.scope;
    const isOfObjects = table.kind === 'object';
    const objects = isOfObjects ? await this.labels.of(places.map(({ cell }) => refOf(cell))) : [];
    return places.map(({ cell, value }, place) => ({
      ...(objects[place] !== undefined && { object: objects[place] }),
      ...(!isOfObjects && { dimensions: decodeDimensions(table, cell) }),
      ...valueResource(value, exact),
    }));
  }
}
