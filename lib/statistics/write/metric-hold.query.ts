import sql, { join } from 'sql-template-tag';
import { Metric } from '../../catalog/metric.entity.js';
import type { Database } from '../../database/database.js';
import { execute, type Work } from '../../database/work.js';

/** The number of metrics that one statement names: a driver binds at most some ten thousand values. */
const MOST_IDS = 5_000;

/**
 * Locks metrics until the transaction ends, so that `record` and `increment` see each other's writes before they decide
 * whether they may write. Calls of `record` run in parallel; the first `increment` of a scope runs alone. Data that was
 * read before the lock must be read again.
 */
export function* holdMetrics(database: Database, metrics: Iterable<Metric>, call: 'record' | 'increment'): Work<void> {
  const { dialect } = database;
  const hold = call === 'record' ? dialect.forShare : dialect.forUpdate;
  const ids = [...new Set([...metrics].map(({ id }) => id))];
  if (ids.length === 0 || hold.sql === '') return;
  const table = database.table(Metric);
  const id = table.column('id');
  // in one order, so that two calls cannot wait for each other
  ids.sort((a, b) => a - b);
  for (let start = 0; start < ids.length; start += MOST_IDS) {
    const some = join(ids.slice(start, start + MOST_IDS).map((one) => dialect.integer(one)));
    yield* execute(sql`SELECT ${id} FROM ${table.path} WHERE ${id} IN (${some}) ORDER BY ${id} ${hold}`);
  }
}
