import type { FactoryProvider, ModuleMetadata, Type } from '@nestjs/common';
import { InvalidOptionsError, MisplacedOptionError } from './errors/module.error.js';
import type { AbstractStatistic } from './statistics/abstract-statistic.js';
import type { EntityClass } from './statistics/object-target.js';
import type { WeekStart } from './time/period.js';
import { checkTimeZone } from './time/time-zone.js';
import { systemClock, type Clock } from './trackstats.tokens.js';

export interface SchedulingOptions {
  /** `false`: @Track registers trackers, nothing fires by itself. @default true */
  enabled?: boolean;
}

/** Replaces a tracker's schedule whole; `false`: it has none. `timeZone` is the cron expression's alone. */
export type ScheduleOverride =
  | false
  | { cron: string; timeZone?: string; every?: never }
  | { every: string | number; cron?: never; timeZone?: never };

export interface TrackstatsModuleOptions {
  /** IANA name of the zone whose days are counted, where a tracker names no other. @default 'UTC' */
  timeZone?: string;
  /** first day of a CALENDAR_WEEK. @default 'monday' */
  weekStart?: WeekStart;
  /** what tells a run which time it is. @default the system's clock */
  clock?: () => Date;
  /** `false` (as `{ enabled: false }`): nothing fires by itself. @default on */
  scheduling?: false | SchedulingOptions;
  /** stable names of object types, so that renaming a table loses nothing. @default the entity's table name */
  objectTypes?: Record<string, EntityClass>;
  /** schedules by tracker name, from configuration: each replaces the decorator's whole */
  trackers?: Record<string, ScheduleOverride>;
}

/** What shapes the module; with `forRootAsync` it stands beside the factory. */
export interface TrackstatsModuleExtras {
  /** @default true */
  isGlobal?: boolean;
  /** name of the TypeORM data source that holds the statistics. @default the default one */
  dataSource?: string;
  /** custom statistics, as `forFeature` takes them */
  statistics?: Type<AbstractStatistic>[];
}

type NoExtras = { [K in keyof TrackstatsModuleExtras]?: never };

/** A provider that makes the options: for `useClass` and `useExisting`. */
export interface TrackstatsOptionsFactory {
  createTrackstatsOptions(): Promise<TrackstatsModuleOptions> | TrackstatsModuleOptions;
}

export type TrackstatsModuleAsyncOptions = TrackstatsModuleExtras &
  Pick<ModuleMetadata, 'imports'> &
  (
    | {
        useFactory: (
          ...args: any[] // eslint-disable-line @typescript-eslint/no-explicit-any -- whatever `inject` names
        ) => (TrackstatsModuleOptions & NoExtras) | Promise<TrackstatsModuleOptions & NoExtras>;
        inject?: FactoryProvider['inject'];
        useClass?: never;
        useExisting?: never;
      }
    | { useClass: Type<TrackstatsOptionsFactory>; useFactory?: never; useExisting?: never; inject?: never }
    | { useExisting: Type<TrackstatsOptionsFactory>; useFactory?: never; useClass?: never; inject?: never }
  );

/** The options with every default filled in: what the parts of the library get. */
export interface ResolvedOptions {
  readonly timeZone: string;
  readonly weekStart: WeekStart;
  readonly clock: Clock;
  readonly scheduling: Readonly<Required<SchedulingOptions>>;
  readonly objectTypes: Readonly<Record<string, EntityClass>>;
  readonly trackers: Readonly<Record<string, ScheduleOverride>>;
}

const EXTRAS: readonly string[] = ['isGlobal', 'dataSource', 'statistics'] satisfies (keyof TrackstatsModuleExtras)[];
const OPTIONS: readonly string[] = [
  'timeZone',
  'weekStart',
  'clock',
  'scheduling',
  'objectTypes',
  'trackers',
] satisfies (keyof TrackstatsModuleOptions)[];
const WEEK_STARTS: readonly unknown[] = ['monday', 'sunday', 'saturday'] satisfies WeekStart[];

/**
 * Checks the module's options, fills in the defaults and freezes the result.
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
  if (!isObject(objectTypes)) {
    throw new InvalidOptionsError('objectTypes', objectTypes, 'Expected entity classes by name: { customer: User }.');
  }
  return Object.freeze({
    timeZone: checkTimeZone(timeZone),
    weekStart,
    clock,
    scheduling: resolveScheduling(given.scheduling),
    objectTypes: Object.freeze({ ...objectTypes }),
    trackers: resolveTrackers(trackers),
  });
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

function resolveScheduling(given: unknown): Required<SchedulingOptions> {
  if (given === undefined || given === false) return Object.freeze({ enabled: given !== false });
  const { enabled = true, ...rest }: { enabled?: unknown } = isObject(given) ? given : { enabled: null };
  if (typeof enabled !== 'boolean' || Object.keys(rest).length > 0) {
    throw new InvalidOptionsError('scheduling', given, 'Expected false or { enabled?: boolean }.');
  }
  return Object.freeze({ enabled });
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

function isObject(value: unknown): value is object {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
