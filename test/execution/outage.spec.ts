import { ConnectionBusyError, DatabaseNotRespondingError, OvertakenError } from 'nestjs-trackstats';
import { QueryRunnerAlreadyReleasedError } from 'typeorm';
import { DataSources } from '../../lib/database/data-sources.js';
import { PostgresDriver } from '../../lib/database/dialects/postgres.driver.js';
import { PostgresSql } from '../../lib/database/dialects/postgres.sql.js';
import { retryProspect, type ErrorClassifier } from '../../lib/execution/retry.js';
import { TRACKSTATS_ENTITIES } from '../../lib/module/trackstats.entities.js';
import { describeOnEachDatabase, type DatabaseKind } from '../support/databases.js';

describe('a connection that PostgreSQL ended between two statements', () => {
  it('is an outage, after which a scheduled run is tried again', () => {
    const driver = new PostgresDriver(new PostgresSql());
    const judge = { isOutage: (error: unknown) => driver.isUnavailable(error), isPassing: () => false };
    expect(retryProspect(new QueryRunnerAlreadyReleasedError(), false, judge)).toBe('outage');
    expect(retryProspect(new TypeError('no'), false, judge)).toBe('none');
  });
});

describe('an error of the library', () => {
  const judge: ErrorClassifier = { isOutage: () => false, isPassing: () => false };

  it.each([
    [new OvertakenError('orders'), 'unknown'],
    [new ConnectionBusyError(30_000, null), 'unknown'],
    [new ConnectionBusyError(30_000, 'default'), 'unknown'],
    [new DatabaseNotRespondingError('default', 5_000), 'outage'],
  ])('%s is tried again', (error, prospect) => {
    expect(retryProspect(error, false, judge)).toBe(prospect);
  });
});

/** A statement that the server cancels by a limit of its own. */
const CANCELLED: Partial<Record<DatabaseKind, [string, string]>> = {
  postgres: [`SET LOCAL statement_timeout = 50`, 'SELECT pg_sleep(60)'],
  mariadb: [
    `SET STATEMENT max_statement_time = 0.05 FOR SELECT 1`,
    'SET STATEMENT max_statement_time = 0.05 FOR SELECT SLEEP(60)',
  ],
};

describeOnEachDatabase('an error that the database gives', (database) => {
  afterEach(() => database.clear());

  async function prospectAfter(...statements: string[]): Promise<string> {
    const dataSource = await database.open({ entities: TRACKSTATS_ENTITIES as never });
    const judge = new DataSources(dataSource, () => []);
    const error = await dataSource
      .transaction(async (manager) => {
        for (const statement of statements) await manager.query(statement);
      })
      .catch((caught: unknown) => caught);
    expect(error).toBeInstanceOf(Error);
    return retryProspect(error, false, judge);
  }

  it('for a statement that was cancelled may not come again', async () => {
    const statements = CANCELLED[database.kind];
    if (statements === undefined) return; // statements of SQLite run in this process
    expect(await prospectAfter(...statements)).toBe('unknown');
  });

  it('for a key that another writer has stored may not come again', async () => {
    const insert = `INSERT INTO trackstats_domain (ref, name) VALUES ('shop', 'Shop')`;
    expect(await prospectAfter(insert, insert)).toBe('unknown');
  });

  it('for a statement that is wrong comes again', async () => {
    expect(await prospectAfter('SELECT 1 FROM no_such_table')).toBe('none');
    await database.clear();
    // another constraint, of the same class of SQLSTATE
    expect(await prospectAfter(`INSERT INTO trackstats_domain (ref, name) VALUES (NULL, 'Shop')`)).toBe('none');
  });
});
