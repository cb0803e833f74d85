import { InvalidTrackerError } from '../errors/tracker.error.js';
import { shown } from '../errors/trackstats.error.js';
import { specOf, type AggregateSpec } from '../rollup/aggregate.js';
import { parseLocalDate, type LocalDate } from '../time/local-date.js';
import { checkPeriod, Period } from '../time/period.js';
import { checkTimeZone, localDateAt } from '../time/time-zone.js';
import type { ResolvedOptions } from '../trackstats.options.js';
import { definedTarget } from './define-target.js';
import { checkMetric, oneOf, onlyKnown, present, truth, wholeNumber } from './option.js';
import type { GivenOptions } from './track-metadata.js';
import type { TrackedTarget, TrackerDefinition } from './tracker-definition.js';
import type { TrackerKind } from './tracker.js';

const TRACKER_OPTIONS = [
  'metric',
  'period',
  'dateField',
  'aggregate',
  'where',
  'timeZone',
  'since',
  'sourceKeptSince',
  'lookback',
  'appendOnly',
  'density',
  'withDeleted',
  'epoch',
  'storedIn',
  'object',
  'objectField',
  'objectEntity',
  'statistic',
  'dimensions',
  'source',
  'sourceDataSource',
] as const;

/** What a definition takes from the module's options. */
export type TrackerDefaults = Pick<ResolvedOptions, 'timeZone' | 'weekStart'>;

/**
 * Makes a definition of a tracker's options: every default filled in, everything checked that needs no database.
 *
 * @param name as the tracker is called in messages and results; null: made by hand
 * @throws InvalidTrackerError, InvalidPeriodError, UnknownTimeZoneError, InvalidDateError
 */
export function defineTracker(
  tracker: { kind: TrackerKind; name: string | null; type: string },
  options: GivenOptions,
  defaults: TrackerDefaults,
): TrackerDefinition {
  const label = tracker.name ?? tracker.type;
  onlyKnown(label, options, TRACKER_OPTIONS);
  const target = definedTarget(label, tracker.kind, options);
  const timeZone = checkTimeZone(options.timeZone ?? defaults.timeZone);
  return Object.freeze({
    name: tracker.name,
    metric: checkMetric(label, options.metric),
    periods: definedPeriods(label, options.period),
    aggregate: definedAggregate(label, tracker.kind, options.aggregate),
    dateField: definedDateField(label, options.dateField),
    target,
    where: definedWhere(label, options.where),
    timeZone,
    weekStart: defaults.weekStart,
    since: definedDate(options.since, timeZone),
    lookback: wholeNumber(label, 'lookback', options.lookback, 'days') ?? 1,
    appendOnly: truth(label, 'appendOnly', options.appendOnly),
    sourceKeptSince: definedDate(options.sourceKeptSince, timeZone),
    density: oneOf(label, 'density', options.density, ['daily', 'changes'] as const) ?? defaultDensity(target),
    withDeleted: truth(label, 'withDeleted', options.withDeleted),
    epoch: oneOf(label, 'epoch', options.epoch, ['s', 'ms'] as const) ?? null,
    storedIn: oneOf(label, 'storedIn', options.storedIn, ['UTC'] as const) ?? null,
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

function definedDateField(tracker: string, given: unknown): string {
  if (typeof given === 'string' && given !== '') return given;
  throw new InvalidTrackerError(
    tracker,
    `dateField is ${shown(given)}. Expected the property that says when a row happened: dateField: 'createdAt'.`,
  );
}

function definedWhere(tracker: string, given: GivenOptions['where']): TrackerDefinition['where'] {
  if (!present(given)) return null;
  if (typeof given === 'function' || (typeof given === 'object' && (given as unknown) !== null)) return given;
  throw new InvalidTrackerError(
    tracker,
    `where is ${shown(given)}. Expected conditions as find takes them ({ status: 'paid' }), a list of them, or a function (query, alias) => void.`,
  );
}

function definedDate(given: unknown, timeZone: string): LocalDate | null {
  if (!present(given)) return null;
  return given instanceof Date ? localDateAt(given, timeZone) : parseLocalDate(given);
}
