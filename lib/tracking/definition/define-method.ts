import type { Type } from '@nestjs/common';
import type { MetricTarget } from '../../catalog/definitions.js';
import { InvalidTrackerError } from '../../errors/tracker.error.js';
import { shown } from '../../errors/trackstats.error.js';
import type { AbstractStatistic } from '../../statistics/tables/abstract-statistic.js';
import { momentOf } from '../../statistics/tables/abstract-time-statistic.js';
import type { ObjectTarget } from '../../statistics/filter/object-target.js';
import { checkPeriod, Period, type WeekStart } from '../../time/period.js';
import { checkTimeZone } from '../../time/time-zone.js';
import type { TrackerDefaults } from './define-tracker.js';
import { isStatisticClass, momentOfPeriod } from '../../statistics/tables/statistic-table.js';
import { type GivenOptions, present, readMethodOptions, requireMetric } from './option.js';

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

/**
 * Creates a definition from a method's options, with all defaults. Checks everything that needs no database.
 *
 * @throws InvalidTrackerError, InvalidPeriodError, UnknownTimeZoneError
 */
export function defineMethod(name: string, options: GivenOptions, defaults: TrackerDefaults): MethodDefinition {
  const given = readMethodOptions(name, options);
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
  const period = checkPeriod(options.period ?? Period.DAY);
  return Object.freeze({
    name,
    metric: requireMetric(name, 'metric', given.metric),
    period,
    timeZone: given.timeZone ?? checkTimeZone(defaults.timeZone),
    weekStart: defaults.weekStart,
    object: given.object ?? null,
    statistic: present(options.statistic) ? statisticClass(name, options.statistic, period) : null,
  });
}

function statisticClass(name: string, given: unknown, period: Period): Type<AbstractStatistic> {
  const moment = momentOfPeriod(period);
  if (isStatisticClass(given) && momentOf(given) === moment) return given;
  throw new InvalidTrackerError(
    name,
    `statistic is ${shown(given)}. Expected the class of a custom statistic for ${Period.nameOf(period)}: one that extends ` +
      `${moment === 'start' ? 'AbstractTimeStatistic' : 'AbstractStatistic, and not AbstractTimeStatistic'}.`,
  );
}
