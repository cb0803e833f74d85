import { findMetric } from '../catalog/metric.query.js';
import type { Database } from '../database/database.js';
import type { Work } from '../database/work.js';
import { differingRows, type ComparedRow } from '../rollup/compare-sql.js';
import { withDays } from '../rollup/rollup.js';
import type { Source } from '../rollup/source.resolver.js';
import type { ObjectRef } from '../statistics/object-target.js';
import { exactValue } from '../statistics/exact-value.js';
import type { LocalDate } from '../time/local-date.js';
import type { Period } from '../time/period.js';
import { localDateAt } from '../time/time-zone.js';
import { readCoverage, type ComputedRange } from './coverage.store.js';
import { planRun } from './run-plan.js';
import { specOf } from './run-spec.js';
import type { TrackerDefinition } from './tracker-definition.js';
import { fingerprintOf, trackerLabel, type ResolvedTracker, type TrackerResolver } from './tracker.resolver.js';

/** A statistic that is not as a fresh computation has it. */
export interface Difference {
  /** natural key */
  metric: string;
  period: Period;
  date: LocalDate;
  object?: ObjectRef;
  dimensions?: Record<string, string | number | boolean | null>;
  /** the exact decimal, null: "no value"; undefined: there is no row */
  stored: string | null | undefined;
  expected: string | null | undefined;
}

/** Compares stored statistics with a fresh computation; writes nothing. */
export class TrackerVerifier {
  constructor(
    private readonly database: Database,
    private readonly resolver: TrackerResolver,
  ) {}

  /**
   * The differences in a range of dates, by default in all that is covered: by the source's rows as they are now,
   * of instants up to the last run.
   */
  verify(
    definition: TrackerDefinition,
    source: Source,
    range: { from?: LocalDate; to?: LocalDate },
  ): Promise<Difference[]> {
    const tracker = this.resolver.resolve(definition, source);
    return this.database.transaction(() => this.differences(tracker, range));
  }

  /** The range of dates that is covered in any period of a tracker; null before its first run. */
  covered(definition: TrackerDefinition, source: Source): Promise<{ from: LocalDate; through: LocalDate } | null> {
    const tracker = this.resolver.resolve(definition, source);
    return this.database.read(() => this.coveredRange(tracker));
  }

  private *coveredRange({ definition, target }: ResolvedTracker): Work<{ from: LocalDate; through: LocalDate } | null> {
    const metric = yield* findMetric(this.database, definition.metric);
    if (metric === null) return null;
    const ranges: ComputedRange[] = [];
    for (const period of definition.periods) {
      const covered = yield* readCoverage(this.database, { metricId: metric.id, period, scope: target.scope });
      if (covered !== undefined) ranges.push(covered);
    }
    const [from] = ranges.map((range) => range.from).sort();
    const through = ranges
      .map((range) => range.through)
      .sort()
      .at(-1);
    return from === undefined || through === undefined ? null : { from, through };
  }

  private *differences(
    tracker: ResolvedTracker,
    { from, to }: { from?: LocalDate; to?: LocalDate },
  ): Work<Difference[]> {
    const { definition, target } = tracker;
    const { dialect } = this.database;
    const metric = yield* findMetric(this.database, definition.metric);
    if (metric === null) return [];
    const found: Difference[] = [];
    for (const period of definition.periods) {
      const covered = yield* readCoverage(this.database, { metricId: metric.id, period, scope: target.scope });
      if (covered === undefined) continue;
      const plan = planRun({
        definition: { ...definition, periods: [period] },
        tracker: trackerLabel(definition),
        fingerprint: () => fingerprintOf(tracker, period),
        today: localDateAt(covered.computedAt, definition.timeZone),
        coverage: new Map([[period, covered]]),
        requested: { from: from ?? covered.from, to: to ?? covered.through },
        firstDate: null,
      });
      const spec = yield* specOf(dialect, tracker, metric, plan, covered.computedAt);
      for (const each of spec.periods) {
        const rows = yield* withDays(dialect, [each], differingRows(dialect, spec, each));
        found.push(...rows.map((row) => differenceOf(tracker, metric.key, period, row)));
      }
    }
    return found;
  }
}

function differenceOf({ target }: ResolvedTracker, metric: string, period: Period, row: ComparedRow): Difference {
  const keys = Object.fromEntries(
    target.statistic.keys.map((key, index) => [key.property, key.decode(row[`k${String(index)}`])]),
  );
  return {
    metric,
    period,
    date: row.date,
    ...(target.statistic.kind === 'object'
      ? { object: { type: String(keys.objectType), id: String(keys.objectId) } }
      : {}),
    ...(target.statistic.kind === 'custom' ? { dimensions: keys } : {}),
    stored: Number(row.is_stored) === 1 ? exactValue(row.stored) : undefined,
    expected: Number(row.is_expected) === 1 ? exactValue(row.expected) : undefined,
  };
}
