import type { EntityMetadata } from 'typeorm';
import type { DataSources } from '../../database/data-sources.js';
import { encodeKey, keyEncodingOf } from '../../database/key-encoding.js';
import type { KeyKind } from '../../database/dialects/dialect.js';
import { InvalidObjectError } from '../../errors/statistic.error.js';
import { shown } from '../../errors/trackstats.error.js';
import {
  checkId,
  checkPresent,
  checkTypeText,
  type EntityClass,
  type ObjectRef,
  type ObjectRefInput,
  type ObjectTarget,
} from './object-target.js';

type ColumnMetadata = EntityMetadata['primaryColumns'][number];

/** `repository.save({ … })` returns the object that it was given, which TypeScript takes for an entity. */
const PLAIN = ' A plain object does not say which entity it is, also after it was saved.';
const EXPECTED = 'Expected a loaded entity, or a reference: objectRef(Customer, 5), or { type: Customer, id: 5 }.';

/** Translates between objects of the application and the type and id under which statistics store them. */
export class ObjectTypes {
  /** entities that were found, because data sources search all of theirs each time */
  private readonly found = new Map<EntityClass, EntityMetadata>();
  private readonly typeOf = new Map<EntityMetadata, string>();

  /** @param named the module's `objectTypes`: entities by the names of their objects in statistics */
  constructor(
    private readonly dataSources: DataSources,
    private readonly named: Readonly<Record<string, EntityClass>> = {},
  ) {
    for (const name of Object.keys(named)) checkTypeText(name);
  }

  /**
   * Returns the object type of an entity: its name in `objectTypes`, or else its table's name without prefix.
   *
   * @throws InvalidObjectError if no data source has the entity, or one that `objectTypes` names
   */
  nameOf(entity: EntityClass): string {
    const metadata = this.metadataOf(entity);
    const known = this.typeOf.get(metadata);
    if (known !== undefined) return known;
    const named = new Map(Object.entries(this.named).map(([name, one]) => [this.metadataOf(one), name]));
    const root = singleTableRoot(metadata);
    const type = named.get(metadata) ?? named.get(root) ?? checkTypeText(root.tableNameWithoutPrefix);
    this.typeOf.set(metadata, type);
    return type;
  }

  /**
   * Returns the reference to an object that a call names: a loaded entity with any properties, or exactly { type, id }.
   *
   * @throws InvalidObjectError for a promise, an entity without an id or with several primary keys, and anything else
   */
  refOf(target: ObjectTarget): ObjectRef {
    if (typeof target !== 'object' || (target as unknown) === null) throw new InvalidObjectError(target, EXPECTED);
    const entity = this.entityOf(target);
    if (entity !== undefined) {
      const id: unknown = singleKey(entity, target).getEntityValue(target);
      return { type: this.nameOf(entity.target as EntityClass), id: storedId(entity, id, target) };
    }
    if (typeof (target as { then?: unknown }).then === 'function') {
      throw new InvalidObjectError('a promise', 'Expected the loaded entity itself: an await is missing.');
    }
    if (!isRef(target)) throw new InvalidObjectError(target, `${EXPECTED}${isPlain(target) ? PLAIN : ''}`);
    if (typeof target.type === 'string') {
      return { type: checkTypeText(target.type), id: checkId(target.id, target) };
    }
    const metadata = this.metadataOf(target.type);
    singleKey(metadata, target);
    return { type: this.nameOf(target.type), id: storedId(metadata, target.id, target) };
  }

  /**
   * Returns the object type that an entity or a text names.
   *
   * @throws InvalidObjectError
   */
  checkType(type: EntityClass | string): string {
    return typeof type === 'string' ? checkTypeText(type) : this.nameOf(type);
  }

  private metadataOf(entity: EntityClass): EntityMetadata {
    const known = this.found.get(entity);
    if (known !== undefined) return known;
    const isEntity = typeof entity === 'function' || (typeof entity === 'object' && (entity as unknown) !== null);
    const metadata = isEntity ? this.dataSources.metadataOf(entity) : undefined;
    if (metadata === undefined) {
      throw new InvalidObjectError(
        entity,
        'No data source knows it as an entity. Register it with TypeOrmModule, or name the type as text.',
      );
    }
    this.found.set(entity, metadata);
    return metadata;
  }

  private isEntity(type: EntityClass): boolean {
    return this.found.has(type) || this.dataSources.metadataOf(type) !== undefined;
  }

  /** Returns the metadata of the nearest class of an instance that is an entity. */
  private entityOf(target: object): EntityMetadata | undefined {
    let prototype = Object.getPrototypeOf(target) as object | null;
    while (prototype !== null && prototype !== Object.prototype) {
      const type: unknown = prototype.constructor;
      if (typeof type === 'function' && this.isEntity(type as EntityClass)) return this.metadataOf(type as EntityClass);
      prototype = Object.getPrototypeOf(prototype) as object | null;
    }
    return undefined;
  }
}

/** Kinds of key that can be empty text. A row with such a key is counted, so reads must find it. */
const MAY_BE_EMPTY: ReadonlySet<KeyKind> = new Set(['text', 'padded', 'binary', 'other']);

function isRef(target: object): target is ObjectRefInput {
  return isPlain(target) && Object.keys(target).length === 2 && 'type' in target && 'id' in target;
}

function isPlain(target: object): boolean {
  const prototype: unknown = Object.getPrototypeOf(target);
  return prototype === Object.prototype || prototype === null;
}

/** Returns for a child entity the one in whose table it is stored. */
function singleTableRoot(metadata: EntityMetadata): EntityMetadata {
  return metadata.tableType === 'entity-child' ? singleTableRoot(metadata.parentEntityMetadata) : metadata;
}

function singleKey(metadata: EntityMetadata, given: object): EntityMetadata['primaryColumns'][number] {
  const [column, ...others] = metadata.primaryColumns;
  if (column !== undefined && others.length === 0) return column;
  throw new InvalidObjectError(
    given,
    `${metadata.name} has ${metadata.primaryColumns.length} primary key columns, and an object is named by one. ` +
      `Give it a single key, or use a custom statistic with a dimension for each.`,
  );
}

/** Returns an id of the application as the text that trackers store, which they read from the column itself. */
function storedId(metadata: EntityMetadata, id: unknown, given: object): string {
  checkPresent(id, given);
  const own = singleKey(metadata, given);
  const column = own.referencedColumn ?? own;
  const value = transformed(own.transformer === undefined ? column : own, id, given);
  const encoding = keyEncodingOf(metadata.dataSource, column);
  if (encoding === null) return checkId(value, given);
  if ('refused' in encoding) {
    throw new InvalidObjectError(given, `The key of ${metadata.name} has a type ${encoding.refused}.`);
  }
  const encoded = encodeKey(encoding, value);
  if ('expected' in encoded) throw new InvalidObjectError(value, encoded.expected);
  if (encoded.text === '' && !MAY_BE_EMPTY.has(encoding.kind)) checkPresent(null, given);
  return checkId(encoded.text, given);
}

/**
 * Returns an id as its column's transformers write it. An id that does not survive them was written already, or is not
 * an id.
 */
function transformed({ transformer, entityMetadata }: ColumnMetadata, id: unknown, given: object): unknown {
  if (transformer === undefined) return id;
  const all = [transformer].flat();
  const refuse = (shownId: unknown, cause?: unknown): never => {
    throw new InvalidObjectError(
      given,
      `The transformer of ${entityMetadata.name}'s key makes ${shown(shownId)} of this id. Give the id as ` +
        `instances of ${entityMetadata.name} have it, or the stored text with the type as text: { type: '…', id: '…' }.`,
      cause,
    );
  };
  let stored: unknown;
  try {
    stored = all.reduce((value, one) => one.to(value) as unknown, id);
  } catch (error) {
    return refuse('an error', error);
  }
  const read = all.reduceRight((value, one) => one.from(value) as unknown, stored);
  const isSame = read === id || looseText(read) === looseText(id);
  return stored === undefined || stored === null || Number.isNaN(stored) || !isSame ? refuse(stored) : stored;
}

/** Transformers may change case and trim. */
function looseText(id: unknown): string {
  return (id instanceof Uint8Array ? Buffer.from(id).toString('hex') : String(id)).trim().toLowerCase();
}
