import { naturalKey } from '../../lib/catalog/definitions.js';
import type { ObjectLiteral, DataSource } from 'typeorm';
import { DataSources } from '../../lib/database/data-sources.js';
import type { EntityClass } from '../../lib/statistics/filter/object-target.js';
import { ObjectTypes } from '../../lib/statistics/filter/object-types.js';
import { StatisticOwners } from '../../lib/statistics/tables/owners.js';
import { StatisticService } from '../../lib/statistics/statistic.service.js';
import type { WeekStart } from '../../lib/time/period.js';
import { SourceFinder } from '../../lib/tracking/definition/source.finder.js';
import type { TrackerDefinition } from '../../lib/tracking/definition/tracker-definition.js';
import { ObjectsByDateTracker } from '../../lib/tracking/definition/tracker.classes.js';
import { TrackerRegistry } from '../../lib/tracking/definition/tracker.registry.js';
import { LivePlanner } from '../../lib/tracking/live/live.planner.js';
import { LiveTrackerFinder } from '../../lib/tracking/live/live-tracker.finder.js';
import { LiveReader } from '../../lib/tracking/live/live.reader.js';
import type { SourceTracker } from '../../lib/tracking/definition/registered-tracker.js';
import { TrackerResolver } from '../../lib/tracking/source/tracker.resolver.js';
import type { Engine } from './engine.js';

/** A tracker, and the entity whose rows it counts. */
export interface LiveTracker {
  readonly definition: TrackerDefinition;
  readonly source: EntityClass;
}

/** The statistics of trackers as an application has them, without Nest: stored and live. */
export class LiveShop {
  readonly statistics: StatisticService;
  readonly owners = new StatisticOwners();
  readonly reader: LiveReader;
  now = new Date(0);
  /** milliseconds that each live read seems to take, on however busy a machine */
  readMs = 0;
  private elapsedMs = 0;

  constructor(
    private readonly engine: Engine,
    private readonly trackers: readonly LiveTracker[],
    options: { readonly timeZone: string; readonly weekStart: WeekStart },
    source: DataSource = engine.source,
  ) {
    const { database } = engine;
    const dataSources = new DataSources(database.dataSource, () => [source]);
    const objectTypes = new ObjectTypes(dataSources);
    const resolver = new TrackerResolver(database, dataSources, objectTypes);
    const registry = new TrackerRegistry();
    registry.fill(
      trackers.map(({ definition, source: entity }, place): SourceTracker => {
        const name = `tracker ${String(place)}`;
        for (const { metric, periods, target } of resolver.resolve(definition, entity).entries) {
          this.owners.own(naturalKey(metric), periods, target.scope, name);
        }
        return {
          kind: 'source',
          name,
          type: ObjectsByDateTracker,
          method: null,
          schedule: null,
          runOnStart: false,
          retries: 0,
          timeout: null,
          tracker: new ObjectsByDateTracker(),
          definition,
          options: { source: entity },
        };
      }),
    );
    const sources = new SourceFinder(dataSources, () => undefined);
    const finder = new LiveTrackerFinder(resolver, sources, registry, this.owners);
    this.reader = new LiveReader(database, finder, new LivePlanner(database), () => (this.elapsedMs += this.readMs));
    this.statistics = new StatisticService(database, objectTypes, this.owners, options, () => this.now, this.reader);
  }

  /** Runs every tracker, all for one instant. */
  async run(): Promise<void> {
    for (const { definition, source } of this.trackers) {
      await this.engine.run(definition, source as EntityClass<ObjectLiteral>, { now: this.now });
    }
  }
}
