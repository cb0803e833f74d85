import { naturalKey } from '../../catalog/definitions.js';
import { meaningOf } from '../../catalog/aggregates.js';
import { resolveMetric } from '../../catalog/catalog.store.js';
import type { Cancellation } from '../../database/cancellation.js';
import type { Database } from '../../database/database.js';
import type { Work } from '../../database/work.js';
import { VerificationOvertakenError } from '../../errors/run.error.js';
import { differingRows, type ComparedRow } from '../../rollup/compare-sql.js';
import { refuseAmbiguous } from '../../rollup/ambiguity.js';
import { PartialSpool, spooledSpec } from '../../rollup/partial-spool.js';
import type { RollupEntry, RollupPeriod, RollupSpec, SourceScan } from '../../rollup/rollup-spec.js';
import { countKeys, countPartials, stagePartials, unstagePartials } from '../../rollup/rollup.js';
import type { Source } from '../../rollup/source-query.js';
import { dateOfMoment, momentOf } from '../../rollup/stored-rows.js';
import { type DaySlice, isSliceable } from '../../rollup/window-sql.js';
import type { ObjectRef } from '../../statistics/filter/object-target.js';
import { carriesForward } from '../../statistics/read/carried-values.js';
import { exactValue } from '../../statistics/tables/exact-value.js';
import { earlierDay, fromDayNumber, type LocalDate, shiftDay } from '../../time/local-date.js';
import { type Period, periodKind } from '../../time/period.js';
import { instantText } from '../../time/instant.js';
import { localDateAt } from '../../time/time-zone.js';
import type { ComputedRange } from '../source/covered-range.js';
import { recountedFrom } from '../source/earliest-dates.js';
import { planRun } from '../source/plan-run.js';
import type { PlannedEntry, RunPlan } from '../source/run-plan.js';
import { rollupSpecOf } from '../source/run-spec.js';
import { probedScans, probeOf } from '../source/source-probe.js';
import { allComputed, type ComputedEntries, plannedEntries, readComputedRanges } from './tracker-coverage.js';
import type { TrackerDefinition } from '../definition/tracker-definition.js';
import {
  type ResolvedEntry,
  type ResolvedTracker,
  trackerLabel,
  type TrackerResolver,
} from '../source/tracker.resolver.js';

/** A statistic whose stored value differs from a fresh computation. */
export interface Difference {
  /** the natural key of the metric */
  metric: string;
  period: Period;
  date: LocalDate;
  /** of a bucket of less than a day, its first instant, as a point has it */
  start?: string;
  object?: ObjectRef;
  dimensions?: Record<string, string | number | boolean | null>;
  /** the exact decimal; null for "no value"; undefined if there is no row */
  stored: string | null | undefined;
  expected: string | null | undefined;
}

/** The progress of a verification. */
export interface VerifyProgress {
  period: Period;
  /** the last date that has been compared in this period */
  date: LocalDate;
  from: LocalDate;
  to: LocalDate;
  /** 0 to 1, over all periods */
  fraction: number;
  /** number of differences found so far */
  differences: number;
}

export interface VerifyOptions {
  readonly from?: LocalDate | undefined;
  readonly to?: LocalDate | undefined;
  /** compares only dates that a run of the tracker may count again */
  readonly isScrub?: boolean | undefined;
  /** compares only buckets of less than a day that begin before this second */
  readonly before?: number | null | undefined;
  readonly onProgress?: ((progress: VerifyProgress) => void) | undefined;
  readonly cancellation?: Cancellation | undefined;
}

/** How many runs of the same statistics may end during a verification. It starts again after each. */
const OVERTAKEN_LIMIT = 5;

/** The number of rows that are computed and compared at a time. The event loop turns between two slices. */
const SLICE_ROWS = 50_000;

/** The table for the partials of a verification. It is not that of runs, which come and go between its slices. */
const VERIFIED = 'trackstats_verified';

/** Periods of entries whose runs had the same last instant, so that one pass over the source serves them all. */
interface Together {
  readonly now: Date;
  /** first date to compare, of a scrub */
  readonly from: LocalDate | undefined;
  readonly covered: ComputedEntries;
}

/** Differences by entry and period. */
type Found = Map<string, Difference[]>;

/** Compares stored statistics with a fresh computation. Writes nothing. */
export class TrackerVerifier {
  constructor(
    private readonly database: Database,
    private readonly resolver: TrackerResolver,
  ) {}

  /**
   * Returns the differences in a range of dates, by default in the whole coverage. It compares with the source's rows
   * as they are now, up to the instant of the last run.
   *
   * @throws InvalidRangeError, DefinitionChangedError, VerificationOvertakenError
   */
  async verify(definition: TrackerDefinition, source: Source, options: VerifyOptions): Promise<Difference[]> {
    const tracker = this.resolver.resolve(definition, source);
    for (let attempt = 1; ; attempt++) {
      try {
        return await this.attempt(tracker, options);
      } catch (error) {
        if (!(error instanceof VerificationOvertakenError) || attempt >= OVERTAKEN_LIMIT) throw error;
      }
    }
  }

  /** Returns the range of dates that is covered in any period of a tracker, or null before its first run. */
  async covered(
    definition: TrackerDefinition,
    source: Source,
  ): Promise<{ from: LocalDate; through: LocalDate } | null> {
    const tracker = this.resolver.resolve(definition, source);
    const computed = await this.database.transaction(() => readComputedRanges(this.database, tracker));
    const ranges = allComputed(computed);
    const [from] = ranges.map((range) => range.from).sort();
    const through = ranges
      .map((range) => range.through)
      .sort()
      .at(-1);
    return from === undefined || through === undefined ? null : { from, through };
  }

  private async attempt(tracker: ResolvedTracker, options: VerifyOptions): Promise<Difference[]> {
    const { cancellation } = options;
    // not `read`: on a replica that lags it would not be the coverage of the rows that are compared
    const covered = await this.database.transaction(() => readComputedRanges(this.database, tracker), { cancellation });
    const isScrub = options.isScrub === true;
    const entries = plannedEntries(tracker, covered);
    const groups = groupedByRun(covered, (index, period, range) =>
      isScrub ? firstCompared(tracker, entries[index], period, range, options) : undefined,
    );
    const found: Found = new Map();
    for (const [index, group] of groups.entries()) {
      const onProgress = (progress: VerifyProgress): void => {
        options.onProgress?.({ ...progress, fraction: (index + progress.fraction) / groups.length });
      };
      const from = isScrub ? group.from : options.from;
      await this.compareTogether(tracker, group, { ...options, from, onProgress }, found);
    }
    return tracker.entries.flatMap(({ periods }, index) =>
      periods.flatMap((period) => found.get(placeOf(index, period)) ?? []),
    );
  }

  private async compareTogether(
    tracker: ResolvedTracker,
    { now, covered }: Together,
    options: VerifyOptions,
    found: Found,
  ): Promise<void> {
    const { definition, sourceDatabase } = tracker;
    const { cancellation } = options;
    const throughs = allComputed(covered)
      .map(({ through }) => through)
      .sort();
    const entries = plannedEntries(tracker, covered).map((entry) => ({
      ...entry,
      periods: [...entry.coverage.keys()],
    }));
    const plan = planRun({
      definition,
      tracker: trackerLabel(definition),
      entries,
      today: localDateAt(now, definition.timeZone),
      requested: { from: options.from, to: options.to ?? throughs.at(-1) },
      firstDate: null,
      fromSource: true,
    });
    const probe = probeOf(sourceDatabase.dialect, tracker, now);
    const scans = await sourceDatabase.read(
      () => probedScans(tracker, plan, { now, firstDate: null, partials: VERIFIED }, probe),
      { cancellation },
    );
    const read = scans.filter((scan) => scan !== null);
    for (const scan of read) {
      await sourceDatabase.read(() => refuseAmbiguous(sourceDatabase.dialect, trackerLabel(definition), scan), {
        cancellation,
      });
    }
    const spool =
      sourceDatabase === this.database ? undefined : await PartialSpool.from(sourceDatabase, read, { cancellation });
    try {
      const slices = (): Iterable<() => Work<void>> =>
        this.slices(tracker, covered, scans, plan, { ...options, spool, found });
      await this.database.inSlices(slices, { cancellation, tables: read.map(({ partials }) => partials) });
    } finally {
      spool?.remove();
    }
  }

  private *slices(
    tracker: ResolvedTracker,
    covered: ComputedEntries,
    scans: readonly (SourceScan | null)[],
    plan: RunPlan,
    {
      spool,
      found,
      before = null,
      onProgress,
    }: Pick<VerifyOptions, 'before' | 'onProgress'> & { spool: PartialSpool | undefined; found: Found },
  ): Generator<() => Work<void>> {
    const { dialect } = this.database;
    const verifier = this; // eslint-disable-line @typescript-eslint/no-this-alias -- generators have no arrow functions
    let staged: { spec: RollupSpec; slices: ComparedSlice[] } | undefined;
    yield function* () {
      const metricIds: number[] = [];
      for (const { metric } of tracker.entries) metricIds.push((yield* resolveMetric(verifier.database, metric)).id);
      const resolved = yield* rollupSpecOf(dialect, tracker, metricIds, scans, plan);
      const spec = spool === undefined ? resolved : spooledSpec(resolved);
      yield* spool === undefined ? stagePartials(dialect, spec) : spool.stage(dialect, spec.scans);
      staged = { spec, slices: yield* slicesOf(spec) };
    };
    if (staged === undefined) return;
    const { spec, slices } = staged;
    const own: Difference[][] = [];
    for (const [index, periods] of plan.entries.entries()) {
      for (const { period } of periods) {
        const differences: Difference[] = [];
        own.push(differences);
        found.set(placeOf(index, period), differences);
      }
    }
    for (const [place, { entry, period, slice }] of slices.entries()) {
      yield function* () {
        yield* verifier.refuseOvertaken(tracker, covered);
        const rows = (yield* differingRows(dialect, entry, period, slice)).sort(byMoment(entry));
        const { metric } = tracker.entries[entry.index] as ResolvedEntry;
        const differences = found.get(placeOf(entry.index, period.period));
        const range = covered[entry.index]?.get(period.period);
        const others = rows.filter(
          (row) =>
            isBefore(before, entry, row) && (range === undefined || !isSameWithoutRow(entry, period, row, range)),
        );
        differences?.push(...others.map((row) => differenceOf(entry, naturalKey(metric), period.period, row)));
      };
      onProgress?.({
        period: period.period,
        date: fromDayNumber(slice.through),
        from: fromDayNumber(period.from),
        to: fromDayNumber(period.through),
        fraction: (place + 1) / slices.length,
        differences: [...found.values()].reduce((sum, { length }) => sum + length, 0),
      });
    }
    yield () => unstagePartials(dialect, spec);
    for (const differences of own) differences.sort(byKeyAndDate);
  }

  /** A run that ends meanwhile has changed the rows that are compared. */
  private *refuseOvertaken(tracker: ResolvedTracker, before: ComputedEntries): Work<void> {
    const now = yield* readComputedRanges(this.database, tracker);
    for (const [index, ranges] of before.entries()) {
      for (const [period, { from, through, computedAt }] of ranges) {
        const range = now[index]?.get(period);
        if (range?.from !== from || range.through !== through || range.computedAt.getTime() !== computedAt.getTime())
          throw new VerificationOvertakenError(trackerLabel(tracker.definition), OVERTAKEN_LIMIT);
      }
    }
  }
}

function placeOf(entry: number, period: Period): string {
  return `${String(entry)} ${String(period)}`;
}

/**
 * Returns the first date of a period that a scrub compares, or null if it compares none. It compares what a run may
 * correct: neither dates that were pruned, nor those that need rows which the source has lost.
 */
function firstCompared(
  { definition }: ResolvedTracker,
  entry: PlannedEntry | undefined,
  period: Period,
  range: ComputedRange,
  { from, to }: VerifyOptions,
): LocalDate | null {
  if (entry === undefined) return null;
  const today = localDateAt(range.computedAt, definition.timeZone);
  const first = recountedFrom({ definition, today }, entry, period, range.from);
  const later = from !== undefined && from > first ? from : first;
  return later > range.through || (to !== undefined && later > to) ? null : later;
}

/** @param firstOf the first date to compare of a period of an entry; null: it is not compared, undefined: any */
function groupedByRun(
  covered: ComputedEntries,
  firstOf: (index: number, period: Period, range: ComputedRange) => LocalDate | null | undefined,
): Together[] {
  const groups = new Map<string, { now: Date; from: LocalDate | undefined; covered: Map<Period, ComputedRange>[] }>();
  for (const [index, ranges] of covered.entries()) {
    for (const [period, range] of ranges) {
      const { computedAt, through } = range;
      const from = firstOf(index, period, range);
      if (from === null) continue;
      const key = `${String(computedAt.getTime())} ${through} ${from ?? ''}`;
      const group = groups.get(key) ?? {
        now: computedAt,
        from,
        covered: covered.map(() => new Map<Period, ComputedRange>()),
      };
      group.covered[index]?.set(period, range);
      groups.set(key, group);
    }
  }
  return [...groups.values()];
}

/** Some days of a period of an entry, which are compared at a time. */
interface ComparedSlice {
  readonly entry: RollupEntry;
  readonly period: RollupPeriod;
  readonly slice: DaySlice;
}

/**
 * Returns the days to compare at a time: about `SLICE_ROWS` rows, but at least as many as there are partials, because
 * each slice of a window reads all of them.
 */
function* slicesOf(spec: RollupSpec): Work<ComparedSlice[]> {
  const counted = new Map<string, { partials: number; keys: number | undefined }>();
  for (const { partials } of spec.scans) {
    counted.set(partials, { partials: yield* countPartials(partials), keys: undefined });
  }
  const slices: ComparedSlice[] = [];
  for (const entry of spec.entries) {
    const known = counted.get(entry.scan.partials) ?? { partials: 0, keys: undefined };
    for (const period of entry.periods) {
      const days = period.through - period.from + 1;
      let rows = known.partials;
      if (isSliceable(period) && periodKind(period.period) !== 'bucket')
        rows = days * (known.keys ??= yield* countKeys(entry.scan));
      const wanted = Math.ceil(
        rows / Math.max(SLICE_ROWS, periodKind(period.period) === 'bucket' ? known.partials / 10 : known.partials),
      );
      const length = isSliceable(period) ? Math.ceil(days / Math.max(1, wanted)) : days;
      for (let { from } = period; from <= period.through; from = shiftDay(from, length)) {
        const slice = { from, through: earlierDay(shiftDay(from, length - 1), period.through) };
        slices.push({ entry, period, slice });
      }
    }
  }
  return slices;
}

function isBefore(second: number | null, { statistic }: RollupEntry, { moment }: ComparedRow): boolean {
  return second === null || statistic.moment === 'date' || Number(moment) < second;
}

/**
 * True if a row says what its absence says: the value of no rows, on the first date after statistics were removed, of a
 * value that is carried. Removing them leaves such a row of a key whose rows are all older. A run that begins on the date
 * writes it or not, according to what else it reads of the source.
 */
function isSameWithoutRow(
  { measure }: RollupEntry,
  { period, density }: RollupPeriod,
  row: ComparedRow,
  { from, isWhole }: ComputedRange,
): boolean {
  if (density !== 'changes' || !carriesForward(period) || isWhole === true || row.moment !== from) return false;
  if (row.is_stored === row.is_expected) return false;
  const value = row.is_stored === 1 ? row.stored : row.expected;
  return exactValue(value) === meaningOf(measure.aggregate).empty;
}

function byKeyAndDate(a: Difference, b: Difference): number {
  const others = sortKey(b);
  for (const [index, one] of sortKey(a).entries()) {
    const other = others[index];
    if (one === other) continue;
    if (one === null || other === null || other === undefined) return one === null ? -1 : 1;
    return one < other ? -1 : 1;
  }
  return 0;
}

function sortKey({ object, dimensions, date }: Difference): (string | number | boolean | null)[] {
  return [...(object === undefined ? [] : [object.type, object.id]), ...Object.values(dimensions ?? {}), date];
}

/** Rows of one date in the order of their buckets, which the text of a start does not have in a repeated hour. */
function byMoment(entry: RollupEntry): (a: ComparedRow, b: ComparedRow) => number {
  return (a, b) => (entry.statistic.moment === 'date' ? 0 : Number(a.moment) - Number(b.moment));
}

function differenceOf(entry: RollupEntry, metric: string, period: Period, row: ComparedRow): Difference {
  const { statistic, scan } = entry;
  const moment = momentOf(entry, row.moment);
  const keys = Object.fromEntries(
    statistic.keys.map((key, index) => [key.property, key.decode(row[`k${String(index)}`])]),
  );
  return {
    metric,
    period,
    date: dateOfMoment(entry, row.moment),
    ...(typeof moment === 'number' ? { start: instantText(moment, scan.timeZone) } : {}),
    ...(statistic.kind === 'object' ? { object: { type: String(keys.objectType), id: String(keys.objectId) } } : {}),
    ...(statistic.kind === 'custom' ? { dimensions: keys } : {}),
    stored: row.is_stored === 1 ? exactValue(row.stored) : undefined,
    expected: row.is_expected === 1 ? exactValue(row.expected) : undefined,
  };
}
