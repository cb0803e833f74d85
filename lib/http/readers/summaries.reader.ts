import { Inject, Injectable } from '@nestjs/common';
import { derivedOf, findMetrics, type Metric, storedParts, naturalKey } from '../../catalog/index.js';
import { coverageIn, coveredRange, type StoredCoverage, storedCoverages, TOTAL_SCOPE } from '../../coverage/index.js';
import type { Work } from '../../database/work.js';
import {
  type Calendar,
  calendarOf,
  earlierDates,
  readCompleteDates,
  readFilter,
  readSeries,
  readTotal,
  seriesDates,
} from '../../statistics/index.js';
import type { LocalDate } from '../../time/local-date.js';
import { localDateAt } from '../../time/time-zone.js';
import { Period, periodKind } from '../../time/period.js';
import { NotSummableError } from '../../errors/statistic.error.js';
import { HTTP_OPTIONS, type ResolvedHttpOptions } from '../http.options.js';
import type { SummariesQuery } from '../parameters/statistic.parameters.js';
import type { SummariesResponse, SummaryItem } from '../resources.js';
import { TrackstatsAccess } from '../trackstats.access.js';
import { pageOf } from './metric.catalog.js';
import { checkLimit, checkRangeQuery, readRange } from './range.js';
import { metricResource } from './statistic.resource.js';
import { earlierWhole, pastOf, type Ranges, spanOf, summaryKind, summaryResource, wholeOf } from './summary.js';
import { byMetric, periodsOfTotals, pointsOfTotals, rowsOfTotals, sharedPeriods, type ShownMetric } from './totals.js';

type Line = ShownMetric & { readonly count: number };
/** The dates of a range and of the one just before it. */
interface TwoRanges {
  readonly earlier: readonly LocalDate[];
  readonly later: readonly LocalDate[];
}

type DatesOf = (period: Period, calendar: Calendar) => TwoRanges;
type Values = readonly { readonly value: string | null }[];

/** Reads the total of every metric over a range: a few queries for each period, never one for each stored metric. */
@Injectable()
export class SummariesReader {
  constructor(
    @Inject(TrackstatsAccess) private readonly access: TrackstatsAccess,
    @Inject(HTTP_OPTIONS) private readonly options: ResolvedHttpOptions,
  ) {}

  async summaries(query: SummariesQuery): Promise<SummariesResponse> {
    const { points } = query;
    const { limits } = this.options;
    checkRangeQuery({ ...query, period: query.period ?? Period.DAY }, limits);
    const { metrics, page } = await pageOf(this.access, query, limits);
    checkLimit('values', metrics.length * points, limits);
    const { context, clock } = this.access;
    const now = clock();
    const items = await context.database.read(() => this.items(metrics, query, now));
    return { ...page, points, today: localDateAt(now, context.options.timeZone), items };
  }

  private *items(all: readonly Metric[], query: SummariesQuery, now: Date): Work<SummaryItem[]> {
    const { context } = this.access;
    const derived = all.filter((metric) => derivedOf(metric) !== null);
    const parts = (yield* findMetrics(context.database, derived.flatMap(storedParts))).filter((part) => part !== null);
    const stored = all.filter((metric) => derivedOf(metric) === null);
    const unique = [...new Map([...stored, ...parts].map((metric) => [metric.id, metric])).values()];
    const coverages = yield* storedCoverages(context.database, unique, null);
    const periods = yield* periodsOfTotals(context, unique, coverages);
    const items = new Map<string, SummaryItem>();
    const coveragesOf = byMetric(coverages);
    const datesOf = this.cachedDates(query);
    const lines = stored.flatMap((metric) => {
      const own = coveragesOf.get(metric.id) ?? [];
      const line = this.lineOf(metric, query.period, periods.get(metric.id) ?? [], own, datesOf, now);
      return line === null ? [] : [line];
    });
    const rows = yield* rowsOfTotals(context, lines);
    const shown = new Map(lines.map((line) => [line.metric.id, line]));
    for (const metric of stored) {
      const own = periods.get(metric.id) ?? [];
      const line = shown.get(metric.id);
      items.set(
        metric.key,
        line === undefined
          ? emptyItem(metric, own)
          : itemOf(line, own, rangesOf(line, pointsOfTotals(line, rows.get(metric.id) ?? [])), query.points, now),
      );
    }
    const byKey = new Map(unique.map((metric) => [metric.key, metric]));
    for (const metric of derived) {
      const own = storedParts(metric).map((part) => byKey.get(naturalKey(part)));
      const shared = own.every((part) => part !== undefined)
        ? sharedPeriods(new Map(own.map((part) => [part.id, periods.get(part.id) ?? []])))
        : [];
      items.set(metric.key, yield* this.derivedItem(metric, query, shared, now));
    }
    return all.map((metric) => items.get(metric.key) ?? emptyItem(metric, []));
  }

  /** A metric in the period that is asked for, or its first. Its dates are those of both ranges. */
  private lineOf(
    metric: Metric,
    asked: Period | undefined,
    periods: readonly Period[],
    coverages: readonly StoredCoverage[],
    datesOf: DatesOf,
    now: Date,
  ): Line | null {
    const period = asked ?? periods[0];
    if (period === undefined || !periods.includes(period)) return null;
    const calendar = calendarOf(this.access.context, now, [metric], coverages, period, [TOTAL_SCOPE]);
    const coverage = coverageIn(coverages, metric, period, [TOTAL_SCOPE]);
    const { earlier, later } = datesOf(period, calendar);
    return { metric, period, coverage, calendar, dates: [...earlier, ...later], count: later.length };
  }

  /** The dates of both ranges, which are the same for most metrics. */
  private cachedDates(query: SummariesQuery): DatesOf {
    const known = new Map<string, TwoRanges>();
    return (period, calendar) => {
      const { today, weekStart } = calendar;
      const id = `${period} ${today}`;
      const found = known.get(id);
      if (found !== undefined) return found;
      const { from, to } = readRange({ ...query, period }, calendar, this.options.limits);
      const later = from > to ? [] : seriesDates(period, from, to, weekStart);
      const dates = { earlier: earlierDates(period, later, 'previous', weekStart), later };
      known.set(id, dates);
      return dates;
    };
  }

  private *derivedItem(
    metric: Metric,
    query: SummariesQuery,
    periods: readonly Period[],
    now: Date,
  ): Work<SummaryItem> {
    const { context } = this.access;
    const period = query.period ?? periods[0];
    if (period === undefined || !periods.includes(period)) return emptyItem(metric, periods);
    const filter = { ...readFilter(context, { metric: metric.key }), period };
    const covered = yield* readCompleteDates(context, filter, now);
    const { timeZone, weekStart } = context.options;
    const zone = covered?.timeZone ?? timeZone;
    const calendar = { timeZone: zone, today: localDateAt(now, zone), weekStart };
    const { earlier, later } = this.cachedDates(query)(period, calendar);
    const [from, to] = [earlier.at(0), later.at(-1)];
    if (from === undefined || to === undefined) return emptyItem(metric, periods);
    const all = (yield* readSeries(context, { ...filter, range: { from, to } }, 'period', now))[0]?.points ?? [];
    const through = covered?.through ?? calendar.today;
    const ranges: Ranges = {
      period,
      earlier: all.slice(0, earlier.length),
      later: all.slice(earlier.length),
      weekStart,
      last: through < calendar.today ? through : calendar.today,
    };
    const total = periodKind(period) === 'bucket' ? yield* this.derivedTotals(filter, ranges, now) : null;
    const whole = total?.whole ?? wholeOf(ranges, 'last');
    const before = total === null ? earlierWhole(ranges, 'last', null) : total.before;
    return {
      ...emptyItem(metric, periods),
      period: Period.nameOf(period),
      summary: whole === null ? null : summaryResource(whole, ranges, before),
      trend: trendOf(ranges.later, query.points),
      coverage: covered,
    };
  }

  /** The values of both ranges from the totals of the parts; null if those do not add up. */
  private *derivedTotals(
    filter: ReturnType<typeof readFilter> & { readonly period: Period },
    ranges: Ranges,
    now: Date,
  ): Work<{ whole: ReturnType<typeof wholeOf>; before: string | null } | null> {
    const { later, earlier } = pastOf(ranges);
    try {
      const values: (string | null)[] = [];
      for (const points of [later, earlier]) {
        const [from, to] = [points.at(0)?.date, points.at(-1)?.date];
        const isEmpty = from === undefined || to === undefined;
        values.push(isEmpty ? null : yield* readTotal(this.access.context, { ...filter, range: { from, to } }, now));
      }
      const [value = null, before = null] = values;
      return { whole: spanOf(ranges, later, 'whole', value), before };
    } catch (error) {
      if (error instanceof NotSummableError) return null;
      throw error;
    }
  }
}

function rangesOf({ period, coverage, calendar, count }: Line, points: Ranges['later']): Ranges {
  const { today, weekStart } = calendar;
  const through = coverage?.through ?? today;
  return {
    period,
    earlier: points.slice(0, points.length - count),
    later: points.slice(points.length - count),
    weekStart,
    last: through < today ? through : today,
  };
}

function itemOf(line: Line, periods: readonly Period[], ranges: Ranges, points: number, now: Date): SummaryItem {
  const kind = summaryKind(line.metric, line.period, line.coverage?.kind);
  const whole = wholeOf(ranges, kind);
  return {
    ...emptyItem(line.metric, periods),
    period: Period.nameOf(line.period),
    summary: whole === null ? null : summaryResource(whole, ranges, earlierWhole(ranges, kind, line.coverage)),
    trend: trendOf(ranges.later, points),
    coverage: coveredRange(line.coverage, now),
  };
}

function emptyItem(metric: Metric, periods: readonly Period[]): SummaryItem {
  return {
    metric: metricResource(metric),
    description: metric.description,
    ...(derivedOf(metric) !== null && { derivedFrom: storedParts(metric).map(naturalKey) }),
    periods: periods.map((period) => Period.nameOf(period)),
    period: null,
    summary: null,
    trend: [],
    coverage: null,
  };
}

/** As many values as are asked for: each the mean of the known values of as many dates as the others. */
function trendOf(points: Values, count: number): (number | null)[] {
  const size = Math.max(1, Math.ceil(points.length / count));
  return Array.from({ length: Math.ceil(points.length / size) }, (_, place) => {
    const known = points
      .slice(place * size, (place + 1) * size)
      .flatMap(({ value }) => (value === null ? [] : [Number(value)]));
    return known.length === 0 ? null : known.reduce((a, b) => a + b, 0) / known.length;
  });
}
