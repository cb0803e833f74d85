import {
  ChildEntity,
  Column,
  DataSource,
  Entity,
  JoinColumn,
  OneToOne,
  PrimaryColumn,
  PrimaryGeneratedColumn,
  TableInheritance,
} from 'typeorm';
import { DataSources } from '../../lib/database/data-sources.js';
import { InvalidObjectError } from '../../lib/errors/statistic.error.js';
import { type EntityClass, objectRef } from '../../lib/statistics/filter/object-target.js';
import { ObjectTypes } from '../../lib/statistics/filter/object-types.js';
import { Customer, Gadget, Membership, Page } from './setup.js';

@Entity()
@TableInheritance({ column: { type: 'varchar', name: 'kind' } })
class Animal {
  @PrimaryGeneratedColumn()
  id!: number;
}

@ChildEntity()
class Cat extends Animal {}

@Entity()
class Coded {
  @PrimaryColumn({
    type: 'integer',
    transformer: { to: (code: string) => Number(code.slice(2)), from: (id: number) => `c-${id}` },
  })
  code!: string;
}

@Entity()
class Profile {
  @PrimaryColumn({ type: 'integer', name: 'customer_id' })
  customerId!: number;

  @OneToOne(() => Customer)
  @JoinColumn({ name: 'customer_id' })
  customer!: Customer;
}

@Entity()
class Account {
  @PrimaryGeneratedColumn('uuid')
  id!: string;

  @Column({ type: 'varchar' })
  type!: string;
}

@Entity()
class Binary {
  @PrimaryColumn({ type: 'blob' })
  id!: Buffer;
}

@Entity()
class Loose {
  @PrimaryColumn({ type: 'bigint' })
  id!: string;
}

@Entity({ withoutRowid: true })
class Rowless {
  @PrimaryColumn({ type: 'integer' })
  id!: number;
}

class Loaded extends Customer {}
class Stranger {
  id = 5;
  type = 'customer';
}

describe('object types', () => {
  let dataSources: DataSources;
  let types: ObjectTypes;
  beforeAll(async () => {
    const entities = [Customer, Page, Membership, Gadget, Animal, Cat, Coded, Profile, Account, Binary, Loose, Rowless];
    const dataSource = new DataSource({ type: 'better-sqlite3', database: ':memory:', entities, entityPrefix: 'app_' });
    dataSources = new DataSources(await dataSource.initialize(), () => []);
    types = new ObjectTypes(dataSources);
  });
  const named = (names: Record<string, EntityClass>) => new ObjectTypes(dataSources, names);
  const of = <T extends object>(entity: new () => T, fields: Partial<T>): T => Object.assign(new entity(), fields);

  it('says that a plain object is of no entity, as repository.save returns one', () => {
    expect(() => types.refOf({ name: 'Ada', id: 1 } as object)).toThrow(
      /A plain object does not say which entity it is/,
    );
    expect(() => types.refOf(new Date() as never)).toThrow(
      /objectRef\(Customer, 5\), or \{ type: Customer, id: 5 \}\.$/,
    );
  });

  it('are the table without its prefix, or the name that the module gives', () => {
    expect(types.nameOf(Customer)).toBe('customer');
    expect(types.nameOf(Gadget)).toBe('gadget');
    expect(types.nameOf(Cat)).toBe('animal');
    expect(named({ buyer: Customer, beast: Animal }).nameOf(Customer)).toBe('buyer');
    expect(named({ beast: Animal }).nameOf(Cat)).toBe('beast');
    expect(named({ cat: Cat, beast: Animal }).nameOf(Cat)).toBe('cat');
    expect(() => types.nameOf(Stranger)).toThrow(InvalidObjectError);
    expect(types.checkType('whatever')).toBe('whatever');
    expect(() => types.checkType('')).toThrow(InvalidObjectError);
    expect(() => types.checkType('x'.repeat(101))).toThrow(InvalidObjectError);
    expect(() => types.checkType(undefined as never)).toThrow(InvalidObjectError);
    expect(() => named({ ['x'.repeat(101)]: Customer })).toThrow(InvalidObjectError);
  });

  it('of a loaded entity, whatever its properties', () => {
    expect(types.refOf(of(Customer, { id: 5, type: 'paid' }))).toEqual({ type: 'customer', id: '5' });
    expect(types.refOf(of(Account, { id: 'ABC', type: 'free' }))).toEqual({ type: 'account', id: 'ABC' });
    expect(types.refOf(of(Loaded, { id: 5 }))).toEqual({ type: 'customer', id: '5' });
    expect(types.refOf(of(Cat, { id: 5 }))).toEqual({ type: 'animal', id: '5' });
    expect(types.refOf(of(Profile, { customerId: 7 }))).toEqual({ type: 'profile', id: '7' });
    expect(types.refOf(of(Coded, { code: 'c-12' }))).toEqual({ type: 'coded', id: '12' });
    expect(types.refOf(of(Page, { slug: 'a ' }))).toEqual({ type: 'page', id: 'a ' });
  });

  it('of a reference, which can be given back', () => {
    expect(types.refOf({ type: Customer, id: 5 })).toEqual({ type: 'customer', id: '5' });
    expect(types.refOf(objectRef(Gadget, 5n))).toEqual({ type: 'gadget', id: '5' });
    expect(types.refOf(objectRef('customer', '2e3f'))).toEqual({ type: 'customer', id: '2e3f' });
    expect(types.refOf(types.refOf({ type: Customer, id: -0 }))).toEqual({ type: 'customer', id: '0' });
    expect(types.refOf(objectRef(Customer, 2n ** 63n))).toEqual({ type: 'customer', id: '9223372036854775808' });
  });

  it.each([
    ['a promise', Promise.resolve({ id: 5 })],
    ['a plain object', { id: 5 }],
    ['more than a reference', { type: 'customer', id: 5, name: 'x' }],
    ['an instance of no entity', new Stranger()],
    ['an unsaved entity', new Customer()],
    ['a composite key', of(Membership, { team: 1, member: 2 })],
    ['a composite key by reference', { type: Membership, id: 1 }],
    ['a buffer in a reference', { type: 'customer', id: Buffer.from('x') }],
    ['no id', { type: 'customer', id: undefined }],
    ['a null id', { type: Customer, id: null }],
    ['an empty id', { type: Customer, id: '' }],
    ['half a number', { type: Customer, id: 1.5 }],
    ['a number too great', { type: Customer, id: 2 ** 53 }],
    ['not a number', { type: Customer, id: NaN }],
    ['an id too long', { type: Customer, id: 'x'.repeat(256) }],
    ['an id with NUL', { type: Customer, id: 'a\0' }],
    ['half a character', { type: Customer, id: '\ud83d' }],
    ['a type of no entity', { type: Stranger, id: 5 }],
    ['a number', 5],
    ['text', 'customer'],
    ['null', null],
    ['undefined', undefined],
    ['an array', [1, 2]],
    ['a date', new Date()],
  ])('are not of %s', (_, target) => {
    expect(() => types.refOf(target as never)).toThrow(InvalidObjectError);
  });

  it('show an id that its column cannot hold', () => {
    for (const [id, text] of [
      ['abc', '"abc"'],
      [1.5, '1.5'],
      ['1.5', '"1.5"'],
    ] as const) {
      expect(() => types.refOf(objectRef(Customer, id))).toThrow(`Invalid object: ${text}. Expected a whole number`);
      expect(() => types.refOf(of(Customer, { id: id as never }))).toThrow(`Invalid object: ${text}.`);
    }
    // their columns hold any text on SQLite
    expect(types.refOf(objectRef(Loose, 'abc'))).toEqual({ type: 'loose', id: 'abc' });
    expect(types.refOf(objectRef(Rowless, 'abc'))).toEqual({ type: 'rowless', id: 'abc' });
  });

  it('name objectRef, and a missing await', () => {
    expect(() => types.refOf({ id: 5 })).toThrow(/objectRef/);
    expect(() => types.refOf(Promise.resolve(1) as never)).toThrow(/await/);
    expect(() => objectRef(undefined as never, 5)).toThrow(InvalidObjectError);
    expect(() => objectRef(Customer, null as never)).toThrow(InvalidObjectError);
  });
});
