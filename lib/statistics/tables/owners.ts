import { overlap } from '../../coverage/scope.js';
import type { Period } from '../../time/period.js';

/** Statistics of a metric that a tracker computes. */
export interface Owned {
  readonly period: Period;
  readonly scope: string;
  readonly tracker: string;
}

/** Knows which tracker owns which statistics. Trackers are entered when the application starts. */
export class StatisticOwners {
  private readonly byMetric = new Map<string, Owned[]>();

  /** Makes a tracker the owner of a metric's periods in a scope. */
  own(metricKey: string, periods: readonly Period[], scope: string, trackerName: string): void {
    const owned = this.byMetric.get(metricKey) ?? [];
    owned.push(...periods.map((period) => ({ period, scope, tracker: trackerName })));
    this.byMetric.set(metricKey, owned);
  }

  /** Removes everything that a tracker owns. */
  disown(trackerName: string): void {
    for (const [metricKey, owned] of this.byMetric) {
      const others = owned.filter(({ tracker }) => tracker !== trackerName);
      this.byMetric.set(metricKey, others);
    }
  }

  /** Returns what trackers own of a metric. */
  ownedOf(metricKey: string): readonly Owned[] {
    return this.byMetric.get(metricKey) ?? [];
  }

  /**
   * Returns the name of the tracker that owns statistics of a scope. Statistics of one object also belong to the owner
   * of all objects of its type, and those of all objects to the owner of one of them.
   *
   * @param period null for any
   */
  ownerOf(metricKey: string, period: Period | null, scope: string): string | undefined {
    return this.byMetric
      .get(metricKey)
      ?.find((owned) => (period === null || owned.period === period) && overlap(owned.scope, scope))?.tracker;
  }
}
