import type { DataSource } from 'typeorm';
import type { DatabaseKind } from './databases.js';

const WAITING: Readonly<Record<Exclude<DatabaseKind, 'sqlite'>, string>> = {
  postgres: `SELECT pid AS id FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'`,
  mariadb: `SELECT p.id FROM information_schema.innodb_trx t
JOIN information_schema.processlist p ON p.id = t.trx_mysql_thread_id
WHERE p.db = DATABASE() AND t.trx_state = 'LOCK WAIT'`,
};

/** Milliseconds. MariaDB updates innodb_trx only if nobody has read it for 100. */
const BETWEEN = 120;
const LONGEST = 10_000;

/**
 * Returns the session of a statement that waits for a lock, once there is one.
 *
 * @param dataSource and not a transaction of it, which sees the sessions as they were when it first looked
 * @throws Error after ten seconds
 */
export async function waitingSession(kind: DatabaseKind, dataSource: DataSource): Promise<number> {
  if (kind === 'sqlite') throw new Error('SQLite has no sessions.');
  for (let waited = 0; waited < LONGEST; waited += BETWEEN) {
    const [session] = await dataSource.query<{ id: number }[]>(WAITING[kind]);
    if (session !== undefined) return session.id;
    await new Promise((resolve) => setTimeout(resolve, BETWEEN));
  }
  throw new Error('No statement waits for a lock.');
}
