import sql, { empty, join, type Sql } from 'sql-template-tag';
import { type DomainTarget, isDomainDefinition } from '../catalog/definitions.js';
import { Domain } from '../catalog/domain.entity.js';
import { findDomain, resolveDomain, unknownDomain } from '../catalog/domain.query.js';
import type { Database } from '../database/database.js';
import { execute, query, queryOne, type Work } from '../database/work.js';
import type { LocalDate } from '../time/local-date.js';
import { type Annotation, annotationId, type AnnotationToStore } from './annotation.js';
import { AnnotationRecord } from './annotation.entity.js';

/** Selects annotations: of a range of dates, both included, on the charts of some domains. */
export interface AnnotationFilter {
  /** null for no bound */
  readonly from: LocalDate | null;
  readonly to: LocalDate | null;
  /** those of these domains and those of all domains; null for every annotation */
  readonly domains: readonly DomainTarget[] | null;
}

/** A part of the annotations of a filter. */
export interface AnnotationPage {
  readonly limit: number;
  readonly offset: number;
  readonly order: 'asc' | 'desc';
}

/** Milliseconds before every instant that a Date can have. */
const EARLIEST = -8.65e15;

interface AnnotationRow {
  id: string;
  date: LocalDate;
  happened_at: unknown;
  text: string;
  event_key: string;
}

interface DomainColumns {
  domain_id: number | null;
  domain_ref: string;
  domain_name: string;
}

/**
 * Stores an annotation unless it is stored already. Returns the stored one.
 *
 * @throws UnknownDomainError
 */
export function* storeAnnotation(database: Database, annotation: AnnotationToStore): Work<Annotation> {
  const { dialect } = database;
  const { date, at, text, key } = annotation;
  const domain = annotation.domain === null ? null : yield* resolveDomain(database, annotation.domain);
  const id = annotationId(domain, annotation);
  const values = {
    id: dialect.text(id),
    date: dialect.date(date),
    at: at === null ? sql`NULL` : dialect.bigint(at.getTime()),
    text: dialect.text(text),
    key: dialect.text(key ?? ''),
    'domain.id': domain === null ? sql`NULL` : dialect.integer(domain.id),
  };
  yield* execute(dialect.insertIfAbsent(database.table(AnnotationRecord), values, ['id']));
  // a transaction of the application with an older snapshot sees another's row when it locks it
  const row = (yield* selectOne(database, id, empty)) ?? (yield* selectOne(database, id, dialect.forShare));
  if (row === undefined) throw new TypeError('an annotation that was stored has no row');
  return annotationOf(row, domain);
}

/**
 * Finds annotations, ordered by date. Those of a whole day come before those of an instant in it.
 *
 * @param page a part of them; null for all
 * @throws UnknownDomainError for a domain, by its text or entity, that is not stored
 */
export function* findAnnotations(
  database: Database,
  filter: AnnotationFilter,
  page: AnnotationPage | null = null,
): Work<Annotation[]> {
  const { dialect } = database;
  const domain = database.table(Domain);
  const rows = yield* query<AnnotationRow & DomainColumns>(sql`SELECT ${columnsOf(database)},
  d.${domain.column('id')} AS domain_id, d.${domain.column('ref')} AS domain_ref, d.${domain.column('name')} AS domain_name
FROM ${yield* selected(database, filter)} ${orderOf(database, page?.order ?? 'asc')}
${page === null ? empty : dialect.limit(page.limit, page.offset)}`);
  return rows.map((row) => annotationOf(row, domainOf(row)));
}

/**
 * Returns the number of annotations.
 *
 * @throws UnknownDomainError
 */
export function* countAnnotations(database: Database, filter: AnnotationFilter): Work<number> {
  const counted = yield* queryOne<{ n: unknown }>(sql`SELECT COUNT(*) AS n FROM ${yield* selected(database, filter)}`);
  return Number(counted?.n ?? 0);
}

/** Removes an annotation. Returns true if there was one. */
export function* removeAnnotation(database: Database, id: string): Work<boolean> {
  const table = database.table(AnnotationRecord);
  const removed = yield* execute(
    sql`DELETE FROM ${table.path} WHERE ${table.column('id')} = ${database.dialect.text(id)}`,
  );
  return removed > 0;
}

/** Returns the annotations `a` of a filter, with their domains `d`, as the rest of a FROM clause. */
function* selected(database: Database, { from, to, domains }: AnnotationFilter): Work<Sql> {
  const { dialect } = database;
  const table = database.table(AnnotationRecord);
  const domain = database.table(Domain);
  const [date, domainId] = [sql`a.${table.column('date')}`, sql`a.${table.column('domain.id')}`];
  const conditions = [
    sql`(${domainId} IS NULL OR ${yield* domainCondition(database, domains)})`,
    ...(from === null ? [] : [sql`${date} >= ${dialect.date(from)}`]),
    ...(to === null ? [] : [sql`${date} <= ${dialect.date(to)}`]),
  ];
  return sql`${table.path} a LEFT JOIN ${domain.path} d ON d.${domain.column('id')} = ${domainId}
WHERE ${join(conditions, ' AND ')}`;
}

function orderOf(database: Database, order: 'asc' | 'desc'): Sql {
  const { dialect } = database;
  const table = database.table(AnnotationRecord);
  const direction = order === 'asc' ? sql`ASC` : sql`DESC`;
  const keys = [
    sql`a.${table.column('date')}`,
    // databases sort NULL in different places
    sql`COALESCE(a.${table.column('at')}, ${dialect.bigint(EARLIEST)})`,
    dialect.binaryOrder(sql`a.${table.column('text')}`),
    // and not the id, which depends on the id of the domain: the order is the same in every database
    dialect.binaryOrder(sql`COALESCE(d.${database.table(Domain).column('ref')}, '')`),
    dialect.binaryOrder(sql`a.${table.column('key')}`),
  ];
  return sql`ORDER BY ${join(keys.map((key) => sql`${key} ${direction}`))}`;
}

/** Returns the condition that the domain `d` of an annotation is one of some. */
function* domainCondition(database: Database, targets: readonly DomainTarget[] | null): Work<Sql> {
  const id = sql`d.${database.table(Domain).column('id')}`;
  if (targets === null) return sql`${id} IS NOT NULL`;
  const ids: Sql[] = [];
  for (const target of targets) {
    const domain = yield* findDomain(database, target);
    if (domain !== null) ids.push(database.dialect.integer(domain.id));
    // a definition is stored with its first metric: before that nothing is annotated in it
    else if (!isDomainDefinition(target)) throw yield* unknownDomain(database, target);
  }
  return ids.length === 0 ? sql`1 = 0` : sql`${id} IN (${join(ids)})`;
}

function selectOne(database: Database, id: string, lock: Sql): Work<AnnotationRow | undefined> {
  const table = database.table(AnnotationRecord);
  return queryOne<AnnotationRow>(sql`SELECT ${columnsOf(database)} FROM ${table.path} a
WHERE a.${table.column('id')} = ${database.dialect.text(id)} ${lock}`);
}

function columnsOf(database: Database): Sql {
  const { dialect } = database;
  const table = database.table(AnnotationRecord);
  return sql`a.${table.column('id')} AS id, ${dialect.dateText(sql`a.${table.column('date')}`)} AS date,
  a.${table.column('at')} AS happened_at, a.${table.column('text')} AS text, a.${table.column('key')} AS event_key`;
}

function domainOf({ domain_id, domain_ref, domain_name }: DomainColumns): Domain | null {
  if (domain_id === null) return null;
  return Object.assign(new Domain(), { id: domain_id, ref: domain_ref, name: domain_name });
}

function annotationOf({ id, date, happened_at, text, event_key }: AnnotationRow, domain: Domain | null): Annotation {
  return {
    id,
    date,
    at: happened_at === null ? null : new Date(Number(happened_at)),
    text,
    domain,
    key: event_key === '' ? null : event_key,
  };
}
