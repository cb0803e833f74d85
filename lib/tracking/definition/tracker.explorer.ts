import { types } from 'node:util';
import { Scope, type Type } from '@nestjs/common';
import type { DiscoveryService } from '@nestjs/core';
import { InvalidTrackerError, TrackerInjectionScopeError } from '../../errors/tracker.error.js';
import { isMinified } from './class-name.js';
import { classOf, isInstance, isSubclass, type Provider, providedTypes } from './provider.js';
import type { GivenOptions } from './option.js';
import { classTracks, methodTracks, trackedClasses } from './track-metadata.js';
import { type AnyTracker, constructorOptions, isConstructed, Tracker } from './tracker.js';

/** A tracker as its provider declares it. */
export interface DeclaredTracker {
  readonly type: Type;
  readonly instance: object;
  /** the method with @Track; null for the class itself */
  readonly method: string | symbol | null;
  /** the module that provides it */
  readonly module: string;
  readonly options: GivenOptions;
}

/** The declarations with @Track in an application. */
export interface Exploration {
  readonly declared: readonly DeclaredTracker[];
  /** trackers whose provider was replaced by something that is not a tracker: they do not run */
  readonly replaced: readonly ReplacedTracker[];
  /** methods without @Track that override one with it */
  readonly overridden: readonly string[];
  /** classes of trackers that have neither @Track nor options, so that nothing can run them */
  readonly undecorated: readonly string[];
}

/** A tracker whose provider was replaced, by `overrideProvider`, `useClass`, `useValue` or `useFactory`. */
export interface ReplacedTracker {
  /** by which options of the module may call it */
  readonly name: string;
  /** the value that is provided in its place, for messages */
  readonly by: string;
}

/**
 * Finds the classes and methods with @Track among the providers and controllers of an application. Changes nothing.
 *
 * @throws InvalidTrackerError, TrackerInjectionScopeError
 */
export function exploreTrackers(discovery: DiscoveryService): Exploration {
  const found: { wrapper: Provider; type: Type; declared: DeclaredTracker[] }[] = [];
  for (const wrapper of [...discovery.getProviders(), ...discovery.getControllers()]) {
    if (wrapper.isAlias) continue;
    const type = trackedTypeOf(wrapper);
    const instance: unknown = wrapper.instance;
    if (type === null || found.some(({ wrapper: other }) => other.instance === instance)) continue;
    const declared = declaredBy(type, wrapper);
    if (declared.length === 0) continue;
    refuseScopes(defaultTrackerName(type, declared[0]?.method ?? null), wrapper);
    refuseSecondInstance(type, wrapper, found.find((other) => other.type === type)?.wrapper);
    found.push({ wrapper, type, declared });
  }
  return {
    declared: found.flatMap(({ declared }) => declared),
    replaced: replacedTrackers(discovery, new Set(found.map(({ type }) => type))),
    overridden: found.flatMap(({ type }) =>
      inheritedTracks(type).overridden.map((method) => defaultTrackerName(type, method)),
    ),
    undecorated: undecoratedTrackers(discovery, new Set(found.map(({ wrapper }) => wrapper.instance as unknown))),
  };
}

/**
 * Returns the class whose @Track applies to a provider: its own, or the one that it is provided as, if its own class
 * extends that one and has no @Track. `{ provide: OrderTracker, useClass: FasterOrderTracker }` is the tracker that the
 * application knows.
 */
function trackedTypeOf(wrapper: Provider): Type | null {
  const type = classOf(wrapper);
  const token = wrapper.token as unknown;
  if (isTracked(token) && type !== token) {
    // a wrapped provider is asked here: its token says that it is a tracker
    const stands = type === null ? wrapper.instance instanceof token : isSubclass(type, token) && !hasOwnTracks(type);
    if (stands) return token;
  }
  return type !== null && isStub(type, wrapper) ? null : type;
}

/** True if a value only has the prototype of a tracker, as sinon.createStubInstance creates it. */
function isStub(type: Type, { instance, isNotMetatype }: Provider): boolean {
  return (
    isNotMetatype &&
    classTracks(type).length > 0 &&
    type.prototype instanceof Tracker &&
    !isConstructed(instance as object)
  );
}

function replacedTrackers(discovery: DiscoveryService, found: ReadonlySet<Type>): ReplacedTracker[] {
  return discovery.getProviders().flatMap((wrapper) => {
    const token = wrapper.token as unknown;
    if (wrapper.isAlias || !isTracked(token) || found.has(token)) return [];
    const by = classOf(wrapper);
    const value = by === null || by === token ? 'another value' : `an instance of ${by.name}`;
    return declaredOn(token).map(({ method, options }) => ({
      name: typeof options.name === 'string' ? options.name : defaultTrackerName(token, method),
      by: value,
    }));
  });
}

function undecoratedTrackers(discovery: DiscoveryService, found: ReadonlySet<unknown>): string[] {
  const names = discovery.getProviders().flatMap((wrapper) => {
    const type = classOf(wrapper);
    const instance: unknown = wrapper.instance;
    if (wrapper.isAlias || isTracked(wrapper.token) || found.has(instance)) return [];
    if (type === null || !isSubclass(type, Tracker) || !isInstance(instance, Tracker)) return [];
    const tracker = instance as AnyTracker;
    return isConstructed(tracker) && constructorOptions(tracker) === undefined ? [type.name] : [];
  });
  return [...new Set(names)];
}

function isTracked(token: unknown): token is Type {
  return typeof token === 'function' && !types.isProxy(token) && declaredOn(token as Type).length > 0;
}

function hasOwnTracks(type: Type): boolean {
  return classTracks(type).length > 0 || methodTracks(type).size > 0;
}

/**
 * Returns the names of scheduled trackers whose class is loaded, but provided by no module, so that their schedule has
 * no effect. They may belong to another application in the same process.
 *
 * @param found the result of `exploreTrackers`: a class of the same name is an earlier version of it that was
 * hot-reloaded
 */
export function unprovidedTrackers(discovery: DiscoveryService, found: readonly DeclaredTracker[]): readonly string[] {
  const provided = providedTypes(discovery);
  const names = trackedClasses()
    .filter((type) => !provided.has(type))
    // the methods of a class that another extends are found in that one
    .flatMap((type) => scheduledNames(type, !found.some((other) => isSubclass(other.type, type))));
  const effective = new Set(found.map(({ type, method }) => defaultTrackerName(type, method)));
  return [...new Set(names)].filter((name) => !effective.has(name));
}

function scheduledNames(type: Type, withMethods: boolean): string[] {
  const ofClass = classTracks(type).some(hasSchedule) ? [defaultTrackerName(type, null)] : [];
  const ofMethods = withMethods ? [...methodTracks(type)].filter(([, tracks]) => tracks.some(hasSchedule)) : [];
  return [...ofClass, ...ofMethods.map(([method]) => defaultTrackerName(type, method))];
}

function hasSchedule({ cron, every, runOnStart }: GivenOptions): boolean {
  return cron !== undefined || every !== undefined || runOnStart === true;
}

/** The names of trackers that come from their classes, and look minified. */
export function minifiedNames(found: readonly DeclaredTracker[]): readonly string[] {
  return found
    .filter(({ type, options }) => options.name === undefined && isMinified(type))
    .map(({ type, method }) => defaultTrackerName(type, method));
}

/** Returns the default name of a tracker. */
export function defaultTrackerName(type: Type, method: string | symbol | null): string {
  return method === null ? type.name : `${type.name}.${String(method)}`;
}

function declaredBy(type: Type, wrapper: Provider): DeclaredTracker[] {
  const provider = { type, instance: wrapper.instance as object, module: moduleOf(wrapper) };
  return declaredOn(type).flatMap(({ method, tracks }) =>
    only(type, method, tracks).map((options) => ({ ...provider, method, options })),
  );
}

interface TracksOn {
  readonly method: string | symbol | null;
  readonly tracks: readonly GivenOptions[];
  /** the first of them */
  readonly options: GivenOptions;
}

/** Returns the @Track options of a class itself, and of its methods. */
export function declaredOn(type: Type): TracksOn[] {
  const all = [[null, classTracks(type)] as const, ...inheritedTracks(type).tracks];
  return all.flatMap(([method, tracks]) => {
    const [options] = tracks;
    return options === undefined ? [] : [{ method, tracks, options }];
  });
}

/**
 * Returns the methods of a class with @Track, including those of its base classes, as Nest finds `@Cron`. A method that
 * overrides one needs its own @Track.
 */
function inheritedTracks(type: Type): {
  readonly tracks: ReadonlyMap<string | symbol, readonly GivenOptions[]>;
  readonly overridden: readonly (string | symbol)[];
} {
  const tracks = new Map<string | symbol, readonly GivenOptions[]>();
  const methods = new Set<string | symbol>();
  const overridden: (string | symbol)[] = [];
  for (let next: unknown = type; isClass(next); next = Object.getPrototypeOf(next)) {
    const own = methodTracks(next);
    for (const [method, given] of own) {
      if (!methods.has(method)) tracks.set(method, given);
      else if (!tracks.has(method)) overridden.push(method);
    }
    for (const method of [...own.keys(), ...Reflect.ownKeys(next.prototype as object)]) methods.add(method);
  }
  return { tracks, overridden };
}

function isClass(value: unknown): value is Type {
  return typeof value === 'function' && !types.isProxy(value) && value !== Function.prototype;
}

function only(type: Type, method: string | symbol | null, tracks: readonly GivenOptions[]): readonly GivenOptions[] {
  if (tracks.length <= 1) return tracks;
  throw new InvalidTrackerError(
    defaultTrackerName(type, method),
    `it has @Track ${tracks.length} times. Keep one; another tracker is another ${method === null ? 'class' : 'method'}.`,
  );
}

function refuseScopes(tracker: string, wrapper: Provider): void {
  if (wrapper.isTransient) throw new TrackerInjectionScopeError(tracker, 'TRANSIENT', false);
  if (wrapper.isDependencyTreeStatic()) return;
  throw new TrackerInjectionScopeError(tracker, 'REQUEST', wrapper.scope !== Scope.REQUEST);
}

function refuseSecondInstance(type: Type, wrapper: Provider, first: Provider | undefined): void {
  if (first === undefined) return;
  const [one, other] = [moduleOf(first), moduleOf(wrapper)];
  throw new InvalidTrackerError(
    type.name,
    `it is provided ${one === other ? `twice in ${one}` : `in ${one} and in ${other}`}, so there are two of it and each would run. ` +
      `Provide it in one module, and export it from there where others need it. Several of one class, as one for each tenant: TrackerService.register.`,
  );
}

function moduleOf({ host }: Provider): string {
  return host?.name ?? 'a module';
}
