import sql, { raw, type Sql } from 'sql-template-tag';
import type { Metric } from '../../catalog/metric.entity.js';
import type { Dialect } from '../../database/dialects/dialect.js';
import { query, type Work } from '../../database/work.js';
import type { RollupPeriod, RollupSpec } from '../../rollup/rollup-spec.js';
import { PARTIAL } from '../../rollup/rollup-sql.js';
import { ofPeriod } from '../../rollup/window-sql.js';
import type { RunPlan } from './run-plan.js';
import type { ResolvedTracker } from './tracker.resolver.js';

/** Returns the part of a spec that says how to read the source. */
export function scanOf(
  { definition, target, source }: ResolvedTracker,
  plan: Pick<RunPlan, 'scanFrom' | 'scanBase' | 'scanThrough'>,
  now: Date,
  countsByIndex: boolean,
): RollupSpec {
  const { timeZone, weekStart } = definition;
  const { statistic, constants } = target;
  const { scanFrom, scanBase, scanThrough } = plan;
  return {
    metricId: 0,
    statistic,
    constants,
    source,
    timeZone,
    weekStart,
    now,
    scanFrom,
    scanBase,
    scanThrough,
    countsByIndex,
    partials: PARTIAL,
    periods: [],
  };
}

/** Returns the spec of a plan, for the engine. */
export function* specOf(
  dialect: Dialect,
  metric: Pick<Metric, 'id'>,
  scan: RollupSpec,
  plan: RunPlan,
): Work<RollupSpec> {
  const spec = { ...scan, metricId: metric.id };
  const periods: RollupPeriod[] = [];
  for (const period of plan.periods) {
    // before a first run there are rows only by another hand, or of a coverage that was lost
    const hasStored = !period.isFirst || (yield* hasRows(dialect, spec, ofPeriod(dialect, spec, period, raw('s'))));
    periods.push({ ...period, hasStored });
  }
  return { ...spec, periods };
}

/** True if a statistic's table, as `s`, has rows that meet a condition. */
export function* hasRows(
  dialect: Dialect,
  { statistic }: Pick<RollupSpec, 'statistic'>,
  condition: Sql,
): Work<boolean> {
  const rows = yield* query(
    sql`SELECT 1 AS present FROM ${statistic.table.path} s WHERE ${condition} ${dialect.limit(1)}`,
  );
  return rows.length > 0;
}
