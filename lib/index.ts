export { defineDomain, defineMetric } from './catalog/definitions.js';
export type { DomainDefinition, DomainTarget, MetricDefinition, MetricTarget } from './catalog/definitions.js';
export { defineDerived, defineRatio } from './catalog/derived.js';
export type { DerivedDefinition, DerivedPart, Derivation } from './catalog/derived.js';
export { Domain } from './catalog/domain.entity.js';
export { DomainService } from './catalog/domain.service.js';
export { Metric } from './catalog/metric.entity.js';
export { MetricService } from './catalog/metric.service.js';
export type { MetricUnit } from './catalog/unit.js';

export type { Annotation, AnnotationInput } from './annotations/annotation.js';

export type { Duration } from './time/duration.js';
export type { InstantInput } from './time/instant.js';
export { addDays } from './time/local-date.js';
export type { LocalDateInput, LocalDateText as LocalDate } from './time/local-date.js';
export { Period } from './time/period.js';
export type {
  BucketPeriod,
  LifetimePeriod,
  PeriodName,
  RollingPeriod,
  TimePeriod,
  ToDatePeriod,
  WeekStart,
} from './time/period.js';

export { AbstractStatistic } from './statistics/tables/abstract-statistic.js';
export { AbstractTimeStatistic } from './statistics/tables/abstract-time-statistic.js';
export { Dimension, NULL_DIMENSION } from './statistics/tables/dimension.decorator.js';
export type { DimensionOptions, DimensionType } from './statistics/tables/dimension.decorator.js';
export { objectRef } from './statistics/filter/object-target.js';
export type { LabelFunction, Labels } from './statistics/filter/object-labels.js';
export type { EntityClass, ObjectRef, ObjectRefInput, ObjectTarget } from './statistics/filter/object-target.js';
export { StatisticByDateAndObject } from './statistics/tables/statistic-by-date-and-object.entity.js';
export { StatisticByDate } from './statistics/tables/statistic-by-date.entity.js';
export { StatisticByTimeAndObject } from './statistics/tables/statistic-by-time-and-object.entity.js';
export { StatisticByTime } from './statistics/tables/statistic-by-time.entity.js';
export type {
  DimensionKeys,
  DimensionValues,
  RecordInput,
  StatisticFilter,
} from './statistics/filter/statistic-filter.js';
export { StatisticService } from './statistics/statistic.service.js';
export type { PrunableRows, PruneFilter } from './statistics/write/prune.js';
export type { StatisticValue } from './statistics/filter/statistic-value.js';
export type { ComparedTotal, Comparison, EarlierPoint } from './statistics/read/comparison.js';
export type { SeriesPoint } from './statistics/read/series.js';

export { Aggregate, avg, count, countDistinct, max, min, sum } from './rollup/aggregate.js';
export type { Source } from './rollup/source-query.js';

export {
  CountObjectsByDateAndObjectTracker,
  CountObjectsByDateTracker,
  ObjectsByDateAndObjectTracker,
  ObjectsByDateTracker,
  ObjectsByDimensionsTracker,
} from './tracking/definition/tracker.classes.js';
export type { Progress } from './tracking/running/progress.js';
export type { DatePath, KeyPath, NumericPath, ObjectPath, PathTo } from './tracking/definition/property-path.js';
export { Track } from './tracking/definition/track.decorator.js';
export type { AnyTracker } from './tracking/definition/tracker.js';
export type {
  Every,
  Schedule,
  SourceContext,
  TrackContext,
  TrackerOptions,
} from './tracking/definition/tracker.options.js';
export { TrackerEvents } from './execution/tracker-events.js';
export type { TrackerEvent, TrackerEventOf, TrackerEventType } from './execution/tracker-events.js';
export type { SkipReason } from './execution/lease.service.js';
export type { TrackerInfo } from './execution/tracker-overview.js';
export type { TrackerTarget } from './tracking/definition/tracker.registry.js';
export type { RunStatus, TrackerRun } from './execution/tracker-run.js';
export type { TrackResult } from './tracking/running/track-result.js';
export type { RegisterOptions } from './execution/tracker.registrar.js';
export { TrackerService } from './execution/tracker.service.js';
export type { TrackerDrift } from './tracking/running/tracker-drift.js';
export type { Difference, VerifyProgress } from './tracking/running/tracker.verifier.js';

export { above, below, changed } from './alerts/condition.js';
export type { AlertCondition, ChangedWith } from './alerts/condition.js';
export { OnStatistic } from './alerts/on-statistic.decorator.js';
export type { OnStatisticOptions, StatisticAlert } from './alerts/on-statistic.decorator.js';
export { OnTracker } from './alerts/on-tracker.decorator.js';
export type { OnTrackerOptions, TrackerAlert } from './alerts/on-tracker.decorator.js';
export type {
  AlertCall,
  AlertInfo,
  AlertStateInfo,
  ObservedTracker,
  ObservedValue,
  WatchedSubject,
  WatchedTracker,
} from './alerts/alert.js';
export type { AlertStatus } from './alerts/alert-progress.js';
export { AlertService } from './alerts/alert.service.js';

export { trackstatsMigrations } from './migrations/trackstats-migrations.js';
export { TRACKSTATS_ENTITIES } from './module/trackstats.entities.js';
export { TrackstatsModule } from './module/trackstats.module.js';
export type {
  AlertsOptions,
  ScheduleOverride,
  SchedulingOptions,
  TrackstatsModuleAsyncOptions,
  TrackstatsModuleExtras,
  TrackstatsModuleOptions,
  TrackstatsOptionsFactory,
} from './trackstats.options.js';
export { TRACKSTATS_CLOCK, TRACKSTATS_OPTIONS } from './trackstats.tokens.js';
export type { Clock } from './trackstats.tokens.js';

export { InvalidAnnotationError } from './errors/annotation.error.js';
export { InvalidArgumentError } from './errors/argument.error.js';
export { InvalidAlertError } from './errors/alert.error.js';
export {
  CircularMetricError,
  DefinitionConflictError,
  DerivedMetricError,
  DerivedValueError,
  DomainHasMetricsError,
  InvalidDefinitionError,
  InvalidNameError,
  InvalidRefError,
  MetricHasStatisticsError,
  RefTakenError,
  UnknownDomainError,
  UnknownMetricError,
} from './errors/catalog.error.js';
export {
  ConnectionBusyError,
  InvalidManagerError,
  RowsLockedError,
  DatabaseNotRespondingError,
  MissingEntityError,
  MissingPrivilegeError,
  MissingTableError,
  SessionSettingError,
  TableConflictError,
  TooManyValuesError,
  UninitializedDataSourceError,
  UnsupportedDatabaseError,
} from './errors/database.error.js';
export {
  IncompleteDimensionsError,
  InvalidDimensionError,
  InvalidDimensionValueError,
} from './errors/dimension.error.js';
export {
  DataSourceMismatchError,
  DuplicateModuleError,
  InvalidOptionsError,
  MisplacedOptionError,
  MissingDataSourceError,
  MissingModuleError,
} from './errors/module.error.js';
export {
  ClockBehindError,
  DefinitionChangedError,
  InvalidRangeError,
  LeaseLostError,
  NothingToResumeError,
  OutOfRangeError,
  OvertakenError,
  RunTimeoutError,
  VerificationOvertakenError,
  ShuttingDownError,
  SourceGoneError,
  StrayRowsError,
  DateFormError,
} from './errors/run.error.js';
export { DuplicateJobError, InvalidScheduleError, MissingScheduleModuleError } from './errors/schedule.error.js';
export { AmbiguousRelationError, InvalidPropertyPathError, InvalidSourceError } from './errors/source.error.js';
export {
  InvalidFilterError,
  InvalidObjectError,
  InvalidValueError,
  InvalidKeyError,
  KeyConflictError,
  LiveReadError,
  MixedWritesError,
  NotSummableError,
  TooManyPointsError,
  TrackerOwnedError,
} from './errors/statistic.error.js';
export { InvalidDateError, InvalidPeriodError, UnknownTimeZoneError } from './errors/time.error.js';
export {
  AmbiguousTrackerError,
  DuplicateTrackerError,
  InvalidResultError,
  InvalidTrackerError,
  MissingSourceError,
  NotStartedError,
  SourceDataSourceError,
  TrackerInjectionScopeError,
  UnknownTrackerError,
} from './errors/tracker.error.js';
export { TrackstatsError } from './errors/trackstats.error.js';
export type { TrackstatsErrorCode, TrackstatsErrorKind } from './errors/trackstats.error.js';
