import { InvalidTrackerError } from '../../errors/tracker.error.js';
import { shown } from '../../errors/trackstats.error.js';
import { specOf, type AggregateSpec } from '../../rollup/aggregate.js';
import type { CheckedDateInput, LocalDate } from '../../time/local-date.js';
import { checkPeriod, Period } from '../../time/period.js';
import { checkTimeZone, localDateAt } from '../../time/time-zone.js';
import type { ResolvedOptions } from '../../trackstats.options.js';
import { definedTarget } from './define-target.js';
import { type GivenOptions, present, readClassOptions, type TrackerKind } from './option.js';
import type { TrackedTarget, TrackerDefinition } from './tracker-definition.js';

/** The module's options that are defaults of a definition. */
export type TrackerDefaults = Pick<ResolvedOptions, 'timeZone' | 'weekStart'>;

/**
 * Creates a definition from a tracker's options, with all defaults. Checks everything that needs no database.
 *
 * @param name the tracker's name in messages and results; null if it is not registered
 * @throws InvalidTrackerError, InvalidPeriodError, UnknownTimeZoneError, InvalidDateError
 */
export function defineTracker(
  tracker: { kind: TrackerKind; name: string | null; type: string },
  options: GivenOptions,
  defaults: TrackerDefaults,
): TrackerDefinition {
  const label = tracker.name ?? tracker.type;
  const given = readClassOptions(label, options);
  const target = definedTarget(label, tracker.kind, given);
  const timeZone = given.timeZone ?? checkTimeZone(defaults.timeZone);
  return Object.freeze({
    name: tracker.name,
    metric: given.metric,
    periods: definedPeriods(label, options.period),
    aggregate: definedAggregate(label, tracker.kind, options.aggregate),
    dateField: given.dateField,
    target,
    where: given.where ?? null,
    timeZone,
    weekStart: defaults.weekStart,
    since: dateIn(given.since, timeZone),
    lookback: given.lookback,
    appendOnly: given.appendOnly,
    sourceKeptSince: dateIn(given.sourceKeptSince, timeZone),
    density: given.density ?? defaultDensity(target),
    withDeleted: given.withDeleted,
    epoch: given.epoch ?? null,
    storedIn: given.storedIn ?? null,
  });
}

// a row a day for each of many objects is far more than the changes of their values
function defaultDensity(target: TrackedTarget): 'daily' | 'changes' {
  return target.kind === 'total' ? 'daily' : 'changes';
}

function definedPeriods(tracker: string, given: unknown): readonly Period[] {
  const periods = (Array.isArray(given) ? (given as unknown[]) : [given]).map((period) => checkPeriod(period));
  if (periods.length === 0) {
    throw new InvalidTrackerError(tracker, 'period is an empty list. Name one at least: period: Period.DAY.');
  }
  const twice = periods.find((period, index) => periods.indexOf(period) !== index);
  if (twice !== undefined) {
    throw new InvalidTrackerError(tracker, `period names ${Period.nameOf(twice)} twice. Name each period once.`);
  }
  return Object.freeze(periods);
}

function definedAggregate(tracker: string, kind: TrackerKind, given: unknown): AggregateSpec {
  if (!present(given)) return { function: 'count', field: null };
  const spec = specOf(given);
  if (spec === undefined) {
    throw new InvalidTrackerError(
      tracker,
      `aggregate is ${shown(given)}. Expected count(), countDistinct('field'), sum('field'), avg('field'), min('field') or max('field').`,
    );
  }
  if (kind === 'count-date' || kind === 'count-object') {
    const general = kind === 'count-date' ? 'ObjectsByDateTracker' : 'ObjectsByDateAndObjectTracker';
    throw new InvalidTrackerError(
      tracker,
      `it counts rows and takes no aggregate, and has ${spec.function}(). Extend ${general} for another aggregate.`,
    );
  }
  return spec;
}

function dateIn(given: CheckedDateInput | undefined, timeZone: string): LocalDate | null {
  if (given === undefined) return null;
  return given instanceof Date ? localDateAt(given, timeZone) : given;
}
