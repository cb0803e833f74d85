import { shown, TrackstatsError } from './trackstats.error.js';

/** Thrown if the options of a tracker cannot be used. */
export class InvalidTrackerError extends TrackstatsError {
  readonly code = 'TRACKSTATS_INVALID_TRACKER';
  readonly kind = 'unusable';

  /** @param problem the problem and what to do */
  constructor(tracker: string, problem: string, cause?: unknown) {
    super(`Tracker ${tracker}: ${problem}`, { cause });
  }
}

/** Thrown if a tracker has no source. */
export class MissingSourceError extends TrackstatsError {
  readonly code = 'TRACKSTATS_MISSING_SOURCE';
  readonly kind = 'setup';

  constructor(tracker: string) {
    super(
      `Tracker ${tracker} has no source. Name the entity whose rows it counts: @Track({ source: Order, … }), override ` +
        `source(), or give one: TrackerService.track(tracker, Order).`,
    );
  }
}

/** Thrown if the data source of a tracker's source does not exist, or if several could be meant. */
export class SourceDataSourceError extends TrackstatsError {
  readonly code = 'TRACKSTATS_SOURCE_DATA_SOURCE';
  readonly kind = 'setup';

  /** @param problem the problem and what to do */
  constructor(tracker: string, problem: string) {
    super(`Tracker ${tracker}: ${problem}`);
  }
}

/** Thrown if a tracker, or a provider that it injects, is not a singleton. */
export class TrackerInjectionScopeError extends TrackstatsError {
  readonly code = 'TRACKSTATS_TRACKER_INJECTION_SCOPE';
  readonly kind = 'setup';

  constructor(tracker: string, scope: 'REQUEST' | 'TRANSIENT', dependency: boolean) {
    super(
      `Tracker ${tracker}${dependency ? ' depends on a provider that' : ''} is ${scope} scoped; it runs by itself, when ` +
        `there is no request, and there must be one of it. Make ${dependency ? 'that provider' : 'it'} a default (singleton) ` +
        `provider, or inject ModuleRef and resolve what you need in source() or in the method.`,
    );
  }
}

/** Thrown if two trackers have the same name, or write the same statistics. */
export class DuplicateTrackerError extends TrackstatsError {
  readonly code = 'TRACKSTATS_DUPLICATE_TRACKER';
  readonly kind = 'setup';
}

/** Thrown if no tracker with that name or class is registered. */
export class UnknownTrackerError extends TrackstatsError {
  readonly code = 'TRACKSTATS_UNKNOWN_TRACKER';
  readonly kind = 'unknown';

  constructor(given: unknown, known: readonly string[], where = '') {
    super(`Unknown tracker${where}: ${shown(given)}. ${knownTrackers(known)}`);
  }
}

function knownTrackers(names: readonly string[]): string {
  const [only, ...others] = names;
  if (only === undefined)
    return 'There are none: a tracker is a provider (or a method of one) with @Track, listed in the providers of a module.';
  return others.length === 0 ? `The only one is ${only}.` : `There are ${names.join(', ')}.`;
}

/** Thrown if a class has several trackers and the call names none of them. */
export class AmbiguousTrackerError extends TrackstatsError {
  readonly code = 'TRACKSTATS_AMBIGUOUS_TRACKER';
  readonly kind = 'invalid';

  constructor(type: string, names: readonly string[]) {
    super(
      `The class ${type} has several trackers: ${names.join(', ')}. Name the one that is meant, or give [${type}, 'method'].`,
    );
  }
}

/** Thrown if trackers or alerts are used before the application has started. */
export class NotStartedError extends TrackstatsError {
  readonly code = 'TRACKSTATS_NOT_STARTED';
  readonly kind = 'unavailable';

  constructor(call: string, kind: 'tracker' | 'alert' = 'tracker') {
    super(
      `${kind === 'tracker' ? 'TrackerService' : 'AlertService'}.${call}: ${kind}s are found when the application starts, and it has not started yet. Call it from ` +
        `onApplicationBootstrap or later; in a test, after await moduleRef.init() (or await app.init()).`,
    );
  }
}

/** Thrown if a method with `@Track` returned something that cannot be recorded. */
export class InvalidResultError extends TrackstatsError {
  readonly code = 'TRACKSTATS_INVALID_RESULT';
  readonly kind = 'data';

  /** @param reason the expectation and what to do */
  constructor(tracker: string, given: unknown, reason: string) {
    super(`Tracker ${tracker}: the method returned ${shown(given)}. ${reason} Nothing was recorded.`);
  }
}
