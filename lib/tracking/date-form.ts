import sql, { empty } from 'sql-template-tag';
import type { Dialect } from '../database/dialects/dialect.js';
import { queryOne, type Work } from '../database/work.js';
import { DateFormError } from '../errors/run.error.js';
import { addDays, dayNumber, FIRST_DAY, type LocalDate } from '../time/local-date.js';
import { firstReadingOn } from './source-probe.js';
import { trackerLabel, type ResolvedTracker } from './tracker.resolver.js';

/**
 * Refuses dates in a form that comparisons miss, where the database does not see to their form.
 *
 * @param from the first date that a run reads day by day; null: all rows are looked at, as a first run does
 * @throws DateFormError
 */
export function* refuseOtherForms(dialect: Dialect, tracker: ResolvedTracker, from: LocalDate | null): Work<void> {
  const { definition, source } = tracker;
  const { clock, query } = source;
  const isOther = dialect.otherForm(clock);
  if (isOther === null) return;
  // first in the condition, as it is cheaper; a day earlier: an offset moves a reading by up to that
  const since =
    from === null || dayNumber(from) === FIRST_DAY
      ? empty
      : sql`${clock.expression} >= ${dialect.reading(clock, firstReadingOn(clock, definition.timeZone, addDays(from, -1)))} AND `;
  const rows = sql`FROM (${query}) source WHERE ${since}${isOther}`;
  const first = yield* queryOne<{ example: unknown }>(sql`SELECT ${clock.expression} AS example ${rows} LIMIT 1`);
  if (first === undefined) return;
  const found = yield* queryOne<{ count: unknown }>(sql`SELECT COUNT(*) AS count ${rows}`);
  const example = typeof first.example === 'string' ? first.example : JSON.stringify(first.example);
  throw new DateFormError(trackerLabel(definition), definition.dateField, example, Number(found?.count));
}
