import { EntitySchema, InstanceChecker, type DataSource, type EntityMetadata } from 'typeorm';
import { naturalKey } from '../../catalog/definitions.js';
import type { Database } from '../../database/database.js';
import { InvalidTrackerError } from '../../errors/tracker.error.js';
import { InvalidPropertyPathError } from '../../errors/source.error.js';
import type { ConstantKey } from '../../rollup/rollup-spec.js';
import type { Source } from '../../rollup/source-query.js';
import type { SourceReading } from '../../rollup/source-reading.js';
import { entityAt } from '../../rollup/source.resolver.js';
import type { EntityClass } from '../../statistics/filter/object-target.js';
import type { ObjectTypes } from '../../statistics/filter/object-types.js';
import { customScope, objectScope, objectsScope, TOTAL_SCOPE } from '../../coverage/scope.js';
import { builtInTable, statisticTableOf, type StatisticTable } from '../../statistics/tables/statistic-table.js';
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
      return { statistic: builtInTable(database, 'total', 'date'), scope: TOTAL_SCOPE, constants: [], keys: [] };
    case 'object': {
      const ref = objectTypes.refOf(target.object);
      return {
        statistic: builtInTable(database, 'object', 'date'),
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
        statistic: builtInTable(database, 'object', 'date'),
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

/** Returns the target of the periods of days. */
export function dayTargetOf(definition: TrackerDefinition, target: ResolvedTarget): ResolvedTarget {
  const { entity, moment } = target.statistic;
  if (moment === 'date') return target;
  throw new InvalidTrackerError(
    trackerName(definition),
    `statistic is ${entity.name}, which extends AbstractTimeStatistic and stores no days, and there are periods of days. ` +
      `Name an entity that extends AbstractStatistic, and ${entity.name} as timeStatistic.`,
  );
}

/**
 * Returns the target of the periods of less than a day, whose statistics have tables of their own.
 *
 * @throws InvalidTrackerError, MissingEntityError
 */
export function timeTargetOf(
  database: Database,
  definition: TrackerDefinition,
  target: ResolvedTarget,
): ResolvedTarget {
  const { kind } = target.statistic;
  if (kind !== 'custom') return { ...target, statistic: builtInTable(database, kind, 'start') };
  const statistic = timeStatisticOf(database, definition, target.statistic);
  return { ...target, statistic, scope: customScope(statistic) };
}

function timeStatisticOf(database: Database, definition: TrackerDefinition, days: StatisticTable): StatisticTable {
  if (days.moment === 'start') return days;
  const { target } = definition;
  const given = target.kind === 'dimensions' ? target.timeStatistic : undefined;
  if (given === undefined) {
    throw new InvalidTrackerError(
      trackerName(definition),
      `it has periods of less than a day and no entity for them. Name one that extends AbstractTimeStatistic and has the ` +
        `dimensions of ${days.entity.name}: timeStatistic: ${days.entity.name}ByTime.`,
    );
  }
  const times = statisticTableOf(database, given);
  if (times.moment !== 'start' || dimensionsText(times) !== dimensionsText(days)) {
    throw new InvalidTrackerError(
      trackerName(definition),
      `timeStatistic is ${given.name}, which ${times.moment === 'start' ? `has the dimensions ${dimensionsText(times)}` : 'does not extend AbstractTimeStatistic'}. ` +
        `Expected an entity that extends AbstractTimeStatistic and has the dimensions of ${days.entity.name}: ${dimensionsText(days)}.`,
    );
  }
  return times;
}

/** The dimensions of a statistic with all that decides how their values are stored. */
function dimensionsText({ keys }: StatisticTable): string {
  return keys
    .map(({ property, type, nullable, length }) => {
      const size = type === 'varchar' ? `(${String(length)})` : '';
      return `${property} ${type}${size}${nullable ? ' or null' : ''}`;
    })
    .join(', ');
}

/** Returns the name of a tracker, or its metrics if it has none. */
export function trackerName({ name, entries }: TrackerDefinition): string {
  return name ?? entries.map(({ metric }) => naturalKey(metric)).join(', ');
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
