import type { Type } from '@nestjs/common';
import type { MetricTarget } from '../../catalog/definitions.js';
import { InvalidTrackerError } from '../../errors/tracker.error.js';
import { TrackstatsError } from '../../errors/trackstats.error.js';
import type { Period } from '../../time/period.js';
import type { ResolvedOptions } from '../../trackstats.options.js';
import { randomName } from './class-name.js';
import { defineMethod, type MethodDefinition } from './define-method.js';
import { defineTracker } from './define-tracker.js';
import { type GivenOptions, LONGEST_NAME, readJobOptions, splitOptions } from './option.js';
import { classTracks } from './track-metadata.js';
import type { TrackerDefinition } from './tracker-definition.js';
import { defaultTrackerName, type DeclaredTracker } from './tracker.explorer.js';
import type { TrackContext } from './tracker.options.js';
import { scheduleOf, type TrackerSchedule } from './tracker-schedule.js';
import { constructorOptions, kindOf, Tracker, type AnyTracker } from './tracker.js';

interface Registered {
  readonly name: string;
  readonly type: Type;
  readonly method: string | symbol | null;
  /** null if it only runs when it is asked to */
  readonly schedule: TrackerSchedule | null;
  readonly runOnStart: boolean;
  /** how often to retry a failed run */
  readonly retries: number;
  /** milliseconds; null if there is none */
  readonly timeout: number | null;
}

/** A tracker class, which counts rows of a source. */
export interface SourceTracker extends Registered {
  readonly kind: 'source';
  readonly tracker: AnyTracker;
  readonly definition: TrackerDefinition;
  readonly options: GivenOptions;
}

/** A method with @Track, which returns values. */
export interface MethodTracker extends Registered {
  readonly kind: 'method';
  readonly definition: MethodDefinition;
  call(context: TrackContext): unknown;
}

/** A tracker of the application, checked as far as possible without a database. */
export type RegisteredTracker = SourceTracker | MethodTracker;

/** Returns the metrics that a tracker computes. */
export function metricsOf(tracker: RegisteredTracker): readonly MetricTarget[] {
  return tracker.kind === 'method'
    ? [tracker.definition.metric]
    : tracker.definition.entries.map(({ metric }) => metric);
}

/** Returns the periods that a tracker computes of any of its metrics, each once. */
export function periodsOf(tracker: RegisteredTracker): readonly Period[] {
  if (tracker.kind === 'method') return [tracker.definition.period];
  return [...new Set(tracker.definition.entries.flatMap(({ periods }) => periods))];
}

/** Returns the same error, with the tracker's name before its message. */
export function nameTracker(tracker: string, error: unknown): unknown {
  if (error instanceof TrackstatsError && !error.message.includes(tracker)) {
    error.message = `Tracker ${tracker}: ${error.message}`;
  }
  return error;
}

/** Creates a tracker from the declaration of its provider, with the module's defaults and schedules. */
export function registered(declared: DeclaredTracker, module: ResolvedOptions): RegisteredTracker {
  try {
    return define(declared, module);
  } catch (error) {
    // those of a period, a time zone and a ref do not say where they were given
    const { type, method, options } = declared;
    throw nameTracker(typeof options.name === 'string' ? options.name : defaultTrackerName(type, method), error);
  }
}

function define(declared: DeclaredTracker, module: ResolvedOptions): RegisteredTracker {
  const { type, method, instance } = declared;
  const { options, job: given } = splitOptions(declared.options);
  const checked = readJobOptions(defaultTrackerName(type, method), given);
  const name = checked.name ?? defaultTrackerName(type, method);
  const random = checked.name === undefined ? randomName(type) : null;
  if (random !== null) {
    throw new InvalidTrackerError(
      name,
      `${random}, and leases and history go by the name of a tracker. Name it: @Track({ name: 'OrderTracker', … }).`,
    );
  }
  if (name === '' || name.length > LONGEST_NAME) {
    throw new InvalidTrackerError(
      name,
      `its name has ${name.length} characters. Expected 1 to ${LONGEST_NAME}: @Track({ name: '…' }).`,
    );
  }
  const job = (timeZone: string): Registered => ({
    name,
    type,
    method,
    schedule: scheduleOf(
      name,
      given,
      Object.hasOwn(module.trackers, name) ? module.trackers[name] : undefined,
      timeZone,
    ),
    runOnStart: checked.runOnStart,
    retries: checked.retries,
    timeout: checked.timeout ?? null,
  });
  if (method === null) {
    const tracker = checkedTracker(name, type, instance);
    const definition = defineTracker({ kind: kindOf(tracker), name, type: type.name }, options, module);
    return Object.freeze({ ...job(definition.timeZone), kind: 'source', tracker, definition, options });
  }
  const definition = defineMethod(name, options, module);
  return Object.freeze({
    ...job(definition.timeZone),
    kind: 'method',
    definition,
    call: caller(name, instance, method),
  });
}

function checkedTracker(name: string, type: Type, instance: object): AnyTracker {
  const tracker: unknown = instance instanceof Tracker ? instance : null;
  if (tracker === null) {
    throw new InvalidTrackerError(
      name,
      'its class has @Track and extends no tracker. Extend one, as in class X extends CountObjectsByDateTracker; or put @Track on a method.',
    );
  }
  if (classTracks(type).length > 0 && constructorOptions(tracker as AnyTracker) !== undefined) {
    throw new InvalidTrackerError(
      name,
      'it has its options twice, from @Track and in its constructor: super({ … }). Keep those of @Track.',
    );
  }
  return tracker as AnyTracker;
}

function caller(name: string, instance: object, method: string | symbol): MethodTracker['call'] {
  const methods = instance as Record<string | symbol, ((context: TrackContext) => unknown) | undefined>;
  if (typeof methods[method] !== 'function') {
    throw new InvalidTrackerError(name, 'it is no method of its provider.');
  }
  // looked up at each run: an application (or its test) may replace it
  return (context) => methods[method]?.(context);
}
