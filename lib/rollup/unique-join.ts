import type { EntityMetadata } from 'typeorm';
import type { ColumnMetadata } from './column-type.js';

/** TypeORM does not export its name. */
export type RelationMetadata = EntityMetadata['relations'][number];

/**
 * True if the metadata proves that a relation's join finds at most one row: the columns by which it finds rows contain
 * a primary key, a unique constraint or a unique index of the joined table. TypeORM makes no unique constraint for a
 * one-to-one without foreign keys (`createForeignKeyConstraints: false`), and none for `referencedColumnName`.
 */
export function joinsAtMostOne(relation: RelationMetadata): boolean {
  return !relation.isOneToMany && !relation.isManyToMany && isUnique(tableOf(relation), soughtColumns(relation));
}

/** The names of the properties by which a relation finds rows, for messages. */
export function soughtBy(relation: RelationMetadata): string {
  const table = tableOf(relation);
  return soughtColumns(relation)
    .map(({ propertyPath }) => `${table.name}.${propertyPath}`)
    .join(', ');
}

function soughtColumns(relation: RelationMetadata): readonly ColumnMetadata[] {
  if (!relation.isOwning) return relation.inverseRelation?.joinColumns ?? [];
  return relation.joinColumns.map(({ referencedColumn }) => referencedColumn).filter((column) => column !== undefined);
}

/** Returns the metadata with the constraints: for a child of a single-table inheritance, its parent's. */
function tableOf({ inverseEntityMetadata: metadata }: RelationMetadata): EntityMetadata {
  return metadata.tableType === 'entity-child' ? metadata.parentEntityMetadata : metadata;
}

function isUnique(table: EntityMetadata, columns: readonly ColumnMetadata[]): boolean {
  // a view has no constraints
  if (table.tableType === 'view') return false;
  const names = new Set(columns.map(({ databaseName }) => databaseName));
  // a partial index leaves rows out
  const indices = table.indices.filter(({ isUnique: unique, where }) => unique && where === undefined);
  const keys = [table.primaryColumns, ...[...table.uniques, ...indices].map((one) => one.columns)];
  return keys.some((key) => key.length > 0 && key.every(({ databaseName }) => names.has(databaseName)));
}
