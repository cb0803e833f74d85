import type { OnApplicationBootstrap } from '@nestjs/common';
import type { ModuleRef } from '@nestjs/core';
import { requireProvider } from '../execution/optional-parts.js';
import { RunHistory } from '../execution/run-history.js';
import { TrackerService } from '../execution/tracker.service.js';
import { TrackerRegistry, type TrackerTarget } from '../tracking/definition/tracker.registry.js';
import { type Duration, millisecondsOf } from '../time/duration.js';
import type { TrackerDrift } from '../tracking/running/tracker-drift.js';
import { TRACKSTATS_CLOCK, type Clock } from '../trackstats.tokens.js';
import { InvalidPartOptionError } from '../errors/optional-part.error.js';
import { listOf, optional, text, withDefault, type Check } from '../validation/check.js';
import { readOptions, readValue, type ChecksOf } from '../validation/options.js';
import { lateTrackers, type LateTracker } from '../schedule/late-trackers.js';
import { messageOf } from '../errors/error-message.js';

/** The milliseconds of a duration. */
const milliseconds: Check<number> = (given, refuse) => {
  const length = millisecondsOf(given);
  if (length !== null && length >= 0) return length;
  return refuse(`Expected a whole number of milliseconds, or text such as '15 minutes'.`);
};

/** Sets when a tracker counts as late. */
export interface TrackstatsHealthOptions {
  /**
   * lateness to allow: the time from a slot until a run that began after it must have succeeded.
   * @default until its next slot, and at least a minute
   */
  allowance?: Duration | undefined;
  /** the trackers to check, as TrackerService takes them. @default all */
  trackers?: readonly TrackerTarget[] | undefined;
  /** time that the database may take to answer. @default '5 seconds' */
  timeout?: Duration | undefined;
}

const OPTIONS = {
  allowance: optional(milliseconds),
  trackers: optional(listOf((given) => given as TrackerTarget)),
  timeout: withDefault(milliseconds, 5000),
} satisfies ChecksOf<TrackstatsHealthOptions>;

function invalidOption(name: string | null, given: unknown, expected: string): InvalidPartOptionError {
  return new InvalidPartOptionError('isHealthy', name ?? 'options', given, expected);
}

type Health =
  | { status: 'up'; trackers: number; drift?: Record<string, TrackerDrift[]> }
  | {
      status: 'down';
      message: string;
      trackers: number;
      late: Record<string, LateTracker>;
      /** trackers whose closed dates differ from the source, if any. They do not count as a failure */
      drift?: Record<string, TrackerDrift[]>;
    };

/** The result of an indicator for @nestjs/terminus: the status and its details, under the indicator's key. */
export type TrackstatsHealthResult<Key extends string = string> = Record<Key, Health>;

/**
 * Checks that trackers run on time. It only reads, and needs no package; @nestjs/terminus accepts its result.
 *
 * @example
 * ```ts
 * import { HealthCheck, HealthCheckService } from '@nestjs/terminus';
 *
 * @Controller('health')
 * export class HealthController {
 *   constructor(
 *     private readonly health: HealthCheckService,
 *     private readonly trackers: TrackstatsHealthIndicator,
 *   ) {}
 *
 *   @Get()
 *   @HealthCheck()
 *   check() {
 *     return this.health.check([() => this.trackers.isHealthy('statistics', { allowance: '15 minutes' })]);
 *   }
 * }
 * ```
 */
export class TrackstatsHealthIndicator implements OnApplicationBootstrap {
  private startedAt = new Date(0);
  private clock: Clock = () => this.startedAt;

  /** @internal the module creates it */
  constructor(private readonly moduleRef: ModuleRef) {}

  /** @throws MissingModuleError */
  onApplicationBootstrap(): void {
    this.clock = requireProvider<Clock>(this.moduleRef, TRACKSTATS_CLOCK, 'TrackstatsHealthModule');
    this.startedAt = this.clock();
  }

  /**
   * Returns `down` if a tracker with a schedule is later than its allowance, or if the database does not answer. For a
   * tracker that never succeeded, the time counts from its first run, or from the start of this process if it has none.
   * Trackers without a schedule are never late.
   *
   * @param key the key of the result
   * @throws UnknownTrackerError, AmbiguousTrackerError, InvalidPartOptionError, NotStartedError: only for mistakes in
   * the call, never for problems of the database
   */
  async isHealthy<const Key extends string>(
    key: Key,
    options: TrackstatsHealthOptions = {},
  ): Promise<TrackstatsHealthResult<Key>> {
    readValue(key, text, 'key', invalidOption);
    const { allowance = null, timeout, trackers } = readOptions(options, OPTIONS, invalidOption);
    const names = this.names(trackers);
    try {
      const { late, drift } = await within(timeout, this.look(names, allowance));
      return under(key, { ...healthOf(late, names.size), ...(Object.keys(drift).length > 0 && { drift }) });
    } catch (error) {
      const message = `The database of the statistics did not answer: ${messageOf(error)}`;
      return under(key, { status: 'down', message, trackers: names.size, late: {} });
    }
  }

  private names(targets: readonly TrackerTarget[] | undefined): ReadonlySet<string> {
    const registry = requireProvider(this.moduleRef, TrackerRegistry, 'TrackstatsHealthModule');
    const trackers = targets?.map((target) => registry.get(target, 'isHealthy')) ?? registry.all('isHealthy');
    return new Set(trackers.map(({ name }) => name));
  }

  private async look(
    names: ReadonlySet<string>,
    allowance: number | null,
  ): Promise<{ late: Record<string, LateTracker>; drift: Record<string, TrackerDrift[]> }> {
    const trackers = requireProvider(this.moduleRef, TrackerService, 'TrackstatsHealthModule');
    const history = requireProvider(this.moduleRef, RunHistory, 'TrackstatsHealthModule');
    const infos = (await trackers.list()).filter(({ name }) => names.has(name));
    const late = await lateTrackers(history, infos, { now: this.clock(), allowance, startedAt: this.startedAt });
    const drifting = infos.filter(({ drift }) => drift.length > 0);
    return { late, drift: Object.fromEntries(drifting.map(({ name, drift }) => [name, drift])) };
  }
}

function healthOf(late: Record<string, LateTracker>, trackers: number): Health {
  const names = Object.keys(late);
  if (names.length === 0) return { status: 'up', trackers };
  const message = `${names.length === 1 ? 'A tracker is' : `${names.length} trackers are`} late: ${names.join(', ')}`;
  return { status: 'down', message, trackers, late };
}

function under<Key extends string>(key: Key, health: Health): TrackstatsHealthResult<Key> {
  return { [key]: health } as TrackstatsHealthResult<Key>;
}

/** Returns the result of a promise, or rejects if it takes longer. */
async function within<T>(ms: number, promise: Promise<T>): Promise<T> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => {
      reject(new Error(`no answer within ${ms} ms`));
    }, ms);
  });
  try {
    return await Promise.race([promise, late]);
  } finally {
    clearTimeout(timer);
  }
}
