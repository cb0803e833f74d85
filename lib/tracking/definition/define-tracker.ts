import { naturalKey } from '../../catalog/definitions.js';
import { InvalidTrackerError } from '../../errors/tracker.error.js';
import { shown } from '../../errors/trackstats.error.js';
import { aggregateSpecOf, type AggregateSpec } from '../../rollup/aggregate.js';
import { type CheckedDateInput, type LocalDate, MS_PER_DAY } from '../../time/local-date.js';
import { checkPeriod, isTimePeriod, Period } from '../../time/period.js';
import { checkTimeZone, localDateAt } from '../../time/time-zone.js';
import type { ResolvedOptions } from '../../trackstats.options.js';
import { definedTarget } from './define-target.js';
import {
  type CheckedOptions,
  DEFAULT_SCRUB,
  type GivenOptions,
  present,
  readClassOptions,
  readMetricOptions,
  requireMetric,
  type TrackerKind,
} from './option.js';
import type { Density, Keep, Scrubbing, TrackedTarget, TrackerDefinition, TrackerEntry } from './tracker-definition.js';

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
  const entries = definedEntries(label, tracker.kind, given, target);
  checkLengths(label, given, entries);
  return Object.freeze({
    name: tracker.name,
    entries,
    dateField: given.dateField,
    target,
    withTotal: given.withTotal,
    where: given.where ?? null,
    timeZone,
    weekStart: defaults.weekStart,
    since: dateIn(given.since, timeZone),
    lookback: given.lookback.days,
    lookbackMs: given.lookback.ms,
    appendOnly: given.appendOnly,
    history: given.history,
    scrub: definedScrub(label, given),
    sourceKeptSince: dateIn(given.sourceKeptSince, timeZone),
    withDeleted: given.withDeleted,
    epoch: given.epoch ?? null,
    storedIn: given.storedIn ?? null,
  });
}

/** Returns the metrics of a tracker: those of `metrics`, or the one that its options name. */
function definedEntries(
  tracker: string,
  kind: TrackerKind,
  given: CheckedOptions,
  target: TrackedTarget,
): readonly TrackerEntry[] {
  if (given.metrics === undefined) {
    const metric = requireMetric(tracker, 'metric', given.metric);
    const aggregate = definedAggregate(tracker, kind, given.aggregate);
    const periods = definedPeriods(tracker, given.period);
    const keep = definedKeep(tracker, 'keep', given.keep, periods, given);
    return Object.freeze([{ metric, aggregate, where: null, periods, ...densities(target, given.density), keep }]);
  }
  const both = (['metric', 'aggregate'] as const).find((option) => present(given[option]));
  if (both !== undefined) {
    throw new InvalidTrackerError(
      tracker,
      `it has ${both} and metrics. Each of metrics has its own: metrics: [{ metric, aggregate }]. Keep one of the two.`,
    );
  }
  if (!Array.isArray(given.metrics) || given.metrics.length === 0) {
    throw new InvalidTrackerError(
      tracker,
      `metrics is ${shown(given.metrics)}. Expected a list of at least one: metrics: [{ metric, aggregate, where }].`,
    );
  }
  const entries = given.metrics.map((one: unknown, place): TrackerEntry => {
    const own = readMetricOptions(tracker, place, one);
    const periods = definedPeriods(tracker, own.period ?? given.period);
    return Object.freeze({
      metric: requireMetric(tracker, `metrics[${String(place)}].metric`, own.metric),
      aggregate: definedAggregate(tracker, kind, own.aggregate),
      where: own.where ?? null,
      periods,
      ...densities(target, own.density ?? given.density),
      keep:
        own.keep === undefined
          ? new Map([...(given.keep ?? [])].filter(([period]) => periods.includes(period)))
          : definedKeep(tracker, `metrics[${String(place)}].keep`, own.keep, periods, given),
    });
  });
  const all = entries.flatMap(({ periods }) => periods);
  definedKeep(tracker, 'keep', given.keep, all, given);
  const keys = entries.map(({ metric }) => naturalKey(metric));
  const twice = keys.find((key, place) => keys.indexOf(key) !== place);
  if (twice === undefined) return Object.freeze(entries);
  throw new InvalidTrackerError(
    tracker,
    `metrics has ${twice} twice. Name each metric once, with all its periods; other values belong to another metric.`,
  );
}

/** Refuses options of periods of less than a day, where there are others or none. */
function checkLengths(
  tracker: string,
  { lookback, timeStatistic }: CheckedOptions,
  entries: readonly TrackerEntry[],
): void {
  const periods = entries.flatMap((entry) => entry.periods);
  const longer = periods.find((period) => !isTimePeriod(period));
  if (lookback.ms !== null && longer !== undefined) {
    throw new InvalidTrackerError(
      tracker,
      `lookback is a length of time, and it computes ${Period.nameOf(longer)}, whose runs begin with a whole day. ` +
        'Expected a number of days: lookback: 1. A length of time is for trackers whose periods are all shorter than a day.',
    );
  }
  if (present(timeStatistic) && !periods.some(isTimePeriod)) {
    throw new InvalidTrackerError(
      tracker,
      'it has timeStatistic, and no period of less than a day: period: [Period.DAY, Period.HOUR]. Name one, or leave timeStatistic out.',
    );
  }
}

function definedScrub(tracker: string, { history, scrub, appendOnly }: CheckedOptions): Scrubbing | null {
  if (!present(scrub)) return history === 'current' && !appendOnly ? DEFAULT_SCRUB : null;
  if (history !== 'current') {
    throw new InvalidTrackerError(
      tracker,
      "it has scrub, and its history is 'recorded': closed dates keep what was counted while they were open. Set history: 'current' as well, or leave scrub out.",
    );
  }
  if (scrub === false) return null;
  if (!appendOnly) return Object.freeze(scrub as Scrubbing);
  throw new InvalidTrackerError(
    tracker,
    'it has scrub and appendOnly, which promises that rows older than the lookback never change, so that there is nothing to compare. Keep one of the two.',
  );
}

// a row a day for each of many objects is far more than the changes of their values
function densities(target: TrackedTarget, given: Density | undefined): Pick<TrackerEntry, 'density' | 'totalDensity'> {
  return { density: given ?? (target.kind === 'total' ? 'daily' : 'changes'), totalDensity: given ?? 'daily' };
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

function definedKeep(
  tracker: string,
  option: string,
  given: Keep | undefined,
  periods: readonly Period[],
  { lookback, sourceKeptSince }: Pick<CheckedOptions, 'lookback' | 'sourceKeptSince'>,
): Keep {
  // the first run of a day recomputes the day before, and the lookback before that, which may be a part of that day
  const least = lookback.ms === null ? lookback.days + 2 : Math.floor(lookback.ms / MS_PER_DAY) + 2;
  for (const [period, days] of given ?? []) {
    const name = Period.nameOf(period);
    if (!periods.includes(period)) {
      const computed = periods.map((one) => Period.nameOf(one)).join(', ');
      throw new InvalidTrackerError(
        tracker,
        `${option} names ${name}, which it does not compute. It computes ${computed}.`,
      );
    }
    if (days < least) {
      throw new InvalidTrackerError(
        tracker,
        `${option}.${name} is ${String(days)}, which is shorter than what a run recomputes: today, the day before, and ` +
          `${String(least - 2)} more as its lookback says. Expected at least ${String(least)}, or a shorter lookback.`,
      );
    }
    if (period === Period.LIFETIME && sourceKeptSince !== undefined) {
      throw new InvalidTrackerError(
        tracker,
        `${option} names LIFETIME, and sourceKeptSince says that the source has lost its first rows. Only the stored ` +
          `values still count them. Leave LIFETIME out of keep.`,
      );
    }
  }
  return given ?? new Map<Period, number>();
}

function definedAggregate(tracker: string, kind: TrackerKind, given: unknown): AggregateSpec {
  if (!present(given)) return { function: 'count', field: null };
  const spec = aggregateSpecOf(given);
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
