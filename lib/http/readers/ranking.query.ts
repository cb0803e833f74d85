import sql, { join, raw } from 'sql-template-tag';
import { kindMeaning } from '../../coverage/coverage-kind.js';
import { query, type Work } from '../../database/work.js';
import { coverageIn } from '../../coverage/coverage.js';
import { rowCondition } from '../../statistics/read/rows.query.js';
import type { Cell } from '../../statistics/filter/scope-filter.js';
import type { StatisticContext } from '../../statistics/filter/statistic.context.js';
import { readKey } from '../../statistics/tables/statistic-table.js';
import { readTop } from '../../statistics/read/top.query.js';
import { periodKind } from '../../time/period.js';
import type { ReadRange } from './range.js';
import type { Subject } from './subject.js';

/**
 * The cells of one metric that are greatest over a range: by the sum of their values (of averages, minima, maxima and
 * distinct counts by the greatest one); in periods whose values hold on, by the value on the last date.
 */
export function* rankedCells(
  context: StatisticContext,
  { metrics, period, filter, coverages, scopes }: Subject,
  { from, to }: ReadRange,
  limit: number,
  now: Date,
): Work<Cell[]> {
  const [metric] = metrics;
  if (metric === undefined) return [];
  if (periodKind(period) !== 'bucket') {
    const atEnd = { ...filter, range: { date: to } };
    return (yield* readTop(context, atEnd, { limit, offset: 0, order: 'desc' }, now)).map(({ cell }) => cell);
  }
  const { database } = context;
  const { dialect } = database;
  const { table, keys } = filter.scope.table;
  const kind = coverageIn(coverages, metric, period, scopes)?.kind;
  const value = dialect.numeric(table.column('value'));
  const isSummable = kind === undefined || kindMeaning(kind).isSummable;
  const greatness = isSummable ? sql`SUM(${value})` : sql`MAX(${value})`;
  const selected = keys.map((key, place) => sql`${readKey(dialect, key)} AS ${raw(`row_key${place}`)}`);
  const columns = keys.map(({ column }) => column);
  const ties = keys.map(({ type, column }) => (type === 'varchar' ? dialect.binaryOrder(column) : column));
  const rows = yield* query(sql`SELECT ${join(selected)}, ${greatness} AS greatness FROM ${table.path}
WHERE ${rowCondition(database, { ...filter.scope, metrics: [metric], period, range: { from, to } })}
AND ${table.column('value')} IS NOT NULL GROUP BY ${join(columns)}
ORDER BY ${greatness} DESC, ${join(ties)} LIMIT ${raw(String(limit))}`);
  return rows.map((row) =>
    Object.fromEntries(keys.map(({ property }, place) => [property, row[`row_key${place}`] as string | number])),
  );
}
