import { InstanceChecker, type DataSource } from 'typeorm';
import type { DataSources } from '../../database/data-sources.js';
import { MissingSourceError, SourceDataSourceError } from '../../errors/tracker.error.js';
import { shown } from '../../errors/trackstats.error.js';
import { dataSourceOf, type Source } from '../../rollup/source-query.js';
import type { EntityClass } from '../../statistics/filter/object-target.js';
import { type GivenOptions, present } from './option.js';
import { choosesSource, type AnyTracker } from './tracker.js';

/** The part of a tracker that is needed to find its source. */
export interface Sourced {
  /** for messages */
  readonly name: string;
  readonly tracker: AnyTracker;
  readonly options: Pick<GivenOptions, 'source' | 'sourceDataSource'>;
}

/** Finds the source of a tracker: which rows, in which data source. */
export class SourceFinder {
  /** @param named the data source that the application registered under a name; undefined: none */
  constructor(
    private readonly dataSources: DataSources,
    private readonly named: (name: string) => DataSource | undefined,
  ) {}

  /**
   * Returns the source of a tracker for a run: the one passed, or what its `source()` returns, or the `source` of its
   * options.
   *
   * @throws MissingSourceError, SourceDataSourceError
   */
  async find(sourced: Sourced, now: Date, given?: Source): Promise<Source> {
    const { name, tracker, options } = sourced;
    const source =
      given ?? (choosesSource(tracker) ? await tracker.source({ now }) : (options.source as Source | undefined));
    if ((source as unknown) === undefined || (source as unknown) === null) throw new MissingSourceError(name);
    const dataSource = this.dataSourceOf(sourced, source as Source);
    if (present(options.sourceDataSource) && dataSource !== undefined && isEntity(source as Source)) {
      refuseUnknown(sourced, dataSource, source as EntityClass);
    }
    return dataSource === undefined || !isEntity(source as Source)
      ? (source as Source)
      : repositoryOf(dataSource, source as EntityClass);
  }

  private dataSourceOf({ name, options }: Sourced, source: Source): DataSource | undefined {
    const own = isEntity(source) ? undefined : dataSourceOf(source);
    if (own !== undefined) return own;
    if (present(options.sourceDataSource)) return this.byName(name, options.sourceDataSource);
    if (!isEntity(source)) return undefined;
    const [first, ...more] = this.dataSources.having(source);
    if (more.length === 0) return first;
    throw new SourceDataSourceError(
      name,
      `several data sources have its source ${entityName(source)}. Name the one whose rows count: sourceDataSource: 'default' (or its name).`,
    );
  }

  private byName(tracker: string, name: unknown): DataSource {
    const found = typeof name === 'string' ? this.named(name) : undefined;
    if (found !== undefined) return found;
    throw new SourceDataSourceError(
      tracker,
      `sourceDataSource is ${shown(name)}, and the application has no data source of that name. ` +
        `Expected the name given to TypeOrmModule.forRoot({ name: '…' }), or 'default'.`,
    );
  }
}

function isEntity(source: Source): source is EntityClass {
  return typeof source === 'function' || InstanceChecker.isEntitySchema(source);
}

/** Otherwise another data source with the same entity would be read in place of the named one. */
function refuseUnknown({ name, options }: Sourced, dataSource: DataSource, entity: EntityClass): void {
  if (dataSource.isInitialized && dataSource.hasMetadata(entity)) return;
  throw new SourceDataSourceError(
    name,
    dataSource.isInitialized
      ? `its source ${entityName(entity)} is no entity of the data source ${shown(options.sourceDataSource)}. Add it to that data source's entities, or name the one that has it.`
      : `the data source ${shown(options.sourceDataSource)} is not initialized. Call its initialize() before the application starts, or remove manualInitialization from its options.`,
  );
}

/**
 * Returns a repository, which fixes the data source if several have the entity. A data source without the entity is
 * refused later, by name.
 */
function repositoryOf(dataSource: DataSource, entity: EntityClass): Source {
  return dataSource.hasMetadata(entity) ? dataSource.getRepository(entity) : entity;
}

function entityName(source: EntityClass): string {
  return typeof source === 'function' ? source.name : source.options.name;
}
