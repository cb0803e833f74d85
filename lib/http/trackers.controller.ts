import { Get, Inject, Param, Query, UseFilters, UseInterceptors } from '@nestjs/common';
import { ActionAccessInterceptor, MayAct } from './action-access.js';
import { TrackstatsHttpExceptionFilter } from './platform/http.exception.js';
import { TRACKER_PARAMETERS, type RunsQuery } from './parameters/tracker.parameters.js';
import { Replied, ReplyInterceptor } from './platform/reply.interceptor.js';
import { AlertReader } from './readers/alert.reader.js';
import type {
  ActionsResponse,
  AlertsResponse,
  BackfillResource,
  ProgressResponse,
  RunsResponse,
  TrackersResponse,
} from './resources.js';
import { TrackerReader } from './readers/tracker.reader.js';
import { TrackerTasks } from './readers/tracker.tasks.js';

/** Serves the state and the history of trackers, and the state of alerts. Each registration of the module mounts a subclass of its own. */
@UseFilters(TrackstatsHttpExceptionFilter)
@UseInterceptors(ReplyInterceptor, ActionAccessInterceptor)
export class TrackersController {
  constructor(
    @Inject(TrackerReader) private readonly reader: TrackerReader,
    @Inject(TrackerTasks) private readonly tasks: TrackerTasks,
    @Inject(AlertReader) private readonly alertReader: AlertReader,
  ) {}

  @Get('trackers')
  @Replied()
  trackers(@MayAct() mayAct: boolean, @Query(TRACKER_PARAMETERS.none) _: object): Promise<TrackersResponse> {
    return this.reader.list(mayAct);
  }

  @Get('alerts')
  @Replied()
  alerts(@Query(TRACKER_PARAMETERS.none) _: object): Promise<AlertsResponse> {
    return this.alertReader.list();
  }

  @Get('trackers/actions')
  @Replied()
  actions(@MayAct() mayAct: boolean, @Query(TRACKER_PARAMETERS.none) _: object): ActionsResponse {
    return { actions: mayAct ? ['run', 'verify', 'repair', 'backfill'] : [] };
  }

  @Get('trackers/:name/runs')
  @Replied()
  runs(
    @Param('name') name: string,
    @MayAct() mayAct: boolean,
    @Query(TRACKER_PARAMETERS.runs) { limit }: RunsQuery,
  ): Promise<RunsResponse> {
    return this.reader.runs(name, limit, mayAct);
  }

  @Get('trackers/:name/progress')
  @Replied()
  progress(
    @Param('name') name: string,
    @MayAct() mayAct: boolean,
    @Query(TRACKER_PARAMETERS.none) _: object,
  ): ProgressResponse {
    const tasks = this.tasks.of(name);
    return {
      tracker: name,
      tasks: mayAct ? tasks : tasks.map((task) => ({ ...task, error: null, result: null })),
    };
  }

  @Get('trackers/:name/backfill')
  @Replied()
  backfill(
    @Param('name') name: string,
    @MayAct() mayAct: boolean,
    @Query(TRACKER_PARAMETERS.none) _: object,
  ): BackfillResource {
    const backfill = this.tasks.backfill(name);
    return mayAct ? backfill : { ...backfill, error: null };
  }
}
