import type { FactoryProvider, ModuleMetadata, Type } from '@nestjs/common';
import { InvalidOptionsError, MisplacedOptionError } from './errors/module.error.js';
import type { AbstractStatistic } from './statistics/tables/abstract-statistic.js';
import type { LabelFunction } from './statistics/filter/object-labels.js';
import type { EntityClass } from './statistics/filter/object-target.js';
import { millisecondsOf, type Duration } from './time/duration.js';
import type { WeekStart } from './time/period.js';
import { checkTimeZone } from './time/time-zone.js';
import {
  boolean,
  callback,
  type Check,
  entity,
  isOptions,
  optional,
  recordOf,
  wholeNumber,
  withDefault,
} from './validation/check.js';
import { group, readValue, unknownOption, type ChecksOf } from './validation/options.js';
import { systemClock, type Clock } from './trackstats.tokens.js';

/**
 * Controls when trackers run, how runs end, and how much of their history is kept. A duration is milliseconds, or text
 * such as `'30 seconds'`.
 */
export interface SchedulingOptions {
  /** `false`: trackers are registered and none fires by itself. @default true */
  enabled?: boolean | undefined;
  /** number of scheduled runs at one time in this process; further runs wait in turn. @default 4 */
  concurrency?: number | undefined;
  /**
   * silence after which a process counts as killed or paused, so that another may run the tracker. A run renews its
   * lease, however long it takes. @default '30 seconds'
   */
  lockAtMostFor?: Duration | undefined;
  /** shortest time between the starts of two runs of a tracker. @default 0 */
  lockAtLeastFor?: Duration | undefined;
  /** runs at start the latest slot that was missed while no process ran. @default true */
  catchUp?: boolean | undefined;
  /** longest random pause before such a run, so that many do not start at once. @default '5 seconds' */
  catchUpJitter?: Duration | undefined;
  /**
   * pause before the first retry of a failed run. It doubles each time, up to a minute, with some randomness.
   * @default '1 second'
   */
  retryDelay?: Duration | undefined;
  /** time that a shutdown waits for current runs before they are cancelled and rolled back. @default '10 seconds' */
  shutdownGrace?: Duration | undefined;
  /**
   * length of each tracker's history. Both limits apply, and the last success is always kept.
   * @default { days: 30, runs: 1000 }
   */
  history?: { days?: number | undefined; runs?: number | undefined } | undefined;
}

/** Controls when alerts are evaluated, and what they call objects. Where schedules are off, only `AlertService.evaluate` evaluates them. */
export interface AlertsOptions {
  /**
   * time between two evaluations without a run: how soon a recorded value is seen, or a call is made again whose process
   * died. @default '1 minute'
   */
  every?: Duration | undefined;
  /**
   * names the object of an alert, for its text and for `label` of `StatisticAlert`: users by name instead of id. Called
   * with one object when its alert fires or ends. If it fails, the text has the id. @default ids only
   */
  label?: LabelFunction | undefined;
}

/** Replaces the whole schedule of a tracker; `false` removes it. `timeZone` applies to the cron expression only. */
export type ScheduleOverride =
  | false
  | { cron: string; timeZone?: string | undefined; every?: undefined }
  | { every: string | number; cron?: undefined; timeZone?: undefined };

/**
 * Configures the module.
 *
 * @example TrackstatsModule.forRoot({ timeZone: 'Europe/Amsterdam' })
 */
export interface TrackstatsModuleOptions {
  /** IANA name of the time zone whose days are counted, unless a tracker names another. @default 'UTC' */
  timeZone?: string | undefined;
  /** first day of a CALENDAR_WEEK. @default 'monday' */
  weekStart?: WeekStart | undefined;
  /** returns the time that a run takes as now. @default the system's clock */
  clock?: (() => Date) | undefined;
  /** `false`, like `{ enabled: false }`: no tracker fires by itself. @default on */
  scheduling?: false | SchedulingOptions | undefined;
  /** when alerts are evaluated, and what they call objects */
  alerts?: AlertsOptions | undefined;
  /**
   * time that a call waits for a connection: a free one of the pool, or on SQLite the end of the application's
   * transaction. Then it rejects with ConnectionBusyError. @default '30 seconds'
   */
  connectionTimeout?: Duration | undefined;
  /** days for which the keys of increments are kept, and a repeated key counts once. @default 90 */
  keepKeys?: number | undefined;
  /**
   * `true`: tables of PostgreSQL may be distributed over several servers, as with Citus, so that no statement needs the
   * rows or an index of a table in one place. `false`: none is. @default true where Citus distributes the table of an
   * entity of the data source
   */
  distributed?: boolean | undefined;
  /** stable names of object types, so that you can rename a table. @default the entity's table name */
  objectTypes?: Record<string, EntityClass> | undefined;
  /** schedules by tracker name, from configuration; each replaces the decorator's whole schedule */
  trackers?: Record<string, ScheduleOverride> | undefined;
}

/** Options that shape the module. With `forRootAsync`, pass them beside the factory. */
export interface TrackstatsModuleExtras {
  /** @default true */
  isGlobal?: boolean | undefined;
  /** name of the TypeORM data source that stores the statistics. @default the default one */
  dataSource?: string | undefined;
  /** custom statistics, as `forFeature` takes them */
  statistics?: Type<AbstractStatistic>[] | undefined;
}

type NoExtras = { [K in keyof TrackstatsModuleExtras]?: undefined };

/** A provider that creates the options, for `useClass` and `useExisting`. */
export interface TrackstatsOptionsFactory {
  /** Creates the options, once, when the application starts. */
  createTrackstatsOptions(): Promise<TrackstatsModuleOptions> | TrackstatsModuleOptions;
}

/** Configures the module by a factory. Pass `dataSource`, `statistics` and `isGlobal` beside the factory. */
export type TrackstatsModuleAsyncOptions = TrackstatsModuleExtras & {
  imports?: ModuleMetadata['imports'] | undefined;
} & (
    | {
        /** creates the options from the providers in `inject` */
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

/** The scheduling options with all defaults, in milliseconds. */
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

/** The options of the module with all defaults. */
export interface ResolvedOptions {
  readonly timeZone: string;
  readonly weekStart: WeekStart;
  readonly clock: Clock;
  readonly scheduling: ResolvedScheduling;
  /** milliseconds */
  readonly alerts: { readonly every: number; readonly label?: LabelFunction | undefined };
  /** milliseconds */
  readonly connectionTimeout: number;
  /** days */
  readonly keepKeys: number;
  /** null: as the database says */
  readonly distributed: boolean | null;
  readonly objectTypes: Readonly<Record<string, EntityClass>>;
  readonly trackers: Readonly<Record<string, ScheduleOverride>>;
}

const EXTRAS: readonly string[] = ['isGlobal', 'dataSource', 'statistics'] satisfies (keyof TrackstatsModuleExtras)[];
/** The names of the module's options, without those that shape it. */
export const OPTION_NAMES: readonly string[] = [
  'timeZone',
  'weekStart',
  'clock',
  'scheduling',
  'alerts',
  'connectionTimeout',
  'keepKeys',
  'distributed',
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
  if (!isObject(given)) throw new InvalidOptionsError('the options object', given, 'Expected an object; none is {}.');
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
  // not frozen itself, because tools that watch providers replace their functions
  return {
    timeZone: checkTimeZone(timeZone),
    weekStart,
    clock,
    scheduling: resolveScheduling(given.scheduling),
    alerts: readValue(
      given.alerts,
      withDefault(group(ALERTS), { every: EVALUATE_EVERY, label: undefined }),
      'alerts',
      invalidOption,
    ),
    connectionTimeout: readValue(
      given.connectionTimeout,
      withDefault(duration(1), CONNECTION_TIMEOUT),
      'connectionTimeout',
      invalidOption,
    ),
    keepKeys: readValue(given.keepKeys, withDefault(wholeNumber('days', 1), KEEP_KEYS), 'keepKeys', invalidOption),
    distributed: readValue(given.distributed, withDefault<boolean | null>(boolean, null), 'distributed', invalidOption),
    objectTypes: Object.freeze({ ...objectTypes }),
    trackers: resolveTrackers(trackers),
  };
}

function checkNames(given: object): void {
  const names = Object.keys(given).filter((name) => (given as Record<string, unknown>)[name] !== undefined);
  const misplaced = names.filter((name) => EXTRAS.includes(name));
  if (misplaced.length > 0) throw new MisplacedOptionError(misplaced);
  const unknown = names.find((name) => !OPTION_NAMES.includes(name));
  if (unknown !== undefined) {
    throw new InvalidOptionsError(
      unknown,
      (given as Record<string, unknown>)[unknown],
      unknownOption(unknown, [...EXTRAS, ...OPTION_NAMES]),
    );
  }
}

/** The time that a call waits for a connection by default, in milliseconds. */
export const CONNECTION_TIMEOUT = 30_000;

/** The number of days for which the keys of increments are kept by default. */
export const KEEP_KEYS = 90;

/** Milliseconds. A healthy process on a busy machine would lose a shorter lease. */
const SHORTEST_LOCK = 1_000;

/** The longest time that a timer of Node can wait: about 24 days. */
const LONGEST_TIMER = 2 ** 31 - 1;

const HISTORY = {
  days: withDefault(wholeNumber('days', 1), 30),
  runs: withDefault(wholeNumber('runs', 1), 1000),
} satisfies ChecksOf<NonNullable<SchedulingOptions['history']>>;

const SCHEDULING = {
  enabled: withDefault(boolean, true),
  concurrency: withDefault(wholeNumber('runs', 1), 4),
  lockAtMostFor: withDefault(duration(SHORTEST_LOCK), 30_000),
  lockAtLeastFor: withDefault(duration(), 0),
  catchUp: withDefault(boolean, true),
  catchUpJitter: withDefault(duration(), 5_000),
  retryDelay: withDefault(duration(), 1_000),
  shutdownGrace: withDefault(duration(), 10_000),
  history: withDefault(group(HISTORY), { days: 30, runs: 1000 }),
} satisfies ChecksOf<SchedulingOptions>;

/** Milliseconds between two evaluations of alerts by default. */
const EVALUATE_EVERY = 60_000;

const ALERTS = {
  every: withDefault(duration(1_000), EVALUATE_EVERY),
  label: optional(callback<LabelFunction>('async (objects) => new Map(…)')),
} satisfies ChecksOf<AlertsOptions>;

/** The environment variable that switches schedules off for this process, with the value `off`. */
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
  const scheduling = readValue(options, group(SCHEDULING), 'scheduling', (name, value, expected) =>
    invalidOption(name, value, name === 'scheduling' ? `${expected} Or false: nothing runs by itself.` : expected),
  );
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
  return new InvalidOptionsError(name ?? 'the options object', given, expected);
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
