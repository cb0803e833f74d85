import { InstanceChecker, type EntitySchema, type ObjectLiteral } from 'typeorm';
import { InvalidObjectError } from '../../errors/statistic.error.js';
import { entity, isClass, type Check } from '../../validation/check.js';
import { keyTextProblem } from '../tables/key-text.js';

/**
 * An entity class that TypeORM knows, or an EntitySchema. TypeORM's own EntityTarget would also accept any function and
 * any text.
 */
// eslint-disable-next-line @typescript-eslint/no-explicit-any -- a constructor's parameters do not matter here
export type EntityClass<E extends ObjectLiteral = any> = (abstract new (...args: any[]) => E) | EntitySchema<E>;

/** A reference to an object: its entity or stored type, and its primary key. */
export interface ObjectRefInput {
  type: EntityClass | string;
  /**
   * with an entity, the id as the entity has it (the bytes of a binary key); with a type as text, the id as it is
   * stored
   */
  id: string | number | bigint | Uint8Array;
}

/** An object as statistics store and return it. Every call accepts it. */
export interface ObjectRef {
  /** the entity's table name without prefix, or its name in the module's `objectTypes` */
  type: string;
  /** the primary key as text */
  id: string;
}

/** A loaded entity, or a reference to one. A promise does not compile, so a missing `await` is noticed. */
export type ObjectTarget = (object & { readonly then?: never }) | ObjectRefInput;

export const LONGEST_TYPE = 100;
export const LONGEST_ID = 255;

/** Checks an entity in a call. A data source is not needed yet. */
export const entityClass = entity as Check<EntityClass>;

/** Checks an object in a call. A data source is not needed yet. */
export const objectTarget: Check<ObjectTarget> = (given, refuse) => {
  const isObject =
    typeof given === 'object' && given !== null && typeof (given as { then?: unknown }).then !== 'function';
  return isObject ? given : refuse('Expected a loaded entity, or a reference: objectRef(Customer, 5).');
};

/**
 * Refers to an object without loading it.
 *
 * @param type the entity, or the type under which statistics store it
 * @param id with an entity, the key as its instances have it. Transformers are applied, and bytes become hexadecimal
 * text
 * @throws InvalidObjectError
 * @example await statistics.value({ metric: CUSTOMER_ORDERS, object: objectRef(Customer, 5) });
 */
export function objectRef(type: EntityClass | string, id: string | number | bigint | Uint8Array): ObjectRefInput {
  if (typeof type === 'string') {
    checkTypeText(type);
    checkId(id, id);
  } else if (!isClass(type) && !InstanceChecker.isEntitySchema(type)) {
    throw new InvalidObjectError(type, 'Expected an entity class, an EntitySchema, or the stored type as text.');
  }
  checkPresent(id, id);
  return { type, id };
}

/**
 * Checks an object type that is given as text, and returns it.
 *
 * @throws InvalidObjectError
 */
export function checkTypeText(type: string): string {
  const problem = type === '' ? 'Expected an object type.' : keyTextProblem(type, LONGEST_TYPE);
  if (problem !== null) throw new InvalidObjectError(type, problem);
  return type;
}

/** @throws InvalidObjectError if there is no id */
export function checkPresent(id: unknown, given: unknown): void {
  if (id === undefined || id === null) {
    throw new InvalidObjectError(given, 'It has no id: save the entity first, or give { type, id }.');
  }
}

/**
 * Returns a primary key as text.
 *
 * @param given the value that an error shows
 * @throws InvalidObjectError
 */
export function checkId(id: unknown, given: unknown): string {
  checkPresent(id, given);
  if (typeof id === 'bigint') return id.toString();
  if (typeof id === 'number') {
    if (Number.isSafeInteger(id)) return String(id + 0);
    throw new InvalidObjectError(
      id,
      'Expected a whole number up to 2^53 as an id; give a greater one as bigint or text.',
    );
  }
  const problem = keyTextProblem(id, LONGEST_ID);
  if (problem !== null) throw new InvalidObjectError(id, `${problem} An id is a number, a bigint or text.`);
  return id as string;
}
