/**
 * What the JSON interface answers, as TypeScript types: a client may import them (`import type`) from
 * `nestjs-trackstats/http`. Dates are local dates, `YYYY-MM-DD`; instants are ISO 8601 in UTC; a period is its name.
 */
import type { PeriodName } from '../time/period.js';

/** A domain as responses name it. */
export interface DomainResource {
  ref: string;
  name: string;
}

/** A metric as responses name it. */
export interface MetricResource {
  /** natural key, 'shopping/order_count': what the parameter `metric` takes */
  key: string;
  domain: DomainResource;
  ref: string;
  name: string;
}

/** An object of the application. */
export interface ObjectResource {
  type: string;
  id: string;
  /** what the application's `label` function says; null: nothing. It is plain text: escape it */
  label: string | null;
}

/** The value of each dimension of a custom statistic, by its name. */
export type DimensionsResource = Record<string, string | number | boolean | null>;

/** The dates that are complete, the last one being still open on the day that it was computed. */
export interface CoverageRange {
  from: string;
  through: string;
  /** IANA name of the zone whose days these are */
  timeZone: string;
}

/** A value at a date. */
export interface PointResource {
  /** the day, the last day of a rolling window, the first day of a calendar bucket */
  date: string;
  /** the nearest number; null: nothing is known, or there is no value */
  value: number | null;
  /** the decimal itself; only with `exact=true` */
  exactValue?: string | null;
  /** false while the date, or its bucket, was not over when the value was computed */
  complete: boolean;
}

// ── GET metrics ──

/** A period in which statistics of a scope are kept. */
export interface PeriodResource {
  name: PeriodName;
  /** null: values stand alone (they were recorded one by one), or the tracker has not run yet */
  coverage: CoverageRange | null;
  /** when the last run computed them; null where no run did */
  computedAt: string | null;
}

/** A dimension of a custom statistic. */
export interface DimensionResource {
  name: string;
  type: 'varchar' | 'integer' | 'boolean' | 'date';
  nullable: boolean;
}

/** Which statistics of a metric there are: the total, those of all objects of a type, of one object, or custom ones. */
export type ScopeResource =
  | { kind: 'total'; periods: PeriodResource[] }
  | { kind: 'objects'; objectType: string; periods: PeriodResource[] }
  | { kind: 'object'; object: ObjectResource; periods: PeriodResource[] }
  /** `statistic`: what the parameter of that name takes, the table's name without `entityPrefix` */
  | { kind: 'statistic'; statistic: string; dimensions: DimensionResource[]; periods: PeriodResource[] };

/** A metric with all that can be asked of it. */
export interface CatalogMetric extends MetricResource {
  description: string | null;
  scopes: ScopeResource[];
}

/** A page of a list. */
export interface Page {
  /** how many there are in all */
  total: number;
  limit: number;
  offset: number;
}

/** Metrics by natural key. */
export interface MetricsResponse extends Page {
  metrics: CatalogMetric[];
}

// ── GET overview ──

/** How a value changed against the one a period before. */
export interface ChangeResource {
  /** the last date that was over when it was computed: an open day would always seem to fall */
  date: string;
  value: number;
  /** the date one period earlier: the bucket before, or the window's length before; for LIFETIME the day before */
  previousDate: string;
  previousValue: number;
  /** value − previousValue */
  absolute: number;
  /** absolute ÷ |previousValue|, as 0.25 for a quarter more; null where the earlier value is 0 */
  relative: number | null;
}

/** How a metric's total is. */
export interface OverviewItem {
  metric: MetricResource;
  /** the period that is shown; null: none was asked for, and the metric has no totals */
  period: PeriodName | null;
  /** the last point of the sparkline that has a value */
  last: PointResource | null;
  /** null where one of the two values is not known */
  change: ChangeResource | null;
  /** at most `points` points up to today, by date */
  sparkline: PointResource[];
  coverage: CoverageRange | null;
}

/** All metrics at a glance, by natural key. */
export interface OverviewResponse extends Page {
  points: number;
  items: OverviewItem[];
}

// ── GET series ──

/** Of what a series, a value or a coverage is. */
export interface SubjectResource {
  metric: MetricResource;
  period: PeriodName;
  object?: ObjectResource;
  statistic?: string;
  dimensions?: DimensionsResource;
}

/** The points of one series. */
export interface SeriesResponse extends SubjectResource {
  points: PointResource[];
  /** when the run that computed the latest of them read its source; null where no run did */
  asOf: string | null;
  /** with `compare=previous`: as many points, of the range just before, in the same order; else null */
  comparison: { points: PointResource[] } | null;
}

// ── GET multi-series ──

/** One of several series over the same dates. */
export interface SeriesLine {
  /** unlike that of every other line: 'shopping/order_count customer:5' */
  key: string;
  metric: MetricResource;
  object?: ObjectResource;
  dimensions?: DimensionsResource;
  /** one for each of `dates` */
  values: (number | null)[];
  /** only with `exact=true` */
  exactValues?: (string | null)[];
  complete: boolean[];
}

/** Several series over the same dates, by columns, as charts take them. */
export interface MultiSeriesResponse {
  period: PeriodName;
  statistic?: string;
  dates: string[];
  /** in the order of what was asked for; with `top` by value, the greatest first */
  series: SeriesLine[];
}

// ── GET top, total, coverage ──

/** A place of a ranking. */
export interface TopItem {
  object?: ObjectResource;
  dimensions?: DimensionsResource;
  value: number | null;
  /** only with `exact=true` */
  exactValue?: string | null;
}

/** The objects (or groups of dimensions) with the greatest values at a date. */
export interface TopResponse {
  metric: MetricResource;
  period: PeriodName;
  date: string;
  statistic?: string;
  items: TopItem[];
  limit: number;
  offset: number;
  /** whether there are more after these */
  hasMore: boolean;
}

/** The sum of the values over a range. */
export interface TotalResponse extends SubjectResource {
  from: string;
  to: string;
  /** null: nothing is known */
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
  /** the date that it is now, in that zone */
  today: string;
}

// ── trackers ──

/** One execution of one tracker. */
export interface RunResource {
  id: number;
  status: 'running' | 'succeeded' | 'failed' | 'cancelled' | 'lost';
  /** the instant for which it was scheduled; null: asked for by hand */
  slot: string | null;
  /** 1 for the first */
  attempt: number;
  startedAt: string;
  finishedAt: string | null;
  /** the dates that it computed, both included */
  from: string | null;
  through: string | null;
  /** rows inserted or changed */
  written: number;
  removed: number;
  /**
   * of a failed run; only for those whom the action guards admit (else null), as it may show the database's own message
   */
  error: string | null;
  /** the host and process that ran it; only for those whom the action guards admit, else null */
  host: string | null;
}

/** How a tracker is. */
export interface TrackerResource {
  name: string;
  /** natural key of its metric */
  metric: string;
  periods: PeriodName[];
  /** `every` in milliseconds; null: it runs when it is asked to */
  schedule: { cron?: string; every?: number; timeZone: string } | null;
  nextRunAt: string | null;
  lastRun: RunResource | null;
  /** what is complete in all of its periods */
  coverage: { from: string; through: string } | null;
  /** how old its statistics are; null: no run has succeeded */
  lagMs: number | null;
  running: boolean;
}

/** The trackers of the application, and how each one is. */
export interface TrackersResponse {
  trackers: TrackerResource[];
}

/** Runs of a tracker, the latest first. */
export interface RunsResponse {
  tracker: string;
  runs: RunResource[];
}

/** What may be asked of trackers. */
export type TrackerAction = 'run' | 'verify' | 'repair' | 'backfill';

/** What the one who asks may do; empty where the action guards refuse, or there are none. */
export interface ActionsResponse {
  actions: TrackerAction[];
}

/** What a run did. */
export interface ResultResource {
  tracker: string;
  from: string;
  through: string;
  written: number;
  removed: number;
  durationMs: number;
}

/** A statistic that is not as a fresh computation has it. */
export interface DifferenceResource {
  period: PeriodName;
  date: string;
  object?: ObjectResource;
  dimensions?: DimensionsResource;
  /** the exact decimal; null: stored as "no value". Left out: there is no row */
  stored?: string | null;
  expected?: string | null;
}

/** Where stored statistics differ from a fresh computation. */
export interface VerifyResponse {
  tracker: string;
  /** how many differences there are */
  total: number;
  /** the first of them, as many as the limit allows */
  differences: DifferenceResource[];
}

/** A backfill that this process was asked for: the last one of a tracker. */
export interface BackfillResource {
  tracker: string;
  from: string;
  /** null: through the last date that can be computed */
  to: string | null;
  status: 'running' | 'succeeded' | 'failed' | 'cancelled';
  startedAt: string;
  finishedAt: string | null;
  /** the last date computed so far; null: none yet */
  date: string | null;
  /** 0 to 1 */
  fraction: number;
  /** rows inserted or changed so far */
  written: number;
  error: string | null;
}

/** How errors look: Nest's own shape. */
export interface ErrorResponse {
  statusCode: number;
  /** one for each thing that is wrong */
  message: string[];
  /** the status in words, as 'Bad Request' */
  error: string;
}
