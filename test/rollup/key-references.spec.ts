import { Column, Entity, EntitySchema, type EntitySchemaColumnOptions } from 'typeorm';
import { DataSources } from '../../lib/database/data-sources.js';
import { InvalidPropertyPathError } from '../../lib/errors/source.error.js';
import { InvalidObjectError } from '../../lib/errors/statistic.error.js';
import { AbstractStatistic } from '../../lib/statistics/tables/abstract-statistic.js';
import { Dimension } from '../../lib/statistics/tables/dimension.decorator.js';
import { objectRef, type ObjectRefInput } from '../../lib/statistics/filter/object-target.js';
import { ObjectTypes } from '../../lib/statistics/filter/object-types.js';
import { Period } from '../../lib/time/period.js';
import type { TrackedTarget } from '../../lib/tracking/definition/tracker-definition.js';
import { type DatabaseKind, describeOnEachDatabase } from '../support/databases.js';
import { TRACKSTATS_ENTITIES, type Engine } from '../support/engine.js';
import { engineOn, insert, ran } from './stored.js';

type Ids = (string | number | bigint | Uint8Array)[];

/** A primary key as the application has it, and as statistics have it. */
interface Case {
  readonly column: Partial<EntitySchemaColumnOptions> & Pick<EntitySchemaColumnOptions, 'type'>;
  /** the id that is inserted, and the text that is stored for it */
  readonly id: unknown;
  readonly key: string;
  /** other ids that mean the same object */
  readonly same?: Ids;
  /** ids that no object of the entity can have */
  readonly refused?: unknown[];
}

const UUID = 'a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11';
const BYTES = Buffer.from('a0ee00ff', 'hex');

const prefixed = { to: (id: string) => Number(id.slice(4)), from: (id: number) => `cus_${String(id)}` };
const uuidBytes = {
  to: (id: string) => Buffer.from(id.replaceAll('-', ''), 'hex'),
  from: (id: Buffer) => id.toString('hex').replace(/^(.{8})(.{4})(.{4})(.{4})/, '$1-$2-$3-$4-'),
};

const EVERYWHERE: Record<string, Case> = {
  integer: { column: { type: 'integer' }, id: 7, key: '7', same: [7n, '7', '07', '+7'] },
  text: { column: { type: 'varchar', length: 40 }, id: 'Ab ', key: 'Ab ' },
  number_by_text: {
    column: { type: 'integer', transformer: prefixed },
    id: 'cus_7',
    key: '7',
    refused: ['7', 'x', 7, undefined, null, ''],
  },
  twice: {
    column: {
      type: 'varchar',
      transformer: [{ to: (id: string) => id.slice(1), from: (id: string) => `#${id}` }, prefixed],
    },
    id: '#cus_8',
    key: '8',
    refused: ['cus_8', '8'],
  },
  folded: {
    column: {
      type: 'varchar',
      length: 40,
      transformer: { to: (id: string) => id.trim().toLowerCase(), from: (id: string) => id },
    },
    id: 'Bob@X',
    key: 'bob@x',
    same: ['bob@x', ' BOB@x '],
  },
  decimal: { column: { type: 'decimal', precision: 10, scale: 2 }, id: 7.5, key: '7.50', same: ['7.5', '7.50', 7.5] },
};

const CASES: Record<DatabaseKind, Record<string, Case>> = {
  postgres: {
    ...EVERYWHERE,
    uuid: {
      column: { type: 'uuid' },
      id: UUID,
      key: UUID,
      same: [UUID.toUpperCase(), `{${UUID.replaceAll('-', '')}}`],
      refused: ['7', 7],
    },
    bytea: {
      column: { type: 'bytea' },
      id: BYTES,
      key: 'a0ee00ff',
      same: [new Uint8Array(BYTES), 'A0EE00FF'],
      refused: ['abc', UUID],
    },
    uuid_bytes: {
      column: { type: 'bytea', transformer: uuidBytes },
      id: UUID,
      key: UUID.replaceAll('-', ''),
    },
    char: { column: { type: 'char', length: 6 }, id: 'ab', key: 'ab', same: ['ab    '] },
    inet: { column: { type: 'inet' }, id: '10.0.0.1', key: '10.0.0.1', same: ['10.0.0.1/32'] },
    inet6: {
      column: { type: 'inet' },
      id: '2001:DB8:0::1',
      key: '2001:db8::1',
      same: ['2001:db8::1/128', '2001:0db8::0001'],
    },
    network: { column: { type: 'inet' }, id: '10.0.0.1/24', key: '10.0.0.1/24' },
    citext: { column: { type: 'citext' }, id: 'Bob@x', key: 'Bob@x' },
    float: { column: { type: 'float8' }, id: 5, key: '5', same: ['5'] },
    numeric: { column: { type: 'numeric' }, id: '1.50', key: '1.50' },
    bigint: {
      column: { type: 'bigint' },
      id: '9007199254740993',
      key: '9007199254740993',
      same: [9007199254740993n],
      refused: ['x'],
    },
  },
  mariadb: {
    ...EVERYWHERE,
    uuid: { column: { type: 'uuid' }, id: UUID.toUpperCase(), key: UUID, same: [UUID] },
    binary: {
      column: { type: 'binary', length: 6 },
      id: BYTES,
      key: 'a0ee00ff0000',
      same: [new Uint8Array(BYTES)],
      refused: ['xyz', UUID],
    },
    varbinary: { column: { type: 'varbinary', length: 6 }, id: BYTES, key: 'a0ee00ff', same: ['A0EE00FF'] },
    uuid_bytes: {
      column: { type: 'binary', length: 16, transformer: uuidBytes },
      id: UUID,
      key: UUID.replaceAll('-', ''),
    },
    char: { column: { type: 'char', length: 6 }, id: 'ab', key: 'ab', same: ['ab    '] },
    inet6: { column: { type: 'inet6' }, id: '2001:DB8:0::1', key: '2001:db8::1', same: ['2001:0db8::0001'] },
    bit: { column: { type: 'bit' }, id: Buffer.from([1]), key: '1', same: [1, '1'] },
    float: { column: { type: 'double' }, id: 5, key: '5' },
    bigint: {
      column: { type: 'bigint', unsigned: true },
      id: '18446744073709551615',
      key: '18446744073709551615',
      refused: ['x'],
    },
    year: { column: { type: 'year' }, id: 2024, key: '2024' },
  },
  sqlite: {
    ...EVERYWHERE,
    decimal: { column: { type: 'decimal', precision: 10, scale: 2 }, id: 7.5, key: '7.5', same: ['7.50', 7.5] },
    whole_decimal: { column: { type: 'decimal', precision: 10, scale: 2 }, id: 7, key: '7', same: ['7.00'] },
    blob: {
      column: { type: 'blob' },
      id: BYTES,
      key: 'a0ee00ff',
      same: [new Uint8Array(BYTES), 'A0EE00FF'],
      refused: ['abc'],
    },
    uuid_bytes: { column: { type: 'blob', transformer: uuidBytes }, id: UUID, key: UUID.replaceAll('-', '') },
    float: { column: { type: 'real' }, id: 5, key: '5.0', same: ['5'] },
  },
};

const DAY = '2024-05-01';

describeOnEachDatabase('references to objects', (database) => {
  const cases = Object.entries(CASES[database.kind]);
  const owners = cases.map(
    ([name, { column }]) =>
      new EntitySchema<{ id: unknown }>({
        name: `Owner_${name}`,
        columns: { id: { ...column, primary: true } },
      }),
  );
  const Owned = new EntitySchema<Record<string, unknown>>({
    name: 'Owned',
    columns: { id: { type: 'integer', primary: true }, at: { type: 'date' } },
    relations: Object.fromEntries(
      cases.map(([name]) => [
        name,
        { type: 'many-to-one', target: `Owner_${name}`, nullable: true, createForeignKeyConstraints: false },
      ]),
    ),
  });
  let engine: Engine;
  let types: ObjectTypes;

  beforeAll(async () => {
    if (database.kind === 'postgres') {
      const dataSource = await database.open({ entities: [] });
      await dataSource.query('CREATE EXTENSION citext');
    }
    engine = await engineOn(database, { entities: [...TRACKSTATS_ENTITIES, ...owners, Owned] });
    types = new ObjectTypes(new DataSources(engine.dataSource, () => []));
    for (const [index, [, { id }]] of cases.entries()) {
      await engine.dataSource.getRepository(owners[index] as EntitySchema).insert({ id });
    }
    const { driver } = engine.dataSource;
    const joins = engine.dataSource.getMetadata('Owned').relations.map(({ propertyName, joinColumns }) => {
      const { tableName } = engine.dataSource.getMetadata(`Owner_${propertyName}`);
      return { column: driver.escape(joinColumns[0]?.databaseName ?? ''), table: driver.escape(tableName) };
    });
    await engine.dataSource.query(
      `INSERT INTO owned (id, at, ${joins.map(({ column }) => column).join(', ')})
VALUES (1, '${DAY}', ${joins.map(({ table }) => `(SELECT id FROM ${table})`).join(', ')})`,
    );
  }, 30_000);

  test.each(cases)('%s', async (name, { id, key, same = [], refused = [] }) => {
    const Owner = owners[cases.findIndex(([other]) => other === name)] as EntitySchema<{ id: unknown }>;
    const target: TrackedTarget = { kind: 'objects', field: name, entity: null };
    const { rows, definition } = await ran(engine, Owned, `${DAY}T20:00:00Z`, { dateField: 'at', target });
    expect(await rows()).toEqual({ [`${DAY} ${key}`]: '1' });
    expect(await engine.verify(definition, Owned)).toEqual([]);

    const type = types.nameOf(Owner);
    const meant = (given: unknown): unknown => types.refOf(objectRef(Owner, given as ObjectRefInput['id']));
    for (const one of [id, ...same]) expect(meant(one)).toEqual({ type, id: key });
    expect(types.refOf({ type, id: key })).toEqual({ type, id: key });
    for (const one of refused) expect(() => meant(one)).toThrow(InvalidObjectError);
    // as it was read from the database
    const [loaded] = await engine.dataSource.getRepository(Owner).find();
    expect(meant(loaded?.id)).toEqual({ type, id: key });

    const fixed = await ran(engine, Owned, `${DAY}T20:00:00Z`, {
      dateField: 'at',
      target: { kind: 'object', object: objectRef(Owner, id as ObjectRefInput['id']) },
    });
    expect(await fixed.rows()).toEqual({ [`${DAY} ${key}`]: '1' });
  });
});

@Entity()
class ByTruth extends AbstractStatistic {
  @Dimension({ type: 'boolean', nullable: true })
  truth!: boolean | null;
}

@Entity()
class ByNumber extends AbstractStatistic {
  @Dimension({ type: 'integer', nullable: true })
  number!: number | null;
}

@Entity()
class ByDay extends AbstractStatistic {
  @Dimension({ type: 'date', nullable: true })
  day!: string | null;
}

@Entity()
class Fact {
  @Column({ type: 'integer', primary: true })
  id!: number;

  @Column({ type: 'date' })
  at!: string;

  @Column({ type: 'boolean', nullable: true })
  flag!: boolean | null;

  @Column({ type: 'smallint', nullable: true })
  number!: number | null;

  @Column({ type: 'decimal', precision: 8, scale: 0, nullable: true })
  whole!: string | null;

  @Column({ type: 'decimal', precision: 8, scale: 2, nullable: true })
  price!: string | null;

  @Column({ type: 'float', nullable: true })
  ratio!: number | null;

  @Column({ type: 'varchar', length: 20, nullable: true })
  note!: string | null;

  @Column({ type: Date, nullable: true })
  instant!: Date | null;
}

/** Columns that only one database has, with the truth of three rows' values. */
const TRUTHS: Record<
  DatabaseKind,
  Record<string, [type: EntitySchemaColumnOptions['type'], ...values: [string, 0 | 1][]]>
> = {
  postgres: { one_bit: ['bit', ["B'1'", 1], ["B'0'", 0], ["B'1'", 1]] },
  mariadb: {
    one_bit: ['bit', ["b'1'", 1], ["b'0'", 0], ["b'1'", 1]],
    tiny: ['boolean', ['2', 1], ['0', 0], ['-1', 1]],
  },
  sqlite: {
    texts: ['boolean', ["'true'", 1], ["'false'", 0], ['2', 1]],
    words: ['boolean', ["'TRUE'", 1], ["''", 0], ["'f'", 0]],
  },
};

describeOnEachDatabase('dimensions that are no text', (database) => {
  const truths = TRUTHS[database.kind];
  const Truths = new EntitySchema<Record<string, unknown>>({
    name: 'Truths',
    columns: {
      id: { type: 'integer', primary: true },
      at: { type: 'date' },
      ...Object.fromEntries(Object.entries(truths).map(([name, [type]]) => [name, { type, nullable: true }])),
    },
  });
  let engine: Engine;

  beforeAll(async () => {
    engine = await engineOn(database, { entities: [...TRACKSTATS_ENTITIES, ByTruth, ByNumber, ByDay, Fact, Truths] });
    const rows = [
      { flag: true, number: 1, whole: '12' },
      { flag: false, number: 0, whole: '-3' },
      { flag: null, number: 2, whole: null },
      { flag: true, number: -1, whole: '12' },
    ];
    await insert(
      engine.dataSource,
      Fact,
      rows.map((row, id) => ({ id, at: DAY, ...row })),
    );
    const names = Object.keys(truths);
    for (let row = 0; row < 3; row++) {
      const values = Object.values(truths).map(([, ...given]) => given[row]?.[0] ?? 'NULL');
      await engine.dataSource.query(
        `INSERT INTO truths (id, at, ${names.join(', ')}) VALUES (${String(row)}, '${DAY}', ${values.join(', ')})`,
      );
    }
  });

  const by = (statistic: typeof ByTruth | typeof ByNumber | typeof ByDay, field: string): TrackedTarget => ({
    kind: 'dimensions',
    statistic,
    dimensions: { [statistic === ByTruth ? 'truth' : statistic === ByNumber ? 'number' : 'day']: field },
  });

  async function counted(source: typeof Fact | typeof Truths, target: TrackedTarget): Promise<unknown> {
    const { rows, definition } = await ran(engine, source, `${DAY}T20:00:00Z`, {
      dateField: 'at',
      target,
      periods: [Period.DAY, Period.LIFETIME],
    });
    expect(await engine.verify(definition, source)).toEqual([]);
    expect(await rows(Period.LIFETIME)).toEqual(await rows(Period.DAY));
    return Object.fromEntries(Object.entries(await rows()).map(([key, value]) => [key.slice(11), value]));
  }

  test('are true for every number but 0', async () => {
    expect(await counted(Fact, by(ByTruth, 'flag'))).toEqual({ '-1': '1', 0: '1', 1: '2' });
    expect(await counted(Fact, by(ByTruth, 'number'))).toEqual({ 0: '1', 1: '3' });
    const read = await engine.dataSource.getRepository(ByTruth).find({ where: { period: Period.DAY } });
    expect(new Set(read.map(({ truth }) => truth))).toEqual(new Set([null, true, false]));
  });

  test.each(Object.entries(truths))('are true or false: %s', async (name, [, ...values]) => {
    const expected: Record<string, string> = {};
    for (const truth of [0, 1]) {
      const rows = values.filter((value) => value[1] === truth).length;
      if (rows > 0) expected[truth] = String(rows);
    }
    expect(await counted(Truths, by(ByTruth, name))).toEqual(expected);
  });

  test('are whole numbers of whole columns', async () => {
    expect(await counted(Fact, by(ByNumber, 'number'))).toEqual({ '-1': '1', 0: '1', 1: '1', 2: '1' });
    expect(await counted(Fact, by(ByNumber, 'whole'))).toEqual({ '-2147483648': '1', '-3': '1', 12: '2' });
    expect(await counted(Fact, by(ByNumber, 'flag'))).toEqual({ '-2147483648': '1', 0: '1', 1: '2' });
  });

  test.each([
    ['integer', 'price', by(ByNumber, 'price')],
    ['integer', 'ratio', by(ByNumber, 'ratio')],
    ['integer', 'note', by(ByNumber, 'note')],
    ['boolean', 'note', by(ByTruth, 'note')],
    ['boolean', 'ratio', by(ByTruth, 'ratio')],
    ['date', 'note', by(ByDay, 'note')],
    ['date', 'number', by(ByDay, 'number')],
    ['date', 'instant', by(ByDay, 'instant')],
  ])('are refused where a value would be lost: %s of %s', async (_, field, target) => {
    const run = ran(engine, Fact, `${DAY}T20:00:00Z`, { dateField: 'at', target });
    await expect(run).rejects.toThrow(InvalidPropertyPathError);
    await expect(run).rejects.toThrow(new RegExp(`"${field}" of Fact is of type .*dimension`));
  });
});
