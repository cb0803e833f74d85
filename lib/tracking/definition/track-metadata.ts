import type { Type } from '@nestjs/common';
import type { MetricTarget } from '../../catalog/definitions.js';
import type { AbstractStatistic } from '../../statistics/tables/abstract-statistic.js';
import type { EntityClass, ObjectTarget } from '../../statistics/filter/object-target.js';
import type { LocalDateInput } from '../../time/local-date.js';
import type { TrackerWhere } from './tracker-definition.js';

/** Options as they were written. The decorator and the classes type them; their values are not checked yet. */
export interface GivenOptions {
  readonly metric?: MetricTarget;
  readonly period?: unknown;
  readonly dateField?: unknown;
  readonly aggregate?: unknown;
  readonly where?: TrackerWhere;
  readonly timeZone?: unknown;
  readonly since?: LocalDateInput;
  readonly sourceKeptSince?: LocalDateInput;
  readonly lookback?: unknown;
  readonly appendOnly?: unknown;
  readonly density?: unknown;
  readonly withDeleted?: unknown;
  readonly epoch?: unknown;
  readonly storedIn?: unknown;
  readonly object?: ObjectTarget;
  readonly objectField?: unknown;
  readonly objectEntity?: EntityClass;
  readonly statistic?: Type<AbstractStatistic>;
  readonly dimensions?: unknown;
  readonly source?: EntityClass;
  readonly sourceDataSource?: unknown;
  readonly name?: unknown;
  readonly cron?: unknown;
  readonly every?: unknown;
  readonly runOnStart?: unknown;
  readonly retries?: unknown;
  readonly timeout?: unknown;
}

/** The options of @Track that set a tracker's name and schedule. */
export type GivenJob = Pick<GivenOptions, 'name' | 'cron' | 'every' | 'runOnStart' | 'retries' | 'timeout'>;

/** Splits the options of @Track into what to compute and when. */
export function parted(given: GivenOptions): { options: GivenOptions; job: GivenJob } {
  const { name, cron, every, runOnStart, retries, timeout, ...options } = given;
  return { options, job: { name, cron, every, runOnStart, retries, timeout } };
}

interface Tracks {
  /** of the class itself; more than one is an error at start */
  readonly onClass: GivenOptions[];
  /** of its methods, by name: the name stays, even if another decorator replaces the function */
  readonly onMethods: Map<string | symbol, GivenOptions[]>;
}

const tracks = new WeakMap<object, Tracks>();
/** the classes of this process, referenced weakly */
const tracked: WeakRef<object>[] = [];

function tracksOf(type: object): Tracks {
  let kept = tracks.get(type);
  if (kept === undefined) {
    kept = { onClass: [], onMethods: new Map() };
    tracks.set(type, kept);
    tracked.push(new WeakRef(type));
  }
  return kept;
}

export function keepClassTrack(type: object, options: GivenOptions): void {
  tracksOf(type).onClass.push(options);
}

export function keepMethodTrack(type: object, method: string | symbol, options: GivenOptions): void {
  const { onMethods } = tracksOf(type);
  onMethods.set(method, [...(onMethods.get(method) ?? []), options]);
}

/** Returns the @Track options of a class itself, not those of its base classes. */
export function classTracks(type: object): readonly GivenOptions[] {
  return tracks.get(type)?.onClass ?? [];
}

/** Returns the @Track options of the methods that a class itself declares. */
export function methodTracks(type: object): ReadonlyMap<string | symbol, readonly GivenOptions[]> {
  return tracks.get(type)?.onMethods ?? new Map<string | symbol, GivenOptions[]>();
}

/** Returns every class that this process has loaded with @Track on it or on a method. */
export function trackedClasses(): readonly Type[] {
  return tracked.map((reference) => reference.deref() as Type | undefined).filter((type) => type !== undefined);
}
