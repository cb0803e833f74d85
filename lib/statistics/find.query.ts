import sql, { join, type Sql } from 'sql-template-tag';
import type { Work } from '../database/work.js';
import { Period } from '../time/period.js';
import type { AbstractStatistic } from './abstract-statistic.js';
import { rowRange } from './date-range.js';
import type { NormalFilter } from './filter.js';
import { statisticOf } from './hydrate.js';
import { selectRows } from './rows.query.js';
import { coverageScopes, filterScopes } from './scope-filter.js';
import { calendarOf, readMetrics, type StatisticContext } from './statistic.context.js';

/** The stored rows of a filter as entities: all by date ascending, or the last one. */
export function* findStatistics(
  context: StatisticContext,
  filter: NormalFilter,
  which: 'all' | 'last',
  now: Date,
): Work<AbstractStatistic[]> {
  const { period, scope } = filter;
  const { stored, coverages } = yield* readMetrics(context, filter.metrics, period);
  if (stored.length === 0) return [];
  const scopes = [...(scope.cells ?? []).flatMap((cell) => coverageScopes(scope.table, cell)), ...filterScopes(scope)];
  const calendar = calendarOf(context, now, stored, coverages, period ?? Period.DAY, scopes);
  const range = rowRange(filter.range, period, calendar);
  const rows = yield* selectRows(
    context.database,
    { table: scope.table, alternatives: scope.alternatives, metrics: stored, period, range },
    orderOf(context, filter, which),
  );
  const byId = new Map(stored.map((metric) => [metric.id, metric]));
  return rows.flatMap((row) => {
    const metric = byId.get(row.metricId);
    return metric === undefined ? [] : [statisticOf(scope.table, metric, row)];
  });
}

function orderOf({ database }: StatisticContext, { scope }: NormalFilter, which: 'all' | 'last'): Sql {
  const { table, keys } = scope.table;
  const others = [
    table.column('metricId'),
    table.column('period'),
    ...keys.map(({ type, column }) => (type === 'varchar' ? database.dialect.binaryOrder(column) : column)),
  ];
  return which === 'all'
    ? sql`ORDER BY ${table.column('date')}, ${join(others)}`
    : sql`ORDER BY ${table.column('date')} DESC, ${join(others)} LIMIT 1`;
}
