import { Injectable } from '@nestjs/common';
import { derivedOf } from '../../catalog/index.js';
import { coverageIn } from '../../coverage/index.js';
import { NotSummableError } from '../../errors/statistic.error.js';
import type { CompareWith, SeriesPoint } from '../../statistics/index.js';
import { periodKind } from '../../time/period.js';
import type { SummaryQuery } from '../parameters/statistic.parameters.js';
import type { SummaryKind, SummaryResponse } from '../resources.js';
import { HttpReader } from './http.reader.js';
import {
  type Bounds,
  boundsOf,
  checkRangeQuery,
  comparedMoments,
  horizonOf,
  type Moment,
  pointsOfMoments,
  readRange,
} from './range.js';
import { checkOne, scopeFilter } from './scope.js';
import { ownCoverages, readOneSelection, type Selection, selectionResource, withComputedAt } from './selection.js';
import {
  areReadings,
  earlierWhole,
  isStoredWhole,
  type Ranges,
  spanOf,
  summaryKind,
  summaryResource,
  type Whole,
  wholeOf,
} from './summary.js';
import { totalAt } from './totals.js';

/** The value of a range, and that of the earlier one. */
interface Wholes {
  readonly later: Whole;
  readonly before: string | null;
}

/** Reads one value for a range of a series. */
@Injectable()
export class SummaryReader extends HttpReader {
  async summary(query: SummaryQuery): Promise<SummaryResponse> {
    checkRangeQuery(query, this.options.limits);
    return this.gate.pass(query.live, () => this.read(query));
  }

  private async read(query: SummaryQuery): Promise<SummaryResponse> {
    const { metric, period, compare, live } = query;
    const selection = await readOneSelection(this.access, query);
    checkOne(selection.scope);
    const { calendar } = selection;
    const now = this.access.clock();
    const { moments, bounds, span } = readRange(query, calendar, now, this.options.limits);
    const resource = await selectionResource(selection, this.labels);
    const scoped = { metric, period, ...scopeFilter(selection.scope) };
    const filter = { ...scoped, exact: true, ...(live && { live }) };
    const isDerived = derivedOf(selection.metric) !== null;
    const coverage = coverageIn(selection.coverages, selection.metric, period, selection.scopes);
    const known = isDerived ? await this.reads.coverage(scoped) : coverage;
    const horizon = horizonOf(live ? null : withComputedAt(known, ownCoverages(selection)), calendar, now);
    const { past, pairs, earlier } = comparedMoments(period, moments, compare, calendar, horizon);
    const ranges: Ranges = {
      period,
      calendar,
      later: (await this.points(filter, bounds, moments)).slice(0, past),
      pairs,
      earlier: await this.points(filter, boundsOf(earlier), earlier),
      areReadings: areReadings(selection.metric, coverage?.kind),
    };
    const kind =
      isDerived && periodKind(period) === 'bucket' ? 'total' : summaryKind(selection.metric, period, coverage?.kind);
    const whole =
      (isDerived && kind === 'total' ? await this.derivedTotal(selection, ranges, live, now) : null) ??
      (coverage !== null && isStoredWhole(selection.metric, period, coverage.kind)
        ? await this.storedWhole(filter, ranges, compare)
        : null);
    if (whole !== null) {
      const before = compare === undefined ? undefined : whole.before;
      return { ...resource, ...summaryResource(whole.later, ranges, before, known) };
    }
    const plain: SummaryKind = isDerived ? 'last' : kind;
    const later = wholeOf(ranges, plain) ?? { kind: plain, span, value: null };
    const before = compare === undefined ? undefined : earlierWhole(ranges, plain);
    return { ...resource, ...summaryResource(later, ranges, before, known) };
  }

  private async points(
    filter: object,
    bounds: Bounds | null,
    moments: readonly Moment[],
  ): Promise<readonly SeriesPoint<string>[]> {
    if (bounds === null || moments.length === 0) return [];
    return pointsOfMoments(moments, await this.reads.series({ ...filter, ...bounds }));
  }

  /** Computes a derived metric of a range from the totals of its parts. Returns null if these do not add up. */
  private async derivedTotal(
    { filter }: Selection,
    ranges: Ranges,
    isLive: boolean,
    now: Date,
  ): Promise<Wholes | null> {
    const totalOf = (points: readonly SeriesPoint<string>[]): Promise<string | null> =>
      this.access.read({ call: 'total', filter, isLive }, now, (context, given) =>
        totalAt(context, given, points, now),
      );
    try {
      const value = await totalOf(ranges.later);
      const span = spanOf(ranges, ranges.later, 'whole', value);
      return span === null ? null : { later: span, before: await totalOf(ranges.earlier) };
    } catch (error) {
      if (error instanceof NotSummableError) return null;
      throw error;
    }
  }

  /** Reads an average or a distinct count of a range, if a tracker computes a period that covers exactly this range. */
  private async storedWhole(filter: object, ranges: Ranges, compare: CompareWith | undefined): Promise<Wholes | null> {
    const { later } = ranges;
    const [from, to] = [later.at(0)?.date, later.at(-1)?.date];
    if (from === undefined || to === undefined) return null;
    const { total } = await this.reads.compare({ ...filter, from, to, with: compare ?? 'previous' });
    const span = total.value === null ? null : spanOf(ranges, later, 'whole', total.value);
    return span === null ? null : { later: span, before: total.before };
  }
}
