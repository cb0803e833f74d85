import sql, { raw, type Sql } from 'sql-template-tag';
import type { Metric } from '../catalog/metric.entity.js';
import type { Dialect } from '../database/dialects/dialect.js';
import { query, type Work } from '../database/work.js';
import { earliestReading } from '../rollup/rollup.js';
import type { RollupPeriod, RollupSpec } from '../rollup/rollup-spec.js';
import { ofPeriod } from '../rollup/window-sql.js';
import { fromDayNumber, type LocalDate } from '../time/local-date.js';
import { daySegments, latestReading, localDateAt } from '../time/time-zone.js';
import type { RunPlan } from './run-plan.js';
import type { ResolvedTracker } from './tracker.resolver.js';

/** The spec of a plan, for the engine. */
export function* specOf(
  dialect: Dialect,
  { definition, target, source }: ResolvedTracker,
  metric: Metric,
  plan: RunPlan,
  now: Date,
): Work<RollupSpec> {
  const { timeZone, weekStart } = definition;
  const { statistic, constants } = target;
  const { scanFrom, scanBase, scanThrough } = plan;
  const { plain } = source;
  const spec = {
    metricId: metric.id,
    statistic,
    constants,
    source,
    timeZone,
    weekStart,
    now,
    scanFrom,
    scanBase,
    scanThrough,
    countsByIndex: plain !== null && (yield* dialect.countsByIndex(plain.table, plain.column)),
  };
  const periods: RollupPeriod[] = [];
  for (const period of plan.periods) {
    periods.push({ ...period, hasStored: yield* hasRows(spec, ofPeriod(dialect, spec, period, raw('s'))) });
  }
  return { ...spec, periods };
}

/** Whether a statistic's table, as `s`, has rows of a condition. */
export function* hasRows({ statistic }: Pick<RollupSpec, 'statistic'>, condition: Sql): Work<boolean> {
  const rows = yield* query(sql`SELECT 1 AS present FROM ${statistic.table.path} s WHERE ${condition} LIMIT 1`);
  return rows.length > 0;
}

/** The local date of the source's first row that has come by now; null where there is none. */
export function* firstDateOf(
  dialect: Dialect,
  { definition, source }: ResolvedTracker,
  now: Date,
): Work<LocalDate | null> {
  const { clock } = source;
  const zone = definition.timeZone;
  const before =
    clock.kind === 'date' ? Date.parse(localDateAt(now, zone)) + 86_400_000 : latestReading(now, clock.storedIn) + 1;
  const reading = yield* earliestReading(dialect, source, before);
  if (reading === null) return null;
  const [segment] =
    clock.kind === 'date' ? [] : daySegments({ storedIn: clock.storedIn, zone, from: reading, to: reading });
  return fromDayNumber(Math.floor((reading / 1000 + (segment?.shift ?? 0)) / 86_400));
}
