import { EntitySchema, type EntitySchemaColumnOptions, type EntitySchemaRelationOptions } from 'typeorm';
import { COLUMNS, type ColumnCase } from '../../rollup/date-column-cases.js';
import type { DatabaseKind } from '../../support/databases.js';
import fc from '../../support/fast-check.js';

/** A row as TypeORM takes and returns it, of an entity that is known only when the test runs. */
export type Values = Record<string, unknown>;

export type EntityOf = new () => Values;

const KEYS = ['integer', 'bigint', 'uuid', 'text', 'composite'] as const;
export type KeyType = (typeof KEYS)[number];

/** Columns of numbers, and the least step between two values that each holds, in hundredths. */
const AMOUNTS = {
  integer: { options: { type: 'integer' }, step: 100 },
  smallint: { options: { type: 'smallint' }, step: 100 },
  bigint: { options: { type: 'bigint' }, step: 100 },
  decimal: { options: { type: 'decimal', precision: 14, scale: 2 }, step: 1 },
  numeric: { options: { type: 'numeric', precision: 20, scale: 5 }, step: 1 },
  float: { options: { type: 'float' }, step: 25 },
  double: { options: { type: 'double precision' }, step: 25 },
} as const satisfies Record<string, { options: EntitySchemaColumnOptions; step: number }>;
export type AmountType = keyof typeof AMOUNTS;

const KINDS = {
  text: ['a', 'A', 'á', '', "it's", 'x y'],
  enum: ['b', 'a', 'C', 'it_s', 'd', 'e'],
  boolean: [true, false],
  integer: [0, 1, -1, 10, 2_000_000_000, 7],
} as const;
export type KindType = keyof typeof KINDS;

/**
 * Names that need to be escaped, or that SQL has another meaning for. TypeORM does not escape those of tables where it
 * looks for them, so tables have no quotes.
 */
const NAMES = [
  'plain',
  'order',
  'Group',
  'a b',
  '50% off',
  'Tür',
  '数量',
  '$1',
  '-- rest',
  '; DROP',
  'value',
  'day',
  'source',
  'trackstats_0',
];

const COUNTRIES = ['NL', 'nl', 'BE', "d'Or", ''];

const row = fc.record({
  /** seconds before now; a few are to come */
  second: fc.oneof(
    { weight: 6, arbitrary: fc.integer({ min: 0, max: 40 * 86_400 }) },
    { weight: 1, arbitrary: fc.integer({ min: -86_400, max: 0 }) },
  ),
  owner: fc.option(fc.nat(3), { nil: null, freq: 5 }),
  amount: fc.option(fc.integer({ min: -300, max: 300 }), { nil: null, freq: 4 }),
  kind: fc.option(fc.nat(5), { nil: null, freq: 5 }),
  isDeleted: fc.boolean(),
  isChild: fc.boolean(),
  notes: fc.array(fc.constantFrom('x', 'y'), { maxLength: 3 }),
});

/** A row of the source, before it has the types of its columns. */
export type DrawnRow = typeof row extends fc.Arbitrary<infer T> ? T : never;

const owner = fc.record({
  country: fc.option(fc.constantFrom(...COUNTRIES), { nil: null, freq: 4 }),
  rank: fc.option(fc.integer({ min: -2, max: 2 }), { nil: null, freq: 4 }),
  isDeleted: fc.boolean(),
});

export const drawnTables = fc.record({
  key: fc.constantFrom(...KEYS),
  ownerKey: fc.constantFrom(...KEYS),
  date: fc.nat(1000),
  /** the date is that of a related row */
  isDateRelated: fc.boolean().chain((one) => fc.boolean().map((other) => one && other)),
  amount: fc.constantFrom(...(Object.keys(AMOUNTS) as AmountType[])),
  isEmbedded: fc.boolean(),
  kind: fc.constantFrom(...(Object.keys(KINDS) as KindType[])),
  names: fc.array(fc.constantFrom(...NAMES), { minLength: 10, maxLength: 10 }),
  hasSchema: fc.boolean(),
  isSoft: fc.boolean(),
  isOwnerSoft: fc.boolean(),
  /** single-table inheritance: the source is the parent, or one of its children */
  inheritance: fc.constantFrom('none', 'none', 'parent', 'child'),
  owners: fc.tuple(owner, owner, owner, owner),
  rows: fc.array(row, { maxLength: 14 }),
});

export type DrawnTables = typeof drawnTables extends fc.Arbitrary<infer T> ? T : never;

/** A name for each column of a table, all different also where the database compares them loosely. */
function columnNames(names: readonly string[], properties: readonly string[]): Record<string, string> {
  return Object.fromEntries(
    properties.map((property, place) => [property, `${names[place % names.length] ?? ''} ${String(place)}`]),
  );
}

/** The entities of drawn tables, and what a row of theirs is. */
export class SchemaTables {
  readonly source: EntityOf;
  readonly owner: EntityOf;
  readonly dateCase: ColumnCase;
  readonly entities: EntitySchema<Values>[];
  readonly amountField: string;
  readonly dateField: string;
  private readonly parent: EntityOf;
  private readonly other: EntityOf | null;
  private readonly visit: EntityOf | null;
  private readonly line: EntityOf;

  /** @param group tells the tables of one schema from those of others in the same database */
  constructor(
    private readonly kind: DatabaseKind,
    readonly drawn: DrawnTables,
    group: number,
    schema?: string,
  ) {
    const cases = Object.values(COLUMNS[kind]);
    this.dateCase = cases[drawn.date % cases.length] as ColumnCase;
    this.amountField = drawn.isEmbedded ? 'money.amount' : 'amount';
    this.dateField = drawn.isDateRelated ? 'visit.at' : 'at';
    const named = (name: string, base: EntityOf = class {} as EntityOf): EntityOf =>
      ({ [name]: class extends base {} })[name] as EntityOf;
    const [source, owner, visit, line] = ['Source', 'Owner', 'Visit', 'Line'].map((name) => `${name}${String(group)}`);
    this.parent = named(source ?? '');
    this.owner = named(owner ?? '');
    this.line = named(line ?? '');
    this.visit = drawn.isDateRelated ? named(visit ?? '') : null;
    const hasChildren = drawn.inheritance !== 'none';
    const child = hasChildren ? named(`Child${String(group)}`, this.parent) : null;
    this.other = hasChildren ? named(`Other${String(group)}`, this.parent) : null;
    this.source = drawn.inheritance === 'child' && child !== null ? child : this.parent;
    const place = { ...(drawn.hasSchema && schema !== undefined ? { schema } : {}) };
    const tableName = (index: number): string =>
      `${drawn.names[index]?.replace(/['"`]/g, '') ?? ''} ${String(group)}${'sovl'.charAt(index)}`;
    this.entities = [
      this.sourceSchema({ ...place, tableName: tableName(0) }),
      new EntitySchema<Values>({
        ...place,
        target: this.owner,
        name: this.owner.name,
        tableName: tableName(1),
        columns: {
          ...this.keyColumns(drawn.ownerKey, 5),
          country: { type: 'varchar', length: 40, nullable: true, name: `${drawn.names[6] ?? ''} c` },
          rank: { type: 'integer', nullable: true, name: `${drawn.names[7] ?? ''} r` },
          ...(drawn.isOwnerSoft ? { ghost: { type: Date, nullable: true, deleteDate: true } } : {}),
        },
      }),
      new EntitySchema<Values>({
        ...place,
        target: this.line,
        name: this.line.name,
        tableName: tableName(3),
        columns: {
          id: { type: 'integer', primary: true },
          note: { type: 'varchar', length: 40, name: `${drawn.names[8] ?? ''} n` },
        },
        relations: {
          source: this.relation(this.parent, drawn.key, 'source', 'lines'),
        },
      }),
    ];
    if (this.visit !== null) {
      this.entities.push(
        new EntitySchema<Values>({
          ...place,
          target: this.visit,
          name: this.visit.name,
          tableName: tableName(2),
          columns: { id: { type: 'integer', primary: true }, at: this.dateColumn() },
        }),
      );
    }
    for (const [target, discriminatorValue] of [
      [child, 'child'],
      [this.other, 'other'],
    ] as const) {
      if (target === null) continue;
      this.entities.push(
        new EntitySchema<Values>({
          target,
          name: target.name,
          type: 'entity-child',
          discriminatorValue,
          columns: {},
        }),
      );
    }
  }

  private sourceSchema(place: { tableName: string; schema?: string }): EntitySchema<Values> {
    const { drawn } = this;
    const names = columnNames(drawn.names, ['at', 'amount', 'kind', 'ghost']);
    const amount = { ...AMOUNTS[drawn.amount].options, nullable: true, name: names.amount };
    return new EntitySchema<Values>({
      ...place,
      target: this.parent,
      name: this.parent.name,
      ...(drawn.inheritance === 'none'
        ? {}
        : // TypeORM does not escape its column
          {
            inheritance: { pattern: 'STI', column: { name: 'type', type: 'varchar', length: 40 } },
            discriminatorValue: 'parent',
          }),
      columns: {
        ...this.keyColumns(drawn.key, 4),
        ...(this.visit === null ? { at: { ...this.dateColumn(), name: names.at } } : {}),
        ...(drawn.isEmbedded ? {} : { amount }),
        kind: { ...this.kindColumn(), nullable: true, name: names.kind },
        ...(drawn.isSoft ? { ghost: { type: Date, nullable: true, deleteDate: true, name: names.ghost } } : {}),
      },
      ...(drawn.isEmbedded
        ? {
            embeddeds: {
              money: {
                schema: new EntitySchema({ name: `${this.parent.name}Money`, columns: { amount } }),
                prefix: 'in ',
              },
            },
          }
        : {}),
      relations: {
        owner: this.relation(this.owner, drawn.ownerKey, 'owner'),
        lines: { type: 'one-to-many', target: () => this.line, inverseSide: 'source' },
        ...(this.visit === null ? {} : { visit: this.relation(this.visit, 'integer', 'visit') }),
      },
      indices:
        this.visit === null && this.dateCase.indexed === true
          ? [{ columns: ['at'], name: `i ${place.tableName}` }]
          : [],
    });
  }

  private dateColumn(): EntitySchemaColumnOptions {
    return this.dateCase.options;
  }

  private kindColumn(): EntitySchemaColumnOptions {
    switch (this.drawn.kind) {
      case 'text':
        return { type: 'varchar', length: 40 };
      case 'enum':
        return { type: this.kind === 'sqlite' ? 'simple-enum' : 'enum', enum: [...KINDS.enum] };
      default:
        return { type: this.drawn.kind };
    }
  }

  private keyColumns(type: KeyType, name: number): Record<string, EntitySchemaColumnOptions> {
    const named = `${this.drawn.names[name] ?? ''} k`;
    switch (type) {
      case 'composite':
        return {
          id: { type: 'integer', primary: true, name: named },
          part: { type: 'varchar', length: 20, primary: true },
        };
      case 'text':
        return { id: { type: 'varchar', length: 40, primary: true, name: named } };
      default:
        return { id: { type, primary: true, name: named } };
    }
  }

  private relation(target: EntityOf, key: KeyType, name: string, inverseSide?: string): EntitySchemaRelationOptions {
    const column = `${this.drawn.names[9] ?? ''} ${name}`;
    return {
      type: 'many-to-one',
      target: () => target,
      nullable: true,
      createForeignKeyConstraints: false,
      ...(inverseSide === undefined ? {} : { inverseSide }),
      joinColumn:
        key === 'composite'
          ? [
              { name: `${column} id`, referencedColumnName: 'id' },
              { name: `${column} part`, referencedColumnName: 'part' },
            ]
          : { name: column, referencedColumnName: 'id' },
    };
  }

  /** The columns of the nth key. */
  keyOf(type: KeyType, place: number): Values {
    switch (type) {
      case 'integer':
        return { id: place + 1 };
      case 'bigint':
        // more than a double holds, where the driver reads it exactly
        return { id: String((this.kind === 'sqlite' ? 4_000_000_000n : 9_007_199_254_740_993n) + BigInt(place)) };
      case 'uuid':
        return { id: `0f0e0d0c-0b0a-4908-8706-0504030201${String(place).padStart(2, '0')}` };
      case 'text':
        return { id: ["o'ne", 'Two', 'drei dé', '4'][place] ?? `k ${String(place)}` };
      case 'composite':
        return { id: place >> 1, part: place % 2 === 0 ? 'even' : 'odd' };
    }
  }

  /** The text under which statistics of the nth owner are stored. */
  ownerText(place: number): string {
    return String(this.keyOf(this.drawn.ownerKey, place).id);
  }

  /** The text under which statistics of the nth kind are stored. */
  kindText(place: number): string {
    const value = this.kindValue(place);
    return typeof value === 'boolean' && this.kind !== 'postgres' ? (value ? '1' : '0') : String(value);
  }

  kindValue(place: number): string | number | boolean {
    const values: readonly (string | number | boolean)[] = KINDS[this.drawn.kind];
    return values[place % values.length] ?? '';
  }

  /** Which of the kinds a number stands for. */
  kindPlace(place: number): number {
    return place % KINDS[this.drawn.kind].length;
  }

  /** An amount as the column can hold it, in hundredths. */
  hundredths(amount: number): number {
    const { step } = AMOUNTS[this.drawn.amount];
    return amount * step;
  }

  /** An amount as it is given to TypeORM. */
  amountValue(hundredths: number): string | number {
    const { step } = AMOUNTS[this.drawn.amount];
    return step === 1 ? (hundredths / 100).toFixed(2) : hundredths / 100;
  }

  ownerRows(): Values[] {
    return this.drawn.owners.map(({ country, rank, isDeleted }, place) => ({
      ...this.keyOf(this.drawn.ownerKey, place),
      country,
      rank,
      ...(this.drawn.isOwnerSoft ? { ghost: isDeleted ? new Date('2020-01-01T00:00:00Z') : null } : {}),
    }));
  }

  /** The rows of each entity for rows that were drawn, with their numbers and instants. */
  rowsFor(
    rows: readonly { readonly row: DrawnRow; readonly place: number; readonly at: Date }[],
    zone: string,
  ): Map<EntityOf, Values[]> {
    const { drawn } = this;
    const found = new Map<EntityOf, Values[]>();
    const add = (entity: EntityOf, values: Values): void => {
      found.set(entity, [...(found.get(entity) ?? []), values]);
    };
    for (const { row, place, at } of rows) {
      const key = this.keyOf(drawn.key, place);
      const date = this.dateCase.given(at, zone);
      const amount = row.amount === null ? null : this.amountValue(this.hundredths(row.amount));
      if (this.visit !== null) add(this.visit, { id: place + 1, at: date });
      const entity = row.isChild || this.other === null ? this.source : this.other;
      add(entity, {
        ...key,
        ...(this.visit === null ? { at: date } : { visit: { id: place + 1 } }),
        ...(drawn.isEmbedded ? { money: { amount } } : { amount }),
        kind: row.kind === null ? null : this.kindValue(row.kind),
        owner: row.owner === null ? null : this.keyOf(drawn.ownerKey, row.owner),
        ...(drawn.isSoft ? { ghost: row.isDeleted ? new Date('2020-01-01T00:00:00Z') : null } : {}),
      });
      for (const [line, note] of row.notes.entries()) add(this.line, { id: place * 4 + line, note, source: key });
    }
    return found;
  }

  /** The tables whose rows change. */
  get filled(): EntityOf[] {
    return [this.parent, this.line, ...(this.visit === null ? [] : [this.visit])];
  }

  /** Which of the drawn rows a row of the source is. */
  placeOf(values: Values, places: number): number {
    for (let place = 0; place < places; place++) {
      const key = this.keyOf(this.drawn.key, place);
      if (
        Object.entries(key).every(
          ([property, value]) => String(values[property]).toLowerCase() === String(value).toLowerCase(),
        )
      )
        return place;
    }
    throw new Error(`no row has the key of ${JSON.stringify(values)}`);
  }
}
