import type { Type } from '@nestjs/common';
import type { GivenOptions } from './option.js';

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
