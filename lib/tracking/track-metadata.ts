import type { Type } from '@nestjs/common';
import type { MetricTarget } from '../catalog/definitions.js';
import type { AbstractStatistic } from '../statistics/abstract-statistic.js';
import type { EntityClass, ObjectTarget } from '../statistics/object-target.js';
import type { LocalDateInput } from '../time/local-date.js';
import type { TrackerWhere } from './tracker-definition.js';

/** Options as they were written: their types are the decorator's and the classes' business, their values not yet checked. */
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

/** The part of @Track's options that says how a tracker is called and when it runs. */
export type GivenJob = Pick<GivenOptions, 'name' | 'cron' | 'every' | 'runOnStart' | 'retries' | 'timeout'>;

/** Parts @Track's options into what to compute and when. */
export function parted(given: GivenOptions): { options: GivenOptions; job: GivenJob } {
  const { name, cron, every, runOnStart, retries, timeout, ...options } = given;
  return { options, job: { name, cron, every, runOnStart, retries, timeout } };
}

interface Tracks {
  /** of the class itself; more than one is an error at start */
  readonly onClass: GivenOptions[];
  /** of its methods, by name: whatever another decorator makes of the function, the name stays */
  readonly onMethods: Map<string | symbol, GivenOptions[]>;
}

const tracks = new WeakMap<object, Tracks>();
/** the classes of this process, weakly */
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

/** What @Track says of a class itself; nothing of the classes that it extends. */
export function classTracks(type: object): readonly GivenOptions[] {
  return tracks.get(type)?.onClass ?? [];
}

/** What @Track says of the methods that a class itself declares. */
export function methodTracks(type: object): ReadonlyMap<string | symbol, readonly GivenOptions[]> {
  return tracks.get(type)?.onMethods ?? new Map<string | symbol, GivenOptions[]>();
}

/** Every class that this process has loaded with @Track on it, or on a method. */
export function trackedClasses(): readonly Type[] {
  return tracked.map((reference) => reference.deref() as Type | undefined).filter((type) => type !== undefined);
}
