import type { Dialect } from '../../database/dialects/dialect.js';
import type { Work } from '../../database/work.js';
import { PARTIAL } from '../../rollup/rollup-sql.js';
import type { RollupEntry, RollupSpec, SourceScan } from '../../rollup/rollup-spec.js';
import { hasPeriods } from '../../rollup/stored-rows.js';
import type { LocalDate } from '../../time/local-date.js';
import { isTimePeriod, type Period } from '../../time/period.js';
import { type BucketLength, commonLength } from '../../time/time-bucket.js';
import type { RunPlan } from './run-plan.js';
import { type ScanBounds, scanBounds } from './scan-bounds.js';
import type { ResolvedTracker } from './tracker.resolver.js';

/** How a run reads the source. */
export interface ScanOptions {
  readonly now: Date;
  /** of the source, if it is known */
  readonly firstDate: LocalDate | null;
  /** asks whether an index counts the rows of a source, where that is worth the question */
  readonly countsByIndex: boolean;
  /** the name of the partials. @default PARTIAL */
  readonly partials?: string | undefined;
}

/** Returns the scans of a plan, by the place of their source. A source of which nothing is planned is not scanned. */
export function scansOf(tracker: ResolvedTracker, plan: RunPlan, options: ScanOptions): (SourceScan | null)[] {
  return tracker.sources.map((source, place) => {
    const periods = plan.entries.flatMap((planned, index) => (tracker.entries[index]?.place === place ? planned : []));
    if (periods.length === 0) return null;
    const bounds = scanBounds(periods, tracker.definition.weekStart, options.firstDate);
    const counted = periods.map(({ period }) => period);
    const { countsFewDays } = tracker.sourceDatabase.dialect;
    const isWorthIt = isLong(bounds) || (countsFewDays && !counted.some(isTimePeriod));
    const countsByIndex = options.countsByIndex && source.plain !== null && isWorthIt;
    return scanOf(tracker, place, bounds, { ...options, countsByIndex, periods: counted });
  });
}

/** A few days are read by the index anyway, and most databases group them as fast as they answer another statement. */
function isLong({ scanBase, scanFrom, scanThrough }: ScanBounds): boolean {
  return scanBase || scanThrough - scanFrom > 31;
}

/**
 * Returns one scan of a tracker.
 *
 * @param options.periods those that are made of its partials
 */
export function scanOf(
  { definition, entries, sources }: ResolvedTracker,
  place: number,
  { scanFrom, fromSecond, scanBase, scanThrough }: ScanBounds,
  {
    now,
    countsByIndex,
    periods,
    partials = PARTIAL,
  }: Omit<ScanOptions, 'firstDate'> & { readonly periods: readonly Period[] },
): SourceScan {
  const [entry] = entries;
  const source = sources[place];
  if (entry === undefined || source === undefined) throw new TypeError('a tracker without entries');
  return {
    source,
    statistic: entry.target.statistic,
    keepsUnkeyed: definition.withTotal,
    timeZone: definition.timeZone,
    now,
    scanFrom,
    scanBase,
    scanThrough,
    fromSecond,
    bucket: bucketOf(periods),
    countsByIndex,
    partials: place === 0 ? partials : `${partials}_${String(place)}`,
  };
}

/** Returns the length of the buckets of which all periods of less than a day can be made; null if there are none. */
function bucketOf(periods: readonly Period[]): BucketLength | null {
  const [first, ...others] = periods.filter(isTimePeriod);
  return first === undefined ? null : commonLength([first, ...others]);
}

/**
 * Returns the spec of a plan, for the engine, with the entries of which something is planned.
 *
 * @param metricIds of each entry
 */
export function* rollupSpecOf(
  dialect: Dialect,
  { definition, entries }: ResolvedTracker,
  metricIds: readonly number[],
  scans: readonly (SourceScan | null)[],
  plan: RunPlan,
): Work<RollupSpec> {
  const planned = entries.flatMap(({ target, measure, place, sourceOf }, index) => {
    const [scan, metricId] = [scans[place], metricIds[index]];
    const periods = plan.entries[index] ?? [];
    if (scan === null || scan === undefined || metricId === undefined || periods.length === 0) return [];
    const { statistic, constants } = target;
    const keys = target.keys.length === 0 ? [] : sourceOf.keys;
    const entry = { index, metricId, statistic, constants, keys, measure, scan, weekStart: definition.weekStart };
    return [{ entry, periods }];
  });
  // before a first run there are rows only by another hand, or of a coverage that was lost
  const firsts = planned.flatMap(({ entry, periods }) =>
    periods.filter(({ isFirst }) => isFirst).map((period) => ({ entry, period })),
  );
  const stored = yield* hasPeriods(dialect, firsts);
  const empty = new Set(firsts.filter((_, index) => stored[index] === false).map(({ period }) => period));
  const resolved = planned.map(({ entry, periods }): RollupEntry => ({
    ...entry,
    periods: periods.map((period) => ({ ...period, hasStored: !empty.has(period) })),
  }));
  return { scans: scans.filter((scan) => scan !== null), entries: resolved };
}
