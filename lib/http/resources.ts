/**
 * The responses of the JSON interface, as TypeScript types: a client may import them (`import type`) from
 * `nestjs-trackstats/http`. Dates are local dates, `YYYY-MM-DD`; instants are ISO 8601 in UTC; a period is its name.
 * HOUR and MINUTES_n have buckets of less than a day. These have a `start` beside their date: ISO 8601 with the offset of
 * the metric's time zone, because the clock shows some times twice.
 */
import type { PeriodName } from '../time/period.js';

/** A domain in a response. */
export interface DomainResource {
  ref: string;
  name: string;
}

/** A metric in a response. */
export interface MetricResource {
  /** natural key, 'shopping/order_count', for the parameter `metric` */
  key: string;
  domain: DomainResource;
  ref: string;
  name: string;
  /** the unit in which people read it, if it has one. With 'percent', the value 0.25 reads as 25 % */
  unit?: UnitResource;
  /** the direction of a change for the better, if there is one */
  better?: 'up' | 'down';
  /** true if its values are levels, which do not add up over dates; left out of other metrics */
  gauge?: true;
}

/** The unit of a metric: one of these words, a currency by its ISO 4217 code, or any other text to show after the number. */
export type UnitResource = 'percent' | 'bytes' | 'seconds' | { currency: string } | (string & {});

/** An object of the application. */
export interface ObjectResource {
  type: string;
  id: string;
  /** the result of the application's `label` function; null if it returned none. It is plain text: escape it */
  label: string | null;
}

/** The values of a custom statistic's dimensions, by their names. */
export type DimensionsResource = Record<string, string | number | boolean | null>;

/** The dates that are complete. The last one was still open when it was computed. */
export interface CoverageRange {
  from: string;
  through: string;
  /** IANA name of the time zone whose days these are */
  timeZone: string;
}

/** A date, or a bucket of less than a day. */
export interface MomentResource {
  /** the day, the last day of a rolling window or of a period to date, or the first day of a calendar bucket */
  date: string;
  /** the first instant of a bucket of less than a day; absent for other periods */
  start?: string;
}

/** The days that a range covers, both included. */
export interface SpanResource {
  from: string;
  to: string;
  /** the first instant of the first bucket of less than a day; absent for other periods, and for a range without buckets */
  start?: string;
  /** the instant at which the last of these buckets ends, which is not in it any more */
  end?: string;
}

/** A value at a date. */
export interface PointResource extends MomentResource {
  /** the nearest number; null if nothing is known, or if there is no value */
  value: number | null;
  /** the decimal as text; only with `exact=true` */
  exactValue?: string | null;
  /** false if the date, or its bucket, was not over when the value was computed */
  complete: boolean;
}

// ── GET metrics ──

/** A period with stored statistics of a scope. */
export interface PeriodResource {
  name: PeriodName;
  /** null if values were recorded one by one, or if the tracker has not run yet */
  coverage: CoverageRange | null;
  /** the first date with statistics: the first complete one, or else the first stored one; null if there is none */
  since: string | null;
  /** the time at which the last run computed them; null if no run did */
  computedAt: string | null;
  /** true if `live=true` can be asked for: a tracker counts them from a source, and the limit `live` is not 0 */
  live: boolean;
}

/** A dimension of a custom statistic. */
export interface DimensionResource {
  name: string;
  type: 'varchar' | 'integer' | 'boolean' | 'date';
  nullable: boolean;
}

/** A scope with statistics of a metric: the total, all objects of a type, one object, or a custom statistic. */
export type ScopeResource =
  | { kind: 'total'; periods: PeriodResource[] }
  | { kind: 'objects'; objectType: string; periods: PeriodResource[] }
  | { kind: 'object'; object: ObjectResource; periods: PeriodResource[] }
  /** `statistic`: the value for the parameter of that name, which is the table's name without `entityPrefix` */
  | { kind: 'statistic'; statistic: string; dimensions: DimensionResource[]; periods: PeriodResource[] };

/** A metric with everything that a request can ask for. */
export interface CatalogMetric extends MetricResource {
  description: string | null;
  /** the keys of the stored metrics from which a derived one is computed; absent for a stored metric */
  derivedFrom?: string[];
  /** the current date in the metric's time zone */
  today: string;
  scopes: ScopeResource[];
}

/** A page of a list. */
export interface Page {
  /** number of all entries */
  total: number;
  limit: number;
  offset: number;
}

/** Metrics, ordered by natural key. */
export interface MetricsResponse extends Page {
  metrics: CatalogMetric[];
}

// ── GET overview ──

/** The change of a value since one period before. */
export interface ChangeResource {
  /** the last date that was over when it was computed, because an open day would always seem to fall */
  date: string;
  /** the start of its bucket of less than a day; absent for other periods */
  start?: string;
  value: number;
  /** the date one period earlier: the bucket before, the window's length before, or the same day of the unit before; for LIFETIME the day before */
  previousDate: string;
  previousStart?: string;
  previousValue: number;
  /** value − previousValue */
  absolute: number;
  /** absolute ÷ |previousValue|, for example 0.25 for a quarter more; null if the earlier value is 0 */
  relative: number | null;
}

/** The current state of a metric's total. */
export interface OverviewItem {
  metric: MetricResource;
  /** the period shown; null if none was asked for and the metric has no totals */
  period: PeriodName | null;
  /** the last point of the sparkline that has a value */
  last: PointResource | null;
  /** null if one of the two values is not known */
  change: ChangeResource | null;
  /** at most `points` points up to today, ordered by date */
  sparkline: PointResource[];
  coverage: CoverageRange | null;
}

/** All metrics at a glance, ordered by natural key. */
export interface OverviewResponse extends Page {
  points: number;
  items: OverviewItem[];
}

// ── GET summary, summaries ──

/**
 * The way in which the values of a range become one: their sum, the least or the greatest of them, the value of the
 * whole range (of a period that covers it exactly, or of a derived metric), or the last complete one where values
 * overlap or do not add up.
 */
export type SummaryKind = 'total' | 'least' | 'greatest' | 'whole' | 'last';

/** A range as one value, and its change since an earlier range. Of kind 'last' the range is the date of the value. */
export interface SummaryResource extends SpanResource {
  kind: SummaryKind;
  /** dates without a known value are left out; null if nothing is known */
  value: number | null;
  /** null if no comparison is asked for */
  comparison: SummaryComparison | null;
}

/**
 * The earlier range of a summary. Dates that have not come yet are left out of both ranges. Of whole months the earlier
 * range is of whole months too.
 */
export interface SummaryComparison extends SpanResource {
  /** null if a date of the earlier range is not known */
  value: number | null;
  /** null if a date of one of the two ranges is not known */
  absolute: number | null;
  /** absolute ÷ |value|, for example 0.25 for a quarter more; null if the earlier value is 0, or if `absolute` is null */
  relative: number | null;
  /** false if a date of the range was not over when its value was computed */
  comparable: boolean;
}

/** A range of one series as one value. */
export interface SummaryResponse extends SelectionResource, SummaryResource {}

/** A metric's total over a range, with its course. */
export interface SummaryItem {
  metric: MetricResource;
  description: string | null;
  /** the keys of the stored metrics from which a derived one is computed; absent for a stored metric */
  derivedFrom?: string[];
  /** the periods in which the metric has totals, as people list them */
  periods: PeriodName[];
  /** the period of the values; null if the metric has no totals in it */
  period: PeriodName | null;
  /**
   * null if the metric has no totals in this period, or if no period was asked for and the range has more points of the
   * metric's own than the limit
   */
  summary: SummaryResource | null;
  /** at most `points` values over the range, in order; each is the mean of as many dates as the others */
  trend: (number | null)[];
  /** the number of last known values of `trend` whose date was not over: they always seem to fall */
  openValues: number;
  coverage: CoverageRange | null;
  /** the first date with totals: the first complete one, or else the first stored one; null if there is none */
  since: string | null;
}

/** All metrics over a range, ordered by natural key. */
export interface SummariesResponse extends Page {
  points: number;
  /** the current date in the time zone of the module */
  today: string;
  items: SummaryItem[];
}

// ── GET series ──

/** The metric, period and scope of a series, a value or a coverage. */
export interface SelectionResource {
  metric: MetricResource;
  period: PeriodName;
  object?: ObjectResource;
  statistic?: string;
  dimensions?: DimensionsResource;
}

/** The points of one series. */
export interface SeriesResponse extends SelectionResource {
  points: PointResource[];
  /** the time at which the source was read for the latest of them, by a run or now; null if no run did */
  asOf: string | null;
  /** with `compare`: the points that these are compared with, in the same order; else null */
  comparison: { points: PointResource[] } | null;
}

// ── GET multi-series ──

/** One of several series over the same dates. */
export interface NamedSeriesResource {
  /** unique among the series: 'shopping/order_count customer:5' */
  key: string;
  metric: MetricResource;
  object?: ObjectResource;
  dimensions?: DimensionsResource;
  /** one for each of `dates` */
  values: (number | null)[];
  /** only with `exact=true` */
  exactValues?: (string | null)[];
  complete: boolean[];
  /** only with `compare`: the values that these are compared with, in the same order */
  before?: (number | null)[];
  /** only with `compare` and `exact=true` */
  exactBefore?: (string | null)[];
}

/** All that the greatest leave out, added up. */
export interface OthersResource {
  /** one for each of `dates` */
  values: (number | null)[];
  /** only with `exact=true` */
  exactValues?: (string | null)[];
  /** only with `compare`: all but the same objects or groups, in the same order */
  before?: (number | null)[];
}

/** Several series over the same dates, by columns, as charts need them. */
export interface MultiSeriesResponse {
  period: PeriodName;
  statistic?: string;
  dates: string[];
  /** the first instant of each bucket of less than a day, one for each of `dates`; absent for other periods */
  starts?: string[];
  /** with `compare`: the dates that these are compared with, in the same order; else null */
  comparison: { dates: string[]; starts?: string[] } | null;
  /** in the order of the request; with `top` ordered by value, the greatest first */
  series: NamedSeriesResource[];
  /** only with `others=true`; null where values do not add up: levels, shares, averages, ratios, periods that overlap */
  others?: OthersResource | null;
}

// ── GET top, ranking, total, coverage ──

/** A place of a ranking. */
export interface TopItem {
  object?: ObjectResource;
  dimensions?: DimensionsResource;
  value: number | null;
  /** only with `exact=true` */
  exactValue?: string | null;
}

/** The objects (or groups of dimensions) with the greatest values at a date. */
export interface TopResponse extends MomentResource {
  metric: MetricResource;
  period: PeriodName;
  statistic?: string;
  items: TopItem[];
  limit: number;
  offset: number;
  /** true if there are more after these */
  hasMore: boolean;
}

/**
 * The objects (or groups of dimensions) with the greatest values over a range: by the sum of their values, by the latest
 * of levels and shares, by the greatest of averages, minima, maxima and distinct counts, or by the value at the end for
 * rolling windows, periods to date and LIFETIME.
 */
export interface RankingResponse extends SpanResource {
  metric: MetricResource;
  period: PeriodName;
  statistic?: string;
  items: RankedItem[];
  /** with `compare`: the earlier range; else null */
  comparison: RankingComparison | null;
  /**
   * number of all objects or groups; with `search` of those that were found. Sorted by anything but the greatest values,
   * those that had a value in the earlier range only are among them
   */
  count: number;
  /** the sum of the values of all objects or groups, for shares; null if they do not add up */
  total: number | null;
  limit: number;
  offset: number;
}

/** A place of a ranking. */
export interface RankedItem extends TopItem {
  /** only with `compare`: the value over the earlier range; null if that is not known */
  before?: number | null;
  /** only with `compare`: value − before; null if one of them is */
  absolute?: number | null;
  /** only with `compare`: absolute ÷ |before|; null if `before` is 0 or not known */
  relative?: number | null;
}

/** The earlier range of a ranking. */
export interface RankingComparison extends SpanResource {
  /** the sum of all values over it; null if a date of it is not known, or if they do not add up */
  total: number | null;
  /** false if a date of it is not known, so that nothing can be compared */
  known: boolean;
}

/** The sum of the values over a range. */
export interface TotalResponse extends SelectionResource, SpanResource {
  /** null if nothing is known */
  value: number | null;
  /** only with `exact=true` */
  exactValue?: string | null;
}

/** The dates for which statistics are complete. */
export interface CoverageResponse {
  metric: MetricResource;
  period: PeriodName;
  object?: ObjectResource;
  objectType?: string;
  statistic?: string;
  /** null where nothing computes or counts them */
  coverage: CoverageRange | null;
  /** the current date in that time zone */
  today: string;
}

// ── GET annotations ──

/** A note at a date, such as a deployment. */
export interface AnnotationResource {
  id: string;
  date: string;
  /** the instant at which it happened, in UTC; null if it is about the whole day */
  at: string | null;
  /** plain text of at most 500 characters, perhaps of several lines: escape it */
  text: string;
  /** the domain whose charts show it; null for the charts of all domains */
  domain: DomainResource | null;
}

/** Annotations, ordered by date. */
export interface AnnotationsResponse extends Page {
  annotations: AnnotationResource[];
}

// ── trackers ──

/** One execution of one tracker. */
export interface RunResource {
  id: number;
  status: 'running' | 'succeeded' | 'failed' | 'cancelled' | 'lost';
  /** the instant for which it was scheduled; null if it was started by a call */
  slot: string | null;
  /**
   * the origin of the run: `'schedule'`, `'start'`, `'http'`, `'cli'`, `'call'`, or a text of the application; null for
   * runs of earlier versions
   */
  triggeredBy: string | null;
  /** 1 for the first try */
  attempt: number;
  startedAt: string;
  finishedAt: string | null;
  /** the dates that it computed; `from` and `through` are both included */
  from: string | null;
  through: string | null;
  /** number of rows inserted or changed */
  written: number;
  removed: number;
  /**
   * error of a failed run, which may show the database's own message. Only for users that the action guards admit; else
   * null
   */
  error: string | null;
  /** the host and process that ran it. Only for users that the action guards admit; else null */
  host: string | null;
}

/** The state of a tracker. */
export interface TrackerResource {
  name: string;
  /** the natural key of its metric, or of the first of its metrics */
  metric: string;
  /** the natural keys of all its metrics */
  metrics: string[];
  periods: PeriodName[];
  /** `every` in milliseconds; null if it only runs when it is asked to */
  schedule: { cron?: string; every?: number; timeZone: string } | null;
  nextRunAt: string | null;
  lastRun: RunResource | null;
  /** the dates that are complete for all of its metrics, in all of their periods */
  coverage: { from: string; through: string } | null;
  /** age of its statistics in milliseconds; null if no run has succeeded */
  lagMs: number | null;
  /**
   * the earliest slot of its schedule that no successful run has made up for, and the milliseconds since then; null if it
   * is not late. It has until its next slot, and at least a minute
   */
  late: { due: string; lateMs: number } | null;
  running: boolean;
  /** statistics whose closed dates differ from the source as it is now. Empty if none does */
  drift: DriftResource[];
}

/** Statistics of a metric whose closed dates differ from the source as it is now. */
export interface DriftResource {
  /** the natural key of the metric */
  metric: string;
  of: 'total' | 'objects' | 'dimensions';
  /** rows of this date, or of earlier ones, have changed */
  date: string;
  /** number of objects or groups of dimensions that differ; 1 for a total */
  keys: number;
  /** exact decimal by which the source exceeds the statistics; null for aggregates that do not add up */
  difference: string | null;
}

/** The trackers of the application, with their state. */
export interface TrackersResponse {
  trackers: TrackerResource[];
}

/** A value that an alert has looked at. */
export interface ObservedResource extends MomentResource {
  value: number | null;
  /** of a condition that compares: the earlier value; null otherwise, or if it is not known */
  before: number | null;
  /** of a condition that compares: the change as a share of the earlier value; null otherwise, or if there is none */
  change: number | null;
}

/** The state of an alert of the application. */
export interface AlertResource {
  name: string;
  /** the condition in words: 'below 10' */
  condition: string;
  status: 'ok' | 'firing';
  /** when the status changed last; null if it never has */
  since: string | null;
  kind: 'statistic' | 'tracker';
  /** the natural key of the metric that is watched; left out if a tracker is */
  metric?: string;
  period?: PeriodName;
  /** left out for the total */
  object?: ObjectResource;
  /** the type, if each object of it is watched: the alert is there once without an object, and for each that it fires for */
  objectType?: string;
  /** the name of the tracker that is watched; left out if a statistic is */
  tracker?: string;
  /** the kind of the condition */
  when: 'below' | 'above' | 'changed' | 'failed' | 'late';
  /**
   * the value that the metric is below or above, or with 'changed' the share of the earlier value: 0.3 for 30 %. Left out if
   * a tracker is watched
   */
  threshold?: number;
  /** ends the alert, in the same terms. Left out if a tracker is watched */
  recoveryThreshold?: number;
  /** the value that was looked at last; null before the first time. Left out if a tracker is watched */
  observed?: ObservedResource | null;
  /** the value that changed the status last; null if none has. Left out if a tracker is watched */
  crossed?: ObservedResource | null;
  /** true if the call of the alert's method has not returned yet */
  undelivered: boolean;
}

/** The alerts of the application, with their state. */
export interface AlertsResponse {
  alerts: AlertResource[];
}

/** Runs of a tracker, the latest first. */
export interface RunsResponse {
  tracker: string;
  runs: RunResource[];
}

/** An action on a tracker. */
export type TrackerAction = 'run' | 'verify' | 'repair' | 'backfill';

/** The actions that the user of the request may take. Empty if the action guards refuse, or if there are none. */
export interface ActionsResponse {
  actions: TrackerAction[];
}

/** The result of a run. */
export interface ResultResource {
  tracker: string;
  from: string;
  through: string;
  written: number;
  removed: number;
  durationMs: number;
}

/** A statistic whose stored value differs from a fresh computation. */
export interface DifferenceResource {
  period: PeriodName;
  date: string;
  /** the first instant of its bucket of less than a day; absent for other periods */
  start?: string;
  object?: ObjectResource;
  dimensions?: DimensionsResource;
  /** the exact decimal; null for "no value". Left out if there is no row */
  stored?: string | null;
  expected?: string | null;
}

/** The differences between stored statistics and a fresh computation. */
export interface VerifyResponse {
  tracker: string;
  /** number of differences */
  total: number;
  /** the first differences, up to the limit */
  differences: DifferenceResource[];
}

/** The kinds of tasks that report their progress. */
export type TaskKind = 'verify' | 'repair' | 'backfill';

/** A verification, a repair or a backfill that was requested from this process. */
export interface TaskResource {
  kind: TaskKind;
  tracker: string;
  /** null: the first covered date */
  from: string | null;
  /** null: the last covered date; of a backfill the last date that can be computed */
  to: string | null;
  status: 'running' | 'succeeded' | 'failed' | 'cancelled';
  startedAt: string;
  finishedAt: string | null;
  /** the last date that is done; null: none yet */
  date: string | null;
  /** 0 to 1 */
  fraction: number;
  /** rows inserted or changed so far; 0 for a verification, which writes nothing */
  written: number;
  /** differences found so far; 0 for a repair and a backfill */
  differences: number;
  /** of a failed task; null for those whom the action guards refuse */
  error: string | null;
  /**
   * `VerifyResponse` of a verification, `ResultResource` of a repair or a backfill, once it has succeeded; null for
   * those whom the action guards refuse
   */
  result: VerifyResponse | ResultResource | null;
}

/** The last verification, repair and backfill of a tracker that were requested from this process. */
export interface ProgressResponse {
  tracker: string;
  /** at most one of each kind, by the time of its start */
  tasks: TaskResource[];
}

/** The last backfill of a tracker that was requested from this process. */
export interface BackfillResource {
  tracker: string;
  from: string;
  /** null if it ends at the last date that can be computed */
  to: string | null;
  status: 'running' | 'succeeded' | 'failed' | 'cancelled';
  startedAt: string;
  finishedAt: string | null;
  /** the last date computed so far; null if there is none yet */
  date: string | null;
  /** 0 to 1 */
  fraction: number;
  /** rows inserted or changed so far */
  written: number;
  error: string | null;
}

/** The body of an error response, in Nest's own shape. */
export interface ErrorResponse {
  statusCode: number;
  /** one message for each problem */
  message: string[];
  /** the status in words, such as 'Bad Request' */
  error: string;
}
