import type { Sql } from 'sql-template-tag';
import {
  Column,
  Entity,
  JoinColumn,
  type Logger,
  type LogLevel,
  LessThan,
  ManyToOne,
  PrimaryColumn,
  type Relation,
} from 'typeorm';
import { DataSources } from '../../lib/database/data-sources.js';
import { partialsQuery } from '../../lib/rollup/rollup-sql.js';
import type { RollupEntry } from '../../lib/rollup/rollup-spec.js';
import { freshQuery } from '../../lib/rollup/window-sql.js';
import { ObjectTypes } from '../../lib/statistics/filter/object-types.js';
import { Period } from '../../lib/time/period.js';
import type { CoveredRange } from '../../lib/tracking/source/covered-range.js';
import { planRun } from '../../lib/tracking/source/plan-run.js';
import { scansOf } from '../../lib/tracking/source/run-spec.js';
import { TrackerResolver } from '../../lib/tracking/source/tracker.resolver.js';
import { describeOnEachDatabase } from '../support/databases.js';
import { asTracker, definitionOf, TRACKSTATS_ENTITIES, type Engine, type OneMetric } from '../support/engine.js';
import { engineOn, insert, newMetric, ran, rowsOf } from './stored.js';

@Entity()
class Shopper {
  @PrimaryColumn({ type: 'integer' })
  id!: number;
}

function entitiesOn(kind: string): { Purchase: new () => object; Odd: new () => object } {
  // a clock that does not depend on the process's zone
  const instant = { type: kind === 'postgres' ? ('timestamptz' as const) : ('datetime' as const), precision: 3 };

  @Entity()
  class Purchase {
    @PrimaryColumn({ type: 'integer' })
    id!: number;

    @Column(instant)
    paidAt!: Date;

    @Column({ type: 'decimal', precision: 12, scale: 2 })
    amount!: string;

    @Column({ type: 'varchar', length: 40 })
    note!: string;

    @ManyToOne(() => Shopper, { createForeignKeyConstraints: false })
    @JoinColumn({ name: 'shopper_id' })
    shopper!: Relation<Shopper>;
  }

  @Entity({ name: 'od"d `table`', synchronize: false })
  class Odd {
    @PrimaryColumn({ name: 'from', type: 'integer' })
    id!: number;

    @Column({ name: 'sel"ect', ...instant })
    at!: Date;

    @Column({ name: 'back`tick', type: 'integer' })
    amount!: number;

    @Column({ name: "quo'te --", type: 'varchar', length: 40 })
    note!: string;

    @ManyToOne(() => Shopper, { createForeignKeyConstraints: false })
    @JoinColumn({ name: 'group by; \\' })
    shopper!: Relation<Shopper>;
  }
  return { Purchase, Odd };
}

/** Keeps what is sent to the database. */
class Recorder implements Logger {
  statements: { text: string; values: unknown[] }[] = [];

  logQuery(text: string, values: unknown[] = []): void {
    this.statements.push({ text, values });
  }

  logQueryError(): void {
    // the query's promise tells
  }

  logQuerySlow(): void {
    // all of these are quick
  }

  logSchemaBuild(): void {
    // not asked for
  }

  logMigration(): void {
    // there are none
  }

  log(_level: LogLevel): void {
    // nobody reads it
  }
}

describeOnEachDatabase('SQL', (database) => {
  const { Purchase, Odd } = entitiesOn(database.kind);
  const recorder = new Recorder();
  let engine: Engine;

  beforeAll(async () => {
    engine = await engineOn(database, {
      entities: [...TRACKSTATS_ENTITIES, Shopper, Purchase, Odd],
      logger: recorder,
      logging: ['query'],
      ...(database.kind === 'mariadb' ? { timezone: 'Z' } : {}),
    });
  });

  /** TypeORM's `synchronize` does not escape the names of columns. */
  async function createOdd(): Promise<void> {
    const { columns, tableName } = engine.dataSource.getMetadata(Odd);
    const name = (text: string): string => engine.dataSource.driver.escape(text);
    const list = columns.map(
      (column) => `${name(column.databaseName)} ${engine.dataSource.driver.createFullType(column as never)}`,
    );
    await engine.dataSource.query(`CREATE TABLE ${name(tableName)} (${list.join(', ')})`);
  }

  /** The spec of a run on 10 May 2024, made without asking the database anything. */
  function specFor(given: Partial<OneMetric>, coverage: ReadonlyMap<Period, CoveredRange>): RollupEntry {
    const dataSources = new DataSources(engine.dataSource, () => []);
    const resolver = new TrackerResolver(engine.database, dataSources, new ObjectTypes(dataSources));
    const definition = definitionOf({
      metric: newMetric(),
      dateField: 'paidAt',
      timeZone: 'Europe/Amsterdam',
      where: { note: 'a note' },
      ...given,
    });
    const resolved = resolver.resolve(asTracker(definition), Purchase);
    const [resolvedEntry] = resolved.entries;
    if (resolvedEntry === undefined) throw new Error('no entry');
    const plan = planRun({
      definition: resolved.definition,
      tracker: 'spec',
      entries: [{ ...resolvedEntry, fingerprint: () => 'f', coverage }],
      today: '2024-05-10',
      requested: {},
      firstDate: '2024-03-01',
    });
    const now = new Date('2024-05-10T09:00:00Z');
    const [scan] = scansOf(resolved, plan, { now, firstDate: '2024-03-01', countsByIndex: false });
    if (scan === undefined || scan === null) throw new Error('no scan');
    const { target, measure } = resolvedEntry;
    const { statistic, constants } = target;
    const periods = (plan.entries[0] ?? []).map((period) => ({ ...period, hasStored: coverage.size > 0 }));
    const entry = { index: 0, metricId: 7, statistic, constants, keys: scan.source.keys, measure, scan };
    return { ...entry, weekStart: definition.weekStart, periods };
  }

  function printed(statement: Sql): string {
    // PostgreSQL's dialect wraps what it binds once for several places
    const values = statement.values.map((value) => (value instanceof Object && 'value' in value ? value.value : value));
    return `${statement.sql}\n-- ${JSON.stringify(values)}`;
  }

  const covered = { from: '2024-03-01', through: '2024-05-09', fingerprint: 'f' } as const;
  const seller = { kind: 'objects', field: 'shopper', entity: null } as const;

  test.each<[string, Partial<OneMetric>, boolean]>([
    ['a first run of days across a change of the clock', { periods: [Period.DAY] }, false],
    [
      'a further run of a sum by object, a week and all time, where it changes',
      {
        periods: [Period.WEEK, Period.LIFETIME],
        aggregate: { function: 'sum', field: 'amount' },
        target: seller,
        density: 'changes',
      },
      true,
    ],
    [
      'a further run of distinct shoppers over 28 days, every day',
      { periods: [Period.DAYS_28], aggregate: { function: 'countDistinct', field: 'shopper' } },
      true,
    ],
    [
      'a first run of a mean over months',
      { periods: [Period.CALENDAR_MONTH], aggregate: { function: 'avg', field: 'amount' } },
      false,
    ],
  ])('of %s', (_, given, isFurther) => {
    recorder.statements = [];
    const periods = given.periods ?? [];
    const spec = specFor(given, new Map(isFurther ? periods.map((period) => [period, covered]) : []));
    const { dialect } = engine.database;
    const texts = spec.periods.map((period) => printed(freshQuery(dialect, spec, period)));
    expect([printed(partialsQuery(dialect, spec.scan)), ...texts].join('\n\n')).toMatchSnapshot();
    expect(recorder.statements).toEqual([]);
  });

  test('has every value bound', async () => {
    const secrets = ['s3cret-text', 's3cret-list-1', 's3cret-list-2', 's3cret-where'];
    const at = new Date('2031-07-09T05:04:03.210Z');
    await insert(engine.dataSource, Purchase, [
      { id: 1, paidAt: new Date('2024-05-01T10:00:00Z'), amount: '1', note: 's3cret-text', shopper: { id: 3 } },
    ]);
    const query = engine.dataSource
      .getRepository(Purchase)
      .createQueryBuilder('p')
      .where('p.note IN (:...list) AND p.paidAt < :at', { list: secrets.slice(0, 3), at })
      .andWhere(
        (sub) => `p.id IN ${sub.subQuery().select('x.id').from(Purchase, 'x').where('x.note <> :no').getQuery()}`,
      )
      .setParameter('no', 's3cret-where');
    recorder.statements = [];
    const { rows } = await ran(engine, query, '2024-05-10T09:00:00Z', {
      dateField: 'paidAt',
      periods: [Period.DAY, Period.WEEK, Period.LIFETIME, Period.CALENDAR_WEEK],
      where: { note: LessThan('s3cret-zzz') },
      target: { kind: 'object', object: { type: 'shopper', id: 's3cret-object' } },
    });
    expect(recorder.statements.length).toBeGreaterThan(5);
    const text = recorder.statements.map((statement) => statement.text).join('\n');
    expect(text).not.toMatch(/s3cret/);
    expect(text).not.toMatch(/2031|05:04:03/);
    const values = recorder.statements.flatMap((statement) => statement.values);
    for (const secret of [...secrets, 's3cret-zzz', 's3cret-object']) expect(values).toContain(secret);
    expect(await rows()).toEqual({ '2024-05-01 s3cret-object': '1' });
  });

  test('escapes whatever a table and a column are called', async () => {
    await createOdd();
    await insert(engine.dataSource, Shopper, [{ id: 1 }, { id: 2 }]);
    await insert(
      engine.dataSource,
      Odd,
      [1, 2, 3].map((id) => ({
        id,
        at: new Date(`2024-05-0${String(id)}T10:00:00Z`),
        amount: id,
        note: `it's ${String(id)}`,
        shopper: { id: (id % 2) + 1 },
      })),
    );
    for (const target of [{ kind: 'total' }, { kind: 'objects', field: 'shopper', entity: null }] as const) {
      for (const name of ['count', 'countDistinct', 'sum', 'max'] as const) {
        const definition = definitionOf({
          metric: newMetric(),
          dateField: 'at',
          aggregate: { function: name, field: name === 'count' ? null : 'amount' },
          periods: [Period.DAY, Period.LIFETIME],
          where: [{ note: "it's 1" }, { note: "it's 3" }],
          target,
        });
        for (const now of ['2024-05-01T12:00:00Z', '2024-05-03T12:00:00Z']) {
          await engine.run(definition, Odd, { now: new Date(now) });
        }
        const first = name === 'sum' || name === 'max' ? ['1', '3'] : ['1', '1'];
        const key = target.kind === 'total' ? '' : ' 2';
        expect(await rowsOf(engine, definition)).toEqual({
          [`2024-05-01${key}`]: first[0],
          [`2024-05-03${key}`]: first[1],
        });
        expect(await engine.verify(definition, Odd)).toEqual([]);
      }
    }
  });
});

/** Names that the engine's own statements use. */
const OURS = ['partial', 'fresh', 'source', 'removed', 'written', 's', 'd'];

function namedEntity(name: string): new () => object {
  @Entity({ name })
  class Named {
    @PrimaryColumn({ type: 'integer' })
    id!: number;

    @Column({ type: Date, precision: 3, name: 'day' })
    at!: Date;

    @Column({ type: 'integer', name: 'k0' })
    shopper!: number;

    @Column({ type: 'integer', name: 'a' })
    amount!: number;
  }
  return Named;
}

describeOnEachDatabase('a table that is called as something of ours:', (database) => {
  const named = new Map(OURS.map((name) => [name, namedEntity(name)]));
  let engine: Engine;

  beforeAll(async () => {
    engine = await engineOn(database, { entities: [...TRACKSTATS_ENTITIES, Shopper, ...named.values()] });
  });

  test.each([...named])('%s', async (_, Named) => {
    const at = (day: number): Date => new Date(Date.UTC(2024, 4, day, 9));
    await insert(
      engine.dataSource,
      Named,
      [1, 2, 2, 4].map((day, id) => ({ id, at: at(day), shopper: id % 2, amount: id })),
    );
    const definition = definitionOf({
      metric: newMetric(),
      dateField: 'at',
      periods: [Period.DAY, Period.days(2), Period.LIFETIME],
      target: { kind: 'objects', field: 'shopper', entity: Shopper },
      aggregate: { function: 'sum', field: 'amount' },
      density: 'daily',
    });
    for (const day of [2, 4]) await engine.run(definition, Named, { now: at(day) });
    await engine.run(definition, Named, { now: at(4), from: '2024-05-01', to: '2024-05-02' });
    expect(await rowsOf(engine, definition)).toEqual({
      '2024-05-01 0': '0',
      '2024-05-02 0': '2',
      '2024-05-02 1': '1',
      '2024-05-04 1': '3',
    });
    expect((await rowsOf(engine, definition, Period.LIFETIME))['2024-05-04 1']).toBe('4');
    expect(await engine.verify(definition, Named)).toEqual([]);
    expect(await engine.dataSource.getRepository(Named).count()).toBe(4);
  });
});
