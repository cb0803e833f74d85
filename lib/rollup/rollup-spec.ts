import type { Sql } from 'sql-template-tag';
import type { AggregateFunction } from '../catalog/aggregates.js';
import type { ClockColumn, KeyEncoding, KeyKind, NumericColumn, SourceColumn } from '../database/dialects/dialect.js';
import type { Table } from '../database/table.js';
import type { StatisticTable } from '../statistics/tables/statistic-table.js';
import type { DayNumber } from '../time/local-date.js';
import type { Period, WeekStart } from '../time/period.js';
import type { BucketLength } from '../time/time-bucket.js';

/**
 * A source query: `SELECT … FROM …` with the columns named below and one row for each row of the source. One scan of it
 * serves all its measures.
 */
export interface ResolvedSource {
  readonly query: Sql;
  /** the date, which decides to which day a row belongs */
  readonly clock: ClockColumn;
  /** the computations. Either all of them count rows and add up numbers, or all count the same different values */
  readonly measures: readonly Measure[];
  /** the column whose values countDistinct counts; null if the measures are other aggregates */
  readonly distinct: RawKey | null;
  /** the columns of the query that measures read */
  readonly measured: readonly Sql[];
  /** keys that differ from row to row, in the order of the statistic's key columns */
  readonly keys: readonly SourceKey[];
  /** the columns that are read according to their type */
  readonly columns: readonly TypedColumn[];
  /**
   * values that may differ for one source row, because a relation on their path may find several rows; null if there are
   * none
   */
  readonly ambiguity: SourceAmbiguity | null;
  /** the date column, if the query is one table without conditions: an index on the column can then count by ranges */
  readonly plain: { readonly table: Table; readonly column: string } | null;
  /** the text of the query, without its parameters' values: part of the definition's fingerprint */
  readonly text: string;
}

/** The computation of a scan for one metric. */
export interface Measure {
  readonly aggregate: AggregateFunction;
  /** the column that sum, avg, min and max read; null for the counts */
  readonly numeric: NumericColumn | null;
  /** 1 for a row that counts, else NULL; null if every row of the source counts */
  readonly counted: Sql | null;
  /** the column of the partials with the number of rows that count; null if every row of the source counts */
  readonly presence: Sql | null;
  /** the columns of its partials are `a0`, `b0`, `n0`, … by this number */
  readonly place: number;
}

/** A column that is read according to its declared type. */
export interface TypedColumn extends SourceColumn {
  /** for messages: the option, the path and the entity */
  readonly option: string;
  readonly path: string;
  readonly entity: string;
  /** the reason why another stored type cannot be read so; null if it can */
  readonly refusal: (stored: string) => string | null;
}

/** Values of a source row over relations that may find several rows, because no constraint excludes it. */
export interface SourceAmbiguity {
  /** the source with one row for each row that the joins find, and its primary key as `p0`, `p1`, … */
  readonly query: Sql;
  readonly primaryKey: readonly Sql[];
  readonly values: readonly AmbiguousValue[];
  /** true if the date is one of the values: a source row then may have dates inside and outside a range */
  readonly isDated: boolean;
}

export interface AmbiguousValue {
  /** equal only for equal values */
  readonly expression: Sql;
  /** for messages: the option, the path, and why it may have several values */
  readonly option: string;
  readonly path: string;
  readonly entity: string;
  readonly soughtBy: string;
}

/** A column of the source query whose different values are counted. */
export interface RawKey {
  readonly expression: Sql;
  readonly kind: KeyKind;
  readonly format: KeyEncoding['format'];
}

export interface SourceKey extends RawKey {
  /** a property of the statistic */
  readonly property: string;
  /** rows without a value are skipped (objects), or have a key of their own (nullable dimensions) */
  readonly whenNull: 'skip' | { readonly sentinel: string | number };
}

/** A key column with the same value in every row that a run writes: the object type, or the id of a fixed object. */
export interface ConstantKey {
  readonly property: string;
  readonly value: Sql;
}

export interface RollupPeriod {
  readonly period: Period;
  /** 'spans': rows that are only read. As 'changes', but those of a single series may repeat the value before them */
  readonly density: 'daily' | 'changes' | 'spans';
  /** keys whose rows are all older than what the period reads have the value of no rows, as with density 'daily' */
  readonly hasOlderKeys: boolean;
  /** first day that is replaced; the first day of its bucket for a calendar period */
  readonly from: DayNumber;
  /** last day that is replaced */
  readonly through: DayNumber;
  /**
   * of a period of less than a day: the second from which buckets are replaced, where that is not the first one of
   * `from`; otherwise null
   */
  readonly fromSecond: number | null;
  /** last day whose rows count; for a calendar period the end of its last bucket, or today if that has not come */
  readonly lastDay: DayNumber;
  /**
   * day before which the first bucket of a calendar period, or the windows of a rolling one or one to date, are made of
   * stored DAY rows; null: all of it is read
   */
  readonly storedDaysUntil: DayNumber | null;
  /** day after which the last bucket is made of stored DAY rows, of a calendar period; null: all of it is read */
  readonly storedDaysAfter: DayNumber | null;
  /** the value before `from` is the stored one, not a recount of everything before */
  readonly baseIsStored: boolean;
  /** true if rows of this period may be stored in the range */
  readonly hasStored: boolean;
  /** the range ends before the last covered day, and values after it stay as they were recorded */
  readonly endsEarly: boolean;
}

/** One scan of a source, which computes the partials of its measures. */
export interface SourceScan {
  readonly source: ResolvedSource;
  /** the statistic whose key columns decide how the source's keys are grouped */
  readonly statistic: StatisticTable;
  /** true if rows without a key are read too, because a total counts them */
  readonly keepsUnkeyed: boolean;
  readonly timeZone: string;
  /** the latest instant that counts */
  readonly now: Date;
  /** stands for the first reading that is too late, of a statement that is completed later. @default that of `now` */
  readonly until?: Sql | undefined;
  /** the name of the partials: of the common table expression, or of the temporary table */
  readonly partials: string;
  /** first day that is read day by day; everything before is one partial, dated the day before it */
  readonly scanFrom: DayNumber;
  /** true if rows before `scanFrom` are read at all */
  readonly scanBase: boolean;
  /** last day that is read */
  readonly scanThrough: DayNumber;
  /** the second from which rows are read, where that is not the first one of `scanFrom`; otherwise null */
  readonly fromSecond: number | null;
  /** length of the buckets into which rows are grouped, each in one day; null: rows are grouped by days */
  readonly bucket: BucketLength | null;
  /** true if rows are counted by one index range for each day, and not by a grouped scan */
  readonly countsByIndex: boolean;
}

/** The statistics of one metric in one scope, with the scan from whose partials they are computed. */
export interface RollupEntry {
  /** the index among the entries of its tracker. A spec leaves out entries without planned periods */
  readonly index: number;
  readonly metricId: number;
  readonly statistic: StatisticTable;
  readonly constants: readonly ConstantKey[];
  /** the keys of the statistic that differ from row to row: those of the source, or none of a total */
  readonly keys: readonly SourceKey[];
  readonly measure: Measure;
  readonly scan: SourceScan;
  readonly weekStart: WeekStart;
  readonly periods: readonly RollupPeriod[];
}

/** One pass over a source, independent of any dialect. */
export interface RollupSpec {
  readonly scans: readonly SourceScan[];
  readonly entries: readonly RollupEntry[];
}
