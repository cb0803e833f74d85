import { EntitySchema, InstanceChecker, type DataSource, type EntityMetadata } from 'typeorm';
import type { Database } from '../../database/database.js';
import { InvalidPropertyPathError } from '../../errors/source.error.js';
import type { ConstantKey } from '../../rollup/rollup-spec.js';
import { entityAt, type Source, type SourceReading } from '../../rollup/source.resolver.js';
import type { EntityClass } from '../../statistics/filter/object-target.js';
import type { ObjectTypes } from '../../statistics/filter/object-types.js';
import { customScope, objectScope, objectsScope, TOTAL_SCOPE } from '../../coverage/scope.js';
import { StatisticByDateAndObject } from '../../statistics/tables/statistic-by-date-and-object.entity.js';
import { StatisticByDate } from '../../statistics/tables/statistic-by-date.entity.js';
import { statisticTableOf, type StatisticTable } from '../../statistics/tables/statistic-table.js';
import type { TrackerDefinition } from '../definition/tracker-definition.js';

/** The statistics that a tracker writes, and the properties of its source that are their keys. */
export interface ResolvedTarget {
  readonly statistic: StatisticTable;
  readonly scope: string;
  readonly constants: readonly ConstantKey[];
  readonly keys: SourceReading['keys'];
}

/**
 * Finds the statistic table, the coverage's scope and the keys of a tracker's target.
 *
 * @throws InvalidPropertyPathError, InvalidObjectError, MissingEntityError
 */
export function resolveTarget(
  database: Database,
  objectTypes: ObjectTypes,
  definition: Pick<TrackerDefinition, 'target'>,
  dataSource: DataSource,
  source: Source,
): ResolvedTarget {
  const { target } = definition;
  const { dialect } = database;
  switch (target.kind) {
    case 'total':
      return { statistic: statisticTableOf(database, StatisticByDate), scope: TOTAL_SCOPE, constants: [], keys: [] };
    case 'object': {
      const ref = objectTypes.refOf(target.object);
      return {
        statistic: statisticTableOf(database, StatisticByDateAndObject),
        scope: objectScope(ref),
        constants: [
          { property: 'objectType', value: dialect.text(ref.type) },
          { property: 'objectId', value: dialect.text(ref.id) },
        ],
        keys: [],
      };
    }
    case 'objects': {
      const type = objectTypes.nameOf(target.entity ?? pointedTo(dataSource, source, target.field));
      return {
        statistic: statisticTableOf(database, StatisticByDateAndObject),
        scope: objectsScope(type),
        constants: [{ property: 'objectType', value: dialect.text(type) }],
        keys: [{ property: 'objectId', path: target.field, option: 'objectField' }],
      };
    }
    case 'dimensions': {
      const statistic = statisticTableOf(database, target.statistic);
      return {
        statistic,
        scope: customScope(statistic),
        constants: [],
        keys: statistic.keys.map(({ property }) => ({
          property,
          path: target.dimensions[property] ?? '',
          option: `dimensions.${property}`,
        })),
      };
    }
  }
}

function pointedTo(dataSource: DataSource, source: Source, field: string): EntityClass {
  const entity = entityAt(dataSource, source, 'objectField', field);
  if (entity !== null) return classOf(dataSource, entity);
  throw new InvalidPropertyPathError(
    'objectField',
    field,
    'the source',
    'is a plain column, which does not say whose key it holds. Name the entity: objectEntity: Customer.',
  );
}

/** Returns an entity's class, or its schema if it has no class. */
function classOf({ options }: DataSource, { target, name }: EntityMetadata): EntityClass {
  if (typeof target !== 'string') return target as EntityClass;
  const schema = Object.values(options.entities ?? {}).find(
    (entity): entity is EntitySchema => InstanceChecker.isEntitySchema(entity) && entity.options.name === name,
  );
  // of entities that are given by a pattern of files; TypeORM knows a schema by its name
  return schema ?? new EntitySchema({ name, columns: {} });
}
