import sql, { empty, join, type Sql } from 'sql-template-tag';
import type { Database } from '../database/database.js';
import { execute, query, type Work } from '../database/work.js';
import { InvalidDefinitionError, UnknownDomainError } from '../errors/catalog.error.js';
import { type DomainTarget, isDomainDefinition } from './definitions.js';
import { Domain } from './domain.entity.js';
import { nearest } from '../validation/nearest.js';
import { checkRef } from './ref.js';

/** The key by which a domain is found: its ref or, for an entity, its id. */
export type DomainKey = { readonly ref: string } | { readonly id: number };

/**
 * Returns the key of a target's domain.
 *
 * @throws InvalidRefError for text that is not a ref
 * @throws InvalidDefinitionError for anything that is not a target
 */
export function domainKeyOf(target: DomainTarget): DomainKey {
  if (typeof target === 'string') return { ref: checkRef(target) };
  if (isDomainDefinition(target)) return { ref: target.ref };
  if (target instanceof Domain && typeof target.id === 'number') return { id: target.id };
  throw new InvalidDefinitionError('domain', target);
}

/** Finds stored domains by a condition on `d`. */
export function* selectDomains(database: Database, condition: Sql, lock: Sql = empty): Work<Domain[]> {
  const table = database.table(Domain);
  const rows = yield* query<{ id: number; ref: string; name: string }>(
    sql`SELECT d.${table.column('id')} AS id, d.${table.column('ref')} AS ref, d.${table.column('name')} AS name
FROM ${table.path} d WHERE ${condition} ${lock}`,
  );
  return rows.map(({ id, ref, name }) => Object.assign(new Domain(), { id, ref, name }));
}

/** Returns the condition that a stored domain has a key. */
export function isDomain(database: Database, key: DomainKey): Sql {
  const table = database.table(Domain);
  return 'id' in key
    ? sql`d.${table.column('id')} = ${database.dialect.integer(key.id)}`
    : sql`d.${table.column('ref')} = ${database.dialect.text(key.ref)}`;
}

/** Returns the condition that a domain is still as it was read. */
export function isDomainStill(database: Database, { id, ref, name }: Domain): Sql {
  const table = database.table(Domain);
  const column = (property: string): Sql => sql`d.${table.column(property)}`;
  const texts = Object.entries({ ref, name }).map(([field, text]) => isText(database, column(field), text));
  const conditions = [isDomain(database, { id }), ...texts];
  return sql`EXISTS (SELECT 1 FROM ${table.path} d WHERE ${join(conditions, ' AND ')})`;
}

/** Returns the condition that a column is a text, by its bytes, or null. */
export function isText({ dialect }: Database, column: Sql, text: string | null): Sql {
  if (text === null) return sql`${column} IS NULL`;
  const bytesOf = (expression: Sql): Sql => dialect.groupKey(expression, 'text', 'varchar');
  return sql`${bytesOf(column)} = ${bytesOf(dialect.text(text))}`;
}

/** Finds the stored domain of a target, or null. */
export function* findDomain(database: Database, target: DomainTarget): Work<Domain | null> {
  const [domain = null] = yield* selectDomains(database, isDomain(database, domainKeyOf(target)));
  return domain;
}

/**
 * Finds a stored domain and locks its row until the transaction ends, so that no metric is created or removed
 * meanwhile.
 */
export function* lockDomain(database: Database, key: DomainKey): Work<Domain | null> {
  const [domain = null] = yield* selectDomains(database, isDomain(database, key), database.dialect.forUpdate);
  return domain;
}

/** Stores a domain unless it is stored already, and locks its row until the transaction ends. */
export function* ensureDomain(database: Database, d: { ref: string; name?: string | undefined }): Work<Domain> {
  const { dialect } = database;
  const table = database.table(Domain);
  for (;;) {
    const domain = yield* lockDomain(database, d);
    if (domain !== null) return domain;
    const values = { ref: dialect.text(d.ref), name: dialect.text(d.name ?? d.ref) };
    yield* execute(dialect.insertIfAbsent(table, values, ['ref']));
  }
}

/**
 * Returns the stored domain of a target, and keeps it from being removed until the transaction ends. Stores that of a
 * definition.
 *
 * @throws UnknownDomainError for text and entities that are not stored
 */
export function* resolveDomain(database: Database, target: DomainTarget): Work<Domain> {
  const isTarget = isDomain(database, domainKeyOf(target));
  const [domain] = yield* selectDomains(database, isTarget, database.dialect.forShare);
  if (domain !== undefined) return domain;
  if (!isDomainDefinition(target)) throw yield* unknownDomain(database, target);
  return yield* ensureDomain(database, target);
}

/** Returns the error for a target that is not stored, with the nearest of the stored refs. */
export function* unknownDomain(database: Database, target: DomainTarget): Work<UnknownDomainError> {
  const ref = typeof target === 'string' ? target : target.ref;
  const stored = yield* selectDomains(database, sql`1 = 1`);
  return new UnknownDomainError(
    ref,
    nearest(
      ref,
      stored.map((domain) => domain.ref),
    ),
  );
}
