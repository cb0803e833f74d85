import sql from 'sql-template-tag';
import type { Metric } from '../../catalog/metric.entity.js';
import type { Database } from '../../database/database.js';
import { queryOne, type Work } from '../../database/work.js';
import { MixedWritesError, TrackerOwnedError } from '../../errors/statistic.error.js';
import type { TrackstatsError } from '../../errors/trackstats.error.js';
import { Period } from '../../time/period.js';
import { coverageIn, type StoredCoverage } from '../../coverage/coverage.js';
import type { StatisticOwners } from '../tables/owners.js';
import { type Cell, coverageScopes, type KeyValues } from '../filter/scope-filter.js';
import { rowCondition } from '../read/rows.query.js';
import type { StatisticTable } from '../tables/statistic-table.js';

/** Returns the error with which a value must not be written by a call, or null if it may. */
export function writeProblem(
  call: 'record' | 'increment',
  { owners, coverages }: { owners: StatisticOwners; coverages: readonly StoredCoverage[] },
  metric: Metric,
  period: Period,
  { table, cell }: { table: StatisticTable; cell: Cell },
): TrackstatsError | null {
  const scopes = coverageScopes(table, cell);
  const owner = scopes.map((scope) => owners.ownerOf(metric.key, period, scope)).find((name) => name !== undefined);
  const kind = coverageIn(coverages, metric, period, scopes)?.kind;
  if (owner !== undefined || (kind !== undefined && kind !== 'increment')) {
    return new TrackerOwnedError(call, metric.key, Period.nameOf(period), owner ?? null);
  }
  return call === 'record' && kind === 'increment'
    ? new MixedWritesError(call, metric.key, Period.nameOf(period))
    : null;
}

/** True if a metric has recorded rows where increments would be counted for the first time. */
export function* hasRows(
  database: Database,
  metric: Metric,
  period: Period,
  table: StatisticTable,
  cell: Cell,
): Work<boolean> {
  const ofType: KeyValues = table.kind === 'object' ? { objectType: [cell['objectType'] ?? ''] } : {};
  const filter = { table, alternatives: [ofType], metrics: [metric], period, range: { from: null, to: null } };
  const row = yield* queryOne(
    sql`SELECT 1 AS found FROM ${table.table.path} WHERE ${rowCondition(database, filter)} LIMIT 1`,
  );
  return row !== undefined;
}
