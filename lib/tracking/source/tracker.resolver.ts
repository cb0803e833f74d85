import { createHash } from 'node:crypto';
import type { DataSource } from 'typeorm';
import type { DataSources } from '../../database/data-sources.js';
import { Database } from '../../database/database.js';
import type { ResolvedSource } from '../../rollup/rollup-spec.js';
import { dataSourceOf, resolveSource, type Source } from '../../rollup/source.resolver.js';
import type { ObjectTypes } from '../../statistics/filter/object-types.js';
import { Period } from '../../time/period.js';
import { IDENTIFYING_OPTIONS, type IdentifyingOption } from '../definition/option.js';
import type { TrackerDefinition } from '../definition/tracker-definition.js';
import { resolveTarget, type ResolvedTarget } from './tracker-target.js';

/** A tracker with its resolved entities, columns and tables. */
export interface ResolvedTracker {
  readonly definition: TrackerDefinition;
  readonly target: ResolvedTarget;
  readonly source: ResolvedSource;
  /** the database of the source, which may be that of the statistics */
  readonly sourceDatabase: Database;
}

/** Finds the entities, properties, columns and tables that a definition names. Reads metadata, and no rows. */
export class TrackerResolver {
  constructor(
    private readonly database: Database,
    private readonly dataSources: DataSources,
    private readonly objectTypes: ObjectTypes,
  ) {}

  /**
   * @throws InvalidPropertyPathError, InvalidSourceError, InvalidObjectError, MissingEntityError, UnsupportedDatabaseError
   */
  resolve(definition: TrackerDefinition, source: Source): ResolvedTracker {
    const dataSource = dataSourceOf(source) ?? this.ofEntity(source);
    const sourceDatabase =
      dataSource === this.database.dataSource
        ? this.database
        : new Database(dataSource, this.database.connectionTimeout);
    const target = resolveTarget(this.database, this.objectTypes, definition, dataSource, source);
    const reading = { ...definition, statistic: target.statistic, keys: target.keys };
    return {
      definition,
      target,
      sourceDatabase,
      source: resolveSource(sourceDatabase.dialect, dataSource, source, reading),
    };
  }

  private ofEntity(source: Source): DataSource {
    const having = this.dataSources.having(source as Parameters<DataSources['having']>[0]);
    return having.includes(this.database.dataSource)
      ? this.database.dataSource
      : (having[0] ?? this.database.dataSource);
  }
}

/** Returns the name of a tracker in messages. */
export function trackerLabel({ name, metric }: TrackerDefinition): string {
  return name ?? `the tracker of ${typeof metric === 'string' ? metric : metric.key}`;
}

/**
 * Returns a text that is equal for definitions under which a period's stored statistics stay right. For a query, its
 * text counts, not its parameters.
 */
export function fingerprintOf(
  { definition, source }: ResolvedTracker,
  period: Period,
  timeZone = definition.timeZone,
): string {
  const { aggregate, dateField, weekStart, epoch, storedIn, withDeleted, target } = definition;
  const values: Readonly<Record<IdentifyingOption, unknown>> = {
    aggregate,
    dateField,
    timeZone,
    epoch,
    storedIn,
    withDeleted,
  };
  const identifying = Object.fromEntries(IDENTIFYING_OPTIONS.map((option) => [option, values[option]]));
  const keys = target.kind === 'objects' ? target.field : target.kind === 'dimensions' ? target.dimensions : null;
  const week = period === Period.CALENDAR_WEEK || period === Period.WEEK_TO_DATE ? weekStart : null;
  // whatever character quotes names: statistics that move to another database keep their fingerprint
  const text = source.text.replaceAll('`', '"');
  // only where it changed: other definitions keep the fingerprint that they had
  const revised = [...source.keys, source.distinct].filter((key) => key !== null && key.format > 1);
  const formats = revised.length === 0 ? {} : { formats: revised.map((key) => key?.kind) };
  const meaning = { ...identifying, keys, week, text, ...formats };
  return createHash('sha256').update(JSON.stringify(meaning)).digest('hex');
}
