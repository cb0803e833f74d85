import type { Type } from '@nestjs/common';
import type { FindOptionsWhere, ObjectLiteral, SelectQueryBuilder } from 'typeorm';
import type { AggregateReading } from '../../catalog/aggregates.js';
import type { MetricTarget } from '../../catalog/definitions.js';
import type { Aggregate } from '../../rollup/aggregate.js';
import type { AbstractStatistic } from '../../statistics/tables/abstract-statistic.js';
import type { AbstractTimeStatistic } from '../../statistics/tables/abstract-time-statistic.js';
import type { EntityClass, ObjectTarget } from '../../statistics/filter/object-target.js';
import type { DimensionKeys } from '../../statistics/filter/statistic-filter.js';
import type { LocalDate, LocalDateInput } from '../../time/local-date.js';
import type { Period, PeriodName } from '../../time/period.js';
import type { DatePath, KeyPath, NumericPath, ObjectPath } from './property-path.js';

/** The argument of a tracker's `source()`. */
export interface SourceContext {
  /** the instant that the run takes as now */
  now: Date;
}

/** The argument of a method with `@Track`. */
export interface TrackContext {
  /** the instant that the run takes as now */
  now: Date;
  /** the date of `now` in the tracker's time zone, at which the result is recorded */
  date: LocalDate;
  /** aborted when the run should stop */
  signal: AbortSignal;
}

/** Conditions as `find` takes them, or a function that adds them to the query. */
export type WhereOf<E extends ObjectLiteral> =
  | FindOptionsWhere<NoInfer<E>>
  | FindOptionsWhere<NoInfer<E>>[]
  | ((query: SelectQueryBuilder<NoInfer<E>>, alias: string) => void);

/**
 * How long statistics are kept, in days by the name of their period: `{ DAY: 730 }`. Today is one of these days. A calendar
 * unit is kept as long as one of its days is.
 */
export type KeepDays = { readonly [N in PeriodName]?: number | undefined };

/** One of several metrics that a tracker computes in the same run, from the same scan of the source. */
export interface TrackedMetric<E extends ObjectLiteral> {
  metric: MetricTarget;
  /** the value to compute. @default count() */
  aggregate?: AggregateOf<NoInfer<E>> | undefined;
  /** conditions that this metric adds to those of the tracker */
  where?: WhereOf<E> | undefined;
  /** @default the tracker's */
  period?: Period | readonly Period[] | undefined;
  /** @default the tracker's */
  density?: 'daily' | 'changes' | undefined;
  /** @default the tracker's, of those periods that this metric has */
  keep?: KeepDays | undefined;
}

/** The metrics of a tracker: one, or several that one run computes together. */
export type MetricsOf<E extends ObjectLiteral> =
  | {
      metric: MetricTarget;
      metrics?: undefined;
      /** one period or several. All are computed in the same run, from one scan of the source */
      period: Period | readonly Period[];
    }
  | {
      /**
       * several metrics of the same source, each with its own `aggregate`, `where`, `period` and `density`. They are
       * computed in one run, from one scan, and for the same instant
       */
      metrics: readonly TrackedMetric<E>[];
      metric?: undefined;
      aggregate?: undefined;
      /** for each metric that names no period of its own */
      period?: Period | readonly Period[] | undefined;
    };

/** Options of a tracker class that stores values by object or by dimensions. */
export interface WithTotal {
  /** computes the total of each metric too, of all rows, also of those without an object. @default false */
  withTotal?: boolean | undefined;
}

/** How often a tracker compares closed days with the source, and how many at a time. */
export interface ScrubOptions {
  /** number of days that a run compares, 1 to 366. @default 31 */
  days?: number | undefined;
  /** time between two comparisons: a minute or more. @default '1 hour' */
  every?: Every | undefined;
}

/** Options that every tracker class takes, apart from `dateField` and its metrics. */
export interface CommonTrackerOptions<E extends ObjectLiteral> {
  /** conditions as `find` takes them (an array: any of them must match), or a function that adds them to the query */
  where?: WhereOf<E> | undefined;
  /** IANA name of the time zone whose days are counted. @default the module's */
  timeZone?: string | undefined;
  /** first date with statistics; earlier rows still count in LIFETIME. @default the first row's */
  since?: LocalDateInput | undefined;
  /** first date from which the source is complete; statistics of earlier dates stay as they were recorded */
  sourceKeptSince?: LocalDateInput | undefined;
  /**
   * how much before the last run the next one recomputes, for rows that arrive or vanish late: a number of days, or if all
   * periods are shorter than a day, a length of time such as `'15 minutes'`. @default 1 (a day)
   */
  lookback?: number | DurationText | undefined;
  /**
   * promises that rows older than the lookback never change, so that LIFETIME continues from the stored value.
   * @default false
   */
  appendOnly?: boolean | undefined;
  /**
   * the meaning of a closed date whose source rows change later. `'recorded'`: it keeps what was counted while it was
   * open. `'current'`: it follows the source, however old the change.
   * @default 'recorded'
   */
  history?: 'recorded' | 'current' | undefined;
  /**
   * with `history: 'current'`, compares some closed days with the source after some time, the next ones in turn, and
   * repairs what differs. `false` for none.
   * @default { days: 31, every: '1 hour' }
   */
  scrub?: false | ScrubOptions | undefined;
  /**
   * for rolling periods, periods to date and LIFETIME: store a row for each day, or only when the value changes.
   * @default 'daily' for a total, else 'changes'
   */
  density?: 'daily' | 'changes' | undefined;
  /**
   * removes old statistics after each run: `{ DAY: 730 }` keeps those of the last 730 days, today included. Earlier dates
   * are no longer covered. @default all are kept
   */
  keep?: KeepDays | undefined;
  /** counts soft-deleted rows too. @default false */
  withDeleted?: boolean | undefined;
  /** set it if `dateField` is an integer: seconds or milliseconds since 1970 */
  epoch?: 's' | 'ms' | undefined;
  /** set it if `dateField` is a column without a time zone that stores UTC. @default as the driver writes it */
  storedIn?: 'UTC' | undefined;
}

/** Defines what a tracker counts: which rows, by which date, for which periods. */
export type TrackerOptions<E extends ObjectLiteral = ObjectLiteral> = CommonTrackerOptions<E> &
  MetricsOf<E> & {
    /**
     * the property with the date of a row: a column, an embedded property, or one across to-one relations:
     * `'order.paidAt'`
     */
    dateField: DatePath<E>;
  };

/** An aggregate whose property exists in E and has a type that the aggregate can read. */
export type AggregateOf<E> =
  | Aggregate<AggregateReading<'rows'>, never>
  | Aggregate<AggregateReading<'distinctValues'>, ObjectPath<E>>
  | Aggregate<AggregateReading<'numbers'>, NumericPath<E>>;

/** Options of a tracker class with a free choice of aggregate. */
export interface Aggregating<E> {
  /** the value to compute. @default count() */
  aggregate?: AggregateOf<NoInfer<E>> | undefined;
}

/** Options of a tracker class that stores values by object. */
export type ByObject<E> =
  /** every row belongs to this object */
  | { object: ObjectTarget; objectField?: undefined; objectEntity?: undefined }
  /** each row belongs to the object in this property. Pass `objectEntity` if it is a plain column */
  | { objectField: ObjectPath<NoInfer<E>>; objectEntity?: EntityClass | undefined; object?: undefined };

/** Options of a tracker class that stores values by dimensions. */
export interface ByDimensions<E, S extends AbstractStatistic> {
  statistic: Type<S>;
  /** of the periods of less than a day, if there are others beside them: it has the dimensions of `statistic` */
  timeStatistic?: Type<AbstractTimeStatistic> | undefined;
  /** for each dimension of the statistic, the property to read it from */
  dimensions: { [K in DimensionKeys<S>]: KeyPath<NoInfer<E>> };
}

type Unit =
  | 's'
  | 'sec'
  | 'secs'
  | 'second'
  | 'seconds'
  | 'm'
  | 'min'
  | 'mins'
  | 'minute'
  | 'minutes'
  | 'h'
  | 'hr'
  | 'hrs'
  | 'hour'
  | 'hours'
  | 'd'
  | 'day'
  | 'days'
  | 'w'
  | 'week'
  | 'weeks';

/** @inline */
type DurationText = `${number}${Unit}` | `${number} ${Unit}`;

/** An interval of a second or more: milliseconds, or text that the package `ms` reads, such as `'15 minutes'`. */
export type Every = number | DurationText;

/**
 * The times at which a tracker runs by itself: by a cron expression in its time zone, at the multiples of an interval
 * since 1970, or never.
 */
export type Schedule =
  { cron: string; every?: undefined } | { every: Every; cron?: undefined } | { cron?: undefined; every?: undefined };

/** Options for the runs of a tracker. */
export interface JobOptions {
  /**
   * name of the tracker in `run`, in the history and in the SchedulerRegistry.
   * @default the class's name; of a method `Class.method`
   */
  name?: string | undefined;
  /** runs it once more when the application has started. @default false */
  runOnStart?: boolean | undefined;
  /** how often to retry a run that failed for a reason that may pass. @default 0 */
  retries?: number | undefined;
  /** milliseconds after which a run is cancelled */
  timeout?: number | undefined;
}

/** Options of a method with `@Track`. */
export interface MethodOptions {
  metric: MetricTarget;
  /** one period. @default Period.DAY */
  period?: Period | undefined;
  /** IANA name of the time zone whose date is today. @default the module's */
  timeZone?: string | undefined;
}

/** Options that name the source of a tracker. */
export interface SourceOf<E extends ObjectLiteral> {
  /** the entity whose rows are counted, unless the class overrides `source()` */
  source?: EntityClass<E> | undefined;
  /** name of the data source to read. @default the one with the entity */
  sourceDataSource?: string | undefined;
}
