import { HttpStatus, Inject, Injectable, Logger, type BeforeApplicationShutdown } from '@nestjs/common';
import type { LocalDate } from '../../time/local-date.js';
import { httpExceptionOf, TrackstatsHttpException } from '../platform/http.exception.js';
import type { BackfillResource, ResultResource, TaskKind, TaskResource, VerifyResponse } from '../resources.js';
import { TrackerReader } from './tracker.reader.js';
import { TrackstatsAccess } from '../trackstats.access.js';

/** The dates of a task. Without one, its kind has a default. */
export interface TaskRange {
  readonly from?: LocalDate | undefined;
  readonly to?: LocalDate | undefined;
}

/** The result of each kind of task. */
interface TaskResults {
  verify: VerifyResponse;
  repair: ResultResource;
  backfill: ResultResource;
}

interface Task<R = unknown> {
  readonly state: TaskResource;
  readonly abort: AbortController;
  readonly done: Promise<R>;
}

const NAMES: Readonly<Record<TaskKind, string>> = {
  verify: 'verification',
  repair: 'repair',
  backfill: 'backfill',
};

/**
 * Runs the verifications, repairs and backfills that were requested over HTTP. They outlast the request: a client that
 * disconnects does not cancel them. Keeps the last task of each tracker and kind, in this process only.
 */
@Injectable()
export class TrackerTasks implements BeforeApplicationShutdown {
  private readonly logger = new Logger('TrackstatsHttp');
  private readonly last = new Map<string, Map<TaskKind, Task>>();

  constructor(
    @Inject(TrackstatsAccess) private readonly access: TrackstatsAccess,
    @Inject(TrackerReader) private readonly reader: TrackerReader,
  ) {}

  /** Cancels what is running. Steps that were committed stay; the remaining dates can be requested again. */
  async beforeApplicationShutdown(): Promise<void> {
    const tasks = [...this.last.values()].flatMap((byKind) => [...byKind.values()]);
    for (const { abort, state } of tasks) {
      abort.abort(
        new TrackstatsHttpException(HttpStatus.SERVICE_UNAVAILABLE, [
          `The application is shutting down and cancelled the ${NAMES[state.kind]}.`,
        ]),
      );
    }
    await Promise.allSettled(tasks.map(({ done }) => done));
  }

  /**
   * Starts a task and waits for its result.
   *
   * @throws UnknownTrackerError, TrackstatsHttpException with status 409 if a task of this kind is running or if it was
   * cancelled, and the errors of the task
   */
  perform<K extends TaskKind>(kind: K, tracker: string, range: TaskRange): Promise<TaskResults[K]> {
    return this.begin(kind, tracker, range).done;
  }

  /**
   * Starts a task and returns its state.
   *
   * @throws UnknownTrackerError, TrackstatsHttpException with status 409 if a task of this kind is running
   */
  start(kind: TaskKind, tracker: string, range: TaskRange): TaskResource {
    const { state, done } = this.begin(kind, tracker, range);
    done.catch((error: unknown) => {
      if (httpExceptionOf(error).getStatus() !== 500) return;
      this.logger.error(`${kind} of ${tracker} failed`, error instanceof Error ? error.stack : String(error));
    });
    return { ...state };
  }

  /**
   * Returns the last task of each kind, by the time of its start.
   *
   * @throws UnknownTrackerError
   */
  of(tracker: string): TaskResource[] {
    return this.tasksOf(tracker).map(({ state }) => ({ ...state }));
  }

  /** @throws UnknownTrackerError, TrackstatsHttpException with status 404 if this process has had none */
  backfill(tracker: string): BackfillResource {
    const found = this.of(tracker).find(({ kind }) => kind === 'backfill');
    if (found !== undefined) return backfillResource(found);
    throw new TrackstatsHttpException(HttpStatus.NOT_FOUND, [
      'No backfill of this tracker was requested from this process. The history has the runs of every process.',
    ]);
  }

  /**
   * Aborts the running tasks of a tracker, or the one of a kind. It does not wait for their end.
   *
   * @returns the tasks that it aborted
   * @throws UnknownTrackerError, TrackstatsHttpException with status 409 if no such task is running
   */
  cancel(tracker: string, kind?: TaskKind): TaskResource[] {
    const running = this.tasksOf(tracker).filter(
      ({ state }) => state.status === 'running' && (kind ?? state.kind) === state.kind,
    );
    if (running.length === 0) {
      throw new TrackstatsHttpException(HttpStatus.CONFLICT, [
        `No ${kind === undefined ? 'verification, repair or backfill' : NAMES[kind]} of this tracker is running in this process.`,
      ]);
    }
    for (const { abort, state } of running) {
      abort.abort(new TrackstatsHttpException(HttpStatus.CONFLICT, [`The ${NAMES[state.kind]} was cancelled.`]));
    }
    return running.map(({ state }) => ({ ...state }));
  }

  private tasksOf(tracker: string): Task[] {
    const { name } = this.access.registry.get(tracker, 'progress');
    const tasks = [...(this.last.get(name)?.values() ?? [])];
    return tasks.sort((a, b) => a.state.startedAt.localeCompare(b.state.startedAt));
  }

  private begin<K extends TaskKind>(kind: K, tracker: string, range: TaskRange): Task<TaskResults[K]> {
    this.check(kind, tracker, range);
    const { from = null, to = null } = range;
    const state: TaskResource = {
      kind,
      tracker,
      from,
      to,
      status: 'running',
      startedAt: this.access.clock().toISOString(),
      finishedAt: null,
      date: null,
      fraction: 0,
      written: 0,
      differences: 0,
      error: null,
      result: null,
    };
    const abort = new AbortController();
    const done = this.run<K>(kind, state, range, abort.signal);
    done.catch(() => undefined); // the error is in `state` if nobody waits
    const task = { state, abort, done };
    const byKind = this.last.get(tracker) ?? new Map<TaskKind, Task>();
    this.last.set(tracker, byKind.set(kind, task));
    return task;
  }

  /** Throws what can be known before the task starts, so that the request itself is rejected. */
  private check(kind: TaskKind, tracker: string, { from, to }: TaskRange): void {
    if (this.access.registry.get(tracker, kind).kind === 'method') {
      throw TrackstatsHttpException.badRequest(
        `A ${NAMES[kind]} of ${tracker} is not possible: it is a method, which returns today's value only.`,
      );
    }
    if (from !== undefined && to !== undefined && from > to) {
      throw TrackstatsHttpException.badRequest(`from is ${from}, which is after to, ${to}.`);
    }
    if (this.last.get(tracker)?.get(kind)?.state.status === 'running') {
      throw new TrackstatsHttpException(HttpStatus.CONFLICT, [`A ${NAMES[kind]} of this tracker is already running.`]);
    }
  }

  private async run<K extends TaskKind>(
    kind: K,
    state: TaskResource,
    range: TaskRange,
    signal: AbortSignal,
  ): Promise<TaskResults[K]> {
    try {
      const work: { [T in TaskKind]: () => Promise<TaskResults[T]> } = {
        verify: () => this.reader.verify(state.tracker, { ...range, signal, onProgress: reportTo(state) }),
        repair: () => this.reader.repair(state.tracker, { ...range, signal, onProgress: reportTo(state) }),
        backfill: () => this.reader.backfill(state.tracker, { ...range, signal, onProgress: reportTo(state) }),
      };
      const result = await work[kind]();
      const counts = 'total' in result ? { differences: result.total } : { written: result.written };
      Object.assign(state, { status: 'succeeded', fraction: 1, result, ...counts });
      return result;
    } catch (error) {
      if (signal.aborted) {
        state.status = 'cancelled';
        throw signal.reason;
      }
      Object.assign(state, { status: 'failed', error: httpExceptionOf(error).message });
      throw error;
    } finally {
      state.finishedAt = this.access.clock().toISOString();
    }
  }
}

type Reported = Pick<TaskResource, 'date' | 'fraction'> & Partial<Pick<TaskResource, 'written' | 'differences'>>;

function reportTo(state: TaskResource): (progress: Reported) => void {
  return ({ date, fraction, written = 0, differences = 0 }) => {
    Object.assign(state, { date, fraction, written, differences });
  };
}

/** Returns a task in the shape of the routes that only show backfills. */
export function backfillResource(task: TaskResource): BackfillResource {
  const { tracker, from, to, status, startedAt, finishedAt, date, fraction, written, error } = task;
  return { tracker, from: from ?? '', to, status, startedAt, finishedAt, date, fraction, written, error };
}
