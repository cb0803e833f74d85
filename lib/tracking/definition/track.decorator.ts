import type { Type } from '@nestjs/common';
import type { EntitySchema, ObjectLiteral, Repository, SelectQueryBuilder } from 'typeorm';
import { InvalidTrackerError } from '../../errors/tracker.error.js';
import { shown } from '../../errors/trackstats.error.js';
import { isOptions } from '../../validation/check.js';
import type { Aggregate } from '../../rollup/aggregate.js';
import type { AbstractStatistic } from '../../statistics/tables/abstract-statistic.js';
import type { AbstractTimeStatistic } from '../../statistics/tables/abstract-time-statistic.js';
import type { EntityClass, ObjectTarget } from '../../statistics/filter/object-target.js';
import type { DimensionKeys, DimensionValues } from '../../statistics/filter/statistic-filter.js';
import type { StatisticValue } from '../../statistics/filter/statistic-value.js';
import type { DatePath, KeyPath, ObjectPath } from './property-path.js';
import { keepClassTrack, keepMethodTrack } from './track-metadata.js';
import type { Tracker } from './tracker.js';
import type {
  AggregateOf,
  CommonTrackerOptions,
  JobOptions,
  MethodOptions,
  MetricsOf,
  Schedule,
  SourceContext,
  SourceOf,
  TrackContext,
  WithTotal,
} from './tracker.options.js';

/** The decorator of a class that extends a tracker class with these options. */
type ClassTrack<Kind extends string, E extends ObjectLiteral, P extends string> = <
  C extends abstract new (
    ...args: any[] // eslint-disable-line @typescript-eslint/no-explicit-any -- whatever is injected
  ) => Tracker<E, Kind>,
>(
  target: C & DateFieldFits<C, P>,
) => void;

/**
 * Checks `dateField` against the entity of the class (`extends CountObjectsByDateTracker<Order>`, or the entity that
 * its source() returns), if the options name no source.
 */
type DateFieldFits<C, P> = C extends abstract new (
  ...args: any[] // eslint-disable-line @typescript-eslint/no-explicit-any -- whatever is injected
) => { source(context: SourceContext): infer R }
  ? P extends DatePath<SourceEntity<Awaited<R>>>
    ? unknown
    : { readonly dateField: DatePath<SourceEntity<Awaited<R>>> }
  : unknown;

type SourceEntity<R> =
  R extends SelectQueryBuilder<infer E>
    ? E
    : R extends EntitySchema<infer E>
      ? E
      : R extends Repository<infer E>
        ? E
        : R extends abstract new (
              ...args: any[] // eslint-disable-line @typescript-eslint/no-explicit-any -- any entity
            ) => infer E
          ? E
          : any; // eslint-disable-line @typescript-eslint/no-explicit-any -- nothing is known

/** The decorator of a method that returns values to record. */
type MethodTrack<V> = <M extends (context: TrackContext) => V | Promise<V>>(
  target: object,
  key: string | symbol,
  descriptor: TypedPropertyDescriptor<M>,
) => void;

type Common = JobOptions & Schedule;

type Kind<S, F, T, A> = [S] extends [never]
  ? [F | T] extends [never]
    ? [A] extends [never]
      ? 'date' | 'count-date'
      : 'date'
    : [A] extends [never]
      ? 'object' | 'count-object'
      : 'object'
  : 'dimensions';

/**
 * Makes a provider class a tracker. The class extends one of the five tracker classes, can inject other providers, and
 * needs no other decorator. It is found and checked when the application starts, and runs by its schedule.
 *
 * @example
 * ```ts
 * @Track({ metric: ORDERS, source: Order, dateField: 'createdAt', period: Period.DAY, cron: CronExpression.EVERY_HOUR })
 * export class OrderTracker extends CountObjectsByDateTracker {}
 * ```
 */
// On a class first: in this order TypeScript 6 reports a mistyped dateField as "Did you mean 'createdAt'?".
// S, F, T, A only tell which options are there, P is the text of dateField.
export function Track<
  E extends ObjectLiteral,
  S extends AbstractStatistic = never,
  const F extends ObjectPath<E> = never,
  T extends object = never,
  A extends Aggregate = never,
  const P extends DatePath<E> = DatePath<E>,
>(
  options: Common &
    SourceOf<E> &
    CommonTrackerOptions<NoInfer<E>> &
    MetricsOf<NoInfer<E>> &
    WithTotal & {
      dateField: P;
      aggregate?: (A & AggregateOf<NoInfer<E>>) | undefined;
      object?: T & ObjectTarget;
      objectField?: F;
      objectEntity?: EntityClass | undefined;
      statistic?: Type<S>;
      timeStatistic?: Type<AbstractTimeStatistic> | undefined;
      dimensions?: { [K in DimensionKeys<NoInfer<S>>]: KeyPath<NoInfer<E>> };
    },
): ClassTrack<Kind<S, F, T, A>, E, P>;
/**
 * Makes a method of a provider or controller a tracker. The values that it returns replace those at today's date,
 * or of a period of less than a day those of the current bucket.
 * `null` is recorded as "no value", `undefined` changes nothing, and `[]` removes every row of today.
 *
 * @example
 * ```ts
 * @Injectable()
 * export class WarehouseTrackers {
 *   @Track({ metric: STOCK, every: '1 hour' })
 *   async stock(): Promise<number> {
 *     const answer = await fetch('https://warehouse.example/stock');
 *     return Number(await answer.text());
 *   }
 * }
 * ```
 */
export function Track<S extends AbstractStatistic = never>(
  options: Common & MethodOptions & { statistic?: Type<S>; object?: ObjectTarget; source?: never; dateField?: never },
): MethodTrack<
  [S] extends [never]
    ? StatisticValue | undefined | readonly { object: ObjectTarget; value: StatisticValue }[]
    : readonly { dimensions: DimensionValues<S>; value: StatisticValue }[]
>;
export function Track(options: unknown): (target: object, key?: string | symbol) => void {
  return (target, key) => {
    if (!isOptions(options)) {
      throw new InvalidTrackerError(
        key === undefined ? (target as Type).name : `${target.constructor.name}.${String(key)}`,
        `@Track has ${shown(options)}. Expected an object of options: @Track({ metric, period, … }).`,
      );
    }
    if (key === undefined) keepClassTrack(target, options);
    else if (typeof target === 'function') {
      throw new InvalidTrackerError(
        `${target.name}.${String(key)}`,
        '@Track is on a static method. Move it to an instance method.',
      );
    } else keepMethodTrack(target.constructor, key, options);
  };
}
