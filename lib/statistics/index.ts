/**
 * The face of statistics: all that HTTP, transfer, the command line and the other surfaces may use of this folder. They
 * import this file and none of the rooms behind it.
 */

// services, and what they are made of
export { StatisticService } from './statistic.service.js';
export {
  type IncrementInterceptor,
  IncrementInterceptors,
  type InterceptedBatch,
} from './write/increment-interceptors.js';
export { NothingWritten } from './write/increment.queue.js';
export { ObjectTypes } from './filter/object-types.js';
export { StatisticOwners } from './tables/owners.js';
export type { StatisticContext } from './filter/statistic.context.js';
export type { StatisticOptions } from './filter/statistic.context.js';

// tables and their rows
export type { AbstractStatistic } from './tables/abstract-statistic.js';
export {
  builtInTable,
  builtInTables,
  type StatisticKey,
  type StatisticTable,
  statisticTableOf,
  storesPeriod,
  statisticTablesOf,
} from './tables/statistic-table.js';
export { dimensionsOf } from './tables/dimension.decorator.js';
export type { DimensionValue } from './tables/dimension-value.js';
export { exactValue, nearestDouble } from './tables/exact-value.js';
export { keyTextProblem } from './tables/key-text.js';
export type { StoredBucket, StoredRow } from './read/rows.query.js';

// filters: metrics, scopes, dates
export type {
  AnyMetrics,
  CompareWith,
  CustomScope,
  ObjectsScope,
  Range,
  TotalScope,
} from './filter/statistic-filter.js';
export { checkFilterKeys, type FilterKey, type NormalFilter, readFilter } from './filter/filter.js';
export {
  checkId,
  checkTypeText,
  type EntityClass,
  entityClass,
  type ObjectRef,
  type ObjectTarget,
} from './filter/object-target.js';
export { type LabelFunction, type LabelledObject, type Labels, ObjectLabels } from './filter/object-labels.js';
export {
  type Cell,
  checkMoment,
  coverageScopes,
  type FilterContext,
  filterScopes,
  narrowScope,
  objectRefOf,
  type ScopeFilter,
  selectsScope,
} from './filter/scope-filter.js';
export { type BucketCalendar, startRange, startsOf } from './filter/start-range.js';
export {
  type Calendar,
  checkOneBucket,
  checkRange,
  type DateRange,
  type RangeInput,
  rowRange,
  seriesRange,
  type StartRange,
  storedDate,
  storedMoment,
} from './filter/date-range.js';
export { calendarOf, moduleCalendar, readFilterMetrics, readMetrics } from './filter/statistic.context.js';
export { readAnnotationFilter } from './filter/annotation-filter.js';
export { storedValue } from './filter/statistic-value.js';

// reads
export { canCompare, type Comparison, earlierBuckets, earlierDates, earlierRange } from './read/comparison.js';
export { isKnownFrom, isKnownRange } from './read/known-range.js';
export { type LiveCall, readLive } from './read/live.js';
export type { LiveSource } from './filter/live-source.js';
export { type CompleteDates, readCompleteDates } from './read/coverage.query.js';
export { decodeDimensions, nameSeries, type NamedSeries } from './read/multi-series.js';
export { type PageRow, type PageSizes, readPages } from './read/pages.query.js';
export { type DatedBucket, fillBuckets, momentOfPoint, type PointMoment, seriesBuckets } from './read/bucket-series.js';
export { fillSeries, seriesDates, type SeriesPoint, type SeriesRow } from './read/series.js';
export { readComparedRanking, type RankingSort } from './read/compared-ranking.js';
export { readGreatestCells, readRanking, readSeries, readTotal } from './read/derived.query.js';
export { type RankedCells, type RankedRange, readRest } from './read/top.query.js';
export { findPeriodsByType, findPeriodsIn, type StoredPeriod } from './read/stored-periods.query.js';
export { readFirstDates } from './read/first-dates.query.js';
export { carriedSince } from './read/carried-values.js';
export { readBucketTotals, readDaySums, readTotals, readTotalsAt } from './read/totals.query.js';
export { type SeriesSums, sumSeriesParts } from './read/series-sums.js';

// writes
export type { PruneFilter } from './write/prune.js';
export { rowId, type RowToWrite, writeRows } from './write/write.query.js';
