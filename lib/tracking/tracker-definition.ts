import type { Type } from '@nestjs/common';
import type { FindOptionsWhere, ObjectLiteral, SelectQueryBuilder } from 'typeorm';
import type { MetricTarget } from '../catalog/definitions.js';
import type { AggregateSpec } from '../rollup/aggregate.js';
import type { AbstractStatistic } from '../statistics/abstract-statistic.js';
import type { EntityClass, ObjectTarget } from '../statistics/object-target.js';
import type { LocalDate } from '../time/local-date.js';
import type { Period, WeekStart } from '../time/period.js';

export type Density = 'daily' | 'changes';

/** To what the rows of a source belong. */
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

/** The conditions of a tracker beside its source's own. */
export type TrackerWhere =
  | FindOptionsWhere<ObjectLiteral>
  | FindOptionsWhere<ObjectLiteral>[]
  | ((query: SelectQueryBuilder<ObjectLiteral>, alias: string) => void);

/** What one tracker computes, with every default filled in: what the engine reads of a tracker class's options. */
export interface TrackerDefinition {
  /** null: made by hand for `TrackerService.track` */
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
  /** the source has lost its rows before this date: what was recorded of them stays */
  readonly sourceKeptSince: LocalDate | null;
  readonly density: Density;
  readonly withDeleted: boolean;
  readonly epoch: 's' | 'ms' | null;
  readonly storedIn: 'UTC' | null;
}
