import { getEventListeners } from 'node:events';
import sql, { raw, type Sql } from 'sql-template-tag';
import { Cancellation } from '../../lib/database/cancellation.js';
import { Database } from '../../lib/database/database.js';
import { execute, query, type Work } from '../../lib/database/work.js';
import { Domain } from '../../lib/catalog/domain.entity.js';
import { TRACKSTATS_ENTITIES } from '../../lib/module/trackstats.entities.js';
import { describeOnEachDatabase, type DatabaseKind, type ExtraOptions } from '../support/databases.js';

/** Statements that take ten minutes. */
const SLEEP: Partial<Record<DatabaseKind, Sql>> = {
  postgres: sql`SELECT pg_sleep(600)`,
  mariadb: sql`SELECT SLEEP(600)`,
};
/** How many sessions of this database are at such a statement. */
const SLEEPING: Partial<Record<DatabaseKind, string>> = {
  postgres: `SELECT COUNT(*) AS n FROM pg_stat_activity WHERE datname = current_database() AND state = 'active' AND query LIKE '%pg_sleep%' AND pid <> pg_backend_pid()`,
  mariadb: `SELECT COUNT(*) AS n FROM information_schema.processlist WHERE db = DATABASE() AND info LIKE '%SLEEP(600)%' AND id <> CONNECTION_ID()`,
};
const ONE_CONNECTION: Partial<Record<DatabaseKind, ExtraOptions>> = {
  postgres: { extra: { max: 1 } },
  mariadb: { extra: { connectionLimit: 1 } },
};

describeOnEachDatabase('cancelling', (database) => {
  let opened: Database;

  const open = async (extra: ExtraOptions = {}): Promise<Database> => {
    opened = new Database(await database.open({ entities: TRACKSTATS_ENTITIES as never, ...extra }));
    return opened;
  };
  afterEach(() => database.reset());

  const insert = (name: string): Sql =>
    sql`INSERT INTO ${opened.table(Domain).path} (${raw('ref')}, ${raw('name')}) VALUES (${name}, ${name})`;
  const domains = (): Promise<number> => opened.dataSource.getRepository(Domain).count();

  function* insertAndSleep(): Work<void> {
    yield* execute(insert('a'));
    yield* query(SLEEP[database.kind] as Sql);
  }

  async function sleeping(): Promise<number> {
    const [row] = await opened.dataSource.query<{ n: string | number }[]>(SLEEPING[database.kind] as string);
    return Number(row?.n);
  }

  test('follows its signals only as long as the work lasts', async () => {
    const [stop, other] = [new AbortController(), new AbortController()];
    const signals = [stop.signal, undefined, other.signal];
    const listeners = (): number[] => [stop, other].map(({ signal }) => getEventListeners(signal, 'abort').length);
    const reasons = await Cancellation.of({ signals }, async ({ signal }) => {
      expect(listeners()).toEqual([1, 1]);
      stop.abort(new Error('enough'));
      other.abort(new Error('too late'));
      return Promise.resolve(signal.reason);
    });
    expect(reasons).toEqual(new Error('enough'));
    expect(listeners()).toEqual([0, 0]);
    const aborted = Cancellation.of({ signals }, (cancellation) => {
      cancellation.check();
      return Promise.resolve();
    });
    await expect(aborted).rejects.toThrow('enough');
  });

  test('ends a statement on the server, and rolls the work back', async () => {
    if (SLEEP[database.kind] === undefined) return; // statements of SQLite end by themselves only
    await open();
    const stop = new AbortController();
    const working = Cancellation.of({ signals: [stop.signal] }, (cancellation) =>
      opened.transaction(insertAndSleep, { cancellation }),
    );
    while ((await sleeping()) === 0);
    stop.abort(new Error('enough'));
    await expect(working).rejects.toThrow('enough');
    expect(await sleeping()).toBe(0);
    expect(await domains()).toBe(0);
    // what the connections do next is not hit
    await Promise.all(['b', 'c', 'd', 'e'].map((name) => opened.transaction(() => execute(insert(name)))));
    expect(await domains()).toBe(4);
  });

  test('after a timeout', async () => {
    if (SLEEP[database.kind] === undefined) return;
    await open();
    const working = Cancellation.of({ timeout: 100, onTimeout: (ms) => new Error(`after ${ms}`) }, (cancellation) =>
      opened.transaction(insertAndSleep, { cancellation }),
    );
    await expect(working).rejects.toThrow('after 100');
    expect(await sleeping()).toBe(0);
    expect(await domains()).toBe(0);
  });

  test('between two statements where there is no second connection to cancel by', async () => {
    await open(ONE_CONNECTION[database.kind]);
    const stop = new AbortController();
    const working = Cancellation.of({ signals: [stop.signal] }, (cancellation) =>
      opened.transaction(
        function* () {
          yield* execute(insert('a'));
          stop.abort(new Error('enough'));
          yield* execute(insert('b'));
        },
        { cancellation },
      ),
    );
    await expect(working).rejects.toThrow('enough');
    expect(await domains()).toBe(0);
    await opened.transaction(() => execute(insert('c')));
    expect(await domains()).toBe(1);
  });

  test('looks at the time between statements, where no timer can fire', async () => {
    await open();
    const working = Cancellation.of({ timeout: 20, onTimeout: (ms) => new Error(`after ${ms}`) }, (cancellation) =>
      opened.transaction(
        function* () {
          yield* execute(insert('a'));
          const began = performance.now();
          while (performance.now() < began + 25);
          yield* execute(insert('b'));
        },
        { cancellation },
      ),
    );
    await expect(working).rejects.toThrow('after 20');
    expect(await domains()).toBe(0);
  });

  test('before it begins: nothing is sent', async () => {
    await open();
    const working = Cancellation.of({ signals: [AbortSignal.abort(new Error('no'))] }, (cancellation) =>
      opened.transaction(() => execute(insert('a')), { cancellation }),
    );
    await expect(working).rejects.toThrow('no');
    expect(await domains()).toBe(0);
  });

  test('tells the time of the database', async () => {
    await open();
    const before = Date.now();
    const [row] = await opened.read(() => query<{ now: unknown }>(sql`SELECT ${opened.dialect.now} AS now`));
    expect(Math.abs(Number(row?.now) - before)).toBeLessThan(2000);
    expect(Number.isInteger(Number(row?.now))).toBe(true);
  });
});
