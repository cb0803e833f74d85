import {
  ChildEntity,
  Column,
  DeleteDateColumn,
  Entity,
  EntitySchema,
  type EntitySchemaColumnOptions,
  ManyToOne,
  PrimaryColumn,
  TableInheritance,
  Tree,
  TreeChildren,
  TreeParent,
  ViewColumn,
  ViewEntity,
} from 'typeorm';
import { AbstractStatistic } from '../../lib/statistics/tables/abstract-statistic.js';
import { Dimension } from '../../lib/statistics/tables/dimension.decorator.js';
import { Period } from '../../lib/time/period.js';
import type { TrackedTarget } from '../../lib/tracking/definition/tracker-definition.js';
import { type DatabaseKind, describeOnEachDatabase } from '../support/databases.js';
import { definitionOf, TRACKSTATS_ENTITIES, type Engine, type OneMetric } from '../support/engine.js';
import { engineOn, insert, newMetric, ran, rowsOf } from './stored.js';

@Entity()
class Owner {
  @PrimaryColumn({ type: 'varchar', length: 255 })
  id!: string;
}

@Entity()
class ByText extends AbstractStatistic {
  @Dimension({ type: 'varchar', length: 255, nullable: true })
  text!: string | null;
}

type Given = Partial<OneMetric> & Pick<OneMetric, 'dateField'>;

/** A table that TypeORM did not make, and what a tracker of it stores, or with which error it ends. */
interface Case {
  /** of the columns beside `id` */
  readonly table: string;
  readonly before?: readonly string[];
  /** each row's values beside its id */
  readonly values: readonly string[];
  readonly columns: Readonly<Record<string, EntitySchemaColumnOptions>>;
  readonly given: Given;
  readonly expected: Readonly<Record<string, string>> | RegExp;
}

const at: EntitySchemaColumnOptions = { type: 'date' };
const DAY = "'2024-05-01'";

/** The text that each row of a key column has, all on one day. */
function keyed(
  type: string,
  declared: string,
  values: string[],
  keys: readonly (readonly [key: string, count: number])[],
  before: string[] = [],
): Case {
  return {
    before,
    table: `at date, k ${type}`,
    values: values.map((value) => `${DAY}, ${value}`),
    columns: { at, k: { type: declared as 'varchar' } },
    given: { dateField: 'at', target: { kind: 'dimensions', statistic: ByText, dimensions: { text: 'k' } } },
    expected: Object.fromEntries(keys.map(([key, count]) => [`2024-05-01 ${key}`, String(count)])),
  };
}

function aggregated(
  type: string,
  declared: EntitySchemaColumnOptions,
  name: 'sum' | 'avg' | 'min' | 'max',
  values: string[],
  expected: string | RegExp,
): Case {
  return {
    table: `at date, v ${type}`,
    values: values.map((value) => `${DAY}, ${value}`),
    columns: { at, v: declared },
    given: { dateField: 'at', aggregate: { function: name, field: 'v' } },
    expected: typeof expected === 'string' ? { '2024-05-01': expected } : expected,
  };
}

function dated(
  type: string,
  declared: EntitySchemaColumnOptions,
  values: string[],
  expected: Case['expected'],
  given: Partial<OneMetric> = {},
): Case {
  return { table: `at ${type}`, values, columns: { at: declared }, given: { dateField: 'at', ...given }, expected };
}

const bigint: EntitySchemaColumnOptions = { type: 'bigint' };
const integer: EntitySchemaColumnOptions = { type: 'integer' };
const BOTH = { '2024-05-01': '1', '2024-05-02': '1' };

const EVERYWHERE: Record<string, Case> = {
  'milliseconds under epoch s': dated('bigint', bigint, ['1714521600000', '1714521600'], /1 rows.*milliseconds.*'ms'/, {
    epoch: 's',
  }),
  'seconds under epoch ms': dated('bigint', bigint, ['1714521600'], /looks like seconds. Say epoch: 's'/, {
    epoch: 'ms',
    since: '2024-01-01',
  }),
  microseconds: dated('bigint', bigint, ['1714521600000000'], /microseconds. Store milliseconds/, { epoch: 'ms' }),
  nanoseconds: dated('bigint', bigint, ['1714521600000000000'], /nanoseconds. Store seconds/, { epoch: 's' }),
  'an epoch with numbers for never': dated(
    'bigint',
    bigint,
    ['1714521600000', '9223372036854775807', '9007199254740991'],
    { '2024-05-01': '1' },
    { epoch: 'ms' },
  ),
};

const CASES: Record<DatabaseKind, Record<string, Case>> = {
  postgres: {
    ...EVERYWHERE,
    'a timestamptz declared as timestamp': dated(
      'timestamptz',
      { type: 'timestamp' },
      ["'2024-05-01 10:00Z'"],
      /dateField: "at" of Sample is declared as timestamp without time zone, and stored as timestamp with time zone/,
    ),
    'a timestamp declared as timestamptz': dated(
      'timestamp',
      { type: 'timestamptz' },
      [],
      /stored as timestamp without/,
    ),
    'a timestamp declared as date': dated('timestamp', at, [], /declared as date, and stored as timestamp without/),
    'a numeric declared as integer': dated('numeric', integer, [], /stored as numeric/, { epoch: 's' }),
    'a domain of timestamptz(0)': {
      ...dated('moment', { type: 'timestamptz' }, ["'2024-05-01 23:59:59.6Z'", "'2024-05-01 23:59:59.4Z'"], BOTH),
      before: ['CREATE DOMAIN moment AS timestamptz(0)'],
    },
    'an array of dates': dated('date[]', { type: 'date', array: true }, [], /is of type date\[\]/),
    'an interval': dated('interval', { type: 'interval' }, [], /is of type interval/),
    'a time with a zone': dated('timetz', { type: 'timetz' }, [], /is of type time with time zone/),
    'infinity, and the year 12024': dated(
      'timestamptz',
      { type: 'timestamptz' },
      ["'infinity'", "'12024-05-01'", "'2024-05-01 10:00Z'"],
      { '2024-05-01': '1' },
    ),
    'a generated date': {
      ...dated(
        "bigint, generated timestamp GENERATED ALWAYS AS (timestamp '1970-01-01' + at * interval '1 second') STORED",
        bigint,
        ['1714521600', '1714607999'],
        { '2024-05-01': '2' },
        { storedIn: 'UTC', dateField: 'generated' },
      ),
      columns: { at: bigint, generated: { type: 'timestamp' } },
    },
    partitions: dated('date', at, [DAY, "'2024-05-02'"], BOTH),
    'an array of numbers': aggregated('int[]', { ...integer, array: true }, 'sum', [], /is of type integer\[\]/),
    'a numeric NaN': aggregated('numeric', { type: 'numeric' }, 'avg', ["'NaN'", '1'], /the value is NaN/),
    money: aggregated('money', { type: 'money' }, 'sum', ["'1234.56'", "'-1.50'"], '1233.06'),
    'a domain of numeric': {
      ...aggregated('price', { type: 'numeric', precision: 10, scale: 2 }, 'sum', ['1.10', '2.25'], '3.35'),
      before: ['CREATE DOMAIN price AS numeric(10,2)'],
    },
    'a timestamptz declared as text': {
      ...keyed('timestamptz', 'varchar', ["'2024-05-01 10:00Z'"], []),
      expected: /dimensions\.text.*stored as timestamp with time zone: its text would depend/,
    },
    'a domain of citext': keyed(
      'email',
      'varchar',
      ["'A@x'", "'a@x'"],
      [
        ['A@x', 1],
        ['a@x', 1],
      ],
      ['CREATE EXTENSION IF NOT EXISTS citext', "CREATE DOMAIN email AS citext CHECK (VALUE LIKE '%@%')"],
    ),
    'bit varying': keyed(
      'bit varying',
      'bit varying',
      ["B'01'", "B'1'"],
      [
        ['01', 1],
        ['1', 1],
      ],
    ),
    macaddr8: keyed(
      'macaddr8',
      'varchar',
      ["'08:00:2b:01:02:03:04:05'", "'08-00-2B-01-02-03-04-05'"],
      [['08:00:2b:01:02:03:04:05', 2]],
    ),
    pg_lsn: keyed('pg_lsn', 'varchar', ["'0/16AE7F8'", "'0/016AE7F8'"], [['0/16AE7F8', 2]]),
    hstore: keyed(
      'hstore',
      'hstore',
      ["'a=>1,b=>2'", "'b=>2, a=>1'"],
      [['"a"=>"1", "b"=>"2"', 2]],
      ['CREATE EXTENSION IF NOT EXISTS hstore'],
    ),
    tsvector: keyed('tsvector', 'tsvector', ["'a b'", "'b a'"], [["'a' 'b'", 2]]),
    composite: keyed(
      'pair',
      'varchar',
      ["ROW(1, 'a b')", "ROW(1, 'a b')"],
      [['(1,"a b")', 2]],
      ['CREATE TYPE pair AS (x int, y text)'],
    ),
    timetz: keyed(
      'timetz',
      'timetz',
      ["'12:00+02'", "'10:00+00'"],
      [
        ['12:00:00+02', 1],
        ['10:00:00+00', 1],
      ],
    ),
    jsonpath: keyed('jsonpath', 'varchar', ["'$.a'", `'$."a"'`], [['$."a"', 2]]),
  },
  mariadb: {
    ...EVERYWHERE,
    'a datetime declared as date': dated('datetime', at, [], /declared as date, and stored as datetime/),
    'a date declared as datetime': dated('date', { type: 'datetime' }, [], /stored as date/),
    'text declared as datetime': dated('varchar(40)', { type: 'datetime' }, [], /stored as varchar/),
    'a double declared as int': dated('double', integer, [], /stored as double/, { epoch: 's' }),
    'timestamp(6) around midnight': dated(
      'timestamp(6) NULL',
      { type: 'timestamp', precision: 6 },
      ["'2024-05-01 23:59:59.999999'", "'2024-05-02 00:00:00.000000'", 'NULL'],
      BOTH,
      { storedIn: 'UTC' },
    ),
    'a time': dated('time', { type: 'time' }, [], /is of type time/),
    'a virtual column': {
      ...dated(
        'datetime, generated datetime AS (at + interval 1 day) VIRTUAL',
        { type: 'datetime' },
        ["'2024-05-01 10:00:00'"],
        { '2024-05-02': '1' },
        { storedIn: 'UTC', dateField: 'generated' },
      ),
      columns: { at: { type: 'datetime' }, generated: { type: 'datetime' } },
    },
    'an invisible column': dated('date INVISIBLE', at, [DAY], { '2024-05-01': '1' }),
    'unsigned past 2^64': aggregated(
      'bigint unsigned',
      { type: 'bigint', unsigned: true },
      'sum',
      ['18446744073709551615', '18446744073709551615'],
      '36893488147419103230',
    ),
    'decimal(65,30)': aggregated(
      'decimal(65,30)',
      { type: 'decimal', precision: 65, scale: 30 },
      'avg',
      ['1', '12345678901234567890.5'],
      '6172839450617283945.75',
    ),
    'decimals of 65 digits': aggregated(
      'decimal(65,0)',
      { type: 'decimal', precision: 65 },
      'sum',
      ['9'.repeat(65)],
      /cannot be stored/,
    ),
    year: aggregated('year', { type: 'year' }, 'avg', ['2024', '2020'], '2022'),
    'the error value of an enum': keyed(
      "enum('a','b')",
      'varchar',
      ["'zzz'", "'a'"],
      [
        ['', 1],
        ['a', 1],
      ],
      ["SET SESSION sql_mode = ''"],
    ),
    'an empty set': keyed(
      "set('a','b')",
      'varchar',
      ["''", "'b,a'", "'a,b'"],
      [
        ['', 1],
        ['a,b', 2],
      ],
    ),
    'time(3)': keyed(
      'time(3)',
      'time',
      ["'-838:59:59'", "'12:00'", "'12:00:00.000'"],
      [
        ['-838:59:59.000', 1],
        ['12:00:00.000', 2],
      ],
    ),
    'german latin1': keyed(
      'varchar(20) CHARACTER SET latin1 COLLATE latin1_german2_ci',
      'varchar',
      ["'Müller'", "'Mueller'"],
      [
        ['Müller', 1],
        ['Mueller', 1],
      ],
    ),
    utf16: keyed(
      'varchar(20) CHARACTER SET utf16',
      'varchar',
      ["'ß\u{1f642}'", "'ss'"],
      [
        ['ß\u{1f642}', 1],
        ['ss', 1],
      ],
    ),
  },
  sqlite: {
    ...EVERYWHERE,
    'fractions of seconds': dated(
      'integer',
      integer,
      ['1714521599.999', '1714521600.5', '1714607999.25'],
      { '2024-04-30': '1', '2024-05-01': '2' },
      { epoch: 's' },
    ),
    'milliseconds as REAL': dated(
      'real',
      bigint,
      ['1714521599999.5', '1714521600000'],
      { '2024-04-30': '1', '2024-05-01': '1' },
      { epoch: 'ms' },
    ),
    'numbers in a TEXT column': dated('text', integer, ["'1714521600'"], /stored as numbers/, { epoch: 's' }),
    'a date among numbers': dated('integer', integer, ['1714521600', "'2024-05-01 10:00:00'"], /1 rows/, {
      epoch: 's',
    }),
    '05/01/2024': dated('date', at, ["'05/01/2024'"], /holds "05\/01\/2024"/),
    '2024-13-41': dated('date', at, ["'2024-13-41'", DAY], /holds "2024-13-41", one of 1/),
    '2023-02-30 10:00': dated('datetime', { type: 'datetime' }, ["'2023-02-30 10:00'"], /holds "2023-02-30 10:00"/),
    '2024-02-29': dated(
      'date',
      at,
      ["'2024-02-29'", "'2024-01-31'"],
      { '2024-01-31': '1', '2024-02-29': '1' },
      { density: 'changes' },
    ),
    'a generated date': {
      ...dated(
        "integer, generated text AS (datetime(at, 'unixepoch')) VIRTUAL",
        integer,
        ['1714521600', '1714607999'],
        { '2024-05-01': '2' },
        { dateField: 'generated' },
      ),
      columns: { at: integer, generated: { type: 'datetime' } },
    },
    words: aggregated(
      'real',
      { type: 'real' },
      'avg',
      ['5', "'abc'"],
      /avg\("v"\) .* a row has "abc", which is no number/,
    ),
    'a decimal comma': aggregated(
      'numeric',
      { type: 'decimal', precision: 10, scale: 2 },
      'sum',
      ['5', "'1,50'"],
      /"1,50"/,
    ),
    'a blob among numbers': aggregated('blob', integer, 'max', ["x'35'", '10'], /"0x35"/),
    'numbers as text': aggregated('text', { type: 'decimal' }, 'max', ["'5.25'", "'10.5'", 'NULL'], '10.5'),
    'a sum of numbers as text': aggregated(
      'text',
      { type: 'decimal', precision: 10, scale: 2 },
      'sum',
      ["'5.25'", "'010.50'"],
      '15.75',
    ),
    'bytes of a strict table': {
      ...keyed(
        'blob',
        'blob',
        ["x'00'", "x'0000'"],
        [
          ['00', 1],
          ['0000', 1],
        ],
      ),
      table: 'at text, k blob',
    },
  },
};

/** Tables that are no plain ones. */
const SUFFIX: Readonly<Record<string, string>> = {
  'bytes of a strict table': ' STRICT',
  partitions: ' PARTITION BY RANGE (at)',
};

describeOnEachDatabase('a column that TypeORM did not make:', (database) => {
  let number = 0;
  const cases = Object.entries(CASES[database.kind]).map(([title, one]) => {
    const tableName = `sample_${String(++number)}`;
    const columns = { id: { type: 'integer', primary: true } as const, ...one.columns };
    const schema = new EntitySchema<Record<string, unknown>>({
      name: `Sample${String(number)}`,
      tableName,
      synchronize: false,
      columns,
    });
    return { title, one, tableName, schema };
  });
  let engine: Engine;

  beforeAll(async () => {
    const schemas = cases.map(({ schema }) => schema);
    engine = await engineOn(database, { entities: [...TRACKSTATS_ENTITIES, Owner, ByText, ...schemas] });
  });

  test.each(cases)('$title', async ({ title, one, tableName, schema }) => {
    const { dataSource } = engine;
    const key = title === 'partitions' ? '' : ' PRIMARY KEY';
    // one connection: some of it is of the session
    const runner = dataSource.createQueryRunner();
    for (const text of one.before ?? []) await runner.query(text);
    await runner.query(`CREATE TABLE ${tableName} (id int${key}, ${one.table})${SUFFIX[title] ?? ''}`);
    if (title === 'partitions') await runner.query(`CREATE TABLE ${tableName}_all PARTITION OF ${tableName} DEFAULT`);
    const names = ['id', ...Object.keys(one.columns)].filter((name) => name !== 'generated').join(', ');
    for (const [index, values] of one.values.entries()) {
      await runner.query(`INSERT INTO ${tableName} (${names}) VALUES (${String(index)}, ${values})`);
    }
    if (database.kind === 'mariadb') await runner.query('SET SESSION sql_mode = DEFAULT');
    await runner.release();
    const definition = definitionOf({ metric: newMetric(), ...one.given });
    const run = engine.run(definition, schema, { now: new Date('2024-05-02T23:30:00Z') });
    if (one.expected instanceof RegExp) {
      const error = await run.catch((reason: unknown) => reason);
      expect((error as { code?: string }).code).toMatch(/^TRACKSTATS_/);
      expect((error as Error).message.replace(/Sample\d+/, 'Sample')).toMatch(one.expected);
      return;
    }
    await run;
    const rows = Object.entries(await rowsOf(engine, definition)).filter(([, value]) => value !== '0');
    expect(Object.fromEntries(rows)).toEqual(one.expected);
    expect(await engine.verify(definition, schema)).toEqual([]);
  });
});

const cents = { to: (euros: number) => Math.round(euros * 100), from: (stored: number) => stored / 100 };
const wrapped = { to: (given: { at: Date }) => given.at, from: (stored: Date) => ({ at: stored }) };

class Money {
  @Column({ type: 'integer', name: 'order' })
  amount!: number;

  @Column({ type: 'varchar', length: 3 })
  currency!: string;
}

@Entity({ name: 'Select Größe' })
@Tree('materialized-path')
class Category {
  @PrimaryColumn({ type: 'integer', name: 'ID key' })
  id!: number;

  @Column({ type: 'varchar', length: 40, name: 'group', comment: 'shown', default: 'x' })
  title!: string;

  @TreeParent()
  parent!: Category | null;

  @TreeChildren()
  children!: Category[];

  @DeleteDateColumn()
  deletedAt!: Date | null;
}

@Entity({ name: 'Order by' })
@TableInheritance({ column: { type: 'varchar', length: 20, name: 'kindOf' } })
class Sale {
  @PrimaryColumn({ type: 'integer' })
  id!: number;

  /** named as the other's column, and not selected */
  @Column({ type: 'date', name: 'b', select: false })
  a!: string;

  @Column({ type: 'date', name: 'a' })
  b!: string;

  @Column({ type: Date, precision: 3, transformer: wrapped })
  wrapped!: { at: Date };

  @Column({ type: 'integer', transformer: cents })
  price!: number;

  @Column(() => Money, { prefix: 'select' })
  net!: Money;

  @Column({ type: 'simple-json' })
  tags!: unknown;

  @Column({ type: 'simple-array' })
  list!: string[];

  @Column({ type: 'simple-enum', enum: ['a', 'B'] })
  grade!: string;

  @ManyToOne(() => Category)
  category!: Category | null;
}

@ChildEntity('gift')
class Gift extends Sale {
  @Column({ type: 'integer', nullable: true, name: 'from' })
  weight!: number | null;
}

@ChildEntity('voucher')
class Voucher extends Sale {}

@ViewEntity({
  expression: (dataSource) =>
    dataSource
      .createQueryBuilder()
      .select('s.id', 'id')
      .addSelect('s.b', 'day')
      .addSelect('s.price', 'price')
      .from(Sale, 's'),
})
class SaleView {
  @ViewColumn()
  id!: number;

  @Column({ type: 'date' })
  day!: string;

  @ViewColumn()
  price!: number;
}

describeOnEachDatabase('a column as an entity declares it:', (database) => {
  let engine: Engine;
  const NOW = '2024-05-04T00:00:00Z';

  beforeAll(async () => {
    engine = await engineOn(database, {
      entities: [...TRACKSTATS_ENTITIES, Owner, ByText, Category, Sale, Gift, Voucher, SaleView],
    });
    const { dataSource } = engine;
    const root = await dataSource.getRepository(Category).save({ id: 1, title: 'root', parent: null });
    const leaf = await dataSource.getRepository(Category).save({ id: 2, title: 'leaf', parent: root });
    const gone = await dataSource
      .getRepository(Category)
      .save({ id: 3, title: 'gone', parent: root, deletedAt: new Date() });
    const rows = [
      [Gift, { category: leaf, grade: 'a', tags: { x: [1] }, list: ['a', 'b'], weight: 7 }],
      [Gift, { category: root, grade: 'B', tags: { x: [1] }, list: ['b', 'a'], weight: 5 }],
      [Voucher, { category: gone, grade: 'a', tags: [], list: [] }],
    ] as const;
    for (const [index, [entity, row]] of rows.entries()) {
      const day = index + 1;
      await insert(dataSource, entity, [
        {
          ...row,
          id: day,
          a: '2024-05-01',
          b: `2024-05-0${String(day)}`,
          wrapped: { at: new Date(`2024-05-0${String(day)}T23:59:59.999Z`) },
          price: day + 0.25,
          net: { amount: 10 * day, currency: 'EUR' },
        },
      ]);
    }
  });

  const text = (path: string): TrackedTarget => ({
    kind: 'dimensions',
    statistic: ByText,
    dimensions: { text: path },
  });
  const sum = (field: string) => ({ aggregate: { function: 'sum', field } as const });
  const sparse = { density: 'changes' as const };

  test.each<[string, typeof Sale | typeof SaleView, Given, Record<string, string>]>([
    ['a property named as another column, not selected', Sale, { dateField: 'a' }, { '2024-05-01': '3' }],
    [
      'and the other, with a condition',
      Sale,
      { dateField: 'b', where: { a: '2024-05-01', b: '2024-05-02' } },
      { '2024-05-02': '1' },
    ],
    [
      'a date with a transformer',
      Sale,
      { dateField: 'wrapped' },
      { '2024-05-01': '1', '2024-05-02': '1', '2024-05-03': '1' },
    ],
    [
      'a number with a transformer, as it is stored',
      Sale,
      { dateField: 'a', ...sum('price') },
      { '2024-05-01': '675' },
    ],
    [
      'an embedded number under a prefix, named as a keyword',
      Sale,
      { dateField: 'a', ...sum('net.amount') },
      { '2024-05-01': '60' },
    ],
    ['an embedded key', Sale, { dateField: 'a', target: text('net.currency') }, { '2024-05-01 EUR': '3' }],
    [
      'simple-json',
      Sale,
      { dateField: 'a', target: text('tags') },
      { '2024-05-01 {"x":[1]}': '2', '2024-05-01 []': '1' },
    ],
    [
      'simple-array',
      Sale,
      { dateField: 'a', target: text('list') },
      { '2024-05-01 a,b': '1', '2024-05-01 b,a': '1', '2024-05-01 ': '1' },
    ],
    ['simple-enum', Sale, { dateField: 'a', target: text('grade') }, { '2024-05-01 a': '2', '2024-05-01 B': '1' }],
    ['a subclass by its discriminator', Gift, { dateField: 'a', ...sum('weight') }, { '2024-05-01': '12' }],
    [
      'a subclass with two conditions',
      Gift,
      { dateField: 'a', where: [{ grade: 'a' }, { grade: 'B', price: 2.25 }] },
      { '2024-05-01': '2' },
    ],
    ['a subclass without columns', Voucher, { dateField: 'b' }, { '2024-05-03': '1' }],
    [
      'a relation to a tree, one deleted',
      Sale,
      { dateField: 'a', target: text('category.title') },
      { '2024-05-01 leaf': '1', '2024-05-01 root': '1', '2024-05-01 ␀': '1' },
    ],
    [
      'with deleted rows',
      Sale,
      { dateField: 'a', withDeleted: true, target: text('category.title') },
      { '2024-05-01 leaf': '1', '2024-05-01 root': '1', '2024-05-01 gone': '1' },
    ],
    [
      'the parent in a tree',
      Sale,
      { dateField: 'a', target: text('category.parent.title') },
      { '2024-05-01 root': '1', '2024-05-01 ␀': '2' },
    ],
    [
      'a view',
      SaleView,
      { dateField: 'day', aggregate: { function: 'countDistinct', field: 'price' } },
      { '2024-05-01': '1', '2024-05-02': '1', '2024-05-03': '1' },
    ],
  ])('%s', async (_, entity, given, expected) => {
    const { definition, rows } = await ran(engine, entity, NOW, { ...sparse, ...given });
    expect(await rows()).toEqual(expected);
    expect(await engine.verify(definition, entity)).toEqual([]);
  });

  test('a number of a view that declares no type is refused', async () => {
    await expect(ran(engine, SaleView, NOW, { dateField: 'day', ...sum('price') })).rejects.toThrow(
      /aggregate: "price" of SaleView has no type.*Declare it/,
    );
  });

  test('the roots and leaves of a tree itself, by its own key', async () => {
    const all = await ran(engine, Category, NOW, { dateField: 'deletedAt', periods: [Period.DAY] });
    expect(await all.rows()).toEqual({});
  });
});
