import { overlap } from '../coverage/scope.js';
import type { Period } from '../time/period.js';

interface Owned {
  readonly period: Period;
  readonly scope: string;
  readonly tracker: string;
}

/** Which tracker owns which statistics. The trackers are entered when the application starts. */
export class StatisticOwners {
  private readonly byMetric = new Map<string, Owned[]>();

  /** Enters a tracker as the owner of a metric's periods in a scope. */
  own(metricKey: string, periods: readonly Period[], scope: string, trackerName: string): void {
    const owned = this.byMetric.get(metricKey) ?? [];
    owned.push(...periods.map((period) => ({ period, scope, tracker: trackerName })));
    this.byMetric.set(metricKey, owned);
  }

  /** Takes back what a tracker owns. */
  disown(trackerName: string): void {
    for (const [metricKey, owned] of this.byMetric) {
      const others = owned.filter(({ tracker }) => tracker !== trackerName);
      this.byMetric.set(metricKey, others);
    }
  }

  /**
   * The name of the tracker that owns statistics of a scope; those of one object also belong to the owner of all
   * objects of its type, and those of all objects to the owner of one of them.
   *
   * @param period null: any
   */
  ownerOf(metricKey: string, period: Period | null, scope: string): string | undefined {
    return this.byMetric
      .get(metricKey)
      ?.find((owned) => (period === null || owned.period === period) && overlap(owned.scope, scope))?.tracker;
  }
}
