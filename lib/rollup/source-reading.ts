import type { FindOptionsWhere, ObjectLiteral, SelectQueryBuilder } from 'typeorm';
import type { StatisticTable } from '../statistics/tables/statistic-table.js';
import type { AggregateSpec } from './aggregate.js';

/** Conditions as `find` takes them, or a function that adds them to a query. */
export type SourceWhere =
  | FindOptionsWhere<ObjectLiteral>
  | FindOptionsWhere<ObjectLiteral>[]
  | ((query: SelectQueryBuilder<ObjectLiteral>, alias: string) => void);

/** The properties of the source that a tracker reads, whatever it computes. */
export interface SourceReading {
  readonly dateField: string;
  /** a statistic's key → property path, with the option that named it */
  readonly keys: readonly { readonly property: string; readonly path: string; readonly option: string }[];
  readonly statistic: StatisticTable;
  readonly where: SourceWhere | null;
  readonly withDeleted: boolean;
  readonly epoch: 's' | 'ms' | null;
  readonly storedIn: 'UTC' | null;
}

/** The property that a metric reads, and the rows that it counts. */
export interface MeasureReading {
  readonly aggregate: AggregateSpec;
  /** conditions in addition to those of the tracker */
  readonly where: SourceWhere | null;
}
