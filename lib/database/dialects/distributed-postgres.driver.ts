import { PostgresDriver } from './postgres.driver.js';

/** PostgreSQL whose tables may be distributed: a transaction is several statements, each of which writes one table. */
export class DistributedPostgresDriver extends PostgresDriver {
  override commitsAlone(): boolean {
    return false;
  }
}
