import { Inject, Injectable, StreamableFile } from '@nestjs/common';
import type { Readable } from 'node:stream';
import { TRANSFER_FORMATS } from '../../transfer/transfer-format.js';
import { TransferService } from '../../transfer/transfer.service.js';
import { TrackstatsHttpException } from '../platform/http.exception.js';
import type { ExportQuery } from '../parameters/statistic.parameters.js';
import { scopeFilter, requestedScope } from './scope.js';
import { TrackstatsAccess } from '../trackstats.access.js';

/** Exports statistics as a file, with `nestjs-trackstats/transfer`. */
@Injectable()
export class ExportReader {
  constructor(@Inject(TrackstatsAccess) private readonly access: TrackstatsAccess) {}

  async export(query: ExportQuery): Promise<StreamableFile> {
    const { format, metric, domain } = query;
    if (domain !== undefined && metric.length > 0) {
      throw TrackstatsHttpException.badRequest('domain is given together with metric. Give only one of them.');
    }
    const { context, clock } = this.access;
    const { database, objectTypes, owners, options } = context;
    const transfer = new TransferService(database, objectTypes, owners, options, clock);
    const rows = await transfer.export(this.filterOf(query), { format });
    const { contentType, extension } = TRANSFER_FORMATS[format];
    const name = metric.length === 1 ? metric[0]?.replace('/', '-') : (domain ?? 'statistics');
    const disposition = `attachment; filename="${name ?? ''}.${extension}"`; // refs have no other characters than a name may
    const file = new StreamableFile(await begun(rows), { type: contentType, disposition });
    // a file that was cut off must not look complete
    return file.setErrorHandler((_error, response) => (response as { destroy?: () => void }).destroy?.());
  }

  private filterOf(query: ExportQuery): object {
    const { metric, domain, period, from, to, last, allObjects } = query;
    const scope = requestedScope(this.access.context, query);
    if (allObjects && scope.kind !== 'total') {
      throw TrackstatsHttpException.badRequest(
        'all_objects is given together with object_type or statistic. Give only one of them.',
      );
    }
    return {
      ...(metric.length > 0 && { metrics: metric }),
      ...(domain !== undefined && { domain }),
      ...(period.length > 0 && { period }),
      ...(from !== undefined && { from }),
      ...(to !== undefined && { to }),
      ...(last !== undefined && { last }),
      ...(allObjects ? { objects: 'all' } : scopeFilter(scope)),
    };
  }
}

/** Waits for the first part of a stream. An error before it can still become the response. */
async function begun(rows: Readable): Promise<Readable> {
  await new Promise<void>((resolve, reject) => {
    rows.once('readable', resolve).once('end', resolve).once('error', reject);
  });
  return rows;
}
