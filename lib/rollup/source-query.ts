import sql, { join, raw, type Sql } from 'sql-template-tag';
import {
  InstanceChecker,
  type DataSource,
  type ObjectLiteral,
  type Repository,
  type SelectQueryBuilder,
} from 'typeorm';
import type { Dialect } from '../database/dialects/dialect.js';
import { InvalidSourceError } from '../errors/source.error.js';
import { shown } from '../errors/trackstats.error.js';
import type { EntityClass } from '../statistics/filter/object-target.js';
import type { SourceReading } from './source-reading.js';
import { joinsAtMostOne } from './unique-join.js';

/** The source of a tracker's rows: an entity, a repository, or a query with its joins, conditions and parameters. */
export type Source<E extends ObjectLiteral = ObjectLiteral> = EntityClass<E> | Repository<E> | SelectQueryBuilder<E>;

/** True for the repository of an entity, and false where the application may have made a query of its own. */
export function isPlainSource(source: Source): boolean {
  return isRepository(source) && source === source.manager.getRepository(source.target);
}

/** Returns the data source of a repository or a query; undefined for an entity. */
export function dataSourceOf(source: Source): DataSource | undefined {
  if (isRepository(source)) return source.manager.dataSource;
  return isQuery(source) ? source.dataSource : undefined;
}

/** Returns a query of the source, with the rows that a tracker reads and no conditions of it yet. @throws InvalidSourceError */
export function startQuery(
  dataSource: DataSource,
  source: Source,
  { withDeleted }: SourceReading,
): SelectQueryBuilder<ObjectLiteral> {
  const query = queryOf(dataSource, source);
  refuseForeign(query);
  if (withDeleted) query.withDeleted();
  return query;
}

/** Checks the shape, as TypeORM does for its other classes, because the application may have another copy of TypeORM. */
function isRepository(source: unknown): source is Repository<ObjectLiteral> {
  if (typeof source !== 'object' || source === null) return false;
  const { manager, target, createQueryBuilder } = source as Partial<Repository<ObjectLiteral>>;
  return typeof createQueryBuilder === 'function' && manager !== undefined && target !== undefined;
}

function isQuery(source: Source): source is SelectQueryBuilder<ObjectLiteral> {
  return typeof (source as { getQueryAndParameters?: unknown } | undefined)?.getQueryAndParameters === 'function';
}

/** Returns a query of the source as it is given, for us to extend. @throws InvalidSourceError */
export function queryOf(dataSource: DataSource, source: Source): SelectQueryBuilder<ObjectLiteral> {
  if (isQuery(source)) return source.clone();
  if (isRepository(source)) return source.createQueryBuilder(source.metadata.name);
  if (typeof source !== 'function' && !InstanceChecker.isEntitySchema(source)) {
    throw new InvalidSourceError(
      `The source of a tracker is ${shown(source)}. Expected an entity class, a repository or a query builder.`,
    );
  }
  if (!dataSource.isInitialized) {
    throw new InvalidSourceError(
      `The source of a tracker is ${shown(source)}, whose data source is not initialized. ` +
        `Call its initialize() before the application starts, or remove manualInitialization from its options.`,
    );
  }
  if (!dataSource.hasMetadata(source)) {
    throw new InvalidSourceError(
      `The source of a tracker is ${shown(source)}, which is no entity of its data source. ` +
        `Add it to the data source's entities (TypeOrmModule.forFeature([…]) with autoLoadEntities), or name the data source that has it: sourceDataSource.`,
    );
  }
  return dataSource.getRepository(source).createQueryBuilder(dataSource.getMetadata(source).name);
}

function refuseForeign({ expressionMap }: SelectQueryBuilder<ObjectLiteral>): void {
  if (expressionMap.mainAlias?.hasMetadata === true) return;
  throw new InvalidSourceError(
    'A source query selects from a subquery or a table that is no entity. Expected createQueryBuilder of an entity.',
  );
}

/** @throws InvalidSourceError for a query whose rows are not those of the source, one by one */
export function refuseGrouped({ expressionMap: map }: SelectQueryBuilder<ObjectLiteral>): void {
  const limited = [map.limit, map.offset, map.take, map.skip].some((value) => value !== undefined);
  const grouped = [map.groupBys, map.havings, map.selectDistinctOn].some(({ length }) => length > 0);
  if (grouped || limited || map.lockMode !== undefined) {
    throw new InvalidSourceError(
      'A source query has GROUP BY, HAVING, DISTINCT ON, a limit, an offset or a lock. ' +
        'Expected the rows to count, ungrouped: a tracker groups them itself. Keep the joins and conditions only.',
    );
  }
}

/** True if the query itself has a join to many rows, or one without a relation that TypeORM knows. */
export function joinsMany({ expressionMap }: SelectQueryBuilder<ObjectLiteral>): boolean {
  return (
    expressionMap.selectDistinct ||
    expressionMap.aliases.filter(({ type }) => type === 'from').length > 1 ||
    expressionMap.joinAttributes.some(
      ({ relation }) => relation === undefined || relation.isOneToMany || relation.isManyToMany,
    )
  );
}

/** True if every join is a relation that is proven to find at most one row. */
export function joinsAtMostOneRow({ expressionMap }: SelectQueryBuilder<ObjectLiteral>): boolean {
  return expressionMap.joinAttributes.every(({ relation }) => relation !== undefined && joinsAtMostOne(relation));
}

/** True if the query returns every row of one table, once. */
export function selectsWholeTable({ expressionMap }: SelectQueryBuilder<ObjectLiteral>): boolean {
  const { mainAlias, aliases, wheres, withDeleted, selectDistinct } = expressionMap;
  if (mainAlias === undefined || aliases.length > 1 || wheres.length > 0 || selectDistinct) return false;
  const { deleteDateColumn, tableType } = mainAlias.metadata;
  return tableType === 'regular' && (deleteDateColumn === undefined || withDeleted);
}

/** Returns the query with its parameters bound in place. TypeORM reads the placeholders, and its driver writes the values. */
export function boundQuery(dialect: Dialect, dataSource: DataSource, query: SelectQueryBuilder<ObjectLiteral>): Sql {
  // the text first, because TypeORM adds the parameters of common table expressions while it writes them
  const text = query.getQuery();
  const parameters = query.getParameters();
  const known = new Map<string, Sql>();
  const parts: Sql[] = [];
  let rest = 0;
  for (const match of text.matchAll(/:(?:\.\.\.)?([A-Za-z0-9_.]+)/g)) {
    const [placeholder, name = ''] = match;
    if (!Object.hasOwn(parameters, name)) continue;
    const bound = known.get(placeholder) ?? boundParameter(dialect, dataSource, placeholder, name, parameters[name]);
    known.set(placeholder, bound);
    parts.push(raw(text.slice(rest, match.index)), bound);
    rest = match.index + placeholder.length;
  }
  return join([...parts, raw(text.slice(rest))], '');
}

function boundParameter(
  dialect: Dialect,
  dataSource: DataSource,
  placeholder: string,
  name: string,
  value: unknown,
): Sql {
  const [text, values] = dataSource.driver.escapeQueryWithParameters(placeholder, {
    [name]: value,
  }) as [string, unknown[]];
  if (values.length === 0) return raw(text);
  return join(values.map((bound) => sql`${dialect.sharedParameter(bound)}`));
}
