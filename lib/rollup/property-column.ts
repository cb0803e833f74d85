import type { EntityMetadata, ObjectLiteral, SelectQueryBuilder } from 'typeorm';
import { InvalidPropertyPathError } from '../errors/source.error.js';
import type { ColumnMetadata } from './column-type.js';
import { joinsAtMostOne, type RelationMetadata } from './unique-join.js';

/** The column at the end of a property path, in the source's table or in one that was joined for it. */
export interface PropertyColumn {
  readonly column: ColumnMetadata;
  /** escaped, with the alias of its table */
  readonly expression: string;
  /** the entity that the property points to, if it is a relation or the column of a relation's key */
  readonly pointsTo: EntityMetadata | null;
  /** the first relation on the path that may find several rows, because no constraint excludes it; null: none */
  readonly ambiguous: RelationMetadata | null;
}

/**
 * Follows a property path from the query's main entity through embedded objects and to-one relations, and joins the
 * tables on the path.
 *
 * @param option the tracker's option, for messages
 * @throws InvalidPropertyPathError
 */
export function joinProperty(query: SelectQueryBuilder<ObjectLiteral>, option: string, path: string): PropertyColumn {
  const main = query.expressionMap.mainAlias;
  if (main === undefined) throw new TypeError('a query without a main alias');
  return new PathWalk(query, option, path, main.metadata.name).follow(main.name, main.metadata, path.split('.'));
}

/** The beginning of the aliases of joins that paths need. */
const OURS = 'trackstats_';

class PathWalk {
  private ambiguous: RelationMetadata | null = null;

  constructor(
    private readonly query: SelectQueryBuilder<ObjectLiteral>,
    private readonly option: string,
    private readonly path: string,
    private readonly root: string,
  ) {}

  follow(alias: string, metadata: EntityMetadata, steps: readonly string[]): PropertyColumn {
    const whole = steps.join('.');
    const relation = metadata.relations.find(({ propertyPath }) => propertyPath === whole);
    if (relation !== undefined) return this.key(alias, relation);
    const column = metadata.columns.find(({ propertyPath }) => propertyPath === whole);
    if (column?.isVirtualProperty === true) {
      return this.refuse(
        'is a @VirtualColumn: TypeORM computes it when it loads an entity, and the table has no such column. ' +
          'Name the property of a stored column, or take a @ViewEntity that has this value as the source.',
      );
    }
    if (column !== undefined) return this.found(column, this.escaped(alias, column), referenced(column));
    for (let length = steps.length - 1; length > 0; length--) {
      const start = steps.slice(0, length).join('.');
      const crossed = metadata.relations.find(({ propertyPath }) => propertyPath === start);
      if (crossed !== undefined) {
        return this.follow(this.join(alias, crossed), crossed.inverseEntityMetadata, steps.slice(length));
      }
    }
    return this.refuse(`does not exist: ${metadata.name} has ${properties(metadata)}.`);
  }

  /** A relation at the end of a path means the key that it stores. */
  private key(alias: string, relation: RelationMetadata): PropertyColumn {
    this.refuseMany(relation);
    const pointsTo = relation.inverseEntityMetadata;
    const [primary, ...others] = pointsTo.primaryColumns;
    if (primary === undefined || others.length > 0) {
      return this.refuse(
        `points to ${pointsTo.name}, whose key has ${String(others.length + 1)} columns; an object's id is one value.`,
      );
    }
    const [held, ...more] = relation.isOwning ? relation.joinColumns : [];
    if (held !== undefined && more.length === 0 && held.referencedColumn === primary) {
      return this.found(primary, this.escaped(alias, held), pointsTo);
    }
    return this.found(primary, this.escaped(this.join(alias, relation), primary), pointsTo);
  }

  private found(column: ColumnMetadata, expression: string, pointsTo: EntityMetadata | null): PropertyColumn {
    return { column, expression, pointsTo, ambiguous: this.ambiguous };
  }

  private refuseMany(relation: RelationMetadata): void {
    if (relation.isManyToOne || relation.isOneToOne) return;
    this.refuse(
      `crosses ${relation.propertyPath}, which leads to many rows: each row of the source would be counted for ` +
        `every one of them. Take the entity on the other side as the source.`,
    );
  }

  private join(alias: string, relation: RelationMetadata): string {
    this.refuseMany(relation);
    if (!joinsAtMostOne(relation)) this.ambiguous ??= relation;
    const property = `${alias}.${relation.propertyPath}`;
    const ours = this.query.expressionMap.joinAttributes.filter((join) => join.alias.name.startsWith(OURS));
    const known = ours.find((join) => join.entityOrProperty === property)?.alias.name;
    if (known !== undefined) return known;
    const joined = `${OURS}${String(ours.length)}`;
    this.query.leftJoin(property, joined);
    return joined;
  }

  private escaped(alias: string, column: ColumnMetadata): string {
    return `${this.query.escape(alias)}.${this.query.escape(column.databaseName)}`;
  }

  private refuse(problem: string): never {
    throw new InvalidPropertyPathError(this.option, this.path, this.root, problem);
  }
}

function referenced(column: ColumnMetadata): EntityMetadata | null {
  const relation = column.entityMetadata.relations.find(
    ({ isOwning, joinColumns }) =>
      isOwning && joinColumns.length === 1 && joinColumns[0]?.databaseName === column.databaseName,
  );
  return relation?.inverseEntityMetadata ?? null;
}

function properties(metadata: EntityMetadata): string {
  const stored = metadata.columns.filter(({ isVirtualProperty }) => !isVirtualProperty);
  const names = [...new Set([...stored, ...metadata.relations].map(({ propertyPath }) => propertyPath))];
  return names.slice(0, 30).join(', ');
}
