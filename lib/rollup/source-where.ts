import type { FindOptionsWhere, ObjectLiteral, SelectQueryBuilder } from 'typeorm';
import { InvalidSourceError } from '../errors/source.error.js';
import { refuseGrouped } from './source-query.js';
import type { SourceWhere } from './source-reading.js';

/** Adds conditions to those of the query. Each is put into brackets, because it may contain OR. */
export function applyWhere(query: SelectQueryBuilder<ObjectLiteral>, where: SourceWhere): void {
  const { expressionMap } = query;
  const own = expressionMap.wheres;
  expressionMap.wheres = [];
  if (typeof where === 'function') where(query, query.alias);
  else query.setFindOptions({ where, loadEagerRelations: false });
  expressionMap.wheres = [own, expressionMap.wheres]
    .filter(({ length }) => length > 0)
    .map((condition) => ({ type: 'and', condition: { operator: 'brackets', condition } }));
}

/** Adds the conditions of a tracker and of one of its metrics. */
export function applyBoth(
  query: SelectQueryBuilder<ObjectLiteral>,
  ofTracker: SourceWhere | null,
  ofMetric: SourceWhere | null,
): void {
  const merged = mergeWhere(ofTracker, ofMetric);
  if (merged !== undefined) {
    if (merged !== null) applyWhere(query, merged);
    return;
  }
  const unconditioned = query.clone();
  if (ofTracker !== null) applyWhere(query, ofTracker);
  if (ofMetric === null) return;
  const condition = conditionOf(unconditioned, ofMetric, 'trackstats_m_');
  if (condition === null) {
    applyAfter(query, ofMetric);
    return;
  }
  addJoins(query, condition);
  query.setParameters(condition.parameters);
  query.andWhere(`(${condition.text})`);
}

/**
 * Returns two conditions as one, so that the query and the fingerprint are those of a tracker with that single condition.
 * Returns undefined if they must be applied one after the other.
 */
function mergeWhere(one: SourceWhere | null, other: SourceWhere | null): SourceWhere | null | undefined {
  if (one === null || other === null) return one ?? other;
  const isPlain = [one, other].every((where) => typeof where === 'object' && !Array.isArray(where));
  if (!isPlain || Object.keys(one).some((key) => Object.hasOwn(other, key))) return undefined;
  return { ...(one as FindOptionsWhere<ObjectLiteral>), ...(other as FindOptionsWhere<ObjectLiteral>) };
}

/** Applies the function of a metric after the tracker's own conditions, whose parameters it must not replace. */
function applyAfter(query: SelectQueryBuilder<ObjectLiteral>, where: SourceWhere): void {
  const before = { ...query.getParameters() };
  applyWhere(query, where);
  const after = query.getParameters();
  const replaced = Object.keys(before).find((name) => before[name] !== after[name]);
  if (replaced === undefined) return;
  throw new InvalidSourceError(
    `The conditions of a tracker and of one of its metrics both have a parameter :${replaced}, with different values. Give it another name in one of them.`,
  );
}

/** The conditions of one metric, apart from the query that they are for. */
export interface Condition {
  readonly text: string;
  readonly parameters: ObjectLiteral;
  readonly joins: readonly { readonly property: string; readonly alias: string }[];
}

/** TypeORM's method for the text of conditions, which it declares as protected. */
interface WithConditionText {
  createWhereClausesExpression(wheres: SelectQueryBuilder<ObjectLiteral>['expressionMap']['wheres']): string;
}

/**
 * Reads the conditions that a metric's `where` adds to a query, with unique names of parameters.
 *
 * @param query without the tracker's own conditions, which may join the same relations
 * @returns null if a function joins tables: that would change the rows of other metrics
 */
export function conditionOf(
  query: SelectQueryBuilder<ObjectLiteral>,
  where: SourceWhere,
  prefix: string,
): Condition | null {
  const own = query.clone();
  const { expressionMap } = own;
  const known = expressionMap.joinAttributes.length;
  expressionMap.wheres = [];
  if (typeof where === 'function') where(own, own.alias);
  else own.setFindOptions({ where, loadEagerRelations: false });
  refuseGrouped(own);
  const added = expressionMap.joinAttributes.slice(known);
  const isOwnJoin = typeof where === 'function' && added.length > 0;
  if (isOwnJoin || expressionMap.aliases.filter(({ type }) => type === 'from').length > 1) return null;
  const parameters = own.getParameters();
  const renamed: ObjectLiteral = {};
  const conditions = (own as unknown as WithConditionText).createWhereClausesExpression(expressionMap.wheres);
  const text = conditions.replace(/:(\.\.\.)?([A-Za-z0-9_.]+)/g, (whole, spread: string | undefined, name: string) => {
    if (!Object.hasOwn(parameters, name)) return whole;
    renamed[`${prefix}${name}`] = parameters[name] as unknown;
    return `:${spread ?? ''}${prefix}${name}`;
  });
  const joins = added.map(({ entityOrProperty, alias }) => ({ property: String(entityOrProperty), alias: alias.name }));
  // an inner join leaves out rows that find nothing, which other metrics would miss
  const found = added
    .filter(({ direction }) => direction === 'INNER')
    .flatMap(({ alias }) =>
      alias.metadata.primaryColumns.map((column) => `${alias.name}.${column.propertyPath} IS NOT NULL`),
    );
  return { text: [`(${text === '' ? '1 = 1' : text})`, ...found].join(' AND '), parameters: renamed, joins };
}

/** Adds the joins of a condition that the query does not have. They are LEFT JOINs, which leave out no row. */
export function addJoins(query: SelectQueryBuilder<ObjectLiteral>, { joins }: Condition): void {
  for (const { property, alias } of joins) {
    if (query.expressionMap.joinAttributes.some((join) => join.alias.name === alias)) continue;
    query.leftJoin(property, alias);
  }
}
