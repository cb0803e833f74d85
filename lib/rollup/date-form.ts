import sql from 'sql-template-tag';
import type { Dialect } from '../database/dialects/dialect.js';
import { queryOne, type Work } from '../database/work.js';
import { DateFormError } from '../errors/run.error.js';
import type { ResolvedSource } from './rollup-spec.js';

/**
 * Refuses dates in a form that comparisons miss, on databases that do not check the form of a date themselves.
 *
 * @param from the first reading that a run reads day by day, in milliseconds; null: every row is looked at, as a first
 * run does. A later run looks at the rows from there on, and at numbers, which sort before every date
 * @throws DateFormError
 */
export function* refuseOtherForms(
  dialect: Dialect,
  { label, dateField }: { readonly label: string; readonly dateField: string },
  { clock, query }: Pick<ResolvedSource, 'clock' | 'query'>,
  from: number | null,
): Work<void> {
  const isOther = dialect.otherForm(clock, from);
  if (isOther === null) return;
  const rows = sql`FROM (${query}) source WHERE ${isOther}`;
  const first = yield* queryOne<{ example: unknown }>(sql`SELECT ${clock.expression} AS example ${rows} LIMIT 1`);
  if (first === undefined) return;
  const found = yield* queryOne<{ count: unknown }>(sql`SELECT COUNT(*) AS count ${rows}`);
  const example = typeof first.example === 'string' ? first.example : JSON.stringify(first.example);
  throw new DateFormError(label, dateField, example, Number(found?.count));
}
