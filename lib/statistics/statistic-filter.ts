import type { Type } from '@nestjs/common';
import type { MetricTarget } from '../catalog/definitions.js';
import type { LocalDateInput } from '../time/local-date.js';
import type { BucketPeriod, Period } from '../time/period.js';
import type { AbstractStatistic } from './abstract-statistic.js';
import type { EntityClass, ObjectTarget } from './object-target.js';
import type { StatisticValue } from './statistic-value.js';

type AnyFunction = (...args: never[]) => unknown;
// eslint-disable-next-line @typescript-eslint/no-unnecessary-type-parameters -- how TypeScript compares two types exactly
type Same<A, B> = (<T>() => T extends A ? 1 : 2) extends <T>() => T extends B ? 1 : 2 ? true : false;
type IsReadonly<S, K extends keyof S> = Same<Pick<S, K>, Readonly<Pick<S, K>>>;

/** The names of a custom statistic's dimensions: its own properties, but for methods and what is read-only. */
export type DimensionKeys<S> = {
  [K in keyof S]-?: S[K] extends AnyFunction ? never : IsReadonly<S, K> extends true ? never : K;
}[Exclude<keyof S, keyof AbstractStatistic>] &
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
/** Some of a custom statistic: of each dimension one value, several, or any where it is left out. @inline */
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

/** `date`: today where it is left out. `period`: DAY. @inline */
export type At = { period?: Period | undefined; date?: LocalDateInput };
/** `from`, `to`: both included. `last`: so many dates, or buckets of the period, up to today's, instead of them. @inline */
export type Range = {
  period?: Period | undefined;
  date?: LocalDateInput;
  from?: LocalDateInput;
  to?: LocalDateInput;
  last?: number;
};
/** `exact: true` reads the decimals as text instead of the nearest numbers. @inline */
export type Reading<X extends boolean> = { exact?: X | undefined };
/** @inline */
export type ValueOf<X extends boolean> = X extends true ? string : number;

/**
 * What stands where there is no row. `period`: what the period's rule says. `zero` and `previous`: 0, or the last
 * value before; null still on dates after today or before the first row. `null`: nothing. @inline
 */
export type Fill = 'period' | 'zero' | 'previous' | 'null';
/** @inline */
export type Filling = { fill?: Fill | undefined };
/** @inline */
export type Ranking = { limit?: number | undefined; offset?: number | undefined; order?: 'asc' | 'desc' | undefined };

/** Which statistics: of one metric or several, in a range of dates, of the total or of objects. */
export type StatisticFilter = AnyMetrics & Range & (TotalScope | ObjectsScope);

/** @inline */
export type RecordBase = {
  metric: MetricTarget;
  value: StatisticValue;
  date?: LocalDateInput;
  period?: Period | undefined;
};
/** A value to store: of a metric, at a date (today), for a period (DAY), of the total, an object or dimensions. */
export type RecordInput<S extends AbstractStatistic = AbstractStatistic> = RecordBase &
  (TotalScope | OneObjectScope | CustomCell<S>);
/** @inline */
export type IncrementBase = {
  metric: MetricTarget;
  /** 1 where it is left out */
  by?: number | string | bigint | undefined;
  date?: LocalDateInput;
  period?: BucketPeriod | undefined;
};
