import { Body, HttpCode, HttpStatus, Inject, Param, Post, Query, UseFilters, UseInterceptors } from '@nestjs/common';
import { TrackstatsHttpExceptionFilter } from './platform/http.exception.js';
import {
  TRACKER_PARAMETERS,
  type BackfillBody,
  type CancelBody,
  type TaskBody,
} from './parameters/tracker.parameters.js';
import { Accepted, Replied, ReplyInterceptor } from './platform/reply.interceptor.js';
import type { BackfillResource, ProgressResponse, ResultResource, TaskResource, VerifyResponse } from './resources.js';
import { TrackerReader } from './readers/tracker.reader.js';
import { backfillResource, TrackerTasks } from './readers/tracker.tasks.js';

/** Serves the actions that the action guards protect. It is mounted only if there are action guards. */
@UseFilters(TrackstatsHttpExceptionFilter)
@UseInterceptors(ReplyInterceptor)
export class TrackerActionsController {
  constructor(
    @Inject(TrackerReader) private readonly reader: TrackerReader,
    @Inject(TrackerTasks) private readonly tasks: TrackerTasks,
  ) {}

  @Post('trackers/:name/run')
  @HttpCode(HttpStatus.OK)
  @Replied()
  run(
    @Param('name') name: string,
    @Body(TRACKER_PARAMETERS.none) _body: object,
    @Query(TRACKER_PARAMETERS.none) _query: object,
  ): Promise<ResultResource> {
    return this.reader.run(name);
  }

  @Post('trackers/:name/verify')
  @HttpCode(HttpStatus.OK)
  @Replied()
  verify(
    @Param('name') name: string,
    @Body(TRACKER_PARAMETERS.task) { background, ...range }: TaskBody,
    @Query(TRACKER_PARAMETERS.none) _query: object,
  ): Promise<VerifyResponse> | Accepted<TaskResource> {
    if (background) return new Accepted(this.tasks.start('verify', name, range));
    return this.tasks.perform('verify', name, range);
  }

  @Post('trackers/:name/repair')
  @HttpCode(HttpStatus.OK)
  @Replied()
  repair(
    @Param('name') name: string,
    @Body(TRACKER_PARAMETERS.task) { background, ...range }: TaskBody,
    @Query(TRACKER_PARAMETERS.none) _query: object,
  ): Promise<ResultResource> | Accepted<TaskResource> {
    if (background) return new Accepted(this.tasks.start('repair', name, range));
    return this.tasks.perform('repair', name, range);
  }

  @Post('trackers/:name/backfill')
  @HttpCode(HttpStatus.ACCEPTED)
  @Replied()
  backfill(
    @Param('name') name: string,
    @Body(TRACKER_PARAMETERS.backfill) range: BackfillBody,
    @Query(TRACKER_PARAMETERS.none) _query: object,
  ): BackfillResource {
    return backfillResource(this.tasks.start('backfill', name, range));
  }

  @Post('trackers/:name/cancel')
  @HttpCode(HttpStatus.ACCEPTED)
  @Replied()
  cancel(
    @Param('name') name: string,
    @Body(TRACKER_PARAMETERS.cancel) { kind }: CancelBody,
    @Query(TRACKER_PARAMETERS.none) _query: object,
  ): ProgressResponse {
    return { tracker: name, tasks: this.tasks.cancel(name, kind) };
  }
}
