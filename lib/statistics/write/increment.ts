import { InvalidPeriodError } from '../../errors/time.error.js';
import type { TrackstatsError } from '../../errors/trackstats.error.js';
import { Period, periodKind } from '../../time/period.js';
import { readOneMetric } from '../filter/calls.js';
import type { Written } from './record.js';
import { oneCell } from '../filter/scope-filter.js';
import type { IncrementBase } from '../filter/statistic-filter.js';
import type { StatisticContext } from '../filter/statistic.context.js';
import type { RowToWrite } from './write.query.js';

/** An amount to add, checked as far as possible without the database. */
export interface Increment extends Written {
  readonly value: string;
}

/** An increment of a flush, with its index and the row that it adds to. */
export interface Placed {
  readonly place: number;
  readonly timeZone: string;
  readonly row: RowToWrite & { readonly value: string };
}

/** For each increment of a flush, the error with which it was not added, or null. */
export type Outcomes = (TrackstatsError | null)[];

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
