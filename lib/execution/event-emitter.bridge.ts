import type { TrackerEvents } from './tracker-events.js';

/** What is used of the EventEmitter2 that @nestjs/event-emitter provides. */
interface Emitter {
  emit(event: string, payload: unknown): unknown;
}

/**
 * Passes events on to the EventEmitter2 of the application, which is known by its methods: the library needs no package
 * for it. Without @nestjs/event-emitter there is none.
 */
export function passOn(events: TrackerEvents, providers: readonly { readonly instance: unknown }[]): void {
  const emitter = providers.map(({ instance }) => instance).find(isEmitter);
  if (emitter === undefined) return;
  for (const type of ['started', 'finished', 'failed', 'skipped'] as const) {
    events.on(type, (event) => emitter.emit(`trackstats.run.${type}`, event));
  }
}

/** What an EventEmitter2 has and other emitters have not. */
const METHODS = ['emit', 'emitAsync', 'onAny', 'waitFor'];

function isEmitter(value: unknown): value is Emitter {
  if (typeof value !== 'object' || value === null) return false;
  return METHODS.every((method) => typeof (value as Record<string, unknown>)[method] === 'function');
}
