import type { ObjectLiteral } from 'typeorm';
import { InvalidArgumentError } from '../../errors/argument.error.js';
import { InvalidTrackerError, MissingSourceError } from '../../errors/tracker.error.js';
import { shown } from '../../errors/trackstats.error.js';
import { isOptions } from '../../validation/check.js';
import type { GivenOptions, TrackerKind } from './option.js';
import { classTracks } from './track-metadata.js';
import type { Source } from '../../rollup/source-query.js';
import type { SourceContext } from './tracker.options.js';

declare const OPTIONS: unique symbol;

// no names: a subclass may have an `options`, a `name`, a `metric` of its own, injected. And on the tracker itself: what
// watches providers wraps them, and asks the one it wraps
const KIND = Symbol('kind');
const GIVEN = Symbol('given options');

/**
 * Base class of the five tracker classes. A provider class extends one of the five and takes its options from @Track. A
 * tracker that is created with `new` takes them in its constructor, and is run by `TrackerService.track` or registered
 * by `TrackerService.register`.
 */
export abstract class Tracker<E extends ObjectLiteral, O> {
  /** type only: the options that `@Track` must pass to such a class */
  declare readonly [OPTIONS]?: O;

  protected constructor(kind: TrackerKind, given?: object) {
    if (given !== undefined && !isOptions(given)) {
      throw new InvalidTrackerError(
        new.target.name,
        `its options are ${shown(given)}. Expected an object: { metric, period, dateField }.`,
      );
    }
    Object.defineProperty(this, KIND, { value: kind });
    Object.defineProperty(this, GIVEN, { value: given });
  }

  /**
   * Returns the rows that a run counts: by default the `source` of @Track. Override it to choose them with injected
   * services.
   *
   * @Track.
   *
   * @example
   * ```ts
   * override source() {
   *   return this.orders.createQueryBuilder('o').where('o.status = :status', { status: 'paid' });
   * }
   * ```
   */
  source(_context: SourceContext): Source<E> | Promise<Source<E>> {
    const source = classTracks(this.constructor)[0]?.source;
    if (source === undefined) throw new MissingSourceError(this.constructor.name);
    return source as Source<E>;
  }
}

/** A tracker of any entity, with any options. */
export type AnyTracker<E extends ObjectLiteral = any> = Tracker<E, string>; // eslint-disable-line @typescript-eslint/no-explicit-any

/**
 * Checks that a value is a tracker.
 *
 * @throws InvalidArgumentError
 */
export function checkTracker(given: unknown): void {
  if (typeof given === 'object' && given !== null && KIND in given) return;
  throw new InvalidArgumentError(
    'TrackerService.track: tracker',
    given,
    'Expected an instance of a tracker class: new CountObjectsByDateTracker({ metric, period, dateField }).',
  );
}

/** Returns the kind of a tracker: which of the five classes it extends. */
export function kindOf(tracker: AnyTracker): TrackerKind {
  const { [KIND]: kind } = tracker as unknown as { readonly [KIND]?: TrackerKind };
  if (kind === undefined) throw new TypeError(`${tracker.constructor.name} is a tracker whose constructor never ran`);
  return kind;
}

/** True if the constructor of a tracker ran. A stub has its prototype only. */
export function isConstructed(tracker: object): boolean {
  return Object.hasOwn(tracker, KIND);
}

/** Returns the options that a tracker received in its constructor. */
export function constructorOptions(tracker: AnyTracker): GivenOptions | undefined {
  return (tracker as unknown as { readonly [GIVEN]?: GivenOptions })[GIVEN];
}

/** True if the class of a tracker overrides `source()`. */
export function choosesSource(tracker: AnyTracker): boolean {
  // of a wrapped tracker `tracker.source` is another function each time
  const type = Object.getPrototypeOf(tracker) as AnyTracker;
  return Object.hasOwn(tracker, 'source') || type.source !== Tracker.prototype.source;
}
