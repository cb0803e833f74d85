import type { PeriodName } from '../time/period.js';

// A key that says what is read (a scope, a metric, a date) is left out or has a value: undefined would read everything.

/** A page of a list. */
export interface PageRequest {
  /** entries at most. @default the limit `rows` of the interface, or 10 for rankings */
  limit?: number | undefined;
  /** entries to leave out before. @default 0 */
  offset?: number | undefined;
}

/**
 * The dates that a request reads: `from` to `to`, or the `last` n points up to now. Local dates, `YYYY-MM-DD`, or instants
 * as text with an offset, `2026-10-25T02:30:00+02:00`, which mean the date or the bucket that contains them.
 *
 * @default the last 30 points
 */
export interface RangeRequest {
  /** @default 'DAY' */
  period?: PeriodName | undefined;
  from?: string;
  /** @default now */
  to?: string;
  last?: number;
}

/** The earlier range that values are compared with. `weekdays` is 52 weeks earlier. */
export type ComparedWith = 'previous' | 'week' | 'month' | 'quarter' | 'year' | 'weekdays';

/** The value of each dimension of a custom statistic. */
export type DimensionsRequest = Readonly<Record<string, string | number | boolean | null>>;

/** The values of some dimensions of a custom statistic, one or several of each. */
export type DimensionsFilter = Readonly<
  Record<string, string | number | boolean | null | readonly (string | number | boolean | null)[]>
>;

/** One series: the total, one object, or one group of a custom statistic. */
export interface ScopeRequest {
  /** with `objectId`: the type of the object */
  objectType?: string;
  objectId?: string | number | bigint;
  /** custom statistic: the name of its table, without prefix. With `dimensions` */
  statistic?: string;
  dimensions?: DimensionsRequest;
}

/** The objects, or the groups of a custom statistic, among which a request ranks. */
export interface RankedScopeRequest {
  objectType?: string;
  /** custom statistic: the name of its table, without prefix */
  statistic?: string;
  /** only the groups with these values */
  dimensions?: DimensionsFilter;
}

/** The form and the age of values. */
export interface ValuesRequest {
  /** gives each value as a decimal in text, too. @default false */
  exact?: boolean | undefined;
  /** counts the open dates now, from the source, instead of reading what the last run stored. @default false */
  live?: boolean | undefined;
}

/** Selects the metrics to list. */
export interface MetricsRequest extends PageRequest {
  /** natural keys. @default all metrics */
  metric?: string | readonly string[];
  /** ref of a domain: its metrics only */
  domain?: string;
}

/** Selects the metrics to show at a glance. */
export interface OverviewRequest extends PageRequest {
  domain?: string;
  period?: PeriodName | undefined;
  /** points of each sparkline. @default 30 */
  points?: number | undefined;
}

/** Selects the metrics and the range to sum up. */
export interface SummariesRequest extends PageRequest, RangeRequest {
  domain?: string;
  /** @default 'previous' */
  compare?: ComparedWith | undefined;
  /** values of each trend at most. @default 30 */
  points?: number | undefined;
}

/** The series that is summed up as one value. */
export interface SummaryRequest extends RangeRequest, ScopeRequest {
  /** natural key */
  metric: string;
  compare?: ComparedWith | undefined;
  live?: boolean | undefined;
}

/** The series whose points are read. */
export interface SeriesRequest extends RangeRequest, ScopeRequest, ValuesRequest {
  /** natural key */
  metric: string;
  /** the value of dates without a row. @default 'period' */
  fill?: 'period' | 'zero' | 'previous' | 'null' | undefined;
  compare?: ComparedWith | undefined;
}

/** Several series over the same dates: of several metrics, or of several objects or groups of one. */
export interface MultiSeriesRequest extends RangeRequest, ValuesRequest {
  /** natural keys */
  metric: string | readonly string[];
  objectType?: string;
  objectId?: string | number | bigint | readonly (string | number | bigint)[];
  statistic?: string;
  dimensions?: DimensionsFilter;
  /** number of objects or groups: those with the greatest values */
  top?: number | undefined;
  /** with `top`: adds up those that are not among the greatest. @default false */
  others?: boolean | undefined;
  /** the value of dates without a row. @default 'period' */
  fill?: 'period' | 'zero' | 'previous' | 'null' | undefined;
  compare?: ComparedWith | undefined;
}

/** The objects or groups with the greatest values at a date. */
export interface TopRequest extends PageRequest, RankedScopeRequest, ValuesRequest {
  /** natural key */
  metric: string;
  /** @default 'DAY' */
  period?: PeriodName | undefined;
  /** a local date, or an instant, which a period of less than a day needs. @default now */
  date?: string;
  /** @default 'desc' */
  order?: 'desc' | 'asc' | undefined;
}

/** The objects or groups with the greatest values over a range. */
export interface RankingRequest extends PageRequest, RangeRequest, RankedScopeRequest, ValuesRequest {
  /** natural key */
  metric: string;
  /** words of names or ids: only those of the greatest that have them */
  search?: string | undefined;
  compare?: ComparedWith | undefined;
  /** @default 'value' */
  sort?: 'value' | 'before' | 'change' | undefined;
  /** @default 'desc' */
  order?: 'desc' | 'asc' | undefined;
}

/** The series whose values are added up. */
export interface TotalRequest extends RangeRequest, ScopeRequest, ValuesRequest {
  /** natural key */
  metric: string;
}

/** The statistics whose complete dates are asked for. */
export interface CoverageRequest extends ScopeRequest {
  /** natural key */
  metric: string;
  /** @default 'DAY' */
  period?: PeriodName | undefined;
}

/** Selects annotations: all of them by default. */
export interface AnnotationsRequest extends PageRequest {
  /** refs of domains: the annotations of their charts, which are their own and those of all domains */
  domain?: string | readonly string[];
  /** local date */
  from?: string;
  /** local date */
  to?: string;
  /** number of days up to today, instead of `from` and `to` */
  last?: number;
  /** @default 'asc': the earliest first */
  order?: 'asc' | 'desc' | undefined;
}

/** Selects the statistics of a file. */
export interface ExportRequest {
  format: 'csv' | 'jsonl';
  /** natural keys. @default all metrics */
  metric?: string | readonly string[];
  domain?: string;
  /** @default all periods */
  period?: PeriodName | readonly PeriodName[] | undefined;
  from?: string;
  to?: string;
  /** number of days up to today, instead of `from` and `to` */
  last?: number;
  objectType?: string;
  objectId?: string | number | bigint | readonly (string | number | bigint)[];
  /** statistics of objects of every type. @default false */
  allObjects?: boolean | undefined;
  statistic?: string;
  dimensions?: DimensionsFilter;
}

/** Local dates that a verification or a repair is limited to. */
export interface TaskRequest {
  /** @default the first covered date */
  from?: string;
  /** @default the last covered date */
  to?: string;
}

/** Local dates to compute again. */
export interface BackfillRequest {
  from: string;
  /** @default the last date that can be computed */
  to?: string;
}
