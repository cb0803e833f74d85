import { createHash } from 'node:crypto';
import { type DataSource, EntityPropertyNotFoundError, TypeORMError } from 'typeorm';
import { meaningOf } from '../../catalog/aggregates.js';
import type { MetricTarget } from '../../catalog/definitions.js';
import type { DataSources } from '../../database/data-sources.js';
import type { Database } from '../../database/database.js';
import { groupBy } from '../../database/groups.js';
import { InvalidSourceError } from '../../errors/source.error.js';
import { InvalidTrackerError } from '../../errors/tracker.error.js';
import type { AggregateSpec } from '../../rollup/aggregate.js';
import type { Measure, ResolvedSource } from '../../rollup/rollup-spec.js';
import { dataSourceOf, type Source } from '../../rollup/source-query.js';
import type { MeasureReading } from '../../rollup/source-reading.js';
import { resolveSource, resolveTogether } from '../../rollup/source.resolver.js';
import type { ObjectTypes } from '../../statistics/filter/object-types.js';
import { isTimePeriod, Period } from '../../time/period.js';
import { IDENTIFYING_OPTIONS, type IdentifyingOption } from '../definition/option.js';
import type { Density, Keep, TrackerDefinition, TrackerEntry } from '../definition/tracker-definition.js';
import { dayTargetOf, resolveTarget, type ResolvedTarget, timeTargetOf, trackerName } from './tracker-target.js';

/** A tracker with its resolved entities, columns and tables. */
export interface ResolvedTracker {
  readonly definition: TrackerDefinition;
  /** the rows of the tracker, whatever its metrics count of them */
  readonly base: ResolvedSource;
  /** one for each scan of a run */
  readonly sources: readonly ResolvedSource[];
  readonly entries: readonly ResolvedEntry[];
  /** the database of the source, which may be that of the statistics */
  readonly sourceDatabase: Database;
}

/**
 * The statistics of one metric in one scope and table: of the tracker's target, or of the total beside it, by date or by
 * buckets of less than a day.
 */
export interface ResolvedEntry {
  readonly metric: MetricTarget;
  readonly aggregate: AggregateSpec;
  readonly periods: readonly Period[];
  readonly density: Density;
  readonly keep: Keep;
  readonly target: ResolvedTarget;
  /** the place of its source among those of the tracker */
  readonly place: number;
  readonly sourceOf: ResolvedSource;
  /** its measure in that source */
  readonly measure: Measure;
  /** the source as a tracker of this metric alone would have it, which its fingerprint is made of */
  readonly alone: ResolvedSource;
}

/** Finds the entities, properties, columns and tables that a definition names. Reads metadata, and no rows. */
export class TrackerResolver {
  constructor(
    private readonly database: Database,
    private readonly dataSources: DataSources,
    private readonly objectTypes: ObjectTypes,
  ) {}

  /**
   * @param entries those of the definition's that are resolved. The source begins where it does for all of them
   * @throws InvalidPropertyPathError, InvalidSourceError, InvalidObjectError, MissingEntityError, UnsupportedDatabaseError
   */
  resolve(definition: TrackerDefinition, source: Source, entries = definition.entries): ResolvedTracker {
    const dataSource = dataSourceOf(source) ?? this.ofEntity(source);
    const sourceDatabase = this.database.beside(dataSource);
    const { dialect } = sourceDatabase;
    const target = resolveTarget(this.database, this.objectTypes, definition, dataSource, source);
    const reading = { ...definition, statistic: target.statistic, keys: target.keys };
    const alone = entries.map((entry) =>
      namingWhere(definition, () => resolveSource(dialect, dataSource, source, reading, entry)),
    );
    const scans = groupScans(entries, alone, (some) => resolveTogether(dialect, dataSource, source, reading, some));
    const resolvedOf = (
      place: number,
      of: ResolvedTarget,
      own: ResolvedSource,
      density: Density,
    ): readonly ResolvedEntry[] => {
      const scan = scans.findIndex(({ places }) => places.includes(place));
      const { source: sourceOf, places } = scans[scan] as ResolvedScan;
      const measure = sourceOf.measures[places.indexOf(place)] as Measure;
      const { metric, aggregate, periods, keep } = entries[place] as TrackerEntry;
      const entry = { metric, aggregate, density, keep, place: scan, sourceOf, measure, alone: own };
      const [times, days] = [periods.filter(isTimePeriod), periods.filter((period) => !isTimePeriod(period))];
      return [
        ...(days.length === 0 ? [] : [{ ...entry, periods: days, target: dayTargetOf(definition, of) }]),
        ...(times.length === 0
          ? []
          : [{ ...entry, periods: times, target: timeTargetOf(this.database, definition, of) }]),
      ];
    };
    const resolved = entries.flatMap((entry, place) =>
      resolvedOf(place, target, alone[place] as ResolvedSource, entry.density),
    );
    if (definition.withTotal) {
      const total = resolveTarget(this.database, this.objectTypes, { target: { kind: 'total' } }, dataSource, source);
      const ofTotal = { ...definition, statistic: total.statistic, keys: total.keys };
      for (const [place, entry] of entries.entries()) {
        const own = resolveSource(dialect, dataSource, source, ofTotal, entry);
        resolved.push(...resolvedOf(place, total, own, entry.totalDensity));
      }
    }
    const sources = scans.map(({ source: scanned }) => scanned);
    const [only] = alone;
    const base =
      definition.entries.length === 1 && only !== undefined
        ? only
        : resolveSource(dialect, dataSource, source, { ...reading, keys: [] }, COUNT_OF_ALL);
    if (base.clock.kind === 'date') refuseTimes(definition);
    return { definition: { ...definition, entries }, base, sources, entries: resolved, sourceDatabase };
  }

  private ofEntity(source: Source): DataSource {
    const having = this.dataSources.having(source as Parameters<DataSources['having']>[0]);
    return having.includes(this.database.dataSource)
      ? this.database.dataSource
      : (having[0] ?? this.database.dataSource);
  }
}

/** A date has no time of day. */
function refuseTimes(definition: TrackerDefinition): void {
  const { dateField, entries } = definition;
  const time = entries.flatMap(({ periods }) => periods).find(isTimePeriod);
  if (time === undefined) return;
  throw new InvalidTrackerError(
    trackerName(definition),
    `period is ${Period.nameOf(time)}, and dateField "${dateField}" is a column of dates, which have no time of day. ` +
      'Name a column with a time, or count by Period.DAY.',
  );
}

const COUNT_OF_ALL: MeasureReading = { aggregate: { function: 'count', field: null }, where: null };

/** A source, and the places of the metrics that one scan of it computes. */
interface ResolvedScan {
  readonly source: ResolvedSource;
  readonly places: readonly number[];
}

/**
 * Divides metrics among scans. Those that count rows and add up numbers share one, and those that distinguish the values
 * of the same property. A metric whose own query may have a row several times, because of what its conditions join, is
 * scanned by itself: its conditions cannot be a column of each row.
 */
function groupScans(
  entries: readonly TrackerEntry[],
  alone: readonly (ResolvedSource & { readonly isOneRowEach: boolean })[],
  resolve: (entries: readonly TrackerEntry[]) => ResolvedSource | null,
): ResolvedScan[] {
  const groups = groupBy(entries.entries(), ([, { aggregate }]) =>
    meaningOf(aggregate.function).reads === 'distinctValues' ? `values of ${String(aggregate.field)}` : '',
  );
  const scans: ResolvedScan[] = [];
  for (const group of groups.values()) {
    const places = group.map(([place]) => place);
    let shared = places.filter((place) => alone[place]?.isOneRowEach === true);
    let together = shared.length > 1 ? resolveAt(shared) : null;
    if (together === null) {
      // a function may join what it likes
      shared = shared.filter((place) => typeof entries[place]?.where !== 'function');
      together = shared.length > 1 ? resolveAt(shared) : null;
    }
    if (together === null) shared = [];
    else scans.push({ source: together, places: shared });
    for (const place of places) {
      const own = alone[place];
      if (own !== undefined && !shared.includes(place)) scans.push({ source: own, places: [place] });
    }
  }
  return scans;

  function resolveAt(places: readonly number[]): ResolvedSource | null {
    return resolve(places.map((place) => entries[place] as TrackerEntry));
  }
}

/** Returns the name of a tracker in messages. */
export function trackerLabel(definition: TrackerDefinition): string {
  return definition.name ?? `the tracker of ${trackerName(definition)}`;
}

/**
 * Returns a text that is equal for definitions under which a period's stored statistics stay right. For a query, its
 * text counts, not its parameters.
 */
export function fingerprintOf(
  { definition }: Pick<ResolvedTracker, 'definition'>,
  entry: ResolvedEntry,
  period: Period,
  timeZone = definition.timeZone,
): string {
  const known = fingerprints.get(entry) ?? new Map<string, string>();
  fingerprints.set(entry, known);
  const key = `${String(period)} ${timeZone}`;
  const fingerprint = known.get(key) ?? newFingerprint(definition, entry, period, timeZone);
  known.set(key, fingerprint);
  return fingerprint;
}

const fingerprints = new WeakMap<ResolvedEntry, Map<string, string>>();

function newFingerprint(
  definition: TrackerDefinition,
  { aggregate, alone, target: { keys: read } }: ResolvedEntry,
  period: Period,
  timeZone: string,
): string {
  const { dateField, weekStart, epoch, storedIn, withDeleted, target } = definition;
  const values: Readonly<Record<IdentifyingOption, unknown>> = {
    aggregate,
    dateField,
    timeZone,
    epoch,
    storedIn,
    withDeleted,
  };
  const identifying = Object.fromEntries(IDENTIFYING_OPTIONS.map((option) => [option, values[option]]));
  const paths = target.kind === 'objects' ? target.field : target.kind === 'dimensions' ? target.dimensions : null;
  const keys = read.length === 0 ? null : paths;
  const week = period === Period.CALENDAR_WEEK || period === Period.WEEK_TO_DATE ? weekStart : null;
  // whatever character quotes names: statistics that move to another database keep their fingerprint
  const text = alone.text.replaceAll('`', '"');
  // only where it changed: other definitions keep the fingerprint that they had
  const revised = [...alone.keys, alone.distinct].filter((key) => key !== null && key.format > 1);
  const formats = revised.length === 0 ? {} : { formats: revised.map((key) => key?.kind) };
  const meaning = { ...identifying, keys, week, text, ...formats };
  return createHash('sha256').update(JSON.stringify(meaning)).digest('hex');
}

/** TypeORM's errors of a misspelt property or a missing value name the entity, and not whose conditions they are. */
function namingWhere<T>(definition: TrackerDefinition, resolve: () => T): T {
  try {
    return resolve();
  } catch (error) {
    if (!isOfConditions(error)) throw error;
    throw new InvalidSourceError(`${trackerLabel(definition)}: where does not fit its source. ${error.message}`, {
      cause: error,
    });
  }
}

/** A value of undefined or null has no error class of its own. */
function isOfConditions(error: unknown): error is TypeORMError {
  return (
    error instanceof EntityPropertyNotFoundError ||
    (error instanceof TypeORMError && error.constructor === TypeORMError)
  );
}
