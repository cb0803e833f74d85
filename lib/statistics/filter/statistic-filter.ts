import type { Type } from '@nestjs/common';
import type { EntityManager } from 'typeorm';
import type { MetricTarget } from '../../catalog/definitions.js';
import type { InstantInput } from '../../time/instant.js';
import type { LocalDateInput } from '../../time/local-date.js';
import type { BucketPeriod, CalendarUnit, Period, TimePeriod } from '../../time/period.js';
import type { AbstractTimeStatistic } from '../tables/abstract-time-statistic.js';
import type { AbstractStatistic } from '../tables/abstract-statistic.js';
import type { EntityClass, ObjectTarget } from './object-target.js';
import type { StatisticValue } from './statistic-value.js';

type AnyFunction = (...args: never[]) => unknown;
// eslint-disable-next-line @typescript-eslint/no-unnecessary-type-parameters -- how TypeScript compares two types exactly
type Same<A, B> = (<T>() => T extends A ? 1 : 2) extends <T>() => T extends B ? 1 : 2 ? true : false;
type IsReadonly<S, K extends keyof S> = Same<Pick<S, K>, Readonly<Pick<S, K>>>;

/** The names of a custom statistic's dimensions: its own properties, except methods and read-only ones. */
export type DimensionKeys<S> = {
  [K in keyof S]-?: S[K] extends AnyFunction ? never : IsReadonly<S, K> extends true ? never : K;
}[Exclude<keyof S, keyof AbstractStatistic | (S extends AbstractTimeStatistic ? 'start' : never)>] &
  string;

/** A value for each dimension of a custom statistic. */
export type DimensionValues<S> = { [K in DimensionKeys<S>]: S[K] };

/** @inline */
export type OneMetric = { metric: MetricTarget; metrics?: never };
/** @inline */
export type AnyMetrics = OneMetric | { metrics: readonly MetricTarget[]; metric?: never };

/** The total of a metric: a filter that names nothing else. @inline */
export type TotalScope = { entity?: never; object?: never; objects?: never; objectType?: never; dimensions?: never };
/** @inline */
export type OneObjectScope = {
  object: ObjectTarget;
  objects?: never;
  objectType?: never;
  entity?: never;
  dimensions?: never;
};
/** @inline */
export type ObjectsScope =
  | OneObjectScope
  | { objects: readonly ObjectTarget[]; object?: never; objectType?: never; entity?: never; dimensions?: never }
  | { objectType: EntityClass | string; object?: never; objects?: never; entity?: never; dimensions?: never };
/** Statistics of a custom statistic: for each dimension one value, several, or any if it is left out. @inline */
export type CustomScope<S extends AbstractStatistic> = {
  entity: Type<S>;
  dimensions?: { [K in DimensionKeys<S>]?: S[K] | readonly S[K][] };
  object?: never;
  objects?: never;
  objectType?: never;
};
/** One value of a custom statistic. @inline */
export type CustomCell<S extends AbstractStatistic> = {
  entity: Type<S>;
  dimensions: DimensionValues<S>;
  object?: never;
  objects?: never;
  objectType?: never;
};

/** `date`: today by default; of a period of less than a day, an instant in it. `period`: DAY by default. @inline */
export type At = { period?: Period | undefined; date?: LocalDateInput };
/**
 * `from` and `to` are both included. `last` selects that many dates, or buckets of the period, up to the current one
 * instead. In a period of less than a day, a date means all of its buckets, and a `Date` or ISO text with an offset
 * the one that contains it.
 * @inline
 */
export type Range = {
  period?: Period | undefined;
  date?: LocalDateInput;
  from?: LocalDateInput;
  to?: LocalDateInput;
  last?: number;
};
/**
 * `exact: true` reads decimals as text instead of as the nearest numbers. `live: true` counts the open dates now, from the
 * source, instead of reading what the last run stored. @inline
 */
export type Reading<X extends boolean> = { exact?: X | undefined; live?: boolean | undefined };
/** @inline */
export type ValueOf<X extends boolean> = X extends true ? string : number;

/**
 * Sets what a date without a row reads as. `period`: as the period defines it. `zero` and `previous`: 0, or the last
 * earlier value; still null after today and before the first row. `null`: nothing. @inline
 */
export type Fill = 'period' | 'zero' | 'previous' | 'null';
/**
 * The earlier dates that a comparison takes. `previous`: as many dates or buckets, just before. `week`, `month`, `quarter`
 * or `year`: the same dates of the unit before. `weekdays`: the same days of the week, 52 weeks earlier. @inline
 */
export type CompareWith = 'previous' | CalendarUnit | 'weekdays';
/** @inline */
export type Comparing = Omit<Range, 'date'> & Filling & { with?: CompareWith | undefined };
/** @inline */
export type Filling = { fill?: Fill | undefined };
/** @inline */
export type Ranking = { limit?: number | undefined; offset?: number | undefined; order?: 'asc' | 'desc' | undefined };

/** Selects statistics: of one metric or several, in a range of dates, of the total or of objects. */
export type StatisticFilter = AnyMetrics & Range & (TotalScope | ObjectsScope);

/** @inline */
export type RecordBase = {
  metric: MetricTarget;
  value: StatisticValue;
  date?: LocalDateInput;
  at?: never;
  period?: Period | undefined;
};
/** `at`: an instant in the bucket, now by default. @inline */
export type RecordAt = {
  metric: MetricTarget;
  value: StatisticValue;
  at?: InstantInput;
  date?: never;
  period: TimePeriod;
};
/**
 * A value to store: of a metric, at a date (today by default), for a period (DAY by default), of the total, an object
 * or dimensions. In a period of less than a day it is stored at an instant (now by default).
 */
export type RecordInput<S extends AbstractStatistic = AbstractStatistic> = (RecordBase | RecordAt) &
  (TotalScope | OneObjectScope | CustomCell<S>);
/**
 * `manager`: the EntityManager of an open transaction of the application. The call is then a part of that transaction: it
 * commits and rolls back with it, and takes no other connection. By default a call has a transaction of its own. @inline
 */
export type InTransaction = { manager?: EntityManager | undefined };

/** @inline */
export type IncrementBase = {
  metric: MetricTarget;
  /** 1 by default */
  by?: number | string | bigint | undefined;
  /** names the event, so that it counts once, however often the call is repeated. @default every call counts */
  key?: string | undefined;
} & (
  | { period?: BucketPeriod | undefined; date?: LocalDateInput; at?: never }
  | {
      period: TimePeriod;
      /** an instant in the bucket. @default now */
      at?: InstantInput;
      date?: never;
    }
);
/** A period of less than a day, whose statistics are stored by time. @inline */
export type InTime = { period: TimePeriod };
