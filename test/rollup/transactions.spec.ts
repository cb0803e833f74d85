import { setImmediate as turn } from 'node:timers/promises';
import sql from 'sql-template-tag';
import { Column, type DataSource, Entity, PrimaryColumn, type QueryRunner } from 'typeorm';
import { resolveMetric } from '../../lib/catalog/catalog.store.js';
import type { MetricDefinition } from '../../lib/catalog/definitions.js';
import { query, type Work } from '../../lib/database/work.js';
import { Coverage } from '../../lib/coverage/coverage.entity.js';
import { StatisticByDate } from '../../lib/statistics/tables/statistic-by-date.entity.js';
import { Period } from '../../lib/time/period.js';
import type { TrackResult } from '../../lib/tracking/running/track-result.js';
import { describeOnEachDatabase, type DatabaseKind, type TestDatabase } from '../support/databases.js';
import { definitionOf, TRACKSTATS_ENTITIES, type Engine, type OneMetric } from '../support/engine.js';
import { allRowsOf, engineOn, insert, newMetric } from './stored.js';

@Entity()
class Sale {
  @PrimaryColumn({ type: 'integer' })
  id!: number;

  @Column({ type: Date, precision: 3 })
  at!: Date;

  @Column({ type: 'integer' })
  seller!: number;
}

const NOW = new Date('2024-05-10T12:00:00Z');
const ENTITIES = [...TRACKSTATS_ENTITIES, Sale];

function sale(id: number, day = (id % 10) + 1): object {
  return { id, at: new Date(Date.UTC(2024, 4, day, 9)), seller: id % 3 };
}

function tracker(given: Partial<OneMetric> = {}): OneMetric {
  return definitionOf({
    metric: newMetric(),
    dateField: 'at',
    periods: [Period.DAY, Period.WEEK, Period.LIFETIME],
    ...given,
  });
}

const BY_SELLER: Partial<OneMetric> = { target: { kind: 'objects', field: 'seller', entity: Sale } };

/** What a fresh computation of the source has, under another metric. */
async function fresh(engine: Engine, definition: OneMetric): Promise<Record<string, string | null>[]> {
  const other = { ...definition, metric: newMetric() };
  await engine.run(other, Sale, { now: NOW });
  return allRowsOf(engine, other);
}

class Cancelled extends Error {}

describeOnEachDatabase("an application's transactions", (database) => {
  let engine: Engine;
  let dataSource: DataSource;

  beforeAll(async () => {
    engine = await engineOn(database, { entities: ENTITIES });
    dataSource = engine.dataSource;
  });

  beforeEach(() => dataSource.getRepository(Sale).clear());

  test('beside runs and writes of ours, some of all of them rolled back, keep theirs and leave ours', async () => {
    const counted: MetricDefinition = newMetric();
    const definitions = [tracker(), tracker(BY_SELLER)];
    const kept = new Set<number>();
    let finished = false;

    // SQLite has one connection: an application's own transactions follow one another there
    async function application(): Promise<void> {
      for (let id = 1; id <= 60; id += 2) {
        const isKept = id % 3 !== 0;
        const transaction = dataSource.transaction(async (manager) => {
          await manager.getRepository(Sale).insert(sale(id));
          await turn();
          await manager.getRepository(Sale).insert(sale(id + 1));
          await turn();
          if (!isKept) throw new Cancelled();
        });
        if (isKept) {
          await transaction;
          kept.add(id).add(id + 1);
        } else await expect(transaction).rejects.toThrow(Cancelled);
        await turn();
      }
      finished = true;
    }

    async function runs(): Promise<void> {
      for (let count = 0; !finished; count++) {
        const definition = definitions[count % 2] ?? tracker();
        const conclude = count % 4 < 2 ? undefined : cancel;
        const run = engine.run(definition, Sale, { now: NOW, conclude });
        if (conclude === undefined) await run;
        else await expect(run).rejects.toThrow(Cancelled);
        await turn();
      }
    }

    let written = 0;
    async function writes(): Promise<void> {
      for (let count = 1; !finished; count++) {
        const isKept = count % 3 !== 0;
        const work = engine.database.transaction(() => addOne(engine, counted, isKept));
        if (isKept) {
          await work;
          written++;
        } else await expect(work).rejects.toThrow(Cancelled);
        await turn();
      }
    }

    await Promise.all([application(), runs(), writes()]);
    const sales = await dataSource.getRepository(Sale).find({ order: { id: 'ASC' } });
    expect(sales.map(({ id }) => id)).toEqual([...kept]);
    expect(written).toBeGreaterThan(0);
    const [total] = await dataSource.getRepository(StatisticByDate).findBy({ metric: { ref: counted.ref } });
    expect(total?.value).toBe(written);
    for (const definition of definitions) {
      await engine.run(definition, Sale, { now: NOW, from: '2024-05-01' });
      expect(await allRowsOf(engine, definition)).toEqual(await fresh(engine, definition));
      expect(await engine.verify(definition, Sale)).toEqual([]);
    }
  });

  // eslint-disable-next-line require-yield -- it only fails
  function* cancel(): Work<void> {
    throw new Cancelled();
  }

  test('an open one is never looked into: its rows count when they are committed', async () => {
    for (const isKept of [true, false]) {
      const definition = tracker();
      await dataSource.getRepository(Sale).clear();
      await insert(dataSource, Sale, [sale(1, 1)]);
      const runner = dataSource.createQueryRunner();
      await runner.startTransaction();
      await runner.manager.insert(Sale, sale(2, 2));
      let isDone = false;
      const run = engine.run(definition, Sale, { now: NOW }).then(() => (isDone = true));
      if (database.kind === 'sqlite') {
        // one connection for all: the run waits for the transaction to end
        for (let turns = 0; turns < 200; turns++) await turn();
        expect(isDone).toBe(false);
      } else await run;
      await (isKept ? runner.commitTransaction() : runner.rollbackTransaction());
      await runner.release();
      await run;
      expect(isDone).toBe(true);
      const [days] = await allRowsOf(engine, definition);
      const all = { '2024-05-01': '1', '2024-05-02': '1' };
      expect(days).toEqual(database.kind === 'sqlite' && isKept ? all : { '2024-05-01': '1' });
      await engine.run(definition, Sale, { now: NOW, from: '2024-05-01' });
      expect((await allRowsOf(engine, definition))[0]).toEqual(isKept ? all : { '2024-05-01': '1' });
    }
  });
});

/** Adds one to a statistic by reading and writing it, as a careless writer would: lost if two of them overlap. */
function* addOne(engine: Engine, metric: MetricDefinition, isKept: boolean): Work<void> {
  const { dialect } = engine.database;
  const table = engine.database.table(StatisticByDate);
  const { id } = yield* resolveMetric(engine.database, metric);
  const keys = [
    { property: 'metricId', type: 'integer', values: [id] },
    { property: 'period', type: 'integer', values: [Period.DAY] },
    { property: 'date', type: 'date', values: ['2024-05-01'] },
  ] as const;
  yield dialect.upsert({ table, keys, value: { property: 'value', type: 'decimal', values: ['1'] }, mode: 'add' });
  if (!isKept) throw new Cancelled();
}

const HOLD: Partial<Record<DatabaseKind, { lock: string; unlock: string; wait: string; limit: string }>> = {
  postgres: {
    lock: 'SELECT pg_advisory_lock(4711)',
    unlock: 'SELECT pg_advisory_unlock(4711)',
    wait: 'SELECT pg_advisory_xact_lock(4711) /* of a spec */',
    limit: `SET lock_timeout = '1s'`,
  },
  mariadb: {
    lock: `SELECT GET_LOCK('trackstats_spec', 0)`,
    unlock: `SELECT RELEASE_LOCK('trackstats_spec')`,
    wait: `SELECT GET_LOCK('trackstats_spec', 30), RELEASE_LOCK('trackstats_spec')`,
    limit: 'SET innodb_lock_wait_timeout = 1',
  },
};

describeOnEachDatabase('a long run', (database) => {
  const hold = HOLD[database.kind];
  let engine: Engine;

  beforeAll(async () => {
    engine = await engineOn(database, { entities: ENTITIES });
  });

  test.each([
    ['a first one', false, {}],
    ['a further one', true, {}],
    ['a first one by object', false, BY_SELLER],
    ['a further one by object, every day', true, { ...BY_SELLER, density: 'daily' as const }],
  ])('%s lets the application write its source meanwhile', async (_, isFurther, given) => {
    if (hold === undefined) return; // SQLite: a run is one burst
    const { dataSource } = engine;
    await dataSource.getRepository(Sale).clear();
    await insert(
      dataSource,
      Sale,
      Array.from({ length: 500 }, (_row, id) => sale(id)),
    );
    const definition = tracker({ ...given, lookback: 9 });
    if (isFurther) await engine.run(definition, Sale, { now: NOW });
    const [holder, writer] = [dataSource.createQueryRunner(), dataSource.createQueryRunner()];
    await holder.query(hold.lock);
    await writer.query(hold.limit);
    let reached = (): void => undefined;
    const isReached = new Promise<void>((resolve) => (reached = resolve));
    let isDone = false;
    const run = engine
      .run(definition, Sale, {
        now: NOW,
        conclude: function* waiting() {
          reached();
          // the last statement of the transaction, after all that a run reads and writes
          yield* query(sql([hold.wait]));
        },
      })
      .then(() => (isDone = true));
    await isReached;
    await writer.query('UPDATE sale SET seller = seller + 1');
    await writer.query(`UPDATE sale SET at = '2024-05-03 10:00:00' WHERE id < 100`);
    await writer.query('DELETE FROM sale WHERE id >= 400');
    await writer.query(`INSERT INTO sale (id, at, seller) VALUES (9999, '2024-05-04 10:00:00', 1)`);
    // and what is stored can be read
    await writer.query('SELECT COUNT(*) FROM trackstats_statistic_by_date');
    expect(isDone).toBe(false);
    await holder.query(hold.unlock);
    await run;
    await Promise.all([holder.release(), writer.release()]);
    await engine.run(definition, Sale, { now: NOW });
    expect(await allRowsOf(engine, definition)).toEqual(await fresh(engine, definition));
  });

  test('does not wait for rows that the application holds', async () => {
    if (hold === undefined) return;
    const { dataSource } = engine;
    await dataSource.getRepository(Sale).clear();
    await insert(
      dataSource,
      Sale,
      Array.from({ length: 50 }, (_row, id) => sale(id)),
    );
    const definition = tracker();
    const runner = dataSource.createQueryRunner();
    await runner.startTransaction();
    await runner.query('UPDATE sale SET seller = 0');
    await runner.query('DELETE FROM sale WHERE id < 10');
    await engine.run(definition, Sale, { now: NOW });
    await engine.run(definition, Sale, { now: NOW });
    expect(Object.values((await allRowsOf(engine, definition))[2] ?? {}).at(-1)).toBe('50');
    await runner.rollbackTransaction();
    await runner.release();
  });
});

describeOnEachDatabase('runs at once', (database) => {
  let engine: Engine;
  let engines: Engine[];

  beforeAll(async () => {
    engine = await engineOn(database, { entities: ENTITIES });
    engines = [engine, await engineOn(database, { entities: ENTITIES })];
    await insert(
      engine.dataSource,
      Sale,
      Array.from({ length: 200 }, (_, id) => sale(id)),
    );
  });

  test('of one tracker, by two applications, end as one does', async () => {
    for (const definition of [tracker(), tracker({ ...BY_SELLER, density: 'daily' })]) {
      for (const id of [1000, 1001]) {
        await Promise.all(engines.flatMap((each) => [0, 1].map(() => each.run(definition, Sale, { now: NOW }))));
        expect(await allRowsOf(engine, definition)).toEqual(await fresh(engine, definition));
        await engine.dataSource.getRepository(Sale).save(sale(id, 10) as Sale);
      }
      expect(await engine.dataSource.getRepository(Coverage).countBy({ fingerprint: '' })).toBe(0);
    }
  });

  test('of many trackers, whose metrics nobody has stored yet', async () => {
    const definitions = Array.from({ length: 6 }, () => tracker());
    await Promise.all(
      definitions.flatMap((definition) => engines.map((each) => each.run(definition, Sale, { now: NOW }))),
    );
    const expected = await fresh(engine, tracker());
    for (const definition of definitions) expect(await allRowsOf(engine, definition)).toEqual(expected);
  });

  test('of one tracker, with its periods in another order', async () => {
    const definition = tracker({ periods: [Period.DAY, Period.LIFETIME, Period.CALENDAR_MONTH] });
    const turned = { ...definition, periods: [...definition.periods].reverse() };
    for (let count = 0; count < 3; count++) {
      await Promise.all([definition, turned, definition, turned].map((each) => engine.run(each, Sale, { now: NOW })));
    }
    expect(await allRowsOf(engine, definition)).toEqual(await fresh(engine, definition));
  });
});

const TRANSIENT: Record<DatabaseKind, object> = {
  sqlite: { code: 'SQLITE_BUSY' },
  postgres: { code: '40P01' },
  mariadb: { errno: 1213, sqlState: '40001' },
};

/** Counts the statements of the connections, and lets the one of a number fail once. */
class Sabotage {
  count = 0;
  failAt = 0;
  error: Error = new Cancelled();

  constructor(dataSource: DataSource, kind: DatabaseKind) {
    if (kind === 'sqlite') {
      const connection = (dataSource.driver as unknown as { databaseConnection: { prepare(text: string): object } })
        .databaseConnection;
      const prepare = connection.prepare.bind(connection);
      // a prepared statement is kept by the engine: it has to fail when it is run
      connection.prepare = (text) => this.failing(prepare(text));
      return;
    }
    const create = dataSource.createQueryRunner.bind(dataSource);
    dataSource.createQueryRunner = (mode) => {
      const runner = create(mode);
      const run = runner.query.bind(runner);
      runner.query = (async (...given: Parameters<QueryRunner['query']>) => {
        this.step();
        return run(...given);
      }) as never;
      return runner;
    };
  }

  private failing(prepared: object): object {
    const failing: object = new Proxy(prepared, {
      get: (target, name) => {
        const member: unknown = Reflect.get(target, name, target);
        if (typeof member !== 'function') return member;
        const method = member.bind(target) as (...given: unknown[]) => unknown;
        // what sets an option gives the statement back
        if (name === 'safeIntegers') return (...given: unknown[]) => (method(...given), failing);
        if (name !== 'all' && name !== 'run' && name !== 'iterate') return method;
        return (...given: unknown[]) => {
          this.step();
          return method(...given);
        };
      },
    });
    return failing;
  }

  private step(): void {
    this.count += 1;
    if (this.count !== this.failAt) return;
    this.failAt = 0;
    throw this.error;
  }
}

describeOnEachDatabase('a statement that fails', (database: TestDatabase) => {
  let engine: Engine;
  let sabotage: Sabotage;

  beforeAll(async () => {
    // one connection: what a failed attempt leaves on it is there in the next one
    engine = await engineOn(database, { entities: ENTITIES, poolSize: 1 });
    sabotage = new Sabotage(engine.dataSource, database.kind);
  });

  const sales = Array.from({ length: 30 }, (_, id) => sale(id));
  const moved = [...sales.slice(3), { ...sale(0), seller: 2 }, sale(50, 3), sale(51, 10), { ...sale(1, 6), seller: 7 }];

  async function sell(rows: readonly object[]): Promise<void> {
    await engine.dataSource.getRepository(Sale).clear();
    await insert(engine.dataSource, Sale, rows);
  }

  /** Does something of which the statement of a number fails; false where there are fewer. */
  async function failing(failAt: number, error: Error, action: () => Promise<unknown>): Promise<boolean> {
    Object.assign(sabotage, { count: 0, failAt, error });
    let failed: unknown;
    await action().catch((reason: unknown) => (failed = reason));
    const hit = sabotage.failAt === 0;
    sabotage.failAt = 0;
    if (failed !== undefined && !(hit && error instanceof Cancelled)) throw failed as Error;
    return hit;
  }

  async function state(definition: OneMetric): Promise<unknown> {
    const coverages = await engine.dataSource
      .getRepository(Coverage)
      .find({ order: { metricId: 'ASC', period: 'ASC' } });
    return [
      await allRowsOf(engine, definition),
      coverages.map(({ metricId, period, from, through, computedAt }) => [metricId, period, from, through, computedAt]),
    ];
  }

  test('anywhere in a run rolls all of it back, or begins it again', async () => {
    const definition = tracker({ ...BY_SELLER, periods: [Period.DAY, Period.LIFETIME] });
    // a range that ends early has every kind of statement
    const range = { from: '2024-05-02', to: '2024-05-08' } as const;
    const run = (): Promise<TrackResult> => engine.run(definition, Sale, { now: NOW, ...range });
    const anew = async (): Promise<unknown> => {
      await sell(sales);
      await engine.run(definition, Sale, { now: NOW, from: '2024-05-01' });
      const found = await state(definition);
      await sell(moved);
      return found;
    };
    const before = await anew();
    await run();
    const after = await state(definition);
    expect(after).not.toEqual(before);
    let statements = 0;
    for (;;) {
      await anew();
      if (!(await failing(statements + 1, new Cancelled('sabotage'), run))) break;
      statements += 1;
      expect([statements, await state(definition)]).toEqual([statements, before]);
      const transient = Object.assign(new Error('deadlock found'), TRANSIENT[database.kind]);
      expect(await failing(statements, transient, run)).toBe(true);
      expect([statements, await state(definition)]).toEqual([statements, after]);
    }
    expect(statements).toBeGreaterThan(6);
  });

  test('for ever is not begun again for ever', async () => {
    let attempts = 0;
    const failing = engine.run(tracker(), Sale, {
      now: NOW,
      // eslint-disable-next-line require-yield -- it only fails
      conclude: function* always() {
        attempts += 1;
        throw Object.assign(new Error('deadlock found'), TRANSIENT[database.kind]);
      },
    });
    await expect(failing).rejects.toThrow('deadlock found');
    expect(attempts).toBeGreaterThan(1);
    expect(attempts).toBeLessThan(20);
  });
});
