import { resolveMetric } from '../catalog/catalog.store.js';
import { findMetric } from '../catalog/metric.query.js';
import type { Database } from '../database/database.js';
import { execute, type Work } from '../database/work.js';
import { differingRows, type ComparedRow } from '../rollup/compare-sql.js';
import { refuseAmbiguous } from '../rollup/ambiguity.js';
import { PartialSpool, spooledSpec } from '../rollup/partial-spool.js';
import { PARTIAL } from '../rollup/rollup-sql.js';
import type { RollupSpec } from '../rollup/rollup-spec.js';
import { partials, withDays } from '../rollup/rollup.js';
import type { Source } from '../rollup/source.resolver.js';
import type { ObjectRef } from '../statistics/object-target.js';
import type { StatisticTable } from '../statistics/statistic-table.js';
import { exactValue } from '../statistics/exact-value.js';
import type { LocalDate } from '../time/local-date.js';
import type { Period } from '../time/period.js';
import { localDateAt } from '../time/time-zone.js';
import { readCoverage } from '../coverage/coverage.store.js';
import { type ComputedRange, computedRanges, planRun, type RunPlan } from './run-plan.js';
import { scanOf, specOf } from './run-spec.js';
import { probeOf } from './source-probe.js';
import type { ResolvedTarget } from './tracker-target.js';
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
  async verify(
    definition: TrackerDefinition,
    source: Source,
    range: { from?: LocalDate; to?: LocalDate },
  ): Promise<Difference[]> {
    const tracker = this.resolver.resolve(definition, source);
    const found: Difference[] = [];
    for (const period of definition.periods) found.push(...(await this.verifyPeriod(tracker, period, range)));
    return found;
  }

  /** The range of dates that is covered in any period of a tracker; null before its first run. */
  covered(definition: TrackerDefinition, source: Source): Promise<{ from: LocalDate; through: LocalDate } | null> {
    const tracker = this.resolver.resolve(definition, source);
    return this.database.transaction(() => this.coveredRange(tracker));
  }

  private *coveredRange(tracker: ResolvedTracker): Work<{ from: LocalDate; through: LocalDate } | null> {
    const ranges: ComputedRange[] = [];
    for (const period of tracker.definition.periods) {
      const covered = yield* this.coverageOf(tracker, period);
      if (covered !== undefined) ranges.push(covered);
    }
    const [from] = ranges.map((range) => range.from).sort();
    const through = ranges
      .map((range) => range.through)
      .sort()
      .at(-1);
    return from === undefined || through === undefined ? null : { from, through };
  }

  private async verifyPeriod(
    tracker: ResolvedTracker,
    period: Period,
    range: { from?: LocalDate; to?: LocalDate },
  ): Promise<Difference[]> {
    const { definition, target, sourceDatabase } = tracker;
    // not `read`: on a replica that lags it would not be the coverage of the rows that are compared
    const covered = await this.database.transaction(() => this.coverageOf(tracker, period));
    if (covered === undefined) return [];
    const now = covered.computedAt;
    const plan = planRun({
      definition: { ...definition, periods: [period] },
      tracker: trackerLabel(definition),
      fingerprint: () => fingerprintOf(tracker, period),
      today: localDateAt(now, definition.timeZone),
      coverage: new Map([[period, covered]]),
      requested: { from: range.from ?? covered.from, to: range.to ?? covered.through },
      firstDate: null,
    });
    const probe = probeOf(sourceDatabase.dialect, tracker, now);
    const scan = scanOf(tracker, plan, now, await sourceDatabase.read(() => probe.countsByIndex()));
    await sourceDatabase.read(() => refuseAmbiguous(sourceDatabase.dialect, trackerLabel(definition), scan));
    const spool = sourceDatabase === this.database ? undefined : await PartialSpool.from(sourceDatabase, scan);
    try {
      return await this.database.transaction(() => this.differences(tracker, target, scan, plan, spool));
    } finally {
      spool?.remove();
    }
  }

  private *coverageOf({ definition, target }: ResolvedTracker, period: Period): Work<ComputedRange | undefined> {
    const metric = yield* findMetric(this.database, definition.metric);
    if (metric === null) return undefined;
    const stored = yield* readCoverage(this.database, { metricId: metric.id, period, scope: target.scope });
    return computedRanges(stored === null ? [] : [stored]).get(period);
  }

  private *differences(
    tracker: ResolvedTracker,
    { statistic }: ResolvedTarget,
    scan: RollupSpec,
    plan: RunPlan,
    spool: PartialSpool | undefined,
  ): Work<Difference[]> {
    const { dialect } = this.database;
    const metric = yield* resolveMetric(this.database, tracker.definition.metric);
    const resolved = yield* specOf(dialect, metric, scan, plan);
    const spec = spool === undefined ? resolved : spooledSpec(resolved);
    if (spool !== undefined) yield* spool.stage(dialect, spec);
    const expressions = spool === undefined ? [partials(dialect, spec)] : [];
    const found: Difference[] = [];
    for (const period of spec.periods) {
      const rows = yield* withDays(dialect, [period], differingRows(dialect, spec, period, expressions));
      found.push(...rows.map((row) => differenceOf(statistic, metric.key, period.period, row)));
    }
    if (spool !== undefined) yield* execute(dialect.unstage(PARTIAL));
    return found;
  }
}

function differenceOf(statistic: StatisticTable, metric: string, period: Period, row: ComparedRow): Difference {
  const keys = Object.fromEntries(
    statistic.keys.map((key, index) => [key.property, key.decode(row[`k${String(index)}`])]),
  );
  return {
    metric,
    period,
    date: row.date,
    ...(statistic.kind === 'object' ? { object: { type: String(keys.objectType), id: String(keys.objectId) } } : {}),
    ...(statistic.kind === 'custom' ? { dimensions: keys } : {}),
    stored: row.is_stored === 1 ? exactValue(row.stored) : undefined,
    expected: row.is_expected === 1 ? exactValue(row.expected) : undefined,
  };
}
