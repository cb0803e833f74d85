import sql from 'sql-template-tag';
import type { Metric } from '../catalog/metric.entity.js';
import type { Database } from '../database/database.js';
import { execute, type Work } from '../database/work.js';
import type { LocalDate } from '../time/local-date.js';
import type { Period } from '../time/period.js';
import { Coverage } from './coverage.entity.js';
import type { StoredCoverage } from './coverage.query.js';
import { type Cell, coverageScopes } from './scope-filter.js';
import type { StatisticTable } from './statistic-table.js';

interface Incremented {
  readonly table: StatisticTable;
  readonly cell: Cell;
  readonly metric: Metric;
  readonly period: Period;
}

/** Makes the coverage of increments, open-ended, begin at a date or before it. */
export function* coverIncrements(
  database: Database,
  { table, cell, metric, period }: Incremented,
  from: LocalDate,
  timeZone: string,
): Work<void> {
  const { dialect } = database;
  const coverage = database.table(Coverage);
  // of objects: all of the type, so that one that was never counted reads zero too
  const scope = coverageScopes(table, cell).at(-1) ?? '';
  const key = { metricId: dialect.integer(metric.id), period: dialect.integer(period), scope: dialect.text(scope) };
  yield* execute(
    dialect.insertIfAbsent(
      coverage,
      {
        ...key,
        from: dialect.date(from),
        timeZone: dialect.text(timeZone),
        kind: dialect.text('increment'),
        fingerprint: dialect.text('increment'),
      },
      Object.keys(key),
    ),
  );
  yield* execute(sql`UPDATE ${coverage.path} SET ${coverage.column('from')} = ${dialect.date(from)}
WHERE ${coverage.column('metricId')} = ${key.metricId} AND ${coverage.column('period')} = ${key.period}
  AND ${coverage.column('scope')} = ${key.scope} AND ${coverage.column('from')} > ${dialect.date(from)}`);
}

/** Forgets coverages. */
export function* removeCoverages(database: Database, coverages: readonly StoredCoverage[]): Work<void> {
  const { dialect } = database;
  const table = database.table(Coverage);
  for (const { metricId, period, scope } of coverages) {
    yield* execute(sql`DELETE FROM ${table.path} WHERE ${table.column('metricId')} = ${dialect.integer(metricId)}
  AND ${table.column('period')} = ${dialect.integer(period)} AND ${table.column('scope')} = ${dialect.text(scope)}`);
  }
}
