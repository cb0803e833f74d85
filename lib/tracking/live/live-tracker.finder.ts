import { meaningOf } from '../../catalog/aggregates.js';
import { naturalKey } from '../../catalog/definitions.js';
import { LiveReadError } from '../../errors/statistic.error.js';
import type { LiveRead } from '../../statistics/filter/live-source.js';
import { coverageScopes, filterScopes } from '../../statistics/filter/scope-filter.js';
import type { Owned, StatisticOwners } from '../../statistics/tables/owners.js';
import { overlap } from '../../coverage/scope.js';
import { Period } from '../../time/period.js';
import type { SourceTracker } from '../definition/registered-tracker.js';
import type { SourceFinder } from '../definition/source.finder.js';
import { choosesSource } from '../definition/tracker.js';
import type { TrackerRegistry } from '../definition/tracker.registry.js';
import type { TrackerResolver } from '../source/tracker.resolver.js';
import { type LiveTracker, type Wanted, liveTracker } from './live-tracker.js';

/** Reads of a tracker that are kept resolved. */
const MOST_KEPT = 200;

/** Finds the trackers that count the statistics of a live read. */
export class LiveTrackerFinder {
  /** by the statistics that are read */
  private readonly resolved = new WeakMap<SourceTracker, Map<string, LiveTracker>>();

  constructor(
    private readonly resolver: TrackerResolver,
    private readonly sources: SourceFinder,
    private readonly registry: TrackerRegistry,
    private readonly owners: StatisticOwners,
  ) {}

  /** True if a tracker counts statistics of a metric that overlap with a scope. */
  counts(metricKey: string, scope: string, period: Period): boolean {
    return this.owners
      .ownedOf(metricKey)
      .some((owned) => owned.period === period && overlap(owned.scope, scope) && this.sourceOf(owned) !== null);
  }

  /**
   * Returns the trackers that a read needs, each with what is read of it.
   *
   * @throws LiveReadError if a metric has none, or has its values from a method
   */
  async trackersOf(asked: LiveRead, now: Date): Promise<LiveTracker[]> {
    const byTracker = new Map<SourceTracker, Wanted[]>();
    for (const { owned, metricKey } of this.ownedBy(asked)) {
      const tracker = this.sourceOf(owned);
      if (tracker === null) throw notLive(asked, metricKey, 'which a method records');
      byTracker.set(tracker, [...(byTracker.get(tracker) ?? []), { ...owned, metricKey }]);
    }
    const trackers: LiveTracker[] = [];
    for (const [tracker, wanted] of byTracker) trackers.push(await this.resolve(tracker, wanted, now));
    return trackers;
  }

  /**
   * The tracked statistics that a read needs, each once.
   *
   * @throws LiveReadError if there are none for a metric, or for an object that the read names
   */
  private *ownedBy(asked: LiveRead): Generator<{ owned: Owned; metricKey: string }> {
    const { table, cells } = asked.scope;
    const scopes =
      cells === null
        ? filterScopes(asked.scope).map((scope) => [scope])
        : cells.map((cell) => coverageScopes(table, cell));
    for (const target of asked.metrics) {
      const metricKey = naturalKey(target);
      const all = this.owners.ownedOf(metricKey);
      const found = new Set<Owned>();
      for (const possible of scopes) {
        const owned = all.filter(({ period, scope }) => period === asked.period && possible.includes(scope));
        // all objects of a type may be several, each with a tracker of its own
        const within = all.filter(
          ({ period, scope }) => period === asked.period && possible.some((one) => overlap(one, scope)),
        );
        const best = owned.length > 0 ? owned : cells === null ? within : [];
        if (best.length === 0) throw notLive(asked, metricKey, 'which no tracker computes');
        for (const one of best) found.add(one);
      }
      for (const owned of found) {
        yield { owned, metricKey };
        if (asked.readsWhole !== true || this.continues(owned, metricKey)) continue;
        const others = all.filter(
          ({ scope, tracker, period }) => scope === owned.scope && tracker === owned.tracker && period !== asked.period,
        );
        for (const other of others) yield { owned: other, metricKey };
      }
    }
  }

  /** True if the values of several dates make that of all of them. */
  private continues(owned: Owned, metricKey: string): boolean {
    const entries = this.sourceOf(owned)?.definition.entries ?? [];
    const entry = entries.find(({ metric }) => naturalKey(metric) === metricKey);
    return entry !== undefined && meaningOf(entry.aggregate.function).continues;
  }

  private sourceOf({ tracker: name }: Owned): SourceTracker | null {
    const found = this.registry.names().includes(name) ? this.registry.get(name, 'live') : null;
    return found?.kind === 'source' ? found : null;
  }

  /**
   * Resolves the statistics that are read, once if nothing in the definition is a function: what that returns may be
   * another query each time.
   */
  private async resolve(tracker: SourceTracker, wanted: readonly Wanted[], now: Date): Promise<LiveTracker> {
    const { definition } = tracker;
    const key = JSON.stringify(wanted.map(({ metricKey, scope, period }) => [metricKey, scope, period]));
    const known = this.resolved.get(tracker)?.get(key);
    if (known !== undefined) return known;
    const entries = definition.entries.filter(({ metric }) =>
      wanted.some(({ metricKey }) => metricKey === naturalKey(metric)),
    );
    const source = await this.sources.find(tracker, now);
    const resolved = liveTracker(this.resolver.resolve(definition, source, entries), wanted);
    const conditions = [definition.where, ...entries.map(({ where }) => where)];
    if (!choosesSource(tracker.tracker) && conditions.every((where) => typeof where !== 'function')) {
      this.keep(tracker, key, resolved);
    }
    return resolved;
  }

  /** Forgets the one that was kept first if there are many: a dashboard asks the same few again and again. */
  private keep(tracker: SourceTracker, key: string, resolved: LiveTracker): void {
    const ofTracker = this.resolved.get(tracker) ?? new Map<string, LiveTracker>();
    this.resolved.set(tracker, ofTracker.set(key, resolved));
    const [first] = ofTracker.keys();
    if (ofTracker.size > MOST_KEPT && first !== undefined) ofTracker.delete(first);
  }
}

function notLive({ call, period, scope }: LiveRead, metricKey: string, reason: string): LiveReadError {
  const { kind, entity } = scope.table;
  const of = kind === 'total' ? 'the total' : kind === 'object' ? 'by object' : entity.name;
  return new LiveReadError(call, metricKey, `${Period.nameOf(period)}, ${of}`, reason);
}
