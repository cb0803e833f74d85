import { Injectable } from '@nestjs/common';
import { derivedOf } from '../../catalog/index.js';
import { coverageIn } from '../../coverage/index.js';
import { NotSummableError } from '../../errors/statistic.error.js';
import type { CompareWith, SeriesPoint } from '../../statistics/index.js';
import { bucketEnd, periodKind } from '../../time/period.js';
import type { LocalDate } from '../../time/local-date.js';
import type { SummaryQuery } from '../parameters/statistic.parameters.js';
import type { SummaryKind, SummaryResponse } from '../resources.js';
import { HttpReader } from './http.reader.js';
import { checkRangeQuery, comparedDates, lastDate, readRange } from './range.js';
import { checkOne, scopeFilter } from './scope.js';
import { readOneSelection, selectionResource } from './selection.js';
import {
  earlierWhole,
  isStoredWhole,
  type Ranges,
  spanOf,
  summaryKind,
  summaryResource,
  type Whole,
  wholeOf,
} from './summary.js';

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
    const range = readRange(query, selection.calendar, this.options.limits);
    const resource = await selectionResource(selection, this.labels);
    const { weekStart, today } = selection.calendar;
    const scoped = { metric, period, ...scopeFilter(selection.scope) };
    const filter = { ...scoped, exact: true, ...(live && { live }) };
    const isDerived = derivedOf(selection.metric) !== null;
    const coverage = coverageIn(selection.coverages, selection.metric, period, selection.scopes);
    const known = isDerived ? await this.reads.coverage(scoped) : coverage;
    const last = lastDate(live ? null : known, today);
    const { dates, past, pairs, earlier } = comparedDates(period, range, compare, selection.calendar, last);
    const ranges: Ranges = {
      period,
      weekStart,
      later: (await this.points(filter, dates)).slice(0, past),
      pairs,
      earlier: await this.points(filter, earlier),
    };
    const kind =
      isDerived && periodKind(period) === 'bucket' ? 'total' : summaryKind(selection.metric, period, coverage?.kind);
    const whole =
      (isDerived && kind === 'total' ? await this.derivedTotal(filter, ranges) : null) ??
      (coverage !== null && isStoredWhole(period, coverage.kind)
        ? await this.storedWhole(filter, ranges, compare)
        : null);
    if (whole !== null) {
      const before = compare === undefined ? undefined : whole.before;
      return { ...resource, ...summaryResource(whole.later, ranges, before, known) };
    }
    const plain: SummaryKind = isDerived ? 'last' : kind;
    const { from, to } = range;
    const later = wholeOf(ranges, plain) ?? { kind: plain, from, to: bucketEnd(period, to, weekStart), value: null };
    const before = compare === undefined ? undefined : earlierWhole(ranges, plain);
    return { ...resource, ...summaryResource(later, ranges, before, known) };
  }

  private async points(filter: object, dates: readonly LocalDate[]): Promise<readonly SeriesPoint<string>[]> {
    const [from, to] = [dates.at(0), dates.at(-1)];
    if (from === undefined || to === undefined) return [];
    const found = new Map((await this.reads.series({ ...filter, from, to })).map((point) => [point.date, point]));
    return dates.map((date) => found.get(date) ?? { date, value: null, complete: true, asOf: null });
  }

  /** Computes a derived metric of a range from the totals of its parts. Returns null if these do not add up. */
  private async derivedTotal(filter: object, ranges: Ranges): Promise<Wholes | null> {
    try {
      const value = await this.total(filter, ranges.later);
      const span = spanOf(ranges, ranges.later, 'whole', value);
      return span === null ? null : { later: span, before: await this.total(filter, ranges.earlier) };
    } catch (error) {
      if (error instanceof NotSummableError) return null;
      throw error;
    }
  }

  private async total(filter: object, points: readonly SeriesPoint<string>[]): Promise<string | null> {
    const [from, to] = [points.at(0)?.date, points.at(-1)?.date];
    return from === undefined || to === undefined ? null : this.reads.total({ ...filter, from, to });
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
