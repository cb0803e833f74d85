import type { Type } from '@nestjs/common';
import type { MetricTarget } from '../catalog/definitions.js';
import { InvalidTrackerError } from '../errors/tracker.error.js';
import { shown } from '../errors/trackstats.error.js';
import { AbstractStatistic } from '../statistics/abstract-statistic.js';
import type { ObjectTarget } from '../statistics/object-target.js';
import { checkPeriod, Period, type WeekStart } from '../time/period.js';
import { checkTimeZone } from '../time/time-zone.js';
import type { TrackerDefaults } from './define-tracker.js';
import { checkMetric, onlyKnown, present } from './option.js';
import type { GivenOptions } from './track-metadata.js';

/** What a method under @Track records, with every default filled in. */
export interface MethodDefinition {
  readonly name: string;
  readonly metric: MetricTarget;
  readonly period: Period;
  readonly timeZone: string;
  readonly weekStart: WeekStart;
  /** what it returns is this object's value; null: the total, or rows that name their objects or dimensions */
  readonly object: ObjectTarget | null;
  readonly statistic: Type<AbstractStatistic> | null;
}

const METHOD_OPTIONS = ['metric', 'period', 'timeZone', 'object', 'statistic'] as const;

/**
 * Makes a definition of a method's options: every default filled in, everything checked that needs no database.
 *
 * @throws InvalidTrackerError, InvalidPeriodError, UnknownTimeZoneError
 */
export function defineMethod(name: string, options: GivenOptions, defaults: TrackerDefaults): MethodDefinition {
  onlyKnown(name, options, METHOD_OPTIONS);
  if (Array.isArray(options.period)) {
    throw new InvalidTrackerError(
      name,
      'period is a list; what a method returns is recorded for one period. Name one.',
    );
  }
  if (present(options.object) && present(options.statistic)) {
    throw new InvalidTrackerError(
      name,
      'it has object and statistic; what it returns belongs to one of them. Keep one.',
    );
  }
  return Object.freeze({
    name,
    metric: checkMetric(name, options.metric),
    period: checkPeriod(options.period ?? Period.DAY),
    timeZone: checkTimeZone(options.timeZone ?? defaults.timeZone),
    weekStart: defaults.weekStart,
    object: options.object ?? null,
    statistic: definedStatistic(name, options.statistic),
  });
}

function definedStatistic(tracker: string, given: unknown): Type<AbstractStatistic> | null {
  if (!present(given)) return null;
  if (typeof given === 'function' && given.prototype instanceof AbstractStatistic)
    return given as Type<AbstractStatistic>;
  throw new InvalidTrackerError(
    tracker,
    `statistic is ${shown(given)}. Expected the class of a custom statistic: one that extends AbstractStatistic.`,
  );
}
