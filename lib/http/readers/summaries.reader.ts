import { Injectable } from '@nestjs/common';
import { derivedOf, findMetrics, type Metric, storedParts, naturalKey } from '../../catalog/index.js';
import { coverageIn, coveredRange, type StoredCoverage, storedCoverages, TOTAL_SCOPE } from '../../coverage/index.js';
import { groupBy } from '../../database/groups.js';
import type { Work } from '../../database/work.js';
import {
  builtInTable,
  type Calendar,
  calendarOf,
  canCompare,
  readCompleteDates,
  readFilter,
  readFirstDates,
  readSeries,
  type StatisticContext,
} from '../../statistics/index.js';
import type { LocalDate } from '../../time/local-date.js';
import { localDateAt } from '../../time/time-zone.js';
import { isTimePeriod, Period, periodKind } from '../../time/period.js';
import { NotSummableError } from '../../errors/statistic.error.js';
import type { SummariesQuery } from '../parameters/statistic.parameters.js';
import type { SummariesResponse, SummaryItem } from '../resources.js';
import { canAddUp, type DaySums, readSummedDays } from './day-sums.js';
import { HttpReader } from './http.reader.js';
import { pageOf } from './metric.catalog.js';
import {
  boundsOf,
  checkLimit,
  checkRangeQuery,
  comparedMoments,
  type ComparedMoments,
  type Horizon,
  horizonOf,
  type Moment,
  pointsOfMoments,
  rangeWithin,
  readRange,
  type ReadRange,
} from './range.js';
import { withComputedAt } from './selection.js';
import { metricResource } from './statistic.resource.js';
import {
  areReadings,
  earlierWhole,
  type Ranges,
  spanOf,
  summaryKind,
  summaryResource,
  totalResource,
  wholeOf,
} from './summary.js';
import { periodsOfTotals, pointsOfTotals, rowsOfTotals, sharedPeriods, type ShownMetric, totalAt } from './totals.js';

/** A metric in one period, whose `moments` are those of the range. */
type Line = ShownMetric & { readonly compared: ComparedMoments };
/** null if the range has more points of the period than the limit */
type MomentsOf = (period: Period, calendar: Calendar, horizon: Horizon) => ComparedMoments | null;
type Points = Ranges['later'];

/** Reads one value for a range of every metric, with a few queries for each period and never one for each stored metric. */
@Injectable()
export class SummariesReader extends HttpReader {
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
    const coveragesOf = groupBy(coverages, ({ metricId }) => metricId);
    const momentsOf = this.cachedMoments(query, now);
    const lines = stored.flatMap((metric) => {
      const own = coveragesOf.get(metric.id) ?? [];
      const line = this.lineOf(metric, query.period, periods.get(metric.id) ?? [], own, momentsOf, now);
      return line === null ? [] : [line];
    });
    const sums = yield* readSummedDays(context, lines.filter(canAddUp), query.points);
    const points = yield* pointsOf(
      context,
      lines.filter(({ metric }) => !sums.has(metric.id)),
      now,
    );
    const byKey = new Map(unique.map((metric) => [metric.key, metric]));
    const partsOf = new Map(derived.map((metric) => [metric.key, partsIn(byKey, metric)]));
    const periodOf = (own: readonly Period[]): Period | undefined => {
      const period = query.period ?? own[0];
      return period !== undefined && own.includes(period) ? period : undefined;
    };
    const since = yield* this.firstDates(
      [
        ...stored.map((metric) => ({ metric, period: periodOf(periods.get(metric.id) ?? []) })),
        ...[...partsOf.values()].flatMap((own) =>
          own.map((metric) => ({ metric, period: periodOf(sharedBy(own, periods)) })),
        ),
      ],
      coverages,
    );
    const shown = new Map(lines.map((line) => [line.metric.id, line]));
    for (const metric of stored) {
      const own = periods.get(metric.id) ?? [];
      const line = shown.get(metric.id);
      const values = line && valuesOf(line, sums.get(metric.id) ?? points.get(metric.id), query.points);
      items.set(metric.key, {
        ...(line === undefined || values === undefined
          ? unshownItem(metric, own, query.period)
          : itemOf(line, own, values, now)),
        since: since([metric], periodOf(own)),
      });
    }
    for (const metric of derived) {
      const parts = partsOf.get(metric.key) ?? [];
      const shared = sharedBy(parts, periods);
      const ofParts = parts.flatMap(({ id }) => coveragesOf.get(id) ?? []);
      const item = yield* this.derivedItem(metric, query, shared, ofParts, momentsOf, now);
      items.set(metric.key, { ...item, since: since(parts, periodOf(shared)) });
    }
    return all.map((metric) => items.get(metric.key) ?? emptyItem(metric, []));
  }

  /**
   * Finds the first dates of metrics: the first covered one, or the first stored one of those without coverage.
   *
   * @returns the first date that several metrics have together in a period
   */
  private *firstDates(
    asked: readonly { readonly metric: Metric; readonly period: Period | undefined }[],
    coverages: readonly StoredCoverage[],
  ): Work<(metrics: readonly Metric[], period: Period | undefined) => LocalDate | null> {
    const { database, options } = this.access.context;
    const known = new Map<string, LocalDate>();
    const idOf = ({ id }: Metric, period: Period): string => `${id} ${period}`;
    for (const [period, all] of groupBy(asked, (one) => one.period)) {
      if (period === undefined) continue;
      const uncovered = all.filter(({ metric }) => {
        const covered = coverageIn(coverages, metric, period, [TOTAL_SCOPE]);
        if (covered?.from != null) known.set(idOf(metric, period), covered.from);
        return covered === null;
      });
      const table = builtInTable(database, 'total', isTimePeriod(period) ? 'start' : 'date');
      const metrics = uncovered.map(({ metric }) => metric);
      const firsts = yield* readFirstDates(database, table, period, metrics, options.timeZone);
      for (const metric of metrics) {
        const first = firsts.get(metric.id);
        if (first !== undefined) known.set(idOf(metric, period), first);
      }
    }
    return (metrics, period) => {
      if (period === undefined) return null;
      const dates = metrics.map((metric) => known.get(idOf(metric, period)));
      return dates.every((date) => date !== undefined) ? (dates.sort().at(-1) ?? null) : null;
    };
  }

  /** Returns a metric in the given period or its first one, with the dates of both ranges. Null if it has no totals in it. */
  private lineOf(
    metric: Metric,
    asked: Period | undefined,
    periods: readonly Period[],
    coverages: readonly StoredCoverage[],
    momentsOf: MomentsOf,
    now: Date,
  ): Line | null {
    const period = asked ?? periods[0];
    if (period === undefined || !periods.includes(period)) return null;
    const calendar = calendarOf(this.access.context, now, [metric], coverages, period, [TOTAL_SCOPE]);
    const coverage = coverageIn(coverages, metric, period, [TOTAL_SCOPE]);
    const compared = momentsOf(period, calendar, horizonOf(coverage, calendar, now));
    return compared && { metric, period, coverage, calendar, moments: compared.moments, compared };
  }

  /** Returns a function for the moments of both ranges. It computes them once, because most metrics have the same. */
  private cachedMoments(query: SummariesQuery, now: Date): MomentsOf {
    const known = new Map<string, ComparedMoments | null>();
    return (period, calendar, horizon) => {
      const isTime = isTimePeriod(period);
      const id = `${period} ${isTime ? `${calendar.timeZone} ${horizon.instant.getTime()}` : `${calendar.today} ${horizon.date}`}`;
      const found = known.get(id);
      if (found !== undefined) return found;
      const range = this.rangeOf(query, period, calendar, now);
      // one weekly metric among many must not fail the comparison of months
      const compare = canCompare(period, query.compare) ? query.compare : 'previous';
      const moments = range && comparedMoments(period, range.moments, compare, calendar, horizon);
      known.set(id, moments);
      return moments;
    };
  }

  /** One metric that has only minutes must not fail the months of all others, unless minutes are asked for. */
  private rangeOf(query: SummariesQuery, period: Period, calendar: Calendar, now: Date): ReadRange | null {
    const { limits } = this.options;
    if (query.period !== undefined || !isTimePeriod(period))
      return readRange({ ...query, period }, calendar, now, limits);
    return rangeWithin({ ...query, period }, calendar, now, limits);
  }

  private *derivedItem(
    metric: Metric,
    query: SummariesQuery,
    periods: readonly Period[],
    ofParts: readonly StoredCoverage[],
    momentsOf: MomentsOf,
    now: Date,
  ): Work<SummaryItem> {
    const { context } = this.access;
    const period = query.period ?? periods[0];
    if (period === undefined || !periods.includes(period)) return emptyItem(metric, periods);
    const filter = { ...readFilter(context, { metric: metric.key, period }), period };
    const covered = yield* readCompleteDates(context, filter, now);
    const { timeZone, weekStart } = context.options;
    const zone = covered?.timeZone ?? timeZone;
    const calendar = { timeZone: zone, today: localDateAt(now, zone), weekStart };
    const ofPeriod = ofParts.filter((one) => one.period === period && one.scope === TOTAL_SCOPE);
    const known = withComputedAt(covered, ofPeriod);
    const compared = momentsOf(period, calendar, horizonOf(known, calendar, now));
    if (compared === null) return unshownItem(metric, periods, query.period);
    const read = function* (moments: readonly Moment[]): Work<Points> {
      const range = boundsOf(moments);
      if (range === null) return [];
      return pointsOfMoments(
        moments,
        (yield* readSeries(context, { ...filter, range }, 'period', now))[0]?.points ?? [],
      );
    };
    const all = yield* read(compared.moments);
    const line = { metric, period, coverage: null, calendar, compared };
    const ranges = rangesOf(line, all, yield* read(compared.earlier));
    const total = periodKind(period) === 'bucket' ? yield* this.derivedTotals(filter, ranges, now) : null;
    const whole = total?.whole ?? wholeOf(ranges, 'last');
    const before = total === null ? earlierWhole(ranges, 'last') : total.before;
    return {
      ...emptyItem(metric, periods),
      period: Period.nameOf(period),
      summary: whole === null ? null : summaryResource(whole, ranges, before, covered),
      ...trendOf(meansOf(all, query.points)),
      coverage: covered,
    };
  }

  /** Computes the values of both ranges from the totals of the parts. Returns null if these do not add up. */
  private *derivedTotals(
    filter: ReturnType<typeof readFilter> & { readonly period: Period },
    ranges: Ranges,
    now: Date,
  ): Work<{ whole: ReturnType<typeof wholeOf>; before: string | null } | null> {
    const { later, earlier } = ranges;
    try {
      const value = yield* totalAt(this.access.context, filter, later, now);
      const before = yield* totalAt(this.access.context, filter, earlier, now);
      return { whole: spanOf(ranges, later, 'whole', value), before };
    } catch (error) {
      if (error instanceof NotSummableError) return null;
      throw error;
    }
  }
}

/** The stored metrics of which a derived one is computed. Empty if one of them is not stored. */
function partsIn(byKey: ReadonlyMap<string, Metric>, metric: Metric): Metric[] {
  const parts = storedParts(metric).map((part) => byKey.get(naturalKey(part)));
  return parts.every((part) => part !== undefined) ? parts : [];
}

function sharedBy(metrics: readonly Metric[], periods: ReadonlyMap<number, readonly Period[]>): readonly Period[] {
  return sharedPeriods(new Map(metrics.map(({ id }) => [id, periods.get(id) ?? []])));
}

interface Found {
  readonly points: Points;
  readonly earlier: Points;
}

/** Reads the points of both ranges of metrics, by the metrics' ids. */
function* pointsOf(context: StatisticContext, lines: readonly Line[], now: Date): Work<ReadonlyMap<number, Found>> {
  const before = lines.map((line) => ({ ...line, moments: line.compared.earlier }));
  const [rows, rowsBefore] = [yield* rowsOfTotals(context, lines), yield* rowsOfTotals(context, before)];
  return new Map(
    lines.map((line, place) => {
      const { id } = line.metric;
      const points = pointsOfTotals(line, rows.get(id) ?? [], now);
      return [id, { points, earlier: pointsOfTotals(before[place] ?? line, rowsBefore.get(id) ?? [], now) }];
    }),
  );
}

function rangesOf(
  { metric, period, coverage, calendar, compared }: Omit<Line, 'moments'>,
  points: Points,
  earlier: Points,
): Ranges {
  return {
    period,
    calendar,
    later: points.slice(0, compared.past),
    pairs: compared.pairs,
    earlier,
    areReadings: areReadings(metric, coverage?.kind),
  };
}

/** The value of a metric over a range, with its course. */
type ItemValues = Pick<SummaryItem, 'summary' | 'trend' | 'openValues'>;

function valuesOf(line: Line, found: DaySums | Found | undefined, count: number): ItemValues | undefined {
  if (found === undefined) return undefined;
  if ('trend' in found) return { summary: totalResource(found.later, found.earlier), ...trendOf(found.trend) };
  const { metric, period, coverage } = line;
  const { points, earlier } = found;
  const kind = summaryKind(metric, period, coverage?.kind);
  const ranges = rangesOf(line, points, earlier);
  const whole = wholeOf(ranges, kind);
  return {
    summary: whole === null ? null : summaryResource(whole, ranges, earlierWhole(ranges, kind), coverage),
    ...trendOf(meansOf(points, count)),
  };
}

function itemOf(
  { metric, period, coverage }: Line,
  periods: readonly Period[],
  values: ItemValues,
  now: Date,
): SummaryItem {
  return {
    ...emptyItem(metric, periods),
    period: Period.nameOf(period),
    ...values,
    coverage: coveredRange(coverage, now),
  };
}

/** An item without a value: it has no totals in the period that is asked for, or too many points in its own. */
function unshownItem(metric: Metric, periods: readonly Period[], asked: Period | undefined): SummaryItem {
  const [own] = periods;
  const period = asked === undefined && own !== undefined ? Period.nameOf(own) : null;
  return { ...emptyItem(metric, periods), period };
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
    openValues: 0,
    coverage: null,
    since: null,
  };
}

/** Returns at most `count` values. Each is the mean of the known values of as many dates as the others. */
function meansOf(points: Points, count: number): DaySums['trend'] {
  const size = Math.max(1, Math.ceil(points.length / count));
  return Array.from({ length: Math.ceil(points.length / size) }, (_, place) => {
    const known = points.slice(place * size, (place + 1) * size).filter(({ value }) => value !== null);
    return { value: meanOf(known), isOpen: known.some(({ complete }) => !complete) };
  });
}

function trendOf(values: DaySums['trend']): Pick<SummaryItem, 'trend' | 'openValues'> {
  const lastOver = values.findLastIndex(({ value, isOpen }) => value !== null && !isOpen);
  const open = values.slice(lastOver + 1).filter(({ value }) => value !== null);
  return { trend: values.map(({ value }) => value), openValues: open.length };
}

function meanOf(points: Points): number | null {
  return points.length === 0 ? null : points.reduce((sum, { value }) => sum + Number(value), 0) / points.length;
}
