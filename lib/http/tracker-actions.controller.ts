import { Body, HttpCode, HttpStatus, Inject, Param, Post, Query, UseFilters, UseInterceptors } from '@nestjs/common';
import { Backfills } from './backfills.js';
import { TrackstatsHttpExceptionFilter } from './http-exception.filter.js';
import { TRACKER_PARAMETERS, type BackfillBody, type RangeBody } from './parameters/tracker.parameters.js';
import { Replied, ReplyInterceptor } from './reply.interceptor.js';
import type { BackfillResource, ResultResource, VerifyResponse } from './resources.js';
import { TrackerReader } from './tracker.reader.js';

/** Serves the actions that the action guards protect. It is mounted only if there are any. */
@UseFilters(TrackstatsHttpExceptionFilter)
@UseInterceptors(ReplyInterceptor)
export class TrackerActionsController {
  constructor(
    @Inject(TrackerReader) private readonly reader: TrackerReader,
    @Inject(Backfills) private readonly backfills: Backfills,
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
    @Body(TRACKER_PARAMETERS.range) range: RangeBody,
    @Query(TRACKER_PARAMETERS.none) _query: object,
  ): Promise<VerifyResponse> {
    return this.reader.verify(name, range);
  }

  @Post('trackers/:name/repair')
  @HttpCode(HttpStatus.OK)
  @Replied()
  repair(
    @Param('name') name: string,
    @Body(TRACKER_PARAMETERS.range) range: RangeBody,
    @Query(TRACKER_PARAMETERS.none) _query: object,
  ): Promise<ResultResource> {
    return this.reader.repair(name, range);
  }

  @Post('trackers/:name/backfill')
  @HttpCode(HttpStatus.ACCEPTED)
  @Replied()
  backfill(
    @Param('name') name: string,
    @Body(TRACKER_PARAMETERS.backfill) { from, to }: BackfillBody,
    @Query(TRACKER_PARAMETERS.none) _query: object,
  ): BackfillResource {
    return this.backfills.start(name, { from, ...(to !== undefined && { to }) });
  }
}
