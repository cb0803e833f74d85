import type { Type } from '@nestjs/common';
import type { MetricTarget } from '../../catalog/definitions.js';
import type { AggregateSpec } from '../../rollup/aggregate.js';
import type { SourceWhere } from '../../rollup/source-reading.js';
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
      /** of the periods of less than a day, if there are others beside them */
      readonly timeStatistic?: Type<AbstractStatistic> | undefined;
      readonly dimensions: Readonly<Record<string, string>>;
    };

/** The days for which the statistics of a period are kept. Those of other periods are kept for ever. */
export type Keep = ReadonlyMap<Period, number>;

/** The conditions of a tracker, in addition to those of its source. */
export type TrackerWhere = SourceWhere;

/** One metric that a tracker computes, with all defaults. */
export interface TrackerEntry {
  readonly metric: MetricTarget;
  readonly aggregate: AggregateSpec;
  /** conditions in addition to those of the tracker */
  readonly where: TrackerWhere | null;
  readonly periods: readonly Period[];
  readonly density: Density;
  /** of the total that is made beside the values of objects or dimensions */
  readonly totalDensity: Density;
  readonly keep: Keep;
}

/** How often a tracker compares closed days with the source, and how many at a time. */
export interface Scrubbing {
  readonly days: number;
  /** milliseconds */
  readonly every: number;
}

/** The definition of a tracker, with all defaults, as the engine reads it. */
export interface TrackerDefinition {
  /** null if it is not registered */
  readonly name: string | null;
  /** at least one */
  readonly entries: readonly TrackerEntry[];
  readonly dateField: string;
  readonly target: TrackedTarget;
  /** the total is computed too */
  readonly withTotal: boolean;
  readonly where: TrackerWhere | null;
  readonly timeZone: string;
  readonly weekStart: WeekStart;
  readonly since: LocalDate | null;
  /** days */
  readonly lookback: number;
  /** milliseconds of a lookback shorter than days, if all periods are shorter than a day; otherwise null */
  readonly lookbackMs: number | null;
  readonly appendOnly: boolean;
  /** the meaning of a closed date: what was recorded while it was open, or what the source says now */
  readonly history: 'recorded' | 'current';
  /** null if closed days are not compared with the source */
  readonly scrub: Scrubbing | null;
  /** the source has lost its rows before this date; statistics of earlier dates stay */
  readonly sourceKeptSince: LocalDate | null;
  readonly withDeleted: boolean;
  readonly epoch: 's' | 'ms' | null;
  readonly storedIn: 'UTC' | null;
}
