import type { Type } from '@nestjs/common';
import type { FindOptionsWhere, ObjectLiteral, SelectQueryBuilder } from 'typeorm';
import type { AggregateReading } from '../catalog/aggregates.js';
import type { MetricTarget } from '../catalog/definitions.js';
import type { Aggregate } from '../rollup/aggregate.js';
import type { AbstractStatistic } from '../statistics/abstract-statistic.js';
import type { EntityClass, ObjectTarget } from '../statistics/object-target.js';
import type { DimensionKeys } from '../statistics/statistic-filter.js';
import type { LocalDate, LocalDateInput } from '../time/local-date.js';
import type { Period } from '../time/period.js';
import type { DatePath, KeyPath, NumericPath, ObjectPath } from './property-path.js';

/** What `source()` of a tracker is told. */
export interface SourceContext {
  /** the instant that the run takes for now */
  now: Date;
}

/** What a method under `@Track` is told. */
export interface TrackContext {
  /** the instant that the run takes for now */
  now: Date;
  /** the date of `now` in the tracker's zone: what the method returns is recorded there */
  date: LocalDate;
  /** aborted when the run is to stop */
  signal: AbortSignal;
}

export interface CommonTrackerOptions<E extends ObjectLiteral> {
  metric: MetricTarget;
  /** one or several; each is computed in the same run, from one scan of the source */
  period: Period | readonly Period[];
  /** conditions as `find` takes them (an array: any of them), or a function that adds them to the query */
  where?:
    | FindOptionsWhere<NoInfer<E>>
    | FindOptionsWhere<NoInfer<E>>[]
    | ((query: SelectQueryBuilder<NoInfer<E>>, alias: string) => void)
    | undefined;
  /** IANA name of the zone whose days are counted. @default the module's */
  timeZone?: string | undefined;
  /** first date that has statistics; earlier rows still count in LIFETIME. @default the first row's */
  since?: LocalDateInput | undefined;
  /** the source has lost its rows before this date; statistics of earlier dates are kept as they were recorded */
  sourceKeptSince?: LocalDateInput | undefined;
  /** days before the last computed one that a run computes again, for rows that arrive or vanish late. @default 1 */
  lookback?: number | undefined;
  /** promises that rows older than the lookback never change: LIFETIME is then added up. @default false */
  appendOnly?: boolean | undefined;
  /** of rolling and lifetime periods: a row each day, or one where the value changes. @default 'daily' for a total, else 'changes' */
  density?: 'daily' | 'changes' | undefined;
  /** soft-deleted rows too. @default false */
  withDeleted?: boolean | undefined;
  /** `dateField` is an integer: seconds or milliseconds since 1970 */
  epoch?: 's' | 'ms' | undefined;
  /** `dateField` is a column without zone that holds UTC. @default as the driver writes it */
  storedIn?: 'UTC' | undefined;
}

/** What a tracker counts: which rows, by which date, for which periods. */
export interface TrackerOptions<E extends ObjectLiteral = ObjectLiteral> extends CommonTrackerOptions<E> {
  /** property that says when: a column, an embedded property, or one across to-one relations: `'order.paidAt'` */
  dateField: DatePath<E>;
}

export type AggregateOf<E> =
  | Aggregate<AggregateReading<'rows'>, never>
  | Aggregate<AggregateReading<'values'>, ObjectPath<E>>
  | Aggregate<AggregateReading<'numbers'>, NumericPath<E>>;

export interface Aggregating<E> {
  /** @default count() */
  aggregate?: AggregateOf<NoInfer<E>> | undefined;
}

export type ByObject<E> =
  /** every row belongs to this object */
  | { object: ObjectTarget; objectField?: undefined; objectEntity?: undefined }
  /** each row belongs to the object that this property points to; `objectEntity` where it is a plain column */
  | { objectField: ObjectPath<NoInfer<E>>; objectEntity?: EntityClass | undefined; object?: undefined };

export interface ByDimensions<E, S extends AbstractStatistic> {
  statistic: Type<S>;
  /** each dimension of the statistic, and the property that it is read from */
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

/** An interval: milliseconds, or text as the package `ms` reads it: `'15 minutes'`. */
export type Every = number | `${number}${Unit}` | `${number} ${Unit}`;

/** When a tracker runs by itself: by a cron expression in its zone, at the multiples of an interval since 1970, or never. */
export type Schedule =
  { cron: string; every?: undefined } | { every: Every; cron?: undefined } | { cron?: undefined; every?: undefined };

export interface JobOptions {
  /** how the tracker is called in `run`, in the history and in the SchedulerRegistry. @default the class's name; of a method `Class.method` */
  name?: string | undefined;
  /** once more when the application has started. @default false */
  runOnStart?: boolean | undefined;
  /** how often a failed run is tried again */
  retries?: number | undefined;
  /** milliseconds after which a run is cancelled */
  timeout?: number | undefined;
}

export interface MethodOptions {
  metric: MetricTarget;
  /** one. @default Period.DAY */
  period?: Period | undefined;
  /** IANA name of the zone whose date is today. @default the module's */
  timeZone?: string | undefined;
}

export interface SourceOf<E extends ObjectLiteral> {
  /** the entity whose rows are counted; a `source()` of the class wins */
  source?: EntityClass<E> | undefined;
  /** name of its data source. @default the one that has the entity */
  sourceDataSource?: string | undefined;
}
