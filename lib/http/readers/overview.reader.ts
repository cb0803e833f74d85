import { Injectable } from '@nestjs/common';
import {
  coverageIn,
  kindMeaning,
  type StoredCoverage,
  storedCoverages,
  TOTAL_SCOPE,
  coveredRange,
} from '../../coverage/index.js';
import { derivedOf, findMetrics, type Metric, storedParts } from '../../catalog/index.js';
import { groupBy } from '../../database/groups.js';
import type { Work } from '../../database/work.js';
import {
  type Calendar,
  calendarOf,
  carriedSince,
  momentOfPoint,
  type PointMoment,
  readCompleteDates,
  readFilter,
  readSeries,
  readTotalsAt,
  type SeriesPoint,
} from '../../statistics/index.js';
import type { LocalDate } from '../../time/local-date.js';
import { dateBefore, Period, periodKind } from '../../time/period.js';
import { HttpReader } from './http.reader.js';
import { pageOf } from './metric.catalog.js';
import type { OverviewQuery } from '../parameters/statistic.parameters.js';
import { metricResource, pointResource } from './statistic.resource.js';
import { periodsOfTotals, pointsOfTotals, rowsOfTotals, sharedPeriods, type ShownMetric } from './totals.js';
import { checkLimit, checkPoints, lastMoments, type Moment } from './range.js';
import type { ChangeResource, OverviewItem, OverviewResponse } from '../resources.js';

/** Reads the current state of all metrics, with a few queries for each period and never one for each metric. */
@Injectable()
export class OverviewReader extends HttpReader {
  async overview(query: OverviewQuery): Promise<OverviewResponse> {
    const { points } = query;
    const { limits } = this.options;
    checkPoints(points, limits);
    const { metrics, page } = await pageOf(this.access, query, limits);
    checkLimit('values', metrics.length * points, limits);
    const now = this.access.clock();
    const items = await this.access.context.database.read(() => this.items(metrics, query, now));
    return { ...page, points, items };
  }

  private *items(all: readonly Metric[], query: OverviewQuery, now: Date): Work<OverviewItem[]> {
    const stored = yield* this.storedItems(
      all.filter((metric) => derivedOf(metric) === null),
      query,
      now,
    );
    const byKey = new Map(stored.map((item) => [item.metric.key, item]));
    const items: OverviewItem[] = [];
    for (const metric of all) items.push(byKey.get(metric.key) ?? (yield* this.derivedItem(metric, query, now)));
    return items;
  }

  /** Reads a derived metric in the first period in which all of its parts have totals. */
  private *derivedItem(metric: Metric, { period, points }: OverviewQuery, now: Date): Work<OverviewItem> {
    const { context } = this.access;
    const parts = storedParts(metric);
    const stored = (yield* findMetrics(context.database, parts)).filter((part) => part !== null);
    if (stored.length < parts.length) return emptyItem(metric);
    const shown = period ?? (yield* this.sharedPeriod(stored));
    if (shown === undefined) return emptyItem(metric);
    const filter = { ...readFilter(context, { metric: metric.key, period: shown, last: points + 2 }), period: shown };
    const series = (yield* readSeries(context, filter, 'period', now))[0]?.points ?? [];
    const place = lastComplete(series);
    const last = series[place];
    let before = series[place - 1];
    const kind = periodKind(shown);
    if (last !== undefined && kind !== 'bucket' && kind !== 'lifetime') {
      const range = { date: dateBefore(shown, last.date, context.options.weekStart) };
      before = (yield* readSeries(context, { ...filter, range }, 'period', now))[0]?.points[0];
    }
    const coverage = yield* readCompleteDates(context, filter, now);
    return { ...itemOf(metric, shown, series, points, changeBetween(last, before)), coverage };
  }

  private *sharedPeriod(metrics: readonly Metric[]): Work<Period | undefined> {
    const { context } = this.access;
    const coverages = yield* storedCoverages(context.database, metrics, null);
    return sharedPeriods(yield* periodsOfTotals(context, metrics, coverages))[0];
  }

  private *storedItems(metrics: readonly Metric[], { period, points }: OverviewQuery, now: Date): Work<OverviewItem[]> {
    const coverages = yield* storedCoverages(this.access.context.database, metrics, null);
    const periods = period === undefined ? yield* periodsOfTotals(this.access.context, metrics, coverages) : null;
    const momentsOf = cachedMoments(points, now);
    const own = groupBy(coverages, ({ metricId }) => metricId);
    const lines = metrics.map((metric) => {
      const shown = periods === null ? period : periods.get(metric.id)?.[0];
      if (shown === undefined) return null;
      return this.lineOf(metric, shown, own.get(metric.id) ?? [], momentsOf, now);
    });
    const rows = yield* rowsOfTotals(
      this.access.context,
      lines.filter((line) => line !== null),
    );
    const series = lines.map((line) =>
      line === null ? null : { line, series: pointsOfTotals(line, rows.get(line.metric.id) ?? [], now) },
    );
    const changes = yield* this.changesOf(series.filter((one) => one !== null));
    return metrics.map((metric, place) => {
      const one = series[place] ?? null;
      if (one === null) return emptyItem(metric);
      const { line, series: all } = one;
      const item = itemOf(metric, line.period, all, points, changes.get(metric.id) ?? null);
      return { ...item, coverage: coveredRange(line.coverage, now) };
    });
  }

  private lineOf(
    metric: Metric,
    period: Period,
    coverages: readonly StoredCoverage[],
    momentsOf: (period: Period, calendar: Calendar) => readonly Moment[],
    now: Date,
  ): ShownMetric {
    const calendar = calendarOf(this.access.context, now, [metric], coverages, period, [TOTAL_SCOPE]);
    const coverage = coverageIn(coverages, metric, period, [TOTAL_SCOPE]);
    return { metric, period, coverage, calendar, moments: momentsOf(period, calendar) };
  }

  /**
   * Reads the earlier values that are outside the range: those one window before, and for periods to date those of the
   * same day in the unit before. For the other periods the earlier value is the point before.
   */
  private *changesOf(all: readonly ShownSeries[]): Work<ReadonlyMap<number, ChangeResource | null>> {
    const { database } = this.access.context;
    const changes = new Map<number, ChangeResource | null>();
    const windows = new Map<Period, Map<number, LocalDate>>();
    const lasts = new Map<number, Point>();
    const empties = new Map<number, string | null>();
    const since = new Map<number, LocalDate | null>();
    for (const { line, series } of all) {
      const place = lastComplete(series);
      const last = series[place];
      const kind = periodKind(line.period);
      if (kind === 'bucket' || kind === 'lifetime') {
        changes.set(line.metric.id, changeBetween(last, series[place - 1]));
      } else if (last !== undefined) {
        const before = dateBefore(line.period, last.date, line.calendar.weekStart);
        if (line.coverage?.from != null && before < line.coverage.from) continue;
        lasts.set(line.metric.id, last);
        const through = line.coverage?.from == null ? null : (line.coverage.through ?? line.calendar.today);
        since.set(line.metric.id, carriedSince(line.period, before, through, line.calendar.weekStart));
        empties.set(line.metric.id, line.coverage === null ? null : kindMeaning(line.coverage.kind).empty);
        windows.set(
          line.period,
          (windows.get(line.period) ?? new Map<number, LocalDate>()).set(line.metric.id, before),
        );
      }
    }
    for (const [period, dates] of windows) {
      const totals = yield* readTotalsAt(database, period, dates);
      for (const [id, date] of dates) {
        const total = totals.get(id);
        const isCarried = total !== undefined && total.date >= (since.get(id) ?? total.date);
        const value = (isCarried ? total.value : empties.get(id)) ?? null;
        changes.set(id, changeBetween(lasts.get(id), { date, value }));
      }
    }
    return changes;
  }
}

type Point = SeriesPoint<string>;

/** A line with its points, two more than are shown. */
interface ShownSeries {
  readonly line: ShownMetric;
  readonly series: readonly Point[];
}

/** Returns the moments up to now, two more than points: the change compares the last complete value with one before it. */
function cachedMoments(points: number, now: Date): (period: Period, calendar: Calendar) => readonly Moment[] {
  const known = new Map<string, readonly Moment[]>();
  return (period, calendar) => {
    const id = `${period} ${calendar.today} ${calendar.timeZone}`;
    const moments = known.get(id) ?? lastMoments(period, points + 2, calendar, now);
    known.set(id, moments);
    return moments;
  };
}

function itemOf(
  metric: Metric,
  period: Period,
  series: readonly Point[],
  points: number,
  change: ChangeResource | null,
): Omit<OverviewItem, 'coverage'> {
  const sparkline = series.slice(-points);
  const last = sparkline.findLast(({ value }) => value !== null);
  return {
    metric: metricResource(metric),
    period: Period.nameOf(period),
    last: last === undefined ? null : pointResource(last, false),
    change,
    sparkline: sparkline.map((point) => pointResource(point, false)),
  };
}

function emptyItem(metric: Metric): OverviewItem {
  return { metric: metricResource(metric), period: null, last: null, change: null, sparkline: [], coverage: null };
}

/** Returns the place of the last value whose date was over when it was computed. An open one would always seem to fall. */
function lastComplete(points: readonly Point[]): number {
  return points.findLastIndex(({ complete, value }) => complete && value !== null);
}

function changeBetween(
  last: Point | undefined,
  previous: (PointMoment & Pick<Point, 'value'>) | undefined,
): ChangeResource | null {
  if (last === undefined || previous === undefined || last.value === null || previous.value === null) return null;
  const [value, previousValue] = [Number(last.value), Number(previous.value)];
  const absolute = value - previousValue;
  const relative = previousValue === 0 ? null : absolute / Math.abs(previousValue);
  return {
    ...momentOfPoint(last),
    value,
    previousDate: previous.date,
    ...(previous.start !== undefined && { previousStart: previous.start }),
    previousValue,
    absolute,
    relative,
  };
}
