import { jest } from '@jest/globals';
import type Sqlite from 'better-sqlite3';
import mysql, { type Pool, type PoolOptions } from 'mysql2';
import { Column, DataSource, Entity, PrimaryColumn } from 'typeorm';
import { Dimension } from '../../lib/statistics/tables/dimension.decorator.js';
import { AbstractStatistic } from '../../lib/statistics/tables/abstract-statistic.js';
import { Period } from '../../lib/time/period.js';
import { services, type Setup, VISITS, ORDERS } from '../statistics/setup.js';
import {
  type DatabaseKind,
  describeOnDatabase,
  describeOnEachDatabase,
  type ExtraOptions,
} from '../support/databases.js';
import { OutOfRangeError, SessionSettingError } from 'nestjs-trackstats';
import { TRACKSTATS_ENTITIES as APPLICATION_ENTITIES } from '../../lib/module/trackstats.entities.js';
import { closeApplications, Customer, Order, start } from '../module/application.js';
import { defineTracker } from '../../lib/tracking/definition/define-tracker.js';
import { definitionOf, Engine, TRACKSTATS_ENTITIES } from '../support/engine.js';
import { LiveShop } from '../support/live.js';

@Entity()
class Delivery {
  @PrimaryColumn({ type: 'integer' })
  id!: number;

  @Column({ type: 'date' })
  delivered!: string;

  @Column({ type: 'varchar', length: 40, nullable: true })
  town!: string | null;

  @Column({ type: 'decimal', precision: 10, scale: 2 })
  price!: string;
}

@Entity()
class ByTown extends AbstractStatistic {
  @Dimension({ type: 'varchar', length: 20, nullable: true })
  town!: string | null;
}

const ENTITIES = [...TRACKSTATS_ENTITIES, Delivery, ByTown];
const NOW = new Date('2026-03-05T12:00:00Z');

/** Settings with which every value is the same, as the server takes them; several at once, as a test takes a second. */
const RIGHT: Record<DatabaseKind, string[]> = {
  sqlite: ['reverse_unordered_selects = 1', 'case_sensitive_like = 1'],
  postgres: [
    'datestyle=German -c intervalstyle=iso_8601 -c extra_float_digits=-15 -c timezone=Asia/Kolkata',
    'standard_conforming_strings=off -c backslash_quote=off -c transform_null_equals=on',
    'default_transaction_isolation=serializable',
    'default_transaction_isolation=repeatable\\ read',
    'search_path=public,pg_temp -c statement_timeout=20000 -c lock_timeout=20000 -c row_security=off',
    'enable_seqscan=off -c enable_hashagg=off -c enable_hashjoin=off -c enable_mergejoin=off',
    'enable_sort=off -c enable_nestloop=off -c enable_indexscan=off -c enable_bitmapscan=off',
    'plan_cache_mode=force_generic_plan -c from_collapse_limit=1 -c join_collapse_limit=1 -c geqo_threshold=2',
  ],
  mariadb: [
    "sql_mode = ''",
    "sql_mode = 'ANSI,ONLY_FULL_GROUP_BY,REAL_AS_FLOAT,NO_UNSIGNED_SUBTRACTION,SIMULTANEOUS_ASSIGNMENT'",
    "sql_mode = 'HIGH_NOT_PRECEDENCE,PAD_CHAR_TO_FULL_LENGTH,TIME_ROUND_FRACTIONAL,NO_AUTO_VALUE_ON_ZERO'",
    "sql_mode = 'TRADITIONAL', time_zone = '+05:30'",
    "sql_mode = 'ALLOW_INVALID_DATES', time_zone = '-11:00'",
    "sql_mode = 'POSTGRESQL', tx_isolation = 'SERIALIZABLE'",
    "sql_mode = 'MSSQL', tx_isolation = 'REPEATABLE-READ'",
    "sql_mode = 'DB2', sql_auto_is_null = 1, div_precision_increment = 0",
    "sql_mode = 'MAXDB', collation_connection = 'utf8mb4_bin', max_statement_time = 20",
  ],
};

/** Settings that are refused, with what the message says of each. */
const REFUSED: [setting: string, named: string][] = [
  ['autocommit = 0', 'autocommit = 0'],
  ['sql_select_limit = 2', 'sql_select_limit = 2'],
  ["completion_type = 'CHAIN'", 'completion_type = CHAIN'],
  ['sql_safe_updates = 1', 'sql_safe_updates = 1'],
  ["sql_mode = 'ORACLE,STRICT_ALL_TABLES'", 'ORACLE in sql_mode'],
  ["sql_mode = 'STRICT_ALL_TABLES,EMPTY_STRING_IS_NULL'", 'EMPTY_STRING_IS_NULL in sql_mode'],
  ["sql_mode = 'STRICT_ALL_TABLES,NO_BACKSLASH_ESCAPES'", 'NO_BACKSLASH_ESCAPES in sql_mode'],
];

/** Options of a data source all of whose connections have a setting, as applications give it to them. */
function withSetting(kind: DatabaseKind, setting: string): ExtraOptions {
  switch (kind) {
    case 'postgres':
      return { extra: { options: `-c ${setting}` } };
    case 'sqlite':
      return { prepareDatabase: (connection) => (connection as unknown as Sqlite.Database).pragma(setting) };
    case 'mariadb':
      return { poolSize: 3, driver: driverWith(setting) } as ExtraOptions;
  }
}

/** mysql2, whose pools set something on each connection that they open. A function, since Nest writes options as text. */
function driverWith(setting: string): object {
  const createPool = (options: PoolOptions): Pool => {
    const pool = mysql.createPool(options);
    pool.on('connection', (connection) => {
      connection.query(`SET ${setting}`);
    });
    return pool;
  };
  return Object.assign(() => undefined, { createPool });
}

const DELIVERIES: Omit<Delivery, 'id'>[] = [
  { delivered: '2026-03-01', town: "L'Aquila", price: '10.10' },
  { delivered: '2026-03-01', town: "l'aquila", price: '1.05' },
  { delivered: '2026-03-03', town: 'Back\\slash || "x"', price: '0.01' },
  { delivered: '2026-03-03', town: '', price: '5.00' },
  { delivered: '2026-03-04', town: null, price: '-2.50' },
];

describeOnEachDatabase('a session that has', (database) => {
  let plain: DataSource;

  beforeAll(async () => {
    const dataSource = (plain = await database.open({ entities: ENTITIES }));
    await dataSource.getRepository(Delivery).insert(DELIVERIES.map((row, id) => ({ ...row, id })));
  });

  async function counted(s: Setup & { engine: Engine }): Promise<unknown> {
    const total = definitionOf({
      metric: ORDERS,
      dateField: 'delivered',
      aggregate: { function: 'avg', field: 'price' },
      periods: [Period.DAY, Period.WEEK, Period.CALENDAR_QUARTER, Period.LIFETIME],
    });
    const byTown = definitionOf({
      metric: VISITS,
      dateField: 'delivered',
      periods: [Period.DAY, Period.days(2), Period.LIFETIME],
      density: 'daily',
      target: { kind: 'dimensions', statistic: ByTown, dimensions: { town: 'town' } },
    });
    for (const definition of [total, byTown]) {
      await s.engine.run(definition, Delivery, { now: NOW });
      expect(await s.engine.run(definition, Delivery, { now: NOW })).toMatchObject({ written: 0, removed: 0 });
      expect(await s.engine.verify(definition, Delivery)).toEqual([]);
    }
    const lifetimes = await s.statistics.find({
      metric: VISITS,
      period: Period.LIFETIME,
      entity: ByTown,
      from: '2026-03-05',
    });
    const series = { metric: ORDERS, from: '2026-03-01', to: '2026-03-05' };
    return {
      towns: lifetimes.map(({ town, value }) => [town, value]).sort(),
      days: (await s.statistics.series({ ...series, period: Period.DAY })).map(({ value }) => value),
      lifetime: (await s.statistics.series({ ...series, period: Period.LIFETIME })).map(({ value }) => value),
      quarter: await s.statistics.value({ metric: ORDERS, period: Period.CALENDAR_QUARTER, date: '2026-03-05' }),
    };
  }

  test.each(RIGHT[database.kind])('%s: counts the same', async (setting) => {
    const settings = withSetting(database.kind, setting);
    const dataSource = await database.open({ entities: ENTITIES, synchronize: false, ...settings });
    try {
      const s = { ...(await services(dataSource)), engine: await Engine.on(dataSource) };
      expect(await counted(s)).toEqual({
        towns: [
          ['', 1],
          ['Back\\slash || "x"', 1],
          ["L'Aquila", 1],
          ["l'aquila", 1],
          [null, 1],
        ].sort(),
        days: [5.575, null, 2.505, -2.5, null],
        lifetime: [5.575, 5.575, 4.04, 2.732, 2.732],
        quarter: 2.732,
      });
    } finally {
      await dataSource.destroy();
      for (const entity of ENTITIES.filter((known) => known !== Delivery).reverse())
        await plain.createQueryBuilder().delete().from(entity).execute();
    }
  });
});

describeOnDatabase('mariadb', 'an application whose sessions have', (database) => {
  afterEach(closeApplications);
  afterAll(() => database.reset());

  test.each(REFUSED)('%s does not start', async (setting, named) => {
    await (await database.open({ entities: [...APPLICATION_ENTITIES, Order, Customer] })).destroy();
    const options = database.options({
      ...withSetting('mariadb', setting),
      synchronize: false,
      retryAttempts: 0,
    } as ExtraOptions);
    const refused = start({ database: options });
    await expect(refused).rejects.toThrow(SessionSettingError);
    await expect(refused).rejects.toMatchObject({ message: expect.stringContaining(named) as string });
  });

  it('no strict mode is told of what does not fit, and nothing is clipped', async () => {
    const dataSource = await database.open({ entities: ENTITIES, ...withSetting('mariadb', "sql_mode = ''") });
    const deliveries = dataSource.getRepository(Delivery);
    const [s, engine] = [await services(dataSource), await Engine.on(dataSource)];
    const byTown = definitionOf({
      name: 'towns',
      metric: VISITS,
      dateField: 'delivered',
      target: { kind: 'dimensions', statistic: ByTown, dimensions: { town: 'town' } },
    });
    const long = 'twenty and more characters';
    await deliveries.insert({ id: 0, delivered: '2026-03-01', town: long, price: '1' });
    const refused = engine.run(byTown, Delivery, { now: NOW });
    await expect(refused).rejects.toThrow(OutOfRangeError);
    await expect(refused).rejects.toMatchObject({ message: expect.stringContaining(long) as string });
    await deliveries.update({ id: 0 }, { town: 'Siena' });
    await engine.run(byTown, Delivery, { now: NOW });
    await deliveries.update({ id: 0 }, { town: long });
    await expect(engine.run(byTown, Delivery, { now: NOW, from: '2026-03-01', to: '2026-03-05' })).rejects.toThrow(
      OutOfRangeError,
    );
    expect(await s.statistics.find({ metric: VISITS, period: Period.DAY, entity: ByTown })).toMatchObject([
      { town: 'Siena' },
    ]);
  });

  it('sql_select_limit refuse a source in them', async () => {
    const statistics = await database.open({ entities: ENTITIES });
    const source = await database.open({
      entities: ENTITIES,
      synchronize: false,
      ...withSetting('mariadb', 'sql_select_limit = 1'),
    });
    const engine = await Engine.on(statistics, source);
    const total = definitionOf({ metric: ORDERS, dateField: 'delivered' });
    const run = engine.run(total, source.getRepository(Delivery), { now: NOW });
    await expect(run).rejects.toThrow(SessionSettingError);
  });
});

/** Settings under which a live read is one statement, and those which only its transaction changes. */
const ALONE: readonly (readonly ['postgres' | 'mariadb', string, number])[] = [
  ['postgres', 'default_transaction_isolation=serializable', 1],
  ['postgres', 'datestyle=ISO,DMY', 1],
  ['postgres', 'datestyle=German', 4],
  ['postgres', 'extra_float_digits=0', 4],
  ['mariadb', "tx_isolation = 'SERIALIZABLE'", 1],
  ['mariadb', "tx_isolation = 'READ-UNCOMMITTED'", 5],
];

describe.each(['postgres', 'mariadb'] as const)('a live read in a session that has', (kind) => {
  describeOnDatabase(kind, 'a setting', (database) => {
    afterEach(() => database.reset());

    test.each(ALONE.filter(([of]) => of === kind))('of %s, %s, takes %i statements', async (_, setting, expected) => {
      await (await database.open({ entities: ENTITIES })).destroy();
      const settings = withSetting(kind, setting);
      const dataSource = await database.open({ entities: ENTITIES, synchronize: false, ...settings });
      const engine = await Engine.on(dataSource);
      await engine.database.checkSession();
      await dataSource.getRepository(Delivery).insert(DELIVERIES.map((row, id) => ({ ...row, id })));
      const defaults = { timeZone: 'UTC', weekStart: 'monday' } as const;
      const counted = { metric: ORDERS, dateField: 'delivered', period: Period.LIFETIME };
      const definition = defineTracker({ kind: 'date', name: null, type: 'Spec' }, counted, defaults);
      const shop = new LiveShop(engine, [{ definition, source: Delivery }], defaults);
      shop.now = NOW;
      await shop.run();
      await dataSource.getRepository(Delivery).insert({ ...DELIVERIES[4], id: 9 });
      const read = (): Promise<unknown> =>
        shop.statistics.value({ metric: ORDERS, period: Period.LIFETIME, live: true });
      // the second read finds out
      expect([await read(), await read()]).toEqual([6, 6]);
      const texts: string[] = [];
      const watched = jest.spyOn(dataSource.logger, 'logQuery').mockImplementation((text) => void texts.push(text));
      expect(await read()).toBe(6);
      watched.mockRestore();
      expect(texts).toHaveLength(expected);
    });
  });
});
