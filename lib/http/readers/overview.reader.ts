import { Inject, Injectable } from '@nestjs/common';
import { coverageIn, kindMeaning, type StoredCoverage, storedCoverages, TOTAL_SCOPE } from '../../coverage/index.js';
import type { Metric } from '../../catalog/index.js';
import type { Work } from '../../database/work.js';
import {
  type Calendar,
  calendarOf,
  findPeriods,
  readTotals,
  readTotalsAt,
  type SeriesRow,
  StatisticByDate,
  statisticTableOf,
} from '../../statistics/index.js';
import { addDays, type LocalDate } from '../../time/local-date.js';
import { type Period, periodKind, windowDays } from '../../time/period.js';
import type { ResolvedHttpOptions } from '../http.options.js';
import { HTTP_OPTIONS } from '../http.tokens.js';
import { pageOf } from './metric-page.js';
import {
  cachedDates,
  changeBetween,
  emptyItem,
  grouped,
  itemOf,
  lastComplete,
  type Line,
  type LineSeries,
  type Point,
  seriesIn,
} from './overview.line.js';
import type { OverviewQuery } from '../parameters/statistic.parameters.js';
import { byPeriod } from './period-order.js';
import { checkLimit, checkPoints } from './range.js';
import type { ChangeResource, OverviewItem, OverviewResponse } from '../resources.js';
import { TrackstatsAccess } from '../trackstats.access.js';

/** Reads all metrics at a glance: a few queries for each period that is shown, never one for each metric. */
@Injectable()
export class OverviewReader {
  constructor(
    @Inject(TrackstatsAccess) private readonly access: TrackstatsAccess,
    @Inject(HTTP_OPTIONS) private readonly options: ResolvedHttpOptions,
  ) {}

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

  private *items(metrics: readonly Metric[], { period, points }: OverviewQuery, now: Date): Work<OverviewItem[]> {
    const coverages = yield* storedCoverages(this.access.context.database, metrics, null);
    const periods = period === undefined ? yield* this.firstPeriods(metrics, coverages) : null;
    const datesOf = cachedDates(points);
    const byMetric = grouped(coverages);
    const lines = metrics.map((metric) => {
      const shown = periods === null ? period : periods.get(metric.id);
      if (shown === undefined) return null;
      return this.lineOf(metric, shown, byMetric.get(metric.id) ?? [], datesOf, now);
    });
    const rows = yield* this.rowsOf(lines.filter((line) => line !== null));
    const series = lines.map((line) => (line === null ? null : seriesIn(line, rows.get(line.metric.id) ?? [])));
    const changes = yield* this.changesOf(series.filter((one) => one !== null));
    return metrics.map((metric, place) => {
      const one = series[place] ?? null;
      return one === null ? emptyItem(metric) : itemOf(one, points, changes.get(metric.id) ?? null, now);
    });
  }

  /** the period in which each metric is shown: the first in which it has totals */
  private *firstPeriods(
    metrics: readonly Metric[],
    coverages: readonly StoredCoverage[],
  ): Work<ReadonlyMap<number, Period>> {
    const { database } = this.access.context;
    const covered = coverages.filter(({ scope, from }) => scope === TOTAL_SCOPE && from !== null);
    const stored = yield* findPeriods(database, statisticTableOf(database, StatisticByDate), metrics);
    const all = [...covered, ...stored].map(({ metricId, period }) => ({ metricId, period }));
    return new Map(all.sort((a, b) => byPeriod(b.period, a.period)).map(({ metricId, period }) => [metricId, period]));
  }

  private lineOf(
    metric: Metric,
    period: Period,
    coverages: readonly StoredCoverage[],
    datesOf: (period: Period, calendar: Calendar) => readonly LocalDate[],
    now: Date,
  ): Line {
    const calendar = calendarOf(this.access.context, now, [metric], coverages, period, [TOTAL_SCOPE]);
    const coverage = coverageIn(coverages, metric, period, [TOTAL_SCOPE]);
    return { metric, period, coverage, calendar, dates: datesOf(period, calendar) };
  }

  /**
   * Reads the earlier values: for windows the one a window before, which is outside the range; for the others the point
   * before.
   */
  private *changesOf(all: readonly LineSeries[]): Work<ReadonlyMap<number, ChangeResource | null>> {
    const { database } = this.access.context;
    const changes = new Map<number, ChangeResource | null>();
    const windows = new Map<Period, Map<number, LocalDate>>();
    const lasts = new Map<number, Point>();
    const empties = new Map<number, string | null>();
    for (const { line, series } of all) {
      const place = lastComplete(series);
      const last = series[place];
      if (periodKind(line.period) !== 'rolling') {
        changes.set(line.metric.id, changeBetween(last, series[place - 1]));
      } else if (last !== undefined) {
        const before = addDays(last.date, -windowDays(line.period));
        if (line.coverage?.from != null && before < line.coverage.from) continue;
        lasts.set(line.metric.id, last);
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
        changes.set(id, changeBetween(lasts.get(id), { date, value: totals.get(id) ?? empties.get(id) ?? null }));
      }
    }
    return changes;
  }

  private *rowsOf(lines: readonly Line[]): Work<ReadonlyMap<number, readonly SeriesRow[]>> {
    const found = new Map<number, readonly SeriesRow[]>();
    for (const period of new Set(lines.map((line) => line.period))) {
      const same = lines.filter((line) => line.period === period);
      // zones differ by a day
      const dates = same.flatMap((line) => [line.dates.at(0), line.dates.at(-1)]).filter((date) => date !== undefined);
      dates.sort();
      const [from, to] = [dates.at(0), dates.at(-1)];
      if (from === undefined || to === undefined) continue;
      const metrics = same.map(({ metric }) => metric);
      const { database } = this.access.context;
      const rows = yield* readTotals(database, metrics, period, { from, to });
      for (const [id, own] of rows) found.set(id, own);
    }
    return found;
  }
}
