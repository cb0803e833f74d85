import type { Type } from '@nestjs/common';
import {
  AmbiguousTrackerError,
  DuplicateTrackerError,
  NotStartedError,
  UnknownTrackerError,
} from '../../errors/tracker.error.js';
import type { RegisteredTracker } from './registered-tracker.js';

/**
 * A reference to a tracker: its name, its provider class, or the class and its method, `[TwitterStats, 'followers']`.
 */
export type TrackerTarget = string | Type<unknown> | readonly [Type<unknown>, string | symbol];

/** Holds the trackers of the application. It is empty until the application starts. */
export class TrackerRegistry {
  private trackers: readonly RegisteredTracker[] | null = null;

  /**
   * Enters all trackers at once.
   *
   * @throws DuplicateTrackerError if two have the same name
   */
  fill(trackers: readonly RegisteredTracker[]): void {
    const byName = new Map<string, RegisteredTracker>();
    for (const tracker of trackers) {
      const other = byName.get(tracker.name);
      if (other !== undefined) throw sameName(tracker, other);
      byName.set(tracker.name, tracker);
    }
    this.trackers = Object.freeze([...trackers]);
  }

  /**
   * Enters more trackers, in a running application.
   *
   * @throws NotStartedError, DuplicateTrackerError
   */
  add(trackers: readonly RegisteredTracker[], call: string): void {
    this.fill([...this.all(call), ...trackers]);
  }

  /** Removes trackers. */
  remove(trackers: readonly RegisteredTracker[]): void {
    this.trackers = Object.freeze(this.all('unregister').filter((tracker) => !trackers.includes(tracker)));
  }

  /** @param call the call that an error names, if the application has not started */
  all(call: string): readonly RegisteredTracker[] {
    if (this.trackers === null) throw new NotStartedError(call);
    return this.trackers;
  }

  names(): readonly string[] {
    return this.trackers?.map(({ name }) => name) ?? [];
  }

  /** Returns the name of a registered tracker, or null if it is not registered. */
  nameOf(instance: object): string | null {
    return this.trackers?.find((tracker) => tracker.kind === 'source' && tracker.tracker === instance)?.name ?? null;
  }

  /**
   * Returns the tracker that a call names.
   *
   * @throws NotStartedError, UnknownTrackerError, AmbiguousTrackerError
   */
  get(target: TrackerTarget, call: string): RegisteredTracker {
    const found = this.all(call).filter((tracker) => means(target, tracker));
    const [first, ...more] = found;
    if (first === undefined) throw new UnknownTrackerError(shownTarget(target), this.names());
    if (more.length > 0)
      throw new AmbiguousTrackerError(
        first.type.name,
        found.map(({ name }) => name),
      );
    return first;
  }
}

function means(target: TrackerTarget, { name, type, method }: RegisteredTracker): boolean {
  if (typeof target === 'string') return name === target;
  if (typeof target === 'function') return type === target;
  return Array.isArray(target) && type === target[0] && method === target[1];
}

function shownTarget(target: TrackerTarget): unknown {
  return Array.isArray(target)
    ? target.map((part: unknown) => (typeof part === 'function' ? part.name : String(part))).join('.')
    : target;
}

function sameName(a: RegisteredTracker, b: RegisteredTracker): DuplicateTrackerError {
  return new DuplicateTrackerError(
    `Two trackers are called ${JSON.stringify(a.name)}: ${placeOf(b)} and ${placeOf(a)}. Each tracker needs a name of its own. Rename one of them: @Track({ name: '…' }).`,
  );
}

function placeOf({ type, method }: RegisteredTracker): string {
  return method === null ? `the class ${type.name}` : `the method ${type.name}.${String(method)}`;
}
