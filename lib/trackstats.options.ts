import type { FactoryProvider, ModuleMetadata, Type } from '@nestjs/common';
import { InvalidOptionsError, MisplacedOptionError } from './errors/module.error.js';
import type { AbstractStatistic } from './statistics/abstract-statistic.js';
import type { EntityClass } from './statistics/object-target.js';
import { millisecondsOf, type Duration } from './time/duration.js';
import type { WeekStart } from './time/period.js';
import { checkTimeZone } from './time/time-zone.js';
import { entity, isOptions, recordOf, truth, wholeNumber, withDefault, type Check } from './validation/check.js';
import { group, readValue, type ChecksOf } from './validation/options.js';
import { systemClock, type Clock } from './trackstats.tokens.js';

/** When trackers run, how runs end, and how much is kept of them. A duration is milliseconds, or text as `'30 seconds'`. */
export interface SchedulingOptions {
  /** `false`: `@Track` registers trackers, nothing fires by itself. @default true */
  enabled?: boolean | undefined;
  /** how many scheduled runs go on at once in this process; the others wait in turn. @default 4 */
  concurrency?: number | undefined;
  /**
   * how long a process may be silent, as one that was killed or paused is, before another may run the tracker. A run
   * that goes on renews it, however long it takes. @default '30 seconds'
   */
  lockAtMostFor?: Duration | undefined;
  /** how long nobody runs a tracker again after a run began, by whatever slot. @default 0 */
  lockAtLeastFor?: Duration | undefined;
  /** the latest slot that was missed, while no process ran, is run at start. @default true */
  catchUp?: boolean | undefined;
  /** by how much at most such a run is put off, at random, so that many do not come at once. @default '5 seconds' */
  catchUpJitter?: Duration | undefined;
  /** the pause before a failed run is tried again; it doubles each time, up to a minute, with some chance. @default '1 second' */
  retryDelay?: Duration | undefined;
  /** how long a shutdown waits for runs in progress before they are cancelled and rolled back. @default '10 seconds' */
  shutdownGrace?: Duration | undefined;
  /** how much of each tracker's history is kept: both hold, and the last success stays. @default { days: 30, runs: 1000 } */
  history?: { days?: number | undefined; runs?: number | undefined } | undefined;
}

/** Replaces a tracker's schedule whole; `false`: it has none. `timeZone` is the cron expression's alone. */
export type ScheduleOverride =
  | false
  | { cron: string; timeZone?: string | undefined; every?: undefined }
  | { every: string | number; cron?: undefined; timeZone?: undefined };

/**
 * The options of the module.
 *
 * @example TrackstatsModule.forRoot({ timeZone: 'Europe/Amsterdam' })
 */
export interface TrackstatsModuleOptions {
  /** IANA name of the zone whose days are counted, where a tracker names no other. @default 'UTC' */
  timeZone?: string | undefined;
  /** first day of a CALENDAR_WEEK. @default 'monday' */
  weekStart?: WeekStart | undefined;
  /** what tells a run which time it is. @default the system's clock */
  clock?: (() => Date) | undefined;
  /** `false` (as `{ enabled: false }`): nothing fires by itself. @default on */
  scheduling?: false | SchedulingOptions | undefined;
  /**
   * how long a call waits for a connection: a free one of the pool, or, on SQLite, the end of the application's
   * transaction. After that it rejects with ConnectionBusyError. @default '30 seconds'
   */
  connectionTimeout?: Duration | undefined;
  /** stable names of object types, so that renaming a table loses nothing. @default the entity's table name */
  objectTypes?: Record<string, EntityClass> | undefined;
  /** schedules by tracker name, from configuration: each replaces the decorator's whole */
  trackers?: Record<string, ScheduleOverride> | undefined;
}

/** What shapes the module; with `forRootAsync` it stands beside the factory. */
export interface TrackstatsModuleExtras {
  /** @default true */
  isGlobal?: boolean | undefined;
  /** name of the TypeORM data source that holds the statistics. @default the default one */
  dataSource?: string | undefined;
  /** custom statistics, as `forFeature` takes them */
  statistics?: Type<AbstractStatistic>[] | undefined;
}

type NoExtras = { [K in keyof TrackstatsModuleExtras]?: undefined };

/** A provider that makes the options: for `useClass` and `useExisting`. */
export interface TrackstatsOptionsFactory {
  /** Makes the options, once, when the application starts. */
  createTrackstatsOptions(): Promise<TrackstatsModuleOptions> | TrackstatsModuleOptions;
}

/** Options that come from a factory; what shapes the module (`dataSource`, `statistics`, `isGlobal`) stands beside it. */
export type TrackstatsModuleAsyncOptions = TrackstatsModuleExtras & {
  imports?: ModuleMetadata['imports'] | undefined;
} & (
    | {
        /** makes the options of what `inject` names */
        useFactory: (
          ...args: any[] // eslint-disable-line @typescript-eslint/no-explicit-any -- whatever `inject` names
        ) => (TrackstatsModuleOptions & NoExtras) | Promise<TrackstatsModuleOptions & NoExtras>;
        inject?: FactoryProvider['inject'] | undefined;
        useClass?: undefined;
        useExisting?: undefined;
      }
    | { useClass: Type<TrackstatsOptionsFactory>; useFactory?: undefined; useExisting?: undefined; inject?: undefined }
    | { useExisting: Type<TrackstatsOptionsFactory>; useFactory?: undefined; useClass?: undefined; inject?: undefined }
  );

/** Times are milliseconds. */
export interface ResolvedScheduling {
  readonly enabled: boolean;
  readonly concurrency: number;
  readonly lockAtMostFor: number;
  readonly lockAtLeastFor: number;
  readonly catchUp: boolean;
  readonly catchUpJitter: number;
  readonly retryDelay: number;
  readonly shutdownGrace: number;
  readonly history: { readonly days: number; readonly runs: number };
}

/** The options with every default filled in: what the parts of the library get. */
export interface ResolvedOptions {
  readonly timeZone: string;
  readonly weekStart: WeekStart;
  readonly clock: Clock;
  readonly scheduling: ResolvedScheduling;
  /** milliseconds */
  readonly connectionTimeout: number;
  readonly objectTypes: Readonly<Record<string, EntityClass>>;
  readonly trackers: Readonly<Record<string, ScheduleOverride>>;
}

const EXTRAS: readonly string[] = ['isGlobal', 'dataSource', 'statistics'] satisfies (keyof TrackstatsModuleExtras)[];
const OPTIONS: readonly string[] = [
  'timeZone',
  'weekStart',
  'clock',
  'scheduling',
  'connectionTimeout',
  'objectTypes',
  'trackers',
] satisfies (keyof TrackstatsModuleOptions)[];
const WEEK_STARTS: readonly unknown[] = ['monday', 'sunday', 'saturday'] satisfies WeekStart[];

/**
 * Checks the module's options, fills in the defaults and freezes what they hold.
 *
 * @throws InvalidOptionsError, MisplacedOptionError, UnknownTimeZoneError
 */
export function resolveOptions(given: TrackstatsModuleOptions): ResolvedOptions {
  if (!isObject(given)) throw new InvalidOptionsError('the options', given, 'Expected an object; none is {}.');
  checkNames(given);
  const { timeZone = 'UTC', weekStart = 'monday', clock = systemClock, objectTypes = {}, trackers = {} } = given;
  if (!WEEK_STARTS.includes(weekStart)) {
    throw new InvalidOptionsError('weekStart', weekStart, `Expected 'monday', 'sunday' or 'saturday'.`);
  }
  if (typeof clock !== 'function')
    throw new InvalidOptionsError('clock', clock, 'Expected a function that returns a Date.');
  readValue(objectTypes, recordOf(entity), 'objectTypes', (name, value, expected) => {
    return new InvalidOptionsError(
      name ?? 'objectTypes',
      value,
      `${expected} Entity classes by name: { customer: User }.`,
    );
  });
  // not frozen itself: it is a provider, and what watches providers wraps their functions, which a frozen one refuses
  return {
    timeZone: checkTimeZone(timeZone),
    weekStart,
    clock,
    scheduling: resolveScheduling(given.scheduling),
    connectionTimeout: readValue(
      given.connectionTimeout,
      withDefault(duration(1), CONNECTION_TIMEOUT),
      'connectionTimeout',
      invalidOption,
    ),
    objectTypes: Object.freeze({ ...objectTypes }),
    trackers: resolveTrackers(trackers),
  };
}

function checkNames(given: object): void {
  const names = Object.keys(given).filter((name) => (given as Record<string, unknown>)[name] !== undefined);
  const misplaced = names.filter((name) => EXTRAS.includes(name));
  if (misplaced.length > 0) throw new MisplacedOptionError(misplaced);
  const unknown = names.find((name) => !OPTIONS.includes(name));
  if (unknown !== undefined) {
    throw new InvalidOptionsError(
      unknown,
      (given as Record<string, unknown>)[unknown],
      `There is no such option; there are ${[...EXTRAS, ...OPTIONS].join(', ')}.`,
    );
  }
}

/** Milliseconds that a call waits for a connection, by default. */
export const CONNECTION_TIMEOUT = 30_000;

/** With less, a healthy process on a busy machine would lose its leases. */
const SHORTEST_LOCK = 1_000;

/** What a timer of Node can wait for: about 24 days. */
const LONGEST_TIMER = 2 ** 31 - 1;

const HISTORY = {
  days: withDefault(wholeNumber('days', 1), 30),
  runs: withDefault(wholeNumber('runs', 1), 1000),
} satisfies ChecksOf<NonNullable<SchedulingOptions['history']>>;

const SCHEDULING = {
  enabled: withDefault(truth, true),
  concurrency: withDefault(wholeNumber('runs', 1), 4),
  lockAtMostFor: withDefault(duration(SHORTEST_LOCK), 30_000),
  lockAtLeastFor: withDefault(duration(), 0),
  catchUp: withDefault(truth, true),
  catchUpJitter: withDefault(duration(), 5_000),
  retryDelay: withDefault(duration(), 1_000),
  shutdownGrace: withDefault(duration(), 10_000),
  history: withDefault(group(HISTORY), { days: 30, runs: 1000 }),
} satisfies ChecksOf<SchedulingOptions>;

/** In the environment, `off`: nothing fires by itself in this process, whatever the options say. */
export const SCHEDULING_VARIABLE = 'TRACKSTATS_SCHEDULING';

function isSwitchedOff(): boolean {
  const given = process.env[SCHEDULING_VARIABLE];
  if (given === undefined || given === '') return false;
  if (given === 'off') return true;
  throw new InvalidOptionsError(`the environment variable ${SCHEDULING_VARIABLE}`, given, `Expected 'off', or none.`);
}

function resolveScheduling(given: unknown): ResolvedScheduling {
  const isOff = isSwitchedOff();
  const options = given === undefined || given === false ? { enabled: given !== false } : given;
  const scheduling = readValue(options, group(SCHEDULING), 'scheduling', invalidOption);
  return Object.freeze({
    ...scheduling,
    enabled: scheduling.enabled && !isOff,
    history: Object.freeze({ ...scheduling.history }),
  });
}

function duration(least = 0): Check<number> {
  return (given, refuse) => {
    const length = millisecondsOf(given);
    if (length !== null && length >= least && length <= LONGEST_TIMER) return length;
    return refuse(
      `Expected a whole number of milliseconds from ${least} to ${LONGEST_TIMER}, or text such as '30 seconds'.`,
    );
  };
}

function invalidOption(name: string | null, given: unknown, expected: string): InvalidOptionsError {
  return new InvalidOptionsError(name ?? 'the options', given, expected);
}

function resolveTrackers(given: unknown): Readonly<Record<string, ScheduleOverride>> {
  const expected = `Expected schedules by tracker name: { NAME: false | { cron: '0 * * * *', timeZone?: 'Europe/Paris' } | { every: '15 minutes' } }.`;
  if (!isObject(given)) throw new InvalidOptionsError('trackers', given, expected);
  for (const [name, schedule] of Object.entries(given)) {
    if (schedule !== false && !isSchedule(schedule))
      throw new InvalidOptionsError(`trackers[${JSON.stringify(name)}]`, schedule, expected);
  }
  return Object.freeze({ ...(given as Record<string, ScheduleOverride>) });
}

function isSchedule(value: unknown): boolean {
  if (!isObject(value)) return false;
  const { cron, every, timeZone, ...rest } = value as Record<string, unknown>;
  if (Object.keys(rest).length > 0) return false;
  if (cron !== undefined)
    return typeof cron === 'string' && every === undefined && (timeZone === undefined || typeof timeZone === 'string');
  return (typeof every === 'string' || typeof every === 'number') && timeZone === undefined;
}

const isObject: (value: unknown) => value is object = isOptions;
