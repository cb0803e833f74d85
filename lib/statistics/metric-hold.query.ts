import sql, { join } from 'sql-template-tag';
import { Metric } from '../catalog/metric.entity.js';
import type { Database } from '../database/database.js';
import { execute, type Work } from '../database/work.js';

/**
 * Holds metrics until the transaction ends, so that `record` and `increment` see what the other has written before they
 * decide whether they may: calls of `record` go side by side, the first `increment` of a scope goes alone. What was read
 * before has to be read again.
 */
export function* holdMetrics(database: Database, metrics: Iterable<Metric>, call: 'record' | 'increment'): Work<void> {
  const { dialect } = database;
  const hold = call === 'record' ? dialect.forShare : dialect.forUpdate;
  const ids = [...new Set([...metrics].map(({ id }) => id))];
  if (ids.length === 0 || hold.sql === '') return;
  const table = database.table(Metric);
  const id = table.column('id');
  yield* execute(
    sql`SELECT ${id} FROM ${table.path} WHERE ${id} IN (${join(ids.map((one) => dialect.integer(one)))}) ORDER BY ${id} ${hold}`,
  );
}
