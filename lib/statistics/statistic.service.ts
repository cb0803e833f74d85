/* eslint-disable @typescript-eslint/unified-signatures -- one signature would read `object: undefined` as the total */
import type { SelectQueryBuilder } from 'typeorm';
import {
  type Annotation,
  type AnnotationInput,
  type AnnotationRange,
  readAnnotation,
  readAnnotationId,
} from '../annotations/annotation.js';
import { findAnnotations, removeAnnotation, storeAnnotation } from '../annotations/annotation.store.js';
import type { MetricTarget } from '../catalog/definitions.js';
import type { Metric } from '../catalog/metric.entity.js';
import { copyOf } from '../catalog/metric.query.js';
import type { Database } from '../database/database.js';
import type { Work } from '../database/work.js';
import type { LocalDate } from '../time/local-date.js';
import { type BucketPeriod, Period } from '../time/period.js';
import type { Clock } from '../trackstats.tokens.js';
import { iterable, manager, type Check } from '../validation/check.js';
import { readArgument, readCallOptions, type ChecksOf } from '../validation/options.js';
import type { AbstractStatistic } from './tables/abstract-statistic.js';
import type { AbstractTimeStatistic } from './tables/abstract-time-statistic.js';
import { readCall, readOneMetric, readOnePeriod } from './filter/calls.js';
import { type CompleteDates, readCompleteDates } from './read/coverage.query.js';
import type { NormalFilter } from './filter/filter.js';
import type { LiveSource } from './filter/live-source.js';
import { findBuckets, lastBucket } from './read/bucket.query.js';
import { findStatistics, lastStatistic, toStatistic } from './read/find.query.js';
import { checkIncrement, Incrementer } from './write/increment.js';
import { IncrementInterceptors } from './write/increment-interceptors.js';
import { decodeDimensions, nameSeries } from './read/multi-series.js';
import { buildNarrowQuery } from './read/narrow.js';
import type { ObjectRef } from './filter/object-target.js';
import type { ObjectTypes } from './filter/object-types.js';
import type { StatisticOwners } from './tables/owners.js';
import { checkPrune, countPrunable, type PrunableRows, prune, type PruneFilter } from './write/prune.js';
import { readLive } from './read/live.js';
import { comparedRange, type Comparison, readComparison } from './read/comparison.js';
import { checkObjectTypes } from './read/object-type.check.js';
import { checkSummable, read, readPoints } from './read/reading.js';
import { KnownMetrics } from './write/known-metrics.js';
import { checkRecord, Recorder } from './write/record.js';
import type { ValueToWrite } from './write/write.query.js';
import { removeRows } from './write/remove.js';
import { readAnnotationFilter } from './filter/annotation-filter.js';
import { checkOneBucket } from './filter/date-range.js';
import { checkRanked, requireOneCell, objectRefOf } from './filter/scope-filter.js';
import type { SeriesPoint } from './read/series.js';
import { readSeries, readTop, readTotal } from './read/derived.query.js';
import type { Series } from './read/series.query.js';
import {
  calendarOf,
  moduleCalendar,
  readMetrics,
  type StatisticContext,
  type StatisticOptions,
} from './filter/statistic.context.js';
import type { StatisticByDateAndObject } from './tables/statistic-by-date-and-object.entity.js';
import type { StatisticByDate } from './tables/statistic-by-date.entity.js';
import type { StatisticByTimeAndObject } from './tables/statistic-by-time-and-object.entity.js';
import type { StatisticByTime } from './tables/statistic-by-time.entity.js';
import type {
  AnyMetrics,
  At,
  Comparing,
  CustomCell,
  CustomScope,
  DimensionValues,
  Fill,
  Filling,
  IncrementBase,
  InTime,
  InTransaction,
  ObjectsScope,
  OneMetric,
  OneObjectScope,
  Range,
  Ranking,
  Reading,
  RecordAt,
  RecordBase,
  RecordInput,
  TotalScope,
  ValueOf,
} from './filter/statistic-filter.js';

const MANAGER = { manager } satisfies ChecksOf<InTransaction>;

type Filter = NormalFilter & { readonly period: Period };
type LiveFilter = Filter & { readonly options: { readonly live: boolean } };

/**
 * Reads and writes statistics.
 *
 * Every call names a metric and a scope: nothing for the total, `object`, `objects` or `objectType` for statistics by
 * object, or `entity` with `dimensions` for a custom statistic. `period` is DAY by default; in `find`, `narrow` and
 * `remove`, leaving it out means every period. Instants, the default date and `last` are read in the time zone of the
 * metric's tracker, or else in the module's.
 */
export class StatisticService {
  private readonly context: StatisticContext;
  private readonly incrementer: Incrementer;
  private readonly recorder: Recorder;

  /** @internal the module creates it */
  constructor(
    private readonly database: Database,
    objectTypes: ObjectTypes,
    owners: StatisticOwners,
    options: StatisticOptions,
    private readonly clock: Clock,
    private readonly live: LiveSource | null = null,
    interceptors = new IncrementInterceptors(),
  ) {
    this.context = { database, objectTypes, owners, options };
    const known = new KnownMetrics();
    this.incrementer = new Incrementer(this.context, known, clock, interceptors);
    this.recorder = new Recorder(this.context, known);
  }

  /**
   * Stores a value, and replaces the stored one. The value of a calendar period is stored at the first day of its
   * bucket. A number is rounded to 20 decimals; a decimal as text is stored as it is.
   *
   * @param s `value`: null for "no value"; `date`: a local date, today by default; `at` in its place for a period of less
   * than a day: an instant in the bucket, now by default; `manager`: of an open transaction, to be a part of it
   * @throws InvalidValueError, InvalidDateError, InvalidPeriodError, InvalidObjectError, UnknownMetricError
   * @throws TrackerOwnedError if a tracker computes these statistics, MixedWritesError if `increment` wrote them
   * @throws InvalidManagerError, ConnectionBusyError, RowsLockedError
   * @example await statistics.record({ metric: TEMPERATURE, value: '21.5', date: '2026-10-31' });
   */
  record(s: RecordAt & InTransaction & TotalScope): Promise<StatisticByTime>;
  record(s: RecordAt & InTransaction & OneObjectScope): Promise<StatisticByTimeAndObject>;
  record<S extends AbstractTimeStatistic>(s: RecordAt & InTransaction & CustomCell<S>): Promise<S>;
  record(s: RecordBase & InTransaction & TotalScope): Promise<StatisticByDate>;
  record(s: RecordBase & InTransaction & OneObjectScope): Promise<StatisticByDateAndObject>;
  record<S extends AbstractStatistic>(s: RecordBase & InTransaction & CustomCell<S>): Promise<S>;
  async record(s: RecordInput & InTransaction): Promise<AbstractStatistic> {
    const now = this.clock();
    const value = checkRecord(this.context, 'record', s, now);
    const row = await this.recorder.record(s.manager, value, now);
    return toStatistic(row.table, copyOf(row.metric), { ...row, metricId: row.metric.id });
  }

  /**
   * Stores many values in one transaction: all of them, or none. Of several values with the same key, the last one is
   * stored.
   *
   * @param rows values as `record` takes them, of any scopes, without `manager`
   * @param options `manager`: of an open transaction, to be a part of it
   * @returns the number of rows written
   * @throws the errors of `record`
   * @example await statistics.recordMany([{ metric: TEMPERATURE, value: 21.5 }, { metric: STOCK, value: 2, object: objectRef('product', 7) }]);
   */
  async recordMany<S extends AbstractStatistic = never>(
    rows: Iterable<RecordInput<S>> | AsyncIterable<RecordInput<S>>,
    options: InTransaction = {},
  ): Promise<number> {
    const now = this.clock();
    const { manager } = readCallOptions('StatisticService.recordMany', options, MANAGER);
    const values: ValueToWrite[] = [];
    for await (const row of readArgument('StatisticService.recordMany: rows', rows, iterable))
      values.push(checkRecord(this.context, 'recordMany', row as RecordInput, now));
    if (values.length === 0) return 0;
    const written = await this.recorder.recordMany('recordMany', manager, values, now);
    return written.length;
  }

  /**
   * Adds to a value, which starts at 0. Resolves when the addition is committed. Calls made at the same time share a
   * transaction, and one that is refused does not fail the others. From the first date on, a day without increments is
   * zero.
   *
   * @param s `by`: 1 by default, may be negative; `period`: DAY, a calendar period, HOUR or minutes, with `date` or `at`
   * as in `record`; `key`: names the event, so that it counts once in this metric and period, however often the call is
   * repeated; `manager`: of an open transaction, to be a part of it
   * @throws the errors of `record`; MixedWritesError if `record` wrote these statistics
   * @throws InvalidKeyError; KeyConflictError if the key was counted with another amount, date or scope
   * @example await statistics.increment({ metric: PAGE_VIEWS, object: objectRef('page', 'pricing') });
   */
  increment(s: IncrementBase & InTransaction & TotalScope): Promise<void>;
  increment(s: IncrementBase & InTransaction & OneObjectScope): Promise<void>;
  increment<S extends AbstractStatistic>(s: IncrementBase & InTransaction & CustomCell<S>): Promise<void>;
  async increment(s: IncrementBase & InTransaction): Promise<void> {
    const increment = checkIncrement(this.context, s, this.clock());
    await (s.manager === undefined
      ? this.incrementer.add(increment)
      : this.incrementer.addWithin(s.manager, increment));
  }

  /**
   * Returns a query builder over the stored rows of a filter, for you to extend. `metric` and `domain` are joined and
   * selected. It only reads, and returns rows as they are stored, without filling gaps. A metric that is not stored
   * matches nothing. Instants and `last` are read in the module's time zone.
   *
   * @param alias of the statistic in the query
   * @throws InvalidFilterError, and the errors of the values in the filter
   * @example statistics.narrow({ metric: ORDERS, objectType: Customer }).andWhere('statistic.value > 100').getMany()
   */
  narrow(filter: AnyMetrics & Range & InTime & TotalScope, alias?: string): SelectQueryBuilder<StatisticByTime>;
  narrow(
    filter: AnyMetrics & Range & InTime & ObjectsScope,
    alias?: string,
  ): SelectQueryBuilder<StatisticByTimeAndObject>;
  narrow(filter: AnyMetrics & Range & TotalScope, alias?: string): SelectQueryBuilder<StatisticByDate>;
  narrow(filter: AnyMetrics & Range & ObjectsScope, alias?: string): SelectQueryBuilder<StatisticByDateAndObject>;
  narrow<S extends AbstractStatistic>(
    filter: AnyMetrics & Range & CustomScope<S>,
    alias?: string,
  ): SelectQueryBuilder<S>;
  narrow(filter: AnyMetrics, alias = 'statistic'): SelectQueryBuilder<AbstractStatistic> {
    const name = readArgument('StatisticService.narrow: alias', alias, aliasCheck);
    return buildNarrowQuery(this.context, readCall(this.context, 'narrow', filter), name, this.clock());
  }

  /**
   * Returns statistics ordered by date: the stored rows, and for rolling periods, periods to date and LIFETIME one for each
   * date that a tracker has computed, from the first row on. Use `narrow` to get the stored rows only.
   *
   * @throws TooManyPointsError if that would be more than 100,000 computed dates
   * @throws InvalidFilterError, UnknownMetricError, and the errors of the values in the filter
   * @example await statistics.find({ metric: ORDERS, period: Period.DAY, from: '2026-10-01', to: '2026-10-31' });
   */
  find(filter: AnyMetrics & Range & InTime & TotalScope): Promise<StatisticByTime[]>;
  find(filter: AnyMetrics & Range & InTime & ObjectsScope): Promise<StatisticByTimeAndObject[]>;
  find(filter: AnyMetrics & Range & TotalScope): Promise<StatisticByDate[]>;
  find(filter: AnyMetrics & Range & ObjectsScope): Promise<StatisticByDateAndObject[]>;
  find<S extends AbstractStatistic>(filter: AnyMetrics & Range & CustomScope<S>): Promise<S[]>;
  async find(filter: AnyMetrics): Promise<AbstractStatistic[]> {
    const now = this.clock();
    const normal = readCall(this.context, 'find', filter);
    const find = normal.scope.table.moment === 'start' ? findBuckets : findStatistics;
    return this.database.read(() => checked(this.context, normal, (context, asked) => find(context, asked, now)));
  }

  /**
   * Returns the last statistic at or before `to` or `date`, or the last of all, or null. It is the one that `find`
   * returns last; of several objects or dimensions, the first by id.
   *
   * @throws InvalidFilterError, UnknownMetricError, and the errors of the values in the filter
   * @example const latest = await statistics.mostRecent({ metric: ORDERS, period: Period.LIFETIME });
   */
  mostRecent(filter: OneMetric & Range & InTime & TotalScope): Promise<StatisticByTime | null>;
  mostRecent(filter: OneMetric & Range & InTime & ObjectsScope): Promise<StatisticByTimeAndObject | null>;
  mostRecent(filter: OneMetric & Range & TotalScope): Promise<StatisticByDate | null>;
  mostRecent(filter: OneMetric & Range & ObjectsScope): Promise<StatisticByDateAndObject | null>;
  mostRecent<S extends AbstractStatistic>(filter: OneMetric & Range & CustomScope<S>): Promise<S | null>;
  async mostRecent(filter: OneMetric): Promise<AbstractStatistic | null> {
    const now = this.clock();
    const normal = readOneMetric(this.context, 'mostRecent', filter);
    const { date, ...range } = normal.range;
    const upTo = date === undefined ? normal : { ...normal, range: { ...range, to: date } };
    const last = normal.scope.table.moment === 'start' ? lastBucket : lastStatistic;
    return this.database.read(() => checked(this.context, upTo, (context, asked) => last(context, asked, now)));
  }

  /**
   * Returns the value at a date. On a covered date without a row this is 0 for counts and sums, and for the other
   * periods but the calendar ones the last earlier value (0 before the first row). Returns null if nothing is known.
   *
   * @param filter `date`: today by default; `exact: true` returns the decimal as text
   * @throws IncompleteDimensionsError, InvalidFilterError, UnknownMetricError
   * @example await statistics.value({ metric: ORDERS, period: Period.LIFETIME });
   */
  value<X extends boolean = false>(filter: OneMetric & At & Reading<X> & TotalScope): Promise<ValueOf<X> | null>;
  value<X extends boolean = false>(filter: OneMetric & At & Reading<X> & OneObjectScope): Promise<ValueOf<X> | null>;
  value<S extends AbstractStatistic, X extends boolean = false>(
    filter: OneMetric & At & Reading<X> & CustomCell<S>,
  ): Promise<ValueOf<X> | null>;
  async value(filter: OneMetric & At & Reading<boolean>): Promise<number | string | null> {
    const point = await this.pointAt('value', filter);
    return point.value;
  }

  /**
   * Returns the value at a date like `value`, with the date, the time at which it was computed (`asOf`), and whether
   * the date was over then (`complete`).
   *
   * @throws IncompleteDimensionsError, InvalidFilterError, UnknownMetricError
   * @example const { value, complete, asOf } = await statistics.point({ metric: ORDERS });
   */
  point<X extends boolean = false>(filter: OneMetric & At & Reading<X> & TotalScope): Promise<SeriesPoint<ValueOf<X>>>;
  point<X extends boolean = false>(
    filter: OneMetric & At & Reading<X> & OneObjectScope,
  ): Promise<SeriesPoint<ValueOf<X>>>;
  point<S extends AbstractStatistic, X extends boolean = false>(
    filter: OneMetric & At & Reading<X> & CustomCell<S>,
  ): Promise<SeriesPoint<ValueOf<X>>>;
  async point(filter: OneMetric & At & Reading<boolean>): Promise<SeriesPoint<number | string>> {
    return this.pointAt('point', filter);
  }

  /**
   * Returns one point for each date, or for each bucket of a calendar period, HOUR or minutes. It begins at `from` (by default the first
   * covered date, or else the first row) and ends at `to` (today by default). `fill` sets what a date without a row
   * reads as; the default depends on the period.
   *
   * @param filter `last: n` in place of `from` and `to`: the last n dates or buckets, today's included
   * @throws TooManyPointsError beyond 100,000 points
   * @throws IncompleteDimensionsError, InvalidFilterError, UnknownMetricError
   * @example await statistics.series({ metric: ORDERS, last: 30 });
   */
  series<X extends boolean = false>(
    filter: OneMetric & Range & Reading<X> & Filling & TotalScope,
  ): Promise<SeriesPoint<ValueOf<X>>[]>;
  series<X extends boolean = false>(
    filter: OneMetric & Range & Reading<X> & Filling & OneObjectScope,
  ): Promise<SeriesPoint<ValueOf<X>>[]>;
  series<S extends AbstractStatistic, X extends boolean = false>(
    filter: OneMetric & Range & Reading<X> & Filling & CustomCell<S>,
  ): Promise<SeriesPoint<ValueOf<X>>[]>;
  async series(filter: OneMetric & Range & Reading<boolean> & Filling): Promise<SeriesPoint<number | string>[]> {
    const normal = readOneMetric(this.context, 'series', filter);
    const { exact, fill } = normal.options;
    requireOneCell(normal.scope);
    const [series] = await this.readSeries('series', normal, fill);
    return readPoints(series?.points ?? [], exact);
  }

  /**
   * Returns several series over the same dates, so that points at the same index belong together. There is one for each
   * metric, and for each object or group of dimensions that the filter names, or that has rows if it names none.
   *
   * @throws TooManyPointsError beyond 100,000 points in a series
   * @throws InvalidFilterError, UnknownMetricError
   * @example const [orders, paid] = await statistics.multiSeries({ metrics: [ORDERS, PAID_ORDERS], last: 30 });
   */
  multiSeries<X extends boolean = false>(
    filter: AnyMetrics & Range & Reading<X> & Filling & TotalScope,
  ): Promise<{ key: string; metric: Metric; points: SeriesPoint<ValueOf<X>>[] }[]>;
  multiSeries<X extends boolean = false>(
    filter: AnyMetrics & Range & Reading<X> & Filling & ObjectsScope,
  ): Promise<{ key: string; metric: Metric; object: ObjectRef; points: SeriesPoint<ValueOf<X>>[] }[]>;
  multiSeries<S extends AbstractStatistic, X extends boolean = false>(
    filter: AnyMetrics & Range & Reading<X> & Filling & CustomScope<S>,
  ): Promise<{ key: string; metric: Metric; dimensions: DimensionValues<S>; points: SeriesPoint<ValueOf<X>>[] }[]>;
  async multiSeries(filter: AnyMetrics & Range & Reading<boolean> & Filling): Promise<unknown> {
    const normal = readOnePeriod(this.context, 'multiSeries', filter);
    const { exact, fill } = normal.options;
    const all = await this.readSeries('multiSeries', normal, fill);
    return all.map((series) => nameSeries(normal.scope.table, series, exact));
  }

  /**
   * Returns the objects, or groups of dimensions, with the greatest values at a date. Equal values are ordered by id.
   * For rolling periods, periods to date and LIFETIME, the last value of each object at or before the date counts.
   *
   * @param filter `limit`: 10 by default, Infinity for all; `offset`: 0 by default; `order: 'asc'`: the least first;
   * `date`: today by default
   * @throws InvalidFilterError, UnknownMetricError
   * @example await statistics.top({ metric: CUSTOMER_ORDERS, period: Period.MONTH, objectType: Customer, limit: 5 });
   */
  top<X extends boolean = false>(
    filter: OneMetric & At & Reading<X> & Ranking & ObjectsScope,
  ): Promise<{ object: ObjectRef; value: ValueOf<X> }[]>;
  top<S extends AbstractStatistic, X extends boolean = false>(
    filter: OneMetric & At & Reading<X> & Ranking & CustomScope<S>,
  ): Promise<{ dimensions: DimensionValues<S>; value: ValueOf<X> }[]>;
  async top(filter: OneMetric & At & Reading<boolean> & Ranking): Promise<unknown> {
    const now = this.clock();
    const normal = readOneMetric(this.context, 'top', filter);
    checkRanked(normal);
    checkOneBucket('top', normal);
    const { exact } = normal.options;
    const rows = await this.read('top', normal, now, (context, asked) => readTop(context, asked, normal.options, now));
    const { table } = normal.scope;
    return rows.map(({ cell, value }) => ({
      ...(table.kind === 'object' ? { object: objectRefOf(cell) } : { dimensions: decodeDimensions(table, cell) }),
      value: read(value, exact),
    }));
  }

  /**
   * Adds up the values of DAY, a calendar period, HOUR or minutes over a range, exactly. Unknown values are left out; if all are
   * unknown, returns null. A bucket that the range touches counts as a whole.
   *
   * @throws NotSummableError for gauges, averages, minima, maxima and distinct counts; InvalidPeriodError for other periods
   * @throws IncompleteDimensionsError, InvalidFilterError, UnknownMetricError
   * @example await statistics.total({ metric: ORDERS, from: '2026-10-01', to: '2026-10-31' });
   */
  total<X extends boolean = false>(
    filter: OneMetric & { period?: BucketPeriod | undefined } & Omit<Range, 'period' | 'date'> &
      Reading<X> &
      TotalScope,
  ): Promise<ValueOf<X> | null>;
  total<X extends boolean = false>(
    filter: OneMetric & { period?: BucketPeriod | undefined } & Omit<Range, 'period' | 'date'> &
      Reading<X> &
      OneObjectScope,
  ): Promise<ValueOf<X> | null>;
  total<S extends AbstractStatistic, X extends boolean = false>(
    filter: OneMetric & { period?: BucketPeriod | undefined } & Omit<Range, 'period' | 'date'> &
      Reading<X> &
      CustomCell<S>,
  ): Promise<ValueOf<X> | null>;
  async total(filter: OneMetric & Range & Reading<boolean>): Promise<number | string | null> {
    const normal = readOneMetric(this.context, 'total', filter);
    checkSummable(normal.period);
    requireOneCell(normal.scope);
    const now = this.clock();
    const total = await this.read('total', normal, now, (context, asked) => readTotal(context, asked, now));
    return read(total, normal.options.exact);
  }

  /**
   * Compares a range with an earlier one: a series of each, and the change of the value that each range has as a whole.
   * Dates that have not come yet are left out of `total` on both sides. An open date is compared with a whole one, which
   * `comparable: false` says. `total` has an earlier value and a change only where all dates are known, which dates that
   * nobody recorded are not.
   *
   * @param filter `last: 30` by default; `with`: `'previous'` (default) for the range just before, `'week'`, `'month'`,
   * `'quarter'` or `'year'` for the same dates of the unit before (1 to 29 November against 1 to 29 October, all of
   * October against all of September), `'weekdays'` for those 52 weeks earlier
   * @throws TooManyPointsError beyond 100,000 points
   * @throws IncompleteDimensionsError, InvalidFilterError, InvalidDateError, UnknownMetricError
   * @example const { total } = await statistics.compare({ metric: ORDERS, last: 7, with: 'year' });
   */
  compare<X extends boolean = false>(
    filter: OneMetric & Comparing & Reading<X> & TotalScope,
  ): Promise<Comparison<ValueOf<X>>>;
  compare<X extends boolean = false>(
    filter: OneMetric & Comparing & Reading<X> & OneObjectScope,
  ): Promise<Comparison<ValueOf<X>>>;
  compare<S extends AbstractStatistic, X extends boolean = false>(
    filter: OneMetric & Comparing & Reading<X> & CustomCell<S>,
  ): Promise<Comparison<ValueOf<X>>>;
  async compare(filter: OneMetric & Comparing & Reading<boolean>): Promise<Comparison<number | string>> {
    const now = this.clock();
    const normal = readOneMetric(this.context, 'compare', filter);
    requireOneCell(normal.scope);
    const asked = { ...normal, range: comparedRange(normal.range) };
    const { points, before, total } = await this.read('compare', asked, now, (context, given) =>
      readComparison(context, given, normal.options, now),
    );
    const { exact } = normal.options;
    return {
      points: readPoints(points, exact),
      before: before.map((point) => ({ ...point, value: read(point.value, exact) })),
      total: {
        ...total,
        value: read(total.value, exact),
        before: read(total.before, exact),
        absolute: read(total.absolute, exact),
      },
    };
  }

  /**
   * Returns the dates for which statistics are complete, and their time zone. Returns null if no tracker computes them
   * and no `increment` counts them; `record` gives no coverage.
   *
   * @throws InvalidFilterError, UnknownMetricError
   * @example const { from, through } = (await statistics.coverage({ metric: ORDERS })) ?? {};
   */
  coverage(
    filter: OneMetric & { period?: Period | undefined } & (TotalScope | ObjectsScope | CustomScope<AbstractStatistic>),
  ): Promise<CompleteDates | null>;
  async coverage(filter: OneMetric): Promise<CompleteDates | null> {
    const now = this.clock();
    const normal = readOneMetric(this.context, 'coverage', filter);
    return this.database.read(() =>
      checked(this.context, normal, (context, asked) => readCompleteDates(context, asked, now)),
    );
  }

  /**
   * Removes the stored rows of a filter, in its scope only: `{ metric }` does not remove those of objects. Without a
   * period it removes those of every period, also of hours and minutes, which `find` without one does not return; without
   * dates those of every date. If a whole scope is removed, so is its
   * coverage.
   *
   * @param filter `force: true` also removes what a tracker computes. Its days then read as zero until `repair`.
   * `manager`: of an open transaction, to be a part of it
   * @returns the number of rows removed
   * @throws TrackerOwnedError, InvalidFilterError, UnknownMetricError
   * @example await statistics.remove({ metric: TEMPERATURE, period: Period.DAY, date: '2026-10-31' });
   */
  remove(
    filter: AnyMetrics & Range & (TotalScope | ObjectsScope) & InTransaction & { force?: boolean | undefined },
  ): Promise<number>;
  remove<S extends AbstractStatistic>(
    filter: AnyMetrics & Range & CustomScope<S> & InTransaction & { force?: boolean | undefined },
  ): Promise<number>;
  async remove(filter: AnyMetrics & InTransaction & { force?: boolean | undefined }): Promise<number> {
    const now = this.clock();
    const { options, ...normal } = readCall(this.context, 'remove', filter);
    return this.database.write('remove', options.manager, () => removeRows(this.context, normal, options.force, now));
  }

  /**
   * Removes old statistics of the total, of objects and of custom statistics, including those of trackers. Values of
   * rolling periods, periods to date and LIFETIME are carried forward to the first date that is kept, and `coverage().from` moves to
   * that date.
   *
   * @param filter `before`: the first date to keep; or `keep`: the number of days to keep, today included, in the
   * module's time zone. Without a period it removes those of every period
   * @returns the number of rows removed
   * @throws InvalidFilterError, InvalidDateError, UnknownMetricError
   * @example await statistics.prune({ metric: ORDERS, period: Period.DAY, keep: 730 });
   */
  async prune(filter: PruneFilter): Promise<number> {
    const normal = checkPrune(this.context, filter, this.clock());
    return this.database.write('prune', undefined, () => prune(this.context, normal));
  }

  /**
   * Counts the rows that `prune` with the same filter would remove, by metric and period. Removes nothing.
   *
   * @param filter as `prune` takes it
   * @returns metrics and periods that have old rows, with the first date that would be kept
   * @throws InvalidFilterError, InvalidDateError, UnknownMetricError
   * @example const old = await statistics.prunable({ metric: ORDERS, keep: 730 });
   */
  async prunable(filter: PruneFilter): Promise<PrunableRows[]> {
    const normal = checkPrune(this.context, filter, this.clock());
    return this.database.read(() => countPrunable(this.context, normal));
  }

  /**
   * Adds a note that charts show at its date, such as a deployment or a campaign. The same text twice on one date and
   * in one domain is one annotation, whatever their `at`: the first one stays. So replicas that start together can each
   * annotate the deployment.
   *
   * @param annotation `text`: 1 to 500 characters; `date`: a local date, today by default; or `at`: an instant, for
   * charts of hours; `domain`: shows it on the charts of one domain only; `key`: names the event, so that it is
   * annotated once, on whatever date the call is repeated; `manager`: of an open transaction, to be a part of it
   * @returns the stored annotation
   * @throws InvalidAnnotationError, InvalidDateError, UnknownDomainError, InvalidRefError, InvalidDefinitionError
   * @throws InvalidArgumentError, InvalidManagerError, ConnectionBusyError, RowsLockedError
   * @example await statistics.annotate({ text: 'Version 2.4.0', key: 'version 2.4.0', at: new Date() });
   */
  async annotate(annotation: AnnotationInput & InTransaction): Promise<Annotation> {
    const clock = { timeZone: this.context.options.timeZone, now: this.clock() };
    const { manager, ...asked } = readAnnotation(annotation, clock);
    return this.database.write('annotate', manager, () => storeAnnotation(this.database, asked));
  }

  /**
   * Returns annotations ordered by date.
   *
   * @param filter `from`, `to`: local dates, both included; or `last: n`, the last n days, today included; `domain`: those
   * that the charts of this domain show, which are its own and those of all domains
   * @throws InvalidFilterError, InvalidDateError, UnknownDomainError, InvalidRefError, InvalidDefinitionError
   * @example await statistics.annotations({ domain: SHOPPING, last: 30 });
   */
  async annotations(filter: AnnotationRange = {}): Promise<Annotation[]> {
    const asked = readAnnotationFilter(this.context, 'annotations', filter, this.clock());
    return this.database.read(() => findAnnotations(this.database, asked));
  }

  /**
   * Removes an annotation.
   *
   * @param annotation as `annotate` and `annotations` return it, or its id
   * @param options `manager`: of an open transaction, to be a part of it
   * @returns true if it was stored
   * @throws InvalidArgumentError, InvalidManagerError, ConnectionBusyError, RowsLockedError
   * @example
   * ```ts
   * const [latest] = await statistics.annotations({ domain: SHOPPING });
   * if (latest !== undefined) await statistics.removeAnnotation(latest);
   * ```
   */
  async removeAnnotation(annotation: Annotation | string, options: InTransaction = {}): Promise<boolean> {
    const id = readAnnotationId('StatisticService.removeAnnotation: annotation', annotation);
    const { manager } = readCallOptions('StatisticService.removeAnnotation', options, MANAGER);
    return this.database.write('removeAnnotation', manager, () => removeAnnotation(this.database, id));
  }

  /**
   * Returns today's date in the time zone of a metric's tracker, or else of the module.
   *
   * @throws UnknownMetricError
   * @example const yesterday = addDays(await statistics.today(ORDERS), -1);
   */
  async today(metric?: MetricTarget): Promise<LocalDate> {
    const now = this.clock();
    if (metric === undefined) return moduleCalendar(this.context, now).today;
    const { metrics } = readCall(this.context, 'today', { metric });
    const { stored, coverages } = await this.database.read(() => readMetrics(this.context, metrics, null));
    return calendarOf(this.context, now, stored, coverages, Period.DAY, ['']).today;
  }

  private async pointAt(
    call: 'value' | 'point',
    filter: OneMetric & At & Reading<boolean>,
  ): Promise<SeriesPoint<number | string>> {
    const normal = readOneMetric(this.context, call, filter);
    requireOneCell(normal.scope);
    checkOneBucket(call, normal);
    const date = normal.range.date ?? this.clock();
    const [series] = await this.readSeries(call, { ...normal, range: { date } });
    const [point] = readPoints(series?.points ?? [], normal.options.exact);
    if (point === undefined) throw new TypeError('a date that was asked for has no point');
    return point;
  }

  private readSeries(call: string, normal: LiveFilter, fill: Fill = 'period'): Promise<Series[]> {
    const now = this.clock();
    return this.read(call, normal, now, (context, asked) => readSeries(context, asked, fill, now));
  }

  /** Does a read of what is stored, or in one snapshot with the open dates as they are now. */
  private read<T>(
    call: string,
    filter: LiveFilter,
    now: Date,
    work: (context: StatisticContext, filter: Filter) => Work<T>,
  ): Promise<T> {
    if (!filter.options.live) return this.database.read(() => checked(this.context, filter, work));
    return readLive(this.context, this.live, { call, filter, readsWhole: call === 'compare' }, now, work);
  }
}

/** Does a read, once its object types are checked. */
function* checked<F extends NormalFilter, T>(
  context: StatisticContext,
  filter: F,
  work: (context: StatisticContext, filter: F) => Work<T>,
): Work<T> {
  yield* checkObjectTypes(context, filter);
  return yield* work(context, filter);
}

/** The alias is used in SQL and in property paths: `alias.value`. */
const aliasCheck: Check<string> = (given, refuse) =>
  typeof given === 'string' && /^[^\0"'`\\.\s]+$/.test(given)
    ? given
    : refuse('Expected a name without dots, spaces or quotes.');
