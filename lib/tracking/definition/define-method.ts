import type { Type } from '@nestjs/common';
import type { MetricTarget } from '../../catalog/definitions.js';
import { InvalidTrackerError } from '../../errors/tracker.error.js';
import type { AbstractStatistic } from '../../statistics/tables/abstract-statistic.js';
import { objectTarget, type ObjectTarget } from '../../statistics/filter/object-target.js';
import { checkPeriod, Period, type WeekStart } from '../../time/period.js';
import { checkTimeZone } from '../../time/time-zone.js';
import type { TrackerDefaults } from './define-tracker.js';
import { optional } from '../../validation/check.js';
import { isStatisticClass } from '../../statistics/tables/statistic-table.js';
import { checkedLater, metric, present, readTrackerOptions } from './option.js';
import type { GivenOptions } from './track-metadata.js';

/** The definition of a method with @Track, with all defaults. */
export interface MethodDefinition {
  readonly name: string;
  readonly metric: MetricTarget;
  readonly period: Period;
  readonly timeZone: string;
  readonly weekStart: WeekStart;
  /**
   * the object whose value the method returns; null for the total, or for rows that name their objects or dimensions
   */
  readonly object: ObjectTarget | null;
  readonly statistic: Type<AbstractStatistic> | null;
}

/** The options of a method with @Track. Unknown options are rejected. */
const METHOD_OPTIONS = {
  metric,
  period: checkedLater,
  timeZone: optional(checkTimeZone),
  object: optional(objectTarget),
  statistic: optional((given, refuse) =>
    isStatisticClass(given)
      ? given
      : refuse('Expected the class of a custom statistic: one that extends AbstractStatistic.'),
  ),
};

/**
 * Creates a definition from a method's options, with all defaults. Checks everything that needs no database.
 *
 * @throws InvalidTrackerError, InvalidPeriodError, UnknownTimeZoneError
 */
export function defineMethod(name: string, options: GivenOptions, defaults: TrackerDefaults): MethodDefinition {
  const given = readTrackerOptions(name, options, METHOD_OPTIONS);
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
    metric: given.metric,
    period: checkPeriod(options.period ?? Period.DAY),
    timeZone: given.timeZone ?? checkTimeZone(defaults.timeZone),
    weekStart: defaults.weekStart,
    object: given.object ?? null,
    statistic: given.statistic ?? null,
  });
}
