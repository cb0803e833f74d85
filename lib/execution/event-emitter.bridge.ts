import { valueOf, type Provider } from '../tracking/definition/provider.js';
import { TRACKER_EVENT_TYPES, type TrackerEvents } from './tracker-events.js';

/** The part of EventEmitter2 that this file uses. */
interface Emitter {
  emit(event: string, payload: unknown): unknown;
}

/**
 * Forwards events to the application's EventEmitter2, if it has @nestjs/event-emitter. The provider is found by its
 * token, a class with the methods of EventEmitter2, because the library does not depend on that package.
 */
export function forwardEvents(events: TrackerEvents, providers: readonly Provider[]): void {
  const emitters = providers.filter(({ token }) => isEmitterClass(token));
  // prefer the emitter of a global EventEmitterModule to one that a module has for itself
  const provider = emitters.find(({ host }) => host?.isGlobal === true) ?? emitters[0];
  if (provider === undefined) return;
  for (const type of TRACKER_EVENT_TYPES) {
    events.on(type, (event) => (provider.instance as Emitter).emit(`trackstats.run.${type}`, event));
  }
}

/** Methods that the prototype of EventEmitter2 has and those of other emitters do not. */
const METHODS = ['emit', 'emitAsync', 'onAny', 'waitFor'];

function isEmitterClass(token: unknown): boolean {
  if (typeof token !== 'function') return false;
  const prototype = valueOf(token, 'prototype');
  return METHODS.every((method) => typeof valueOf(prototype, method) === 'function');
}
