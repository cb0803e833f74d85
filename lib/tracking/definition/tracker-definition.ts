import type { Type } from '@nestjs/common';
import type { FindOptionsWhere, ObjectLiteral, SelectQueryBuilder } from 'typeorm';
import type { MetricTarget } from '../../catalog/definitions.js';
import type { AggregateSpec } from '../../rollup/aggregate.js';
import type { AbstractStatistic } from '../../statistics/tables/abstract-statistic.js';
import type { EntityClass, ObjectTarget } from '../../statistics/filter/object-target.js';
import type { LocalDate } from '../../time/local-date.js';
import type { Period, WeekStart } from '../../time/period.js';

export type Density = 'daily' | 'changes';

/** The total, objects or dimensions that the rows of a source belong to. */
export type TrackedTarget =
  | { readonly kind: 'total' }
  /** every row belongs to this one object */
  | { readonly kind: 'object'; readonly object: ObjectTarget }
  /** each row belongs to the object that a property points to */
  | { readonly kind: 'objects'; readonly field: string; readonly entity: EntityClass | null }
  | {
      readonly kind: 'dimensions';
      readonly statistic: Type<AbstractStatistic>;
      readonly dimensions: Readonly<Record<string, string>>;
    };

/** The conditions of a tracker, in addition to those of its source. */
export type TrackerWhere =
  | FindOptionsWhere<ObjectLiteral>
  | FindOptionsWhere<ObjectLiteral>[]
  | ((query: SelectQueryBuilder<ObjectLiteral>, alias: string) => void);

/** The definition of a tracker, with all defaults, as the engine reads it. */
export interface TrackerDefinition {
  /** null if it is not registered */
  readonly name: string | null;
  readonly metric: MetricTarget;
  readonly periods: readonly Period[];
  readonly aggregate: AggregateSpec;
  readonly dateField: string;
  readonly target: TrackedTarget;
  readonly where: TrackerWhere | null;
  readonly timeZone: string;
  readonly weekStart: WeekStart;
  readonly since: LocalDate | null;
  /** days */
  readonly lookback: number;
  readonly appendOnly: boolean;
  /** the source has lost its rows before this date; statistics of earlier dates stay */
  readonly sourceKeptSince: LocalDate | null;
  readonly density: Density;
  readonly withDeleted: boolean;
  readonly epoch: 's' | 'ms' | null;
  readonly storedIn: 'UTC' | null;
}
