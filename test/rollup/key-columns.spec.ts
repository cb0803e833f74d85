import type { EventEmitter } from 'node:events';
import {
  type ColumnType,
  type DataSource,
  Entity,
  EntitySchema,
  type EntitySchemaColumnOptions,
  PrimaryColumn,
} from 'typeorm';
import { InvalidPropertyPathError } from '../../lib/errors/source.error.js';
import { AbstractStatistic } from '../../lib/statistics/tables/abstract-statistic.js';
import { Dimension } from '../../lib/statistics/tables/dimension.decorator.js';
import { Period } from '../../lib/time/period.js';
import type { TrackedTarget } from '../../lib/tracking/definition/tracker-definition.js';
import { type DatabaseKind, describeOnEachDatabase, type TestDatabase } from '../support/databases.js';
import { definitionOf, Engine, TRACKSTATS_ENTITIES, type OneMetric } from '../support/engine.js';
import { newMetric, ran, rowsOf } from './stored.js';

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

/** One column of a source. */
interface Case {
  readonly column: Partial<EntitySchemaColumnOptions> & { readonly type: ColumnType };
  /** changes the column behind TypeORM's back */
  readonly real?: string;
  /** each row's value as SQL, with the key that it must have */
  readonly values: readonly (readonly [value: string, key: string])[];
}

const COLUMNS: Record<DatabaseKind, Record<string, Case>> = {
  postgres: {
    numeric: { column: { type: 'numeric' }, values: pairs(["'1.5'", '1.5'], ["'1.50'", '1.50'], ["'1.500'", '1.500']) },
    numeric_scaled: {
      column: { type: 'numeric', precision: 10, scale: 2 },
      values: pairs(['1.5', '1.50'], ['1.50', '1.50'], ['-1', '-1.00']),
    },
    citext: {
      column: { type: 'citext' },
      values: pairs(["'Bob@x'", 'Bob@x'], ["'bob@x'", 'bob@x'], ["'Bob@x'", 'Bob@x']),
    },
    secret_citext: {
      column: { type: 'varchar' },
      real: 'ALTER secret_citext TYPE citext',
      values: pairs(["'Bob@x'", 'Bob@x'], ["'bob@x'", 'bob@x'], ["'Bob@x'", 'Bob@x']),
    },
    loose: {
      column: { type: 'varchar' },
      real: 'ALTER loose TYPE varchar COLLATE loose',
      values: pairs(["'\u00e9'", '\u00e9'], ["'E'", 'E'], ["'e'", 'e']),
    },
    char: { column: { type: 'char', length: 6 }, values: pairs(["'ab'", 'ab'], ["'ab  '", 'ab'], ["'AB'", 'AB']) },
    loose_char: {
      column: { type: 'char', length: 6 },
      real: 'ALTER loose_char TYPE char(6) COLLATE loose',
      values: pairs(["'ab'", 'ab'], ["'ab  '", 'ab'], ["'AB'", 'AB']),
    },
    interval: {
      column: { type: 'interval' },
      values: pairs(["'1 month'", '1 mon'], ["'30 days'", '30 days'], ["'720 hours'", '720:00:00']),
    },
    json: {
      column: { type: 'json' },
      values: pairs([`'{"a":1}'`, '{"a":1}'], [`'{"a": 1}'`, '{"a": 1}'], [`'{"a":1}'`, '{"a":1}']),
    },
    jsonb: {
      column: { type: 'jsonb' },
      values: pairs([`'{"a":1.0}'`, '{"a": 1.0}'], [`'{"a":1.00}'`, '{"a": 1.00}'], ["'1'", '1']),
    },
    array: {
      column: { type: 'integer', array: true },
      values: pairs(["'{1,2}'", '{1,2}'], ["'{2,1}'", '{2,1}'], ["'{1,2}'", '{1,2}']),
    },
    numerics: {
      column: { type: 'numeric', array: true },
      values: pairs(["'{1.0}'", '{1.0}'], ["'{1.00}'", '{1.00}'], ["'{}'", '{}']),
    },
    texts: {
      column: { type: 'text', array: true },
      values: pairs(["'{a}'", '{a}'], ["'{A}'", '{A}'], ["'{a}'", '{a}']),
    },
    jsons: {
      column: { type: 'json', array: true },
      values: pairs(["'{1,2}'", '{1,2}'], ["'{2}'", '{2}'], ["'{1,2}'", '{1,2}']),
    },
    enum: { column: { type: 'enum', enum: ['b', 'a'] }, values: pairs(["'a'", 'a'], ["'b'", 'b'], ["'a'", 'a']) },
    enums: {
      column: { type: 'enum', enum: ['b', 'a'], array: true },
      values: pairs(["'{a,b}'", '{a,b}'], ["'{b}'", '{b}'], ["'{a,b}'", '{a,b}']),
    },
    inet: {
      column: { type: 'inet' },
      values: pairs(["'10.0.0.1'", '10.0.0.1'], ["'10.0.0.1/24'", '10.0.0.1/24'], ["'2001:DB8::1'", '2001:db8::1']),
    },
    cidr: {
      column: { type: 'cidr' },
      values: pairs(["'10.0.0.0/8'", '10.0.0.0/8'], ["'10.0.0.1'", '10.0.0.1/32'], ["'::/0'", '::/0']),
    },
    macaddr: {
      column: { type: 'macaddr' },
      values: pairs(
        ["'08-00-2B-01-02-03'", '08:00:2b:01:02:03'],
        ["'08002b:010203'", '08:00:2b:01:02:03'],
        ["'08:00:2b:01:02:04'", '08:00:2b:01:02:04'],
      ),
    },
    bytea: {
      column: { type: 'bytea' },
      values: pairs(["'\\x00ff'", '00ff'], ["'\\x00'", '00'], ["'\\x5c61'", '5c61']),
    },
    float: { column: { type: 'float8' }, values: pairs(["'-0'", '0'], ["'0'", '0'], ["'0.1'", '0.1']) },
    real: { column: { type: 'real' }, values: pairs(["'-0'", '0'], ["'0'", '0'], ["'0.1'", '0.1']) },
    numrange: {
      column: { type: 'numrange' },
      values: pairs(["'[1,2)'", '[1,2)'], ["'[1.0,2.0)'", '[1.0,2.0)'], ["'[1,2]'", '[1,2]']),
    },
    money: { column: { type: 'money' }, values: pairs(['1.5', '$1.50'], ['1.50', '$1.50'], ['2', '$2.00']) },
    bit: {
      column: { type: 'bit', length: '4' },
      values: pairs(["B'0101'", '0101'], ["B'0001'", '0001'], ["B'0101'", '0101']),
    },
    varbit: { column: { type: 'varbit' }, values: pairs(["B'01'", '01'], ["B'1'", '1'], ["B'01'", '01']) },
    timestamptz: {
      column: { type: 'timestamptz' },
      values: pairs(
        ["'2024-05-01 12:00+05:30'", '2024-05-01 06:30:00+00'],
        ["'2024-05-01 06:30Z'", '2024-05-01 06:30:00+00'],
        ["'2024-05-01 06:30:00.120Z'", '2024-05-01 06:30:00.12+00'],
      ),
    },
    timestamp: {
      column: { type: 'timestamp' },
      values: pairs(
        ["'2024-05-01 12:00'", '2024-05-01 12:00:00'],
        ["'2024-05-01 12:00:00.000001'", '2024-05-01 12:00:00.000001'],
        ["'2024-05-01 12:00'", '2024-05-01 12:00:00'],
      ),
    },
    date: {
      column: { type: 'date' },
      values: pairs(["'2024-05-01'", '2024-05-01'], ["'May 1 2024'", '2024-05-01'], ["'0001-01-01'", '0001-01-01']),
    },
    time: {
      column: { type: 'time' },
      values: pairs(["'12:00'", '12:00:00'], ["'12:00:00.5'", '12:00:00.5'], ["'12:00'", '12:00:00']),
    },
    point: {
      column: { type: 'point' },
      values: pairs(["'(1,2)'", '(1,2)'], ["'(2,1)'", '(2,1)'], ["'(1,2)'", '(1,2)']),
    },
    box: {
      column: { type: 'box' },
      values: pairs(
        ["'(1,2),(0,0)'", '(1,2),(0,0)'],
        ["'(2,1),(0,0)'", '(2,1),(0,0)'],
        ["'(1,2),(0,0)'", '(1,2),(0,0)'],
      ),
    },
    xml: { column: { type: 'xml' }, values: pairs(["'<a/>'", '<a/>'], ["'<a></a>'", '<a></a>'], ["'<a/>'", '<a/>']) },
    boolean: { column: { type: 'boolean' }, values: pairs(['true', 'true'], ['false', 'false'], ['true', 'true']) },
    uuid: {
      column: { type: 'uuid' },
      values: pairs(
        ["'A0EEBC99-9C0B-4EF8-BB6D-6BB9BD380A11'", 'a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11'],
        ["'{a0eebc999c0b4ef8bb6d6bb9bd380a11}'", 'a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11'],
        ["'00000000-0000-0000-0000-000000000000'", '00000000-0000-0000-0000-000000000000'],
      ),
    },
  },
  mariadb: {
    bit: { column: { type: 'bit' }, values: pairs(["b'1'", '1'], ["b'0'", '0'], ["b'1'", '1']) },
    bits: {
      column: { type: 'bit' },
      real: 'MODIFY bits bit(64) NULL',
      values: pairs(["b'101'", '5'], ['18446744073709551615', '18446744073709551615'], ["b'0101'", '5']),
    },
    boolean: { column: { type: 'boolean' }, values: pairs(['1', '1'], ['0', '0'], ['2', '1']) },
    tinyint: { column: { type: 'tinyint' }, values: pairs(['1', '1'], ['-1', '-1'], ['2', '2']) },
    padded_int: {
      column: { type: 'int', unsigned: true },
      real: 'MODIFY padded_int int(8) unsigned zerofill NULL',
      values: pairs(['42', '42'], ['00042', '42'], ['7', '7']),
    },
    padded_decimal: {
      column: { type: 'decimal', precision: 8, scale: 2 },
      real: 'MODIFY padded_decimal decimal(8,2) zerofill NULL',
      values: pairs(['42', '42.00'], ['42.00', '42.00'], ['7.5', '7.50']),
    },
    binary: {
      column: { type: 'binary', length: 4 },
      values: pairs(["x'0102'", '01020000'], ["x'01020000'", '01020000'], ["x'ff5c2700'", 'ff5c2700']),
    },
    binary_uuid: {
      column: { type: 'binary', length: 16 },
      values: pairs(
        ["x'a0eebc999c0b4ef8bb6d6bb9bd380a11'", 'a0eebc999c0b4ef8bb6d6bb9bd380a11'],
        ["x'a0eebc999c0b4ef8bb6d6bb9bd380a20'", 'a0eebc999c0b4ef8bb6d6bb9bd380a20'],
        ["x'00000000000000000000000000000020'", '00000000000000000000000000000020'],
      ),
    },
    varbinary: {
      column: { type: 'varbinary', length: 16 },
      values: pairs(["x'61'", '61'], ["x'41'", '41'], ["x'6120'", '6120']),
    },
    blob: { column: { type: 'blob' }, values: pairs(["x'61'", '61'], ["x'ff'", 'ff'], ["x'6120'", '6120']) },
    char: { column: { type: 'char', length: 6 }, values: pairs(["'ab'", 'ab'], ["'ab  '", 'ab'], ["'AB'", 'AB']) },
    decimal: {
      column: { type: 'decimal', precision: 10, scale: 2 },
      values: pairs(['1.5', '1.50'], ["'-0.00'", '0.00'], ['1.50', '1.50']),
    },
    double: { column: { type: 'double' }, values: pairs(['-0e0 * 1', '0'], ['0', '0'], ['0.1', '0.1']) },
    float: { column: { type: 'float' }, values: pairs(['0.1', '0.1'], ['0', '0'], ['0.1', '0.1']) },
    year: { column: { type: 'year' }, values: pairs(['2024', '2024'], ['1999', '1999'], ["'24'", '2024']) },
    set: { column: { type: 'set', enum: ['a', 'b'] }, values: pairs(["'a,b'", 'a,b'], ["'b,a'", 'a,b'], ["'b'", 'b']) },
    enum: { column: { type: 'enum', enum: ['x', '1'] }, values: pairs(["'x'", 'x'], ["'1'", '1'], ["'x'", 'x']) },
    uuid: {
      column: { type: 'uuid' },
      values: pairs(
        ["'A0EEBC99-9C0B-4EF8-BB6D-6BB9BD380A11'", 'a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11'],
        ["'a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11'", 'a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11'],
        ["'00000000-0000-0000-0000-000000000000'", '00000000-0000-0000-0000-000000000000'],
      ),
    },
    inet6: {
      column: { type: 'inet6' },
      values: pairs(
        ["'2001:DB8::1'", '2001:db8::1'],
        ["'::ffff:10.0.0.1'", '::ffff:10.0.0.1'],
        ["'2001:db8:0::1'", '2001:db8::1'],
      ),
    },
    json: {
      column: { type: 'json' },
      values: pairs([`'{"a":1}'`, '{"a":1}'], [`'{"a": 1}'`, '{"a": 1}'], [`'{"A":1}'`, '{"A":1}']),
    },
    datetime: {
      column: { type: 'datetime', precision: 3 },
      values: pairs(
        ["'2024-05-01 12:00'", '2024-05-01 12:00:00.000'],
        ["'2024-05-01 12:00:00.12'", '2024-05-01 12:00:00.120'],
        ["'2024-05-01 12:00'", '2024-05-01 12:00:00.000'],
      ),
    },
    timestamp: {
      column: { type: 'timestamp', precision: 0 },
      values: pairs(
        ['FROM_UNIXTIME(1714545000)', '2024-05-01 06:30:00'],
        ['FROM_UNIXTIME(1714545001)', '2024-05-01 06:30:01'],
        ['FROM_UNIXTIME(1714545000)', '2024-05-01 06:30:00'],
      ),
    },
    date: {
      column: { type: 'date' },
      values: pairs(["'2024-05-01'", '2024-05-01'], ["'2024-5-1'", '2024-05-01'], ["'1000-01-02'", '1000-01-02']),
    },
    text: { column: { type: 'text' }, values: pairs(["'a'", 'a'], ["'A'", 'A'], ["'a '", 'a ']) },
  },
  sqlite: {
    blob: { column: { type: 'blob' }, values: pairs(["x'00ff'", '00ff'], ["x'00'", '00'], ["x'6162'", '6162']) },
    uuids: {
      column: { type: 'blob' },
      values: pairs(
        ["x'a0eebc999c0b4ef8bb6d6bb9bd380a11'", 'a0eebc999c0b4ef8bb6d6bb9bd380a11'],
        ["x'a0ff'", 'a0ff'],
        ["x'a0'", 'a0'],
      ),
    },
    mixed_text: { column: { type: 'varchar' }, values: pairs(["'a'", 'a'], ["x'61'", '61'], ['7', '7']) },
    mixed: { column: { type: 'blob' }, values: pairs(["'1'", '1'], ['1', '1'], ["x'31'", '31']) },
    mixed_integer: { column: { type: 'integer' }, values: pairs(["'007'", '7'], ['7', '7'], ["'x7'", 'x7']) },
    decimal: {
      column: { type: 'decimal', precision: 10, scale: 2 },
      values: pairs(["'1.50'", '1.5'], ['1.5', '1.5'], ['2.0', '2']),
    },
    real: { column: { type: 'real' }, values: pairs(['5', '5.0'], ['-0.0', '0.0'], ['0.0', '0.0']) },
    boolean: { column: { type: 'boolean' }, values: pairs(['1', '1'], ["'true'", '1'], ['0', '0']) },
    boolean_text: { column: { type: 'boolean' }, values: pairs(['2', '1'], ["'false'", '0'], ["'FALSE'", '0']) },
    nocase: {
      column: { type: 'varchar', collation: 'NOCASE' },
      values: pairs(["'a'", 'a'], ["'A'", 'A'], ["'a '", 'a ']),
    },
    date: {
      column: { type: 'date' },
      values: pairs(["'2024-05-01'", '2024-05-01'], ["'2024-05-01'", '2024-05-01'], ["'1000-01-02'", '1000-01-02']),
    },
  },
};

/** Columns whose values have no text that is the same in every session. */
const REFUSED: Record<DatabaseKind, Record<string, Case['column']>> = {
  postgres: { spans: { type: 'tstzrange' }, instants: { type: 'timestamptz', array: true } },
  mariadb: { place: { type: 'point' } },
  sqlite: {},
};

function pairs(...values: [value: string, key: string][]): [value: string, key: string][] {
  return values;
}

/** Settings of a role or a server on which the text of values depends. */
const SETTINGS: Record<DatabaseKind, string> = {
  postgres: [
    'datestyle=German',
    'intervalstyle=iso_8601',
    'extra_float_digits=-10',
    'bytea_output=escape',
    'timezone=Asia/Kolkata',
    'synchronous_commit=off',
  ]
    .map((setting) => `-c ${setting}`)
    .join(' '),
  mariadb: "SET time_zone = '+05:30', sql_mode = CONCAT(@@sql_mode, ',PAD_CHAR_TO_FULL_LENGTH')",
  sqlite: '',
};

async function engineWith(
  database: TestDatabase,
  entities: Parameters<TestDatabase['open']>[0]['entities'],
  synchronize = true,
): Promise<Engine> {
  const settings = SETTINGS[database.kind];
  const extra = database.kind === 'postgres' ? { options: settings } : {};
  const dataSource = await database.open({ entities, extra, synchronize });
  if (database.kind === 'mariadb') {
    // each connection of the pool, from here on
    const { pool } = dataSource.driver as unknown as { pool: EventEmitter };
    pool.on('connection', (connection: { query(text: string): void }) => {
      connection.query(settings);
    });
    await Promise.all(Array.from({ length: 4 }, () => dataSource.query(`${settings}, @slept = SLEEP(0.05)`)));
  }
  return Engine.on(dataSource);
}

const DAYS = ['2024-05-01', '2024-05-02', '2024-05-03'];
const PERIODS = [Period.DAY, Period.LIFETIME];

describeOnEachDatabase('keys of a column of type', (database) => {
  const columns = COLUMNS[database.kind];
  const Keyed = new EntitySchema<Record<string, unknown>>({
    name: 'Keyed',
    columns: {
      id: { type: 'integer', primary: true },
      at: { type: 'date' },
      ...Object.fromEntries(Object.entries(columns).map(([name, { column }]) => [name, { ...column, nullable: true }])),
    },
  });
  let engine: Engine;
  let elsewhere: DataSource;

  beforeAll(async () => {
    if (database.kind === 'postgres') {
      const dataSource = await database.open({ entities: [] });
      await dataSource.query('CREATE EXTENSION citext');
      await dataSource.query(
        `CREATE COLLATION loose (provider = icu, locale = 'und-u-ks-level1', deterministic = false)`,
      );
    }
    engine = await engineWith(database, [...TRACKSTATS_ENTITIES, Owner, ByText, Keyed]);
    ({ dataSource: elsewhere } = await engineWith(database, [...TRACKSTATS_ENTITIES, Owner, ByText, Keyed], false));
    const { driver } = engine.dataSource;
    for (const { real } of Object.values(columns)) {
      if (real !== undefined) await engine.dataSource.query(`ALTER TABLE keyed ${real}`);
    }
    const names = Object.keys(columns).map((name) => driver.escape(name));
    for (const [row, day] of DAYS.entries()) {
      const values = Object.values(columns).map(({ values: given }) => given[row]?.[0]);
      await engine.dataSource.query(
        `INSERT INTO keyed (id, at, ${names.join(', ')}) VALUES (${String(row)}, '${day}', ${values.join(', ')})`,
      );
    }
    await engine.dataSource.query(`INSERT INTO keyed (id, at) VALUES (9, '${DAYS[0]}')`);
  }, 30_000);

  /** The rows that a count by key must give, counted by hand. */
  function expected(keys: readonly string[], nulls: number, prefix = ''): Record<string, string>[] {
    const daily: Record<string, number> = nulls > 0 ? { [`${DAYS[0]} ␀`]: nulls } : {};
    const lifetime: Record<string, number> = { ...daily };
    keys.forEach((key, index) => {
      const name = `${String(DAYS[index])} ${prefix}${key}`;
      daily[name] = 1;
      lifetime[name] = keys.slice(0, index + 1).filter((other) => other === key).length;
    });
    return [daily, lifetime].map((rows) =>
      Object.fromEntries(Object.entries(rows).map(([name, value]) => [name, String(value)])),
    );
  }

  async function storedRows(definition: OneMetric): Promise<Record<string, string | null>[]> {
    return [await rowsOf(engine, definition, PERIODS[0]), await rowsOf(engine, definition, PERIODS[1])];
  }

  describe.each(Object.entries(columns))('%s', (name, { values }) => {
    const keys = values.map(([, key]) => key);

    const target: TrackedTarget = { kind: 'objects', field: name, entity: Owner };
    const now = '2024-05-03T20:00:00Z';

    test('objects, a run a day', async () => {
      const daily = definitionOf({ metric: newMetric(), dateField: 'at', target, periods: PERIODS });
      for (const day of DAYS) await engine.run(daily, Keyed, { now: new Date(`${day}T20:00:00Z`) });
      expect(await storedRows(daily)).toEqual(expected(keys, 0));
      expect(await engine.verify(daily, Keyed)).toEqual([]);
    });

    test('dimensions, with NULL', async () => {
      const byText: TrackedTarget = { kind: 'dimensions', statistic: ByText, dimensions: { text: name } };
      const given = { dateField: 'at', target: byText, periods: PERIODS };
      expect(await storedRows((await ran(engine, Keyed, now, given)).definition)).toEqual(expected(keys, 1));
    });

    test('distinct values', async () => {
      const aggregate = { function: 'countDistinct', field: name } as const;
      const given = { dateField: 'at', aggregate, periods: PERIODS };
      const seen = keys.map((_, index) => [DAYS[index], String(new Set(keys.slice(0, index + 1)).size)]);
      const expectedRows = Object.fromEntries(seen);
      expect(await (await ran(engine, Keyed, now, given)).rows(Period.LIFETIME)).toEqual(expectedRows);
      const across = await ran(engine, elsewhere.getRepository(Keyed), now, given);
      expect(await across.rows(Period.LIFETIME)).toEqual(expectedRows);
    });

    test('objects of another data source', async () => {
      const given = { dateField: 'at', target, periods: PERIODS };
      const { definition } = await ran(engine, elsewhere.getRepository(Keyed), now, given);
      expect(await storedRows(definition)).toEqual(expected(keys, 0));
    });

    test('objects of a query that repeats rows', async () => {
      const source = engine.dataSource
        .getRepository(Keyed)
        .createQueryBuilder('k')
        .innerJoin('Keyed', 'other', 'other.id <> k.id');
      const { rows } = await ran(engine, source, now, { dateField: 'at', target });
      expect(await rows()).toEqual(expected(keys, 0)[0]);
    });
  });

  const refused = REFUSED[database.kind];
  const Unkeyed = new EntitySchema<Record<string, unknown>>({
    name: 'Unkeyed',
    columns: {
      id: { type: 'integer', primary: true },
      at: { type: 'date' },
      ...Object.fromEntries(Object.entries(refused).map(([name, column]) => [name, { ...column, nullable: true }])),
    },
  });

  // SQLite has none
  for (const name of Object.keys(refused))
    test(`${name} are refused`, async () => {
      const others = await engineWith(database, [...TRACKSTATS_ENTITIES, Owner, Unkeyed]);
      const objects = ran(others, Unkeyed, '2024-05-03T20:00:00Z', {
        dateField: 'at',
        target: { kind: 'objects', field: name, entity: Owner },
      });
      await expect(objects).rejects.toThrow(InvalidPropertyPathError);
      await expect(objects).rejects.toThrow(new RegExp(`objectField: "${name}" of Unkeyed is of type .*Expected`));
      const aggregate = { function: 'countDistinct', field: name } as const;
      const distinct = ran(others, Unkeyed, '2024-05-03T20:00:00Z', { dateField: 'at', aggregate });
      await expect(distinct).rejects.toThrow(InvalidPropertyPathError);
    });
});
