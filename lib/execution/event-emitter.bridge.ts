import { valueOf, type Provider } from '../tracking/definition/provider.js';
import type { TrackerEvents } from './tracker-events.js';

/** The part of EventEmitter2, as @nestjs/event-emitter provides it, that is used here. */
interface Emitter {
  emit(event: string, payload: unknown): unknown;
}

/**
 * Forwards events to the EventEmitter2 of the application. It is found by its token, the class EventEmitter2, which is
 * recognized by its methods: the library does not depend on the package, and the application may have another copy of
 * it. Without @nestjs/event-emitter there is none.
 */
export function forwardEvents(events: TrackerEvents, providers: readonly Provider[]): void {
  const emitters = providers.filter(({ token }) => isEmitterClass(token));
  // EventEmitterModule is global, unless it was told otherwise; beside it a module may have an emitter of its own
  const provider = emitters.find(({ host }) => host?.isGlobal === true) ?? emitters[0];
  if (provider === undefined) return;
  for (const type of ['started', 'finished', 'failed', 'skipped'] as const) {
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
