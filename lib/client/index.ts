export { TrackstatsClient } from './trackstats.client.js';
export type { CallOptions, Fetch, TrackstatsClientOptions } from './trackstats.client.js';
export { TrackstatsRequestError } from './request.error.js';
export type {
  AnnotationsRequest,
  BackfillRequest,
  ComparedWith,
  CoverageRequest,
  DimensionsFilter,
  DimensionsRequest,
  ExportRequest,
  MetricsRequest,
  MultiSeriesRequest,
  OverviewRequest,
  PageRequest,
  RangeRequest,
  RankedScopeRequest,
  RankingRequest,
  ScopeRequest,
  SeriesRequest,
  SummariesRequest,
  SummaryRequest,
  TaskRequest,
  TopRequest,
  TotalRequest,
  ValuesRequest,
} from './requests.js';
export type { PeriodName } from '../time/period.js';
export type * from '../http/resources.js';
