import { InvalidPeriodError } from '../errors/time.error.js';
import { Period, periodKind } from '../time/period.js';
import { readOneMetric } from './calls.js';
import type { Written } from './record.js';
import { oneCell } from './scope-filter.js';
import type { IncrementBase } from './statistic-filter.js';
import type { StatisticContext } from './statistic.context.js';

/** An amount to add, checked as far as it can be without the database. */
export interface Increment extends Written {
  readonly value: string;
}

/**
 * Checks an amount to add.
 *
 * @throws InvalidValueError, InvalidPeriodError, InvalidFilterError and the errors of its metric, date and scope
 */
export function incrementOf(context: StatisticContext, s: IncrementBase, now: Date): Increment {
  const { metric, period, range, scope, options } = readOneMetric(context, 'increment', s);
  if (periodKind(period) !== 'bucket') {
    throw new InvalidPeriodError(
      Period.nameOf(period),
      'increment takes DAY and calendar periods, whose values do not overlap. Read sums of them with total.',
    );
  }
  return {
    metric,
    table: scope.table,
    cell: oneCell(scope),
    period,
    date: range.date ?? now,
    value: options.by,
  };
}
