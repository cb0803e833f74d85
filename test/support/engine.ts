import type { DataSource } from 'typeorm';
import { DataSources } from '../../lib/database/data-sources.js';
import type { LocalDate } from '../../lib/time/local-date.js';
import { Database } from '../../lib/database/database.js';
import { readAsStored } from '../../lib/database/stored-columns.js';
import { ObjectTypes } from '../../lib/statistics/filter/object-types.js';
import { Coverage } from '../../lib/coverage/coverage.entity.js';
import { Domain } from '../../lib/catalog/domain.entity.js';
import { Metric } from '../../lib/catalog/metric.entity.js';
import { StatisticByDate } from '../../lib/statistics/tables/statistic-by-date.entity.js';
import { IncrementKey } from '../../lib/statistics/tables/increment-key.entity.js';
import { StatisticByDateAndObject } from '../../lib/statistics/tables/statistic-by-date-and-object.entity.js';
import { StatisticByTime } from '../../lib/statistics/tables/statistic-by-time.entity.js';
import { StatisticByTimeAndObject } from '../../lib/statistics/tables/statistic-by-time-and-object.entity.js';
import { statisticTablesOf } from '../../lib/statistics/tables/statistic-table.js';
export const TRACKSTATS_ENTITIES = [Domain, Metric, StatisticByDate, StatisticByDateAndObject, Coverage, IncrementKey];
/** The tables of buckets of less than a day, which most specs do not need. */
export const TIME_ENTITIES = [StatisticByTime, StatisticByTimeAndObject];
import type { Source } from '../../lib/rollup/source-query.js';
import type { TrackerDefinition, TrackerEntry } from '../../lib/tracking/definition/tracker-definition.js';
import { TrackerResolver } from '../../lib/tracking/source/tracker.resolver.js';
import { TrackerVerifier, type Difference } from '../../lib/tracking/running/tracker.verifier.js';
import { type Scrubbed, TrackerScrubber, type ScrubState } from '../../lib/tracking/running/tracker.scrubber.js';
import type { RunOptions } from '../../lib/tracking/running/run-options.js';
import type { TrackResult } from '../../lib/tracking/running/track-result.js';
import { TrackerRunner } from '../../lib/tracking/running/tracker.runner.js';
import { Period } from '../../lib/time/period.js';

/** As test/support/check-statements.ts has it. */
export const IS_DISTRIBUTED = process.env.TRACKSTATS_TEST_DISTRIBUTED === 'on' ? true : null;

/** The engine without Nest: the classes that a run needs, on one data source. */
export class Engine {
  readonly database: Database;
  private readonly runner: TrackerRunner;
  private readonly verifier: TrackerVerifier;
  private readonly scrubber: TrackerScrubber;

  private constructor(
    readonly dataSource: DataSource,
    readonly source: DataSource,
    isDistributed: boolean | null,
  ) {
    this.database = new Database(dataSource, undefined, isDistributed);
    const dataSources = new DataSources(dataSource, () => [source]);
    const resolver = new TrackerResolver(this.database, dataSources, new ObjectTypes(dataSources));
    this.runner = new TrackerRunner(this.database, resolver, () => new Date());
    this.verifier = new TrackerVerifier(this.database, resolver);
    this.scrubber = new TrackerScrubber(this.database, resolver, this.verifier);
  }

  /**
   * @param source the data source of the counted entities, if it is another one
   * @param isDistributed true for the statements of a distributed PostgreSQL
   */
  static async on(
    dataSource: DataSource,
    source = dataSource,
    isDistributed: boolean | null = IS_DISTRIBUTED,
  ): Promise<Engine> {
    const engine = new Engine(dataSource, source, isDistributed);
    const tables = statisticTablesOf(engine.database);
    readAsStored(engine.database, [Domain, Metric, Coverage, ...tables.map(({ entity }) => entity)]);
    await engine.database.driver.prepareKeys(
      dataSource,
      tables.map(({ table, keys }) => ({
        table,
        textKeys: keys.filter(({ type }) => type === 'varchar').map(({ property }) => property),
      })),
    );
    return engine;
  }

  run(
    definition: OneMetric | TrackerDefinition,
    source: Source,
    options: Partial<RunOptions> & { now: Date },
  ): Promise<TrackResult> {
    return this.runner.run(asTracker(definition), source, options);
  }

  /** Compares the next closed dates, as a scheduled run does first. */
  scrub(
    definition: OneMetric | TrackerDefinition,
    source: Source,
    now: Date,
    state: ScrubState,
  ): Promise<Scrubbed | null> {
    return this.scrubber.scrub(asTracker(definition), source, { now, state });
  }

  verify(
    definition: OneMetric | TrackerDefinition,
    source: Source,
    range: { from?: LocalDate; to?: LocalDate } = {},
  ): Promise<Difference[]> {
    return this.verifier.verify(asTracker(definition), source, range);
  }
}

/** A definition of one metric, as most specs write it. */
export interface OneMetric extends Omit<TrackerDefinition, 'entries' | 'withTotal'> {
  readonly metric: TrackerEntry['metric'];
  readonly periods: TrackerEntry['periods'];
  readonly aggregate: TrackerEntry['aggregate'];
  readonly density: TrackerEntry['density'];
  readonly keep: TrackerEntry['keep'];
}

/** The definition as the engine reads it. */
export function asTracker(given: OneMetric | TrackerDefinition): TrackerDefinition {
  if ('entries' in given) return given;
  const { metric, periods, aggregate, density, keep, ...common } = given;
  return {
    ...common,
    withTotal: false,
    entries: [{ metric, periods, aggregate, density, totalDensity: density, keep, where: null }],
  };
}

/** Returns a definition with all defaults and the given changes. */
export function definitionOf(given: Partial<OneMetric> & Pick<OneMetric, 'metric' | 'dateField'>): OneMetric {
  const target = given.target ?? { kind: 'total' };
  return {
    name: null,
    periods: [Period.DAY],
    aggregate: { function: 'count', field: null },
    target,
    where: null,
    timeZone: 'UTC',
    weekStart: 'monday',
    since: null,
    lookback: 1,
    lookbackMs: null,
    appendOnly: false,
    history: 'recorded',
    scrub: null,
    sourceKeptSince: null,
    density: target.kind === 'total' ? 'daily' : 'changes',
    keep: new Map(),
    withDeleted: false,
    epoch: null,
    storedIn: null,
    ...given,
  };
}
