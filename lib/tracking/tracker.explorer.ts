import { Scope, type Type } from '@nestjs/common';
import type { DiscoveryService } from '@nestjs/core';
import { InvalidTrackerError, TrackerInjectionScopeError } from '../errors/tracker.error.js';
import { classOf, type Provider } from './provider.js';
import { classTracks, methodTracks, trackedClasses, type GivenOptions } from './track-metadata.js';

/** A tracker as its provider declares it. */
export interface DeclaredTracker {
  readonly type: Type;
  readonly instance: object;
  /** the method under @Track; null: the class itself */
  readonly method: string | symbol | null;
  /** the module whose provider it is */
  readonly module: string;
  readonly options: GivenOptions;
}

/**
 * Finds what @Track stands on among the providers and controllers of an application. It only looks.
 *
 * @throws InvalidTrackerError, TrackerInjectionScopeError
 */
export function exploreTrackers(discovery: DiscoveryService): readonly DeclaredTracker[] {
  const found: { wrapper: Provider; type: Type; declared: DeclaredTracker[] }[] = [];
  for (const wrapper of [...discovery.getProviders(), ...discovery.getControllers()]) {
    if (wrapper.isAlias) continue;
    const type = classOf(wrapper);
    const instance: unknown = wrapper.instance;
    if (type === null || found.some(({ wrapper: other }) => other.instance === instance)) continue;
    const declared = declaredBy(type, wrapper);
    if (declared.length === 0) continue;
    refuseScopes(nameOf(type, declared[0]?.method ?? null), wrapper);
    refuseSecondInstance(type, wrapper, found.find((other) => other.type === type)?.wrapper);
    found.push({ wrapper, type, declared });
  }
  return found.flatMap(({ declared }) => declared);
}

/**
 * The names of scheduled trackers whose class has been loaded, and is provided by no module: their schedule has no
 * effect. They may be another application's of the same process.
 *
 * @param found what `exploreTrackers` found: a class of the same name is an earlier version of it that was hot-reloaded
 */
export function unprovidedTrackers(discovery: DiscoveryService, found: readonly DeclaredTracker[]): readonly string[] {
  const wrappers = [...discovery.getProviders(), ...discovery.getControllers()];
  // by token as well: a test may have put another instance in its place
  const provided = new Set<unknown>(wrappers.flatMap((wrapper) => [wrapper.token, classOf(wrapper)]));
  const names = trackedClasses()
    .filter((type) => !provided.has(type))
    .flatMap((type) => scheduledNames(type));
  const effective = new Set(found.map(({ type, method }) => nameOf(type, method)));
  return [...new Set(names)].filter((name) => !effective.has(name));
}

function scheduledNames(type: Type): string[] {
  const ofClass = classTracks(type).some(hasSchedule) ? [nameOf(type, null)] : [];
  const ofMethods = [...methodTracks(type)].filter(([, tracks]) => tracks.some(hasSchedule));
  return [...ofClass, ...ofMethods.map(([method]) => nameOf(type, method))];
}

function hasSchedule({ cron, every, runOnStart }: GivenOptions): boolean {
  return cron !== undefined || every !== undefined || runOnStart === true;
}

/** How a tracker is called that has no name of its own. */
export function nameOf(type: Type, method: string | symbol | null): string {
  return method === null ? type.name : `${type.name}.${String(method)}`;
}

function declaredBy(type: Type, wrapper: Provider): DeclaredTracker[] {
  const provider = { type, instance: wrapper.instance as object, module: moduleOf(wrapper) };
  const ofClass = only(type, null, classTracks(type)).map((options) => ({ ...provider, method: null, options }));
  const ofMethods = [...methodTracks(type)].flatMap(([method, tracks]) =>
    only(type, method, tracks).map((options) => ({ ...provider, method, options })),
  );
  return [...ofClass, ...ofMethods];
}

function only(type: Type, method: string | symbol | null, tracks: readonly GivenOptions[]): readonly GivenOptions[] {
  if (tracks.length <= 1) return tracks;
  throw new InvalidTrackerError(
    nameOf(type, method),
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
      `Provide it in one module, and export it from there where others need it.`,
  );
}

function moduleOf({ host }: Provider): string {
  return host?.name ?? 'a module';
}
