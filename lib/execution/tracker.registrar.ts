import type { Type } from '@nestjs/common';
import { InvalidTrackerError, NotStartedError } from '../errors/tracker.error.js';
import { shown } from '../errors/trackstats.error.js';
import { registered, type RegisteredTracker } from '../tracking/definition/registered-tracker.js';
import { type GivenOptions, REGISTER_OPTIONS } from '../tracking/definition/option.js';
import { declaredOn, defaultTrackerName } from '../tracking/definition/tracker.explorer.js';
import type { JobOptions, Schedule, SourceOf } from '../tracking/definition/tracker.options.js';
import { constructorOptions, Tracker, type AnyTracker } from '../tracking/definition/tracker.js';
import type { ResolvedOptions } from '../trackstats.options.js';

/** The name, source and schedule of a tracker that is registered at run time. */
export type RegisterOptions = JobOptions & Schedule & SourceOf<any>; // eslint-disable-line @typescript-eslint/no-explicit-any -- any entity

/** Registers trackers in a running application. `start` and `remove` are set when the application starts. */
export class TrackerRegistrar {
  start: (trackers: readonly RegisteredTracker[]) => Promise<void> = () => {
    throw new NotStartedError('register');
  };

  remove: (tracker: RegisteredTracker) => Promise<void> = () => {
    throw new NotStartedError('unregister');
  };

  constructor(private readonly options: ResolvedOptions) {}

  /**
   * Returns the trackers that a provider, or a tracker created with `new`, declares, checked as far as possible without
   * a database.
   */
  define(instance: object, given: RegisterOptions): RegisteredTracker[] {
    const type = instance.constructor as Type;
    checkOptions(type, given);
    const declared = declaredOn(type).map(({ method, options }) => ({ method, options }));
    const own = instance instanceof Tracker ? constructorOptions(instance as AnyTracker) : undefined;
    if (declared.length === 0 && own !== undefined) {
      if (given.name === undefined) {
        throw new InvalidTrackerError(
          type.name,
          "it is made with new, and other trackers of its class may be too. Give it a name: register(tracker, { name: 'orders of acme', … }).",
        );
      }
      declared.push({ method: null, options: own });
    }
    if (declared.length === 0) {
      throw new InvalidTrackerError(
        type.name,
        'it has no @Track and no options. Expected a provider with @Track, or a tracker made with new.',
      );
    }
    if (declared.length > 1 && Object.keys(given).length > 0) {
      throw new InvalidTrackerError(
        type.name,
        `it has several trackers (${declared.map(({ method }) => defaultTrackerName(type, method)).join(', ')}), and options were given for one. Register it without options.`,
      );
    }
    return declared.map(({ method, options }) =>
      registered({ type, instance, method, module: '', options: mergeOptions(options, given) }, this.options),
    );
  }
}

function checkOptions(type: Type, given: unknown): void {
  const isObject = typeof given === 'object' && given !== null;
  const unknown = isObject ? Object.keys(given).find((name) => !REGISTER_OPTIONS.includes(name)) : undefined;
  if (isObject && unknown === undefined) return;
  throw new InvalidTrackerError(
    type.name,
    `register takes an object of ${REGISTER_OPTIONS.join(', ')}. Given was ${unknown === undefined ? shown(given) : shown(unknown)}.`,
  );
}

/** A given schedule replaces the whole schedule of the decorator. */
function mergeOptions(declared: GivenOptions, given: RegisterOptions): GivenOptions {
  const defined = Object.fromEntries(Object.entries(given).filter(([, value]) => value !== undefined));
  const schedule = 'cron' in defined || 'every' in defined ? { cron: undefined, every: undefined } : {};
  return { ...declared, ...schedule, ...defined };
}
