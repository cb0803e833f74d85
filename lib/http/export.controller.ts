import { Get, Inject, Query, UseFilters, UseInterceptors, type StreamableFile } from '@nestjs/common';
import { ExportReader } from './readers/export.reader.js';
import { TrackstatsHttpExceptionFilter } from './platform/http.exception.js';
import { STATISTIC_PARAMETERS, type ExportQuery } from './parameters/statistic.parameters.js';
import { Replied, ReplyInterceptor } from './platform/reply.interceptor.js';

/** Serves statistics as files. Each registration of the module mounts a subclass of its own. */
@UseFilters(TrackstatsHttpExceptionFilter)
@UseInterceptors(ReplyInterceptor)
export class ExportController {
  constructor(@Inject(ExportReader) private readonly reader: ExportReader) {}

  @Get('export')
  @Replied()
  export(@Query(STATISTIC_PARAMETERS.export) query: ExportQuery): Promise<StreamableFile> {
    return this.reader.export(query);
  }
}
