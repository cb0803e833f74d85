import type { Work } from '../../database/work.js';
import type { LocalDate } from '../../time/local-date.js';
import type { Period } from '../../time/period.js';
import { storedParts } from '../../catalog/derived.js';
import { byText } from '../../catalog/order.js';
import { coverageIn } from '../../coverage/coverage.js';
import type { NormalFilter } from '../filter/filter.js';
import { coverageScopes, filterScopes } from '../filter/scope-filter.js';
import { calendarOf, readMetrics, type StatisticContext } from '../filter/statistic.context.js';

/** The dates for which statistics are complete. */
export interface CompleteDates {
  from: LocalDate;
  /** the last computed date, which is still open if it was the run's today; for increments, today */
  through: LocalDate;
  /** IANA name of the time zone whose days these are */
  timeZone: string;
}

/** Returns the coverage of a filter. For several objects, and for a derived metric, it is the range that all parts share. */
export function* readCompleteDates(
  context: StatisticContext,
  filter: NormalFilter & { readonly period: Period },
  now: Date,
): Work<CompleteDates | null> {
  const { period, scope } = filter;
  const { stored, coverages } = yield* readMetrics(context, filter.metrics, period);
  if (stored.length === 0 || stored.length < filter.metrics.flatMap(storedParts).length) return null;
  const asked =
    scope.cells === null
      ? filterScopes(scope).map((one) => [one])
      : scope.cells.map((cell) => coverageScopes(scope.table, cell));
  const found = stored.flatMap((metric) => asked.map((scopes) => coverageIn(coverages, metric, period, scopes)));
  const { today } = calendarOf(context, now, stored, coverages, period, asked.flat());
  const froms = found.map((one) => one?.from ?? null);
  const from = froms.includes(null) ? undefined : (froms as LocalDate[]).sort(byText).at(-1);
  const through = found.map((one) => one?.through ?? today).sort(byText)[0];
  const timeZone = found[0]?.timeZone;
  return from === undefined || through === undefined || timeZone === undefined ? null : { from, through, timeZone };
}
