import { randomUUID } from 'node:crypto';
import { Column, Entity, EntitySchema, JoinColumn, ManyToOne, PrimaryColumn, type Relation } from 'typeorm';
import { AbstractStatistic } from '../../lib/statistics/tables/abstract-statistic.js';
import { Dimension } from '../../lib/statistics/tables/dimension.decorator.js';
import { Period } from '../../lib/time/period.js';
import type { TrackedTarget } from '../../lib/tracking/definition/tracker-definition.js';
import { describeOnEachDatabase } from '../support/databases.js';
import { definitionOf, TRACKSTATS_ENTITIES, type Engine, type OneMetric } from '../support/engine.js';
import { engineOn, insert, newMetric, ran, rowsOf } from './stored.js';

@Entity()
class Account {
  @PrimaryColumn({ type: 'varchar', length: 255 })
  id!: string;
}

@Entity()
class Device {
  @PrimaryColumn({ type: 'uuid' })
  id!: string;
}

@Entity()
class Reading {
  @PrimaryColumn({ type: 'integer' })
  id!: number;

  @Column({ type: Date, precision: 3 })
  at!: Date;

  @Column({ type: 'integer', default: 1 })
  amount!: number;

  @Column({ type: 'varchar', length: 255, nullable: true })
  name!: string | null;

  @Column({ type: 'text', nullable: true })
  note!: string | null;

  @Column({ type: 'bigint', nullable: true })
  number!: string | null;

  @Column({ type: 'boolean', nullable: true })
  flag!: boolean | null;

  @Column({ type: 'date', nullable: true })
  day!: string | null;

  @ManyToOne(() => Device, { nullable: true, createForeignKeyConstraints: false })
  @JoinColumn({ name: 'device_id' })
  device!: Relation<Device> | null;
}

@Entity()
class ByName extends AbstractStatistic {
  @Dimension({ type: 'varchar', length: 255, nullable: true })
  name!: string | null;

  @Dimension({ type: 'boolean', nullable: true })
  flag!: boolean | null;

  @Dimension({ type: 'date', nullable: true })
  day!: string | null;

  @Dimension({ type: 'integer', nullable: true })
  number!: number | null;
}

const DAY = '2024-05-01';
const LOOKALIKES = ['a', 'A', 'a ', '\u00e1', ' a', 'a\t', 'a\u0301', '\uff41', '\u00df', 'ss', 'SS'];
const HOSTILE = [
  "'; DROP TABLE reading; --",
  '"; DELETE FROM "reading"; --',
  '`; SELECT 1; `',
  '\\',
  "\\'",
  '\\0',
  '%_',
  '$1 ? :name @x #y',
  '🙂',
  '👩‍👩‍👧‍👦',
  '\u2400',
  '\u0001\u001f',
  '\uFEFFbom',
  'a\r\nb',
  '\u202Eabc',
  '',
  'null',
  'NULL',
  '0',
  '00',
  '1e3',
  'x'.repeat(255),
  '🙂'.repeat(255),
  `${'🙂'.repeat(254)}🙃`,
  'я'.repeat(200),
];

describeOnEachDatabase('keys', (database) => {
  let engine: Engine;
  let made = 0;

  beforeAll(async () => {
    engine = await engineOn(database, { entities: [...TRACKSTATS_ENTITIES, Account, Device, Reading, ByName] });
  });

  async function store(rows: readonly object[]): Promise<void> {
    await engine.dataSource.getRepository(Reading).clear();
    await insert(
      engine.dataSource,
      Reading,
      rows.map((row) => ({ id: ++made, at: new Date(`${DAY}T12:00:00Z`), ...row })),
    );
  }

  const accounts: TrackedTarget = { kind: 'objects', field: 'name', entity: Account };
  const periods = [Period.DAY, Period.WEEK, Period.CALENDAR_MONTH, Period.LIFETIME];

  async function counted(given: Partial<OneMetric>): Promise<Record<string, string | null>> {
    return (await ran(engine, Reading, `${DAY}T20:00:00Z`, { dateField: 'at', ...given })).rows();
  }

  function byKey(keys: readonly string[], value = '1', date = DAY): Record<string, string> {
    return Object.fromEntries(keys.map((key) => [`${date} ${key}`, value]));
  }

  test.each([
    ['name', 'alike', LOOKALIKES],
    ['note', 'alike', LOOKALIKES],
    ['name', 'hostile', HOSTILE],
    ['note', 'hostile', HOSTILE],
  ])('objects by %s differ in every character, be they %s', async (field, _, ids) => {
    await store(ids.flatMap((id) => [{ [field]: id }, { [field]: id }]));
    const definition = definitionOf({
      metric: newMetric(),
      dateField: 'at',
      target: { ...accounts, field },
      periods,
      density: 'daily',
    });
    await engine.run(definition, Reading, { now: new Date(`${DAY}T20:00:00Z`) });
    for (const period of periods) {
      const date = period === Period.CALENDAR_MONTH ? '2024-05-01' : DAY;
      expect([period, await rowsOf(engine, definition, period)]).toEqual([period, byKey(ids, '2', date)]);
    }
    // half of them go; what stays finds its own row
    const [first = '', ...others] = ids;
    await store(others.map((id) => ({ [field]: id })));
    await engine.run(definition, Reading, { now: new Date(`${DAY}T21:00:00Z`) });
    expect(await rowsOf(engine, definition)).toEqual(byKey(others));
    // of an object that is gone, within the range in which it came, nothing is known any more
    expect(await rowsOf(engine, definition, Period.LIFETIME)).toEqual(byKey(others));
    await store(ids.map((id) => ({ [field]: id, at: new Date('2024-05-02T01:00:00Z') })));
    await engine.run(definition, Reading, { now: new Date('2024-05-02T20:00:00Z') });
    expect(await rowsOf(engine, definition)).toEqual(byKey(ids, '1', '2024-05-02'));
    expect(Object.keys(await rowsOf(engine, definition, Period.LIFETIME))).toContain(`2024-05-02 ${first}`);
    expect(await engine.verify(definition, Reading)).toEqual([]);
    expect(await engine.run(definition, Reading, { now: new Date('2024-05-02T20:00:00Z') })).toMatchObject({
      written: 0,
      removed: 0,
    });
  });

  test('distinct values differ in every character', async () => {
    const values = [...new Set([...LOOKALIKES, ...HOSTILE])];
    await store([...values, ...values, null].map((name) => ({ name })));
    const aggregate = { function: 'countDistinct', field: 'name' } as const;
    const definition = definitionOf({ metric: newMetric(), dateField: 'at', aggregate, periods });
    await engine.run(definition, Reading, { now: new Date(`${DAY}T20:00:00Z`) });
    for (const period of periods) {
      expect([period, await rowsOf(engine, definition, period)]).toEqual([period, { [DAY]: String(values.length) }]);
    }
  });

  test('distinct values differ behind their first thousands of characters', async () => {
    const notes = ['a', 'b', 'c'].map((end) => 'x'.repeat(3000) + end);
    await store(
      [...notes, ...notes, 'x'.repeat(3000)].map((note, day) => ({
        note,
        at: new Date(`2024-05-0${day + 1}T12:00:00Z`),
      })),
    );
    const aggregate = { function: 'countDistinct', field: 'note' } as const;
    const elsewhere = await database.open({ entities: [Account, Device, Reading], synchronize: false });
    for (const source of [Reading, elsewhere.getRepository(Reading)]) {
      const { rows } = await ran(engine, source, '2024-05-07T20:00:00Z', {
        dateField: 'at',
        aggregate,
        periods: [Period.days(2), Period.CALENDAR_MONTH, Period.LIFETIME],
        density: 'changes',
      });
      expect(await rows(Period.days(2))).toEqual({ '2024-05-01': '1', '2024-05-02': '2' });
      expect(await rows(Period.CALENDAR_MONTH)).toEqual({ '2024-05-01': '4' });
      expect(await rows(Period.LIFETIME)).toEqual({
        '2024-05-01': '1',
        '2024-05-02': '2',
        '2024-05-03': '3',
        '2024-05-07': '4',
      });
    }
  });

  test('a fixed object of each, one tracker beside the other', async () => {
    await store(LOOKALIKES.map((name, index) => ({ name, amount: index })));
    const metric = newMetric();
    const definition = (id: string): OneMetric =>
      definitionOf({
        metric,
        dateField: 'at',
        target: { kind: 'object', object: { type: Account, id } },
        where: (query, alias) => query.andWhere(`${alias}.amount >= :least`, { least: LOOKALIKES.indexOf(id) }),
        periods,
      });
    for (const id of LOOKALIKES) {
      await engine.run(definition(id), Reading, { now: new Date(`${DAY}T20:00:00Z`) });
    }
    const expected = Object.fromEntries(
      LOOKALIKES.map((id, index) => [`${DAY} ${id}`, String(LOOKALIKES.length - index)]),
    );
    for (const period of periods) expect(await rowsOf(engine, definition('a'), period)).toEqual(expected);
  });

  test('uuids, of whatever case they were written in', async () => {
    const ids = Array.from({ length: 5 }, () => randomUUID());
    await insert(
      engine.dataSource,
      Device,
      ids.map((id) => ({ id })),
    );
    await store(ids.map((id) => ({ device: { id } })));
    const target: TrackedTarget = { kind: 'objects', field: 'device', entity: null };
    const aggregate = { function: 'countDistinct', field: 'device' } as const;
    expect(await counted({ target })).toEqual(byKey(ids));
    expect(await counted({ target: { kind: 'objects', field: 'device.id', entity: Device } })).toEqual(byKey(ids));
    expect(await counted({ aggregate })).toEqual({ [DAY]: '5' });
  });

  test('bigints past 2^53, as text and digit by digit', async () => {
    const numbers = ['9007199254740992', '9007199254740993', '9223372036854775807', '-9223372036854775808', '0', '-1'];
    await store(numbers.map((number) => ({ number })));
    expect(await counted({ target: { kind: 'objects', field: 'number', entity: Account } })).toEqual(byKey(numbers));
    expect(await counted({ aggregate: { function: 'countDistinct', field: 'number' } })).toEqual({
      [DAY]: String(numbers.length),
    });
  });

  test('dimensions of every type, NULL being a value of each', async () => {
    const values = [
      { name: 'a', flag: true, day: '2024-01-31', number: '1' },
      { name: 'A', flag: true, day: '2024-01-31', number: '1' },
      { name: 'a', flag: false, day: '2024-01-31', number: '-7' },
      { name: 'a', flag: false, day: '1999-12-31', number: '-7' },
      { name: '', flag: null, day: null, number: null },
      { name: null, flag: null, day: null, number: null },
      { name: null, flag: true, day: null, number: '0' },
    ];
    await store([...values, ...values]);
    const dimensions = { name: 'name', flag: 'flag', day: 'day', number: 'number' };
    const target: TrackedTarget = { kind: 'dimensions', statistic: ByName, dimensions };
    const definition = definitionOf({ metric: newMetric(), dateField: 'at', target, periods });
    await engine.run(definition, Reading, { now: new Date(`${DAY}T20:00:00Z`) });
    const expected = Object.fromEntries(
      values.map(({ name, flag, day, number }) => [
        `${DAY} ${name ?? '␀'} ${flag === null ? '-1' : String(Number(flag))} ${day ?? '1000-01-01'} ${number ?? '-2147483648'}`,
        '2',
      ]),
    );
    for (const period of periods) expect(await rowsOf(engine, definition, period)).toEqual(expected);
    const read = await engine.dataSource.getRepository(ByName).find({ where: { period: Period.DAY } });
    expect(read).toHaveLength(values.length);
    expect(read.filter(({ name, day }) => name === null && day === null)).toHaveLength(2);
    expect(await engine.verify(definition, Reading)).toEqual([]);
  });

  test('NULL and the text that stands for it are one value of a nullable dimension', async () => {
    await store([{ name: null }, { name: '\u2400' }, { name: 'x' }]);
    const dimensions = { name: 'name', flag: 'flag', day: 'day', number: 'number' };
    const target: TrackedTarget = { kind: 'dimensions', statistic: ByName, dimensions };
    for (const aggregate of [
      { function: 'count', field: null },
      { function: 'sum', field: 'amount' },
      { function: 'countDistinct', field: 'id' },
    ] as const) {
      const { rows } = await ran(engine, Reading, `${DAY}T20:00:00Z`, { dateField: 'at', target, aggregate, periods });
      for (const period of periods) {
        expect(await rows(period)).toEqual({
          [`${DAY} ␀ -1 1000-01-01 -2147483648`]: '2',
          [`${DAY} x -1 1000-01-01 -2147483648`]: '1',
        });
      }
    }
  });

  test('a date of a dimension is a day of the column, never one of the session', async () => {
    await store([{ day: DAY }]);
    const dimensions = { name: 'name', flag: 'flag', day: 'at', number: 'number' };
    const target: TrackedTarget = { kind: 'dimensions', statistic: ByName, dimensions };
    await expect(counted({ target })).rejects.toThrow(/dimensions\.day: "at" of Reading is of type .*date/);
  });
});

/** Collations of a column under which its texts are equal though they differ. */
const LOOSE: Record<string, string[]> = {
  sqlite: ['NOCASE', 'RTRIM'],
  postgres: ['en-US-x-icu'],
  mariadb: ['utf8mb4_general_ci', 'utf8mb4_unicode_ci', 'utf8mb4_bin'],
};

describeOnEachDatabase('keys of a column with a collation of its own', (database) => {
  const collations = LOOSE[database.kind] ?? [];

  const Loose = new EntitySchema<Record<string, unknown>>({
    name: 'Loose',
    columns: {
      id: { type: 'integer', primary: true },
      at: { type: Date, precision: 3 },
      ...Object.fromEntries(collations.map((collation) => [collation, { type: 'varchar', length: 40, collation }])),
    },
  });
  const names = ['a', 'A', 'a ', '\u00e1', 'b', 'B'];
  let engine: Engine;

  beforeAll(async () => {
    engine = await engineOn(database, { entities: [...TRACKSTATS_ENTITIES, Account, Loose] });
    await insert(
      engine.dataSource,
      Loose,
      names.map((name, id) => ({
        id,
        at: new Date(`${DAY}T12:00:00Z`),
        ...Object.fromEntries(collations.map((collation) => [collation, name])),
      })),
    );
  });

  test.each(collations)('are compared character by character: %s', async (collation) => {
    const periods = [Period.DAY, Period.WEEK, Period.LIFETIME];
    for (const density of ['daily', 'changes'] as const) {
      const objects = await ran(engine, Loose, '2024-05-02T00:00:00Z', {
        dateField: 'at',
        target: { kind: 'objects', field: collation, entity: Account },
        periods,
        density,
      });
      expect(await objects.rows()).toEqual(Object.fromEntries(names.map((name) => [`${DAY} ${name}`, '1'])));
      expect(Object.keys(await objects.rows(Period.WEEK))).toHaveLength(density === 'daily' ? 12 : 6);
      expect(Object.keys(await objects.rows(Period.LIFETIME))).toHaveLength(density === 'daily' ? 12 : 6);
    }
    const distinct = await ran(engine, Loose, '2024-05-01T20:00:00Z', {
      dateField: 'at',
      aggregate: { function: 'countDistinct', field: collation },
      periods,
    });
    for (const period of periods) expect(await distinct.rows(period)).toEqual({ [DAY]: '6' });
  });
});
