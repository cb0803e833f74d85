import { HttpStatus, Injectable } from '@nestjs/common';
import { lateTrackers } from '../../schedule/late-trackers.js';
import type { LocalDate } from '../../time/local-date.js';
import type { Progress } from '../../tracking/running/progress.js';
import type { VerifyProgress } from '../../tracking/running/tracker.verifier.js';
import { TrackstatsHttpException } from '../platform/http.exception.js';
import { HttpReader } from './http.reader.js';
import { checkLimit } from './range.js';
import type { ResultResource, RunsResponse, TrackersResponse, VerifyResponse } from '../resources.js';
import { differenceResource, resultResource, runResource, trackerResource } from './tracker.resource.js';

/** The dates of a task, and the signal that cancels it. */
interface TaskOptions {
  readonly from?: LocalDate | undefined;
  readonly to?: LocalDate | undefined;
  readonly signal: AbortSignal;
}

/** Lists trackers and their runs, and runs, verifies, repairs and backfills them. */
@Injectable()
export class TrackerReader extends HttpReader {
  async list(isTrusted: boolean): Promise<TrackersResponse> {
    const { trackers, history, clock, startedAt } = this.access;
    const infos = await trackers.list();
    const late = await lateTrackers(history, infos, { now: clock(), allowance: null, startedAt });
    return { trackers: infos.map((info) => trackerResource(info, late[info.name] ?? null, isTrusted)) };
  }

  async runs(tracker: string, limit: number, isTrusted: boolean): Promise<RunsResponse> {
    checkLimit('rows', limit, this.options.limits);
    const runs = await this.access.trackers.history(tracker, { limit });
    return { tracker, runs: runs.map((run) => runResource(run, isTrusted)) };
  }

  async run(tracker: string): Promise<ResultResource> {
    const result = await this.access.trackers.run(tracker, { triggeredBy: 'http' });
    if (result !== null) return resultResource(tracker, result);
    throw new TrackstatsHttpException(HttpStatus.CONFLICT, [
      'This tracker is running already. Ask again when it has ended.',
    ]);
  }

  async verify(
    tracker: string,
    options: TaskOptions & { onProgress: (progress: VerifyProgress) => void },
  ): Promise<VerifyResponse> {
    const all = await this.access.trackers.verify(tracker, options);
    const some = all.slice(0, this.options.limits.rows);
    const objects = (await this.labels.of(some.flatMap(({ object }) => object ?? []))).values();
    return {
      tracker,
      total: all.length,
      differences: some.map((one) =>
        differenceResource(one, one.object === undefined ? undefined : (objects.next().value ?? undefined)),
      ),
    };
  }

  async repair(
    tracker: string,
    options: TaskOptions & { onProgress: (progress: Progress) => void },
  ): Promise<ResultResource> {
    return resultResource(tracker, await this.access.trackers.repair(tracker, { ...options, triggeredBy: 'http' }));
  }

  async backfill(
    tracker: string,
    { from, ...options }: TaskOptions & { onProgress: (progress: Progress) => void },
  ): Promise<ResultResource> {
    if (from === undefined) throw TrackstatsHttpException.badRequest('from is missing');
    return resultResource(
      tracker,
      await this.access.trackers.backfill(tracker, { from, ...options, triggeredBy: 'http' }),
    );
  }
}
