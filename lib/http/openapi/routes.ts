import type { Type } from '@nestjs/common';
import { ExportController } from '../export.controller.js';
import type { ParametersPipe } from '../parameters/parameters.pipe.js';
import { STATISTIC_PARAMETERS } from '../parameters/statistic.parameters.js';
import { TRACKER_PARAMETERS } from '../parameters/tracker.parameters.js';
import type { Parameter } from '../parameters/parameter.js';
import { StatisticsController } from '../statistics.controller.js';
import { TrackerActionsController } from '../tracker-actions.controller.js';
import { TrackersController } from '../trackers.controller.js';
import type { SCHEMAS } from './schemas.js';

type AnyPipe = ParametersPipe<Readonly<Record<string, Parameter>>>;

/** The description of a route in a document. */
export interface RouteDescription {
  readonly summary: string;
  readonly response: keyof typeof SCHEMAS;
  readonly status: number;
  /** the response with status 202, of a route that has one beside `response` */
  readonly accepted?: keyof typeof SCHEMAS;
  readonly query: AnyPipe;
  /** of a route that writes */
  readonly body?: AnyPipe;
  readonly hasName?: boolean;
  /** content types, if they are not JSON */
  readonly produces?: readonly string[];
  /** statuses of errors beside 400 */
  readonly errors: readonly number[];
}

const { none, runs, task, backfill, cancel } = TRACKER_PARAMETERS;
const reads = (
  summary: string,
  response: RouteDescription['response'],
  query: AnyPipe,
  ...errors: number[]
): RouteDescription => ({ summary, response, status: 200, query, errors });
const writes = (
  summary: string,
  response: RouteDescription['response'],
  body: AnyPipe,
  status = 200,
): RouteDescription => ({ summary, response, status, query: none, body, hasName: true, errors: [403, 404, 409] });

/** The routes of a controller, by the names of its methods. */
type RoutesOf<C> = { readonly [K in keyof C & string]: RouteDescription };

const statistics: RoutesOf<StatisticsController> = {
  metrics: reads('Metrics, and what can be asked of each', 'MetricsResponse', STATISTIC_PARAMETERS.metrics, 404),
  overview: reads(
    "Each metric's last value, change and sparkline",
    'OverviewResponse',
    STATISTIC_PARAMETERS.overview,
    404,
  ),
  summaries: reads(
    "Each metric's total over a range, its change and its course",
    'SummariesResponse',
    STATISTIC_PARAMETERS.summaries,
    404,
  ),
  summary: reads('A range of one series as one value', 'SummaryResponse', STATISTIC_PARAMETERS.summary, 404, 429),
  series: reads('The points of one series', 'SeriesResponse', STATISTIC_PARAMETERS.series, 404, 429),
  multiSeries: reads(
    'Several series over the same dates',
    'MultiSeriesResponse',
    STATISTIC_PARAMETERS.multiSeries,
    404,
    429,
  ),
  top: reads('The objects with the greatest values', 'TopResponse', STATISTIC_PARAMETERS.top, 404, 429),
  ranking: reads(
    'The objects with the greatest values over a range',
    'RankingResponse',
    STATISTIC_PARAMETERS.ranking,
    404,
    429,
  ),
  total: reads('The sum of the values over a range', 'TotalResponse', STATISTIC_PARAMETERS.total, 404, 429),
  coverage: reads(
    'The dates for which statistics are complete',
    'CoverageResponse',
    STATISTIC_PARAMETERS.coverage,
    404,
  ),
  annotations: reads(
    'Notes at dates, such as deployments',
    'AnnotationsResponse',
    STATISTIC_PARAMETERS.annotations,
    404,
  ),
};

const exports: RoutesOf<ExportController> = {
  export: {
    ...reads('Stored statistics as a file', 'ExportText', STATISTIC_PARAMETERS.export, 404, 501),
    produces: ['text/csv', 'application/x-ndjson'],
  },
};

const trackers: RoutesOf<TrackersController> = {
  trackers: reads('How the trackers are', 'TrackersResponse', none),
  alerts: reads('How the alerts are', 'AlertsResponse', none),
  actions: reads('What the one who asks may do', 'ActionsResponse', none),
  runs: { ...reads('The runs of a tracker, the latest first', 'RunsResponse', runs, 404), hasName: true },
  progress: {
    ...reads('The last verification, repair and backfill, and their progress', 'ProgressResponse', none, 404),
    hasName: true,
  },
  backfill: { ...reads('How far the last backfill is', 'BackfillResource', none, 404), hasName: true },
};

const actions: RoutesOf<TrackerActionsController> = {
  run: writes('Runs a tracker', 'ResultResource', none),
  verify: {
    ...writes('Compares stored statistics with a fresh computation', 'VerifyResponse', task),
    accepted: 'TaskResource',
  },
  repair: { ...writes('Corrects the differences that verify finds', 'ResultResource', task), accepted: 'TaskResource' },
  backfill: writes('Recomputes a range of dates', 'BackfillResource', backfill, 202),
  cancel: writes('Cancels running verifications, repairs and backfills', 'ProgressResponse', cancel, 202),
};

/** By controller: by the class and not by its name, which a bundler may shorten. */
export const ROUTES: ReadonlyMap<Type, Readonly<Record<string, RouteDescription>>> = new Map<
  Type,
  Readonly<Record<string, RouteDescription>>
>([
  [StatisticsController, statistics],
  [ExportController, exports],
  [TrackersController, trackers],
  [TrackerActionsController, actions],
]);
