import { meaningOf } from '../../catalog/aggregates.js';
import type { StoredCoverage } from '../../coverage/coverage.js';
import type { DriftStep } from '../../coverage/drift.js';
import { ClockBehindError, DefinitionChangedError, InvalidRangeError } from '../../errors/run.error.js';
import type { RollupPeriod } from '../../rollup/rollup-spec.js';
import {
  addDays,
  type DayNumber,
  dayNumber,
  earlierDay,
  FIRST_DAY,
  fromDayNumber,
  laterDay,
  type LocalDate,
  shiftDay,
} from '../../time/local-date.js';
import {
  bucketEnd,
  bucketStart,
  calendarUnit,
  firstCovered,
  isTimePeriod,
  nextBucket,
  Period,
  periodKind,
  type WeekStart,
} from '../../time/period.js';
import { isSameZone, isZone, localDateAt, startOfDay } from '../../time/time-zone.js';
import type { TrackerDefinition } from '../definition/tracker-definition.js';
import { wholeFrom } from './source-kept.js';
import type { ResolvedEntry } from './tracker.resolver.js';

/** The range of dates that is complete, as stored. */
export interface CoveredRange {
  readonly from: LocalDate;
  readonly through: LocalDate;
  readonly fingerprint: string;
  /** of the last run's definition */
  readonly timeZone?: string;
  /** true if the source had no rows before `from`, so that earlier rows are late */
  readonly isWhole?: boolean;
  /** of LIFETIME: where its values and those of the days went apart */
  readonly drift?: readonly DriftStep[];
}

/** A range that a run has computed. */
export interface ComputedRange extends CoveredRange {
  /** the run's now */
  readonly computedAt: Date;
}

/** Closed dates that a due run counts again. */
export interface Recount {
  readonly from: LocalDate;
  /** the date of the source's first row, if it may be before what is covered; otherwise null */
  readonly sourceFrom: LocalDate | null;
}

/** A range that a call asks for. */
export interface RequestedRange {
  readonly from?: LocalDate | undefined;
  readonly to?: LocalDate | undefined;
  /**
   * the range of which this one is a step. Statistics belong to a changed definition only when the whole range is
   * computed
   */
  readonly stepOf?: { readonly from: LocalDate; readonly to?: LocalDate | undefined } | undefined;
}

export interface PlannedPeriod extends Omit<RollupPeriod, 'hasStored'> {
  /** the coverage after the run */
  readonly covered: CoveredRange;
  /** true if nothing is covered before the run */
  readonly isFirst: boolean;
  /** true if a call asks for the range */
  readonly isAsked: boolean;
  /** first covered day, if the lookback reaches further back. Coverage is extended if rows are found there */
  readonly coveredSince: DayNumber | null;
  /** rows after this date are removed: a clock that was ahead has written them */
  readonly lastKept: LocalDate | null;
  /** first date whose statistics are kept; null if all are */
  readonly keptFrom: LocalDate | null;
  /** true if no value depends on a stored one: in a first run, and in a range that a call asks for */
  readonly fresh: boolean;
}

/** The part of a source that a scan reads. */
export interface ScanBounds {
  /** the first day that is read day by day */
  readonly scanFrom: DayNumber;
  /** the second from which rows are read, where that is not the first one of that day; otherwise null */
  readonly fromSecond: number | null;
  /** true if everything before is read as one partial */
  readonly scanBase: boolean;
  readonly scanThrough: DayNumber;
}

export interface RunPlan {
  /** the dates that the run replaces, over all entries and periods */
  readonly from: LocalDate;
  readonly through: LocalDate;
  /** the periods of each entry */
  readonly entries: readonly (readonly PlannedPeriod[])[];
}

/** An entry of a plan: the statistics of one metric in one scope. */
export interface PlannedEntry extends Pick<ResolvedEntry, 'periods' | 'density' | 'aggregate' | 'keep'> {
  /** of the definition, or of the same one with another name of its time zone */
  readonly fingerprint: (period: Period, timeZone?: string) => string;
  readonly coverage: ReadonlyMap<Period, CoveredRange>;
  /** of an entry with periods of less than a day: the one with the others of the metric, whose days they add up to */
  readonly beside?: Pick<PlannedEntry, 'periods' | 'coverage'> | undefined;
}

export interface RunPlanInput {
  readonly definition: TrackerDefinition;
  /** for messages */
  readonly tracker: string;
  readonly entries: readonly PlannedEntry[];
  readonly today: LocalDate;
  readonly requested: RequestedRange;
  /** the date of the source's first row up to now; null if there is none */
  readonly firstDate: LocalDate | null;
  /** closed dates to count again as well, in a run of the dates that are due */
  readonly recount?: Recount | null;
  /** the second from which a due run counts buckets again, where the lookback is no number of days */
  readonly fromSecond?: number | null;
  /** true if nothing is made of stored days, because stored values are compared with the source */
  readonly fromSource?: boolean;
}

/** Returns the computed ranges by period. A coverage that was created and never filled has none. */
export function computedRanges(coverages: readonly StoredCoverage[]): Map<Period, ComputedRange> {
  const ranges = new Map<Period, ComputedRange>();
  for (const { period, from, through, computedAt, ...coverage } of coverages) {
    if (from === null || through === null || computedAt === null) continue;
    const { fingerprint, timeZone, isWhole, drift } = coverage;
    ranges.set(period, { from, through, fingerprint, timeZone, computedAt, isWhole, drift });
  }
  return ranges;
}

/**
 * Plans which dates of which metric and period a run replaces.
 *
 * @throws ClockBehindError, DefinitionChangedError, InvalidRangeError
 */
export function planRun(input: RunPlanInput): RunPlan {
  const begin = firstRecounted(input);
  const entries = input.entries.map((entry) => entry.periods.map((period) => planPeriod(input, entry, period, begin)));
  const ranges = entries.flat().map(({ range }) => range);
  return {
    from: earliest(ranges.map(({ from }) => from)),
    through: latest(ranges.map(({ through }) => through)),
    entries,
  };
}

/**
 * Returns what a scan reads of the source for some periods.
 *
 * @param firstDate of the source, if it is known
 */
export function scanBounds(
  periods: readonly PlannedPeriod[],
  weekStart: WeekStart,
  firstDate: LocalDate | null,
): ScanBounds {
  const scanFrom = periods.map((period) => scanStart(period, weekStart)).reduce((a, b) => earlierDay(a, b));
  const seconds = periods.flatMap(({ fromSecond }) => fromSecond ?? []);
  const olderRows = firstDate === null || dayNumber(firstDate) < scanFrom;
  return {
    scanFrom,
    fromSecond: seconds.length === periods.length ? Math.min(...seconds) : null,
    scanBase: olderRows && periods.some(needsBase),
    scanThrough: periods
      .map(({ lastDay, storedDaysAfter }) => storedDaysAfter ?? lastDay)
      .reduce((a, b) => laterDay(a, b)),
  };
}

/** True if a plan needs to know when the source begins. */
export function needsFirstDate(
  entries: readonly Pick<PlannedEntry, 'periods' | 'coverage'>[],
  requested: RequestedRange,
): boolean {
  return requested.from === undefined && isFirstRun(entries);
}

/** True if a period of an entry has never been computed. */
export function isFirstRun(entries: readonly Pick<PlannedEntry, 'periods' | 'coverage'>[]): boolean {
  return entries.some(({ periods, coverage }) => periods.some((period) => !coverage.has(period)));
}

/**
 * Returns the instant for which a run computes the dates that are due. If the clock is one day behind the coverage, as
 * that of another replica may be about midnight, it returns the instant of the last run, so that nothing moves back.
 *
 * @param hasTimes true if there are periods of less than a day, of which whole buckets would be lost on the same day too
 */
export function dueAt(
  now: Date,
  timeZone: string,
  coverage: readonly (Pick<CoveredRange, 'through'> & { readonly computedAt: Date })[],
  hasTimes = false,
): Date {
  const today = localDateAt(now, timeZone);
  const tomorrow = addDays(today, 1);
  const later = coverage.filter(
    ({ through, computedAt }) => computedAt > now && (through === tomorrow || (hasTimes && through === today)),
  );
  return later.map(({ computedAt }) => computedAt).reduce((a, b) => (b > a ? b : a), now);
}

interface DatedPeriod extends PlannedPeriod {
  readonly range: { readonly from: LocalDate; readonly through: LocalDate };
}

/**
 * Returns the first day of any calendar bucket that a due run recounts, where its days are recounted too, so that they
 * add up to it. Returns null if every period begins with its own dates: in a range that a call asks for, and with
 * `appendOnly`, where a bucket goes on from the stored days instead. They are not all stored of the bucket in which the
 * source begins.
 */
function firstRecounted(input: RunPlanInput): LocalDate | null {
  const { definition, requested, entries } = input;
  if (isAsked(requested)) return null;
  const back = recountOf(input)?.from;
  const starts = entries.flatMap((entry) =>
    entry.periods.filter(addsDaysUp).flatMap((period) => {
      const covered = entry.coverage.get(period);
      if (covered === undefined) return [];
      const { from } = due(input, covered);
      const start = startOf(definition, period, back === undefined ? from : earliest([back, from]));
      const days = entry.coverage.get(Period.DAY);
      const isFirst = days !== undefined && days.from > start && lowestDate(input, entry, Period.DAY, days) <= start;
      return definition.appendOnly && !isFirst ? [] : [start];
    }),
  );
  if (back !== undefined) starts.push(notBefore(definition, back));
  return starts.length === 0 ? null : earliest(starts);
}

/** Rows older than the lookback never change in a source that only grows. */
function recountOf({ definition, recount }: RunPlanInput): Recount | null {
  return definition.appendOnly ? null : (recount ?? null);
}

/** True if the days since the start of a calendar unit add up to a value of the period. */
function addsDaysUp(period: Period): boolean {
  return isCalendar(period) || periodKind(period) === 'to-date';
}

/** Returns the first day of the calendar unit that a period's value of a date covers. */
function startOf(definition: TrackerDefinition, period: Period, date: LocalDate): LocalDate {
  if (isCalendar(period)) return firstBucket(definition, period, date);
  return notBefore(definition, firstCovered(period, date, definition.weekStart) ?? date);
}

function isAsked({ from, to }: RequestedRange): boolean {
  return from !== undefined || to !== undefined;
}

function isCalendar(period: Period): boolean {
  return calendarUnit(period) !== null;
}

/** Returns the dates of a covered period that a due run recounts, from the first day that it recounts of any. */
function extended(
  input: RunPlanInput,
  entry: PlannedEntry,
  period: Period,
  covered: CoveredRange,
  begin: LocalDate | null,
): { from: LocalDate; through: LocalDate } {
  const range = due(input, covered);
  if (begin === null) return range;
  // before its first date, which may be pruned, no value is stored to go on from
  if (resumes(input.definition, entry, period, null) && recountOf(input) === null) return range;
  return { ...range, from: earliest([range.from, latest([begin, lowestOf(input, entry, period, covered)])]) };
}

/** Returns the first date of a period to which a due run may go back. */
function lowestOf(input: RunPlanInput, entry: PlannedEntry, period: Period, covered: CoveredRange): LocalDate {
  // before its first date a running value would be written for every day
  const own = periodKind(period) === 'bucket' ? lowestDate(input, entry, period, covered) : covered.from;
  const sourceFrom = recountOf(input)?.sourceFrom ?? null;
  const lowest = sourceFrom !== null && covered.isWhole === true ? earliest([own, sourceFrom]) : own;
  return latest([lowest, ...keptSince(input, entry, period), ...countableFrom(input.definition, entry, period)]);
}

/** Returns the first date of a period, from a date on, that is kept and can be counted from what the source has kept. */
export function recountedFrom(
  input: Pick<RunPlanInput, 'definition' | 'today'>,
  entry: PlannedEntry,
  period: Period,
  date: LocalDate,
): LocalDate {
  const { definition } = input;
  const bounds = [...keptSince(input, entry, period), ...countableFrom(definition, entry, period)];
  return latest([notBefore(definition, date), ...bounds]);
}

/** Returns the first date whose statistic can be counted in a source that has lost its earlier rows. */
function countableFrom(definition: TrackerDefinition, entry: PlannedEntry, period: Period): LocalDate[] {
  const { sourceKeptSince, weekStart } = definition;
  if (sourceKeptSince === null) return [];
  const until = hasStoredDays(entry, period, bucketOf(period, sourceKeptSince, weekStart)) ? sourceKeptSince : null;
  const madeOf = {
    period,
    baseIsStored: resumes(definition, entry, period, null),
    storedDaysUntil: until === null ? null : dayNumber(until),
  };
  const whole = wholeFrom(madeOf, sourceKeptSince, weekStart);
  const covered = entry.coverage.get(period);
  if (whole === null) return [covered?.through ?? sourceKeptSince];
  const first = fromDayNumber(whole);
  // before the first date no value is stored to go on from
  if (madeOf.baseIsStored && covered !== undefined) return [latest([first, addDays(covered.from, 1)])];
  // the bucket in which the source begins
  const isCut = isCalendar(period) && first !== bucketOf(period, first, weekStart);
  return [isCut ? nextBucket(period, bucketOf(period, first, weekStart), weekStart) : latest([first, sourceKeptSince])];
}

function bucketOf(period: Period, date: LocalDate, weekStart: WeekStart): LocalDate {
  return isCalendar(period) ? bucketStart(period, date, weekStart) : date;
}

/**
 * Returns the first date to which a recount may go back: the first covered one, or the start of its bucket if that
 * bucket is the first one that is covered, because late rows may be older than the first row. In other buckets the days
 * before it were pruned. Years count only if no date was pruned: days that are kept for some months would come back.
 */
function lowestDate(input: RunPlanInput, entry: PlannedEntry, period: Period, covered: CoveredRange): LocalDate {
  const { definition } = input;
  const { periods, coverage } = entry.beside ?? entry;
  const starts = periods
    .filter((unit) => isCalendar(unit) && (unit !== Period.CALENDAR_YEAR || covered.isWhole === true))
    .flatMap((unit) => {
      const start = firstBucket(definition, unit, covered.from);
      const first = coverage.get(unit)?.from;
      return first !== undefined && first >= start ? [start] : [];
    });
  return latest([earliest([covered.from, ...starts]), ...keptSince(input, entry, period)]);
}

/**
 * True if the buckets of a period can be made of stored days, from a date on. Before the first day there is none to
 * store if the source had no rows there, and late rows are not counted in days either.
 */
function hasStoredDays({ coverage, periods, aggregate }: PlannedEntry, period: Period, from: LocalDate): boolean {
  const days = coverage.get(Period.DAY);
  if (!isCalendar(period) || days === undefined || !periods.includes(Period.DAY)) return false;
  return meaningOf(aggregate.function).continues && (days.isWhole === true || days.from <= from);
}

/**
 * Returns the days of the first and last bucket of a range that are not counted again: their stored values go into the
 * bucket, so that its days add up to it. Otherwise it would have late rows that they do not have.
 */
function storedDays(
  input: RunPlanInput,
  entry: PlannedEntry,
  period: Period,
  range: { readonly first: LocalDate; readonly bucket: LocalDate; readonly lastDay: DayNumber },
  begin: LocalDate | null,
): Pick<RollupPeriod, 'storedDaysUntil' | 'storedDaysAfter'> {
  const none = { storedDaysUntil: null, storedDaysAfter: null };
  const days = entry.coverage.get(Period.DAY);
  // of a period that is added to a tracker, all buckets up to the days that the run counts
  const since = entry.coverage.has(period) ? range.bucket : range.first;
  if (input.fromSource === true || days === undefined) return none;
  const { from: start, through: end } = rangeOf(input, entry, Period.DAY, days, begin);
  const until = hasStoredDays(entry, period, since) && range.bucket < start && start <= addDays(days.through, 1);
  const last = bucketOf(period, fromDayNumber(range.lastDay), input.definition.weekStart);
  const isCutAfter = isAsked(input.requested) && dayNumber(end) < range.lastDay && end < days.through;
  const after = isCutAfter && hasStoredDays(entry, period, latest([last, since]));
  return { storedDaysUntil: until ? dayNumber(start) : null, storedDaysAfter: after ? dayNumber(end) : null };
}

/** Returns the dates of a period that a run counts. */
function rangeOf(
  input: RunPlanInput,
  entry: PlannedEntry,
  period: Period,
  covered: CoveredRange | undefined,
  begin: LocalDate | null,
): { from: LocalDate; through: LocalDate } {
  if (isAsked(input.requested)) return asked(input, period, input.requested, covered);
  return covered === undefined ? firstDue(input, entry, period) : extended(input, entry, period, covered, begin);
}

function planPeriod(input: RunPlanInput, entry: PlannedEntry, period: Period, begin: LocalDate | null): DatedPeriod {
  const { definition, requested } = input;
  const covered = entry.coverage.get(period);
  const wanted = isAsked(requested) ? requested : null;
  const range = rangeOf(input, entry, period, covered, begin);
  const from = firstBucket(definition, period, range.from);
  const first = earliest([from, range.through]);
  const changed = covered !== undefined && isChanged(input, entry, period, covered);
  const [keptFrom = null] = keptSince(input, entry, period);
  if (
    changed &&
    !replacesAll(definition, period, wanted, latest([covered.from, ...(keptFrom === null ? [] : [keptFrom])]))
  ) {
    throw new DefinitionChangedError(input.tracker, Period.nameOf(period), covered.from, covered.through);
  }
  const openEnded = wanted !== null && wanted.to === undefined;
  const last = lastDay(input, period, dayNumber(range.through));
  // everything from the source's first row on is counted, which no lookback promises
  const isEarlier = covered?.isWhole === true && (recountOf(input)?.sourceFrom ?? null) !== null;
  const whole =
    wanted?.stepOf?.from === undefined
      ? from
      : earliest([from, firstBucket(definition, period, notBefore(definition, wanted.stepOf.from))]);
  // steps on their way to what is covered leave a gap before it that later ones fill
  const adjoins = covered === undefined || range.through >= addDays(covered.from, -1);
  const coveredStarts =
    covered === undefined
      ? [first]
      : [covered.from, ...(isEarlier ? [first] : []), ...(adjoins && !isEarlier ? [whole] : [])];
  const through = covered === undefined || openEnded ? range.through : latest([range.through, covered.through]);
  return {
    period,
    density: entry.density,
    hasOlderKeys: entry.density === 'daily',
    from: dayNumber(from),
    through: dayNumber(range.through),
    fromSecond: wanted === null ? secondOf(input, period, covered, range) : null,
    lastDay: last,
    baseIsStored: covered !== undefined && resumes(definition, entry, period, wanted),
    // before the first date that is kept no row is stored to go on from
    fresh: wanted !== null || covered === undefined || recountOf(input) !== null || beginsPruned(covered, from),
    isFirst: covered === undefined,
    isAsked: wanted !== null,
    keptFrom,
    ...storedDays(input, entry, period, { first: range.from, bucket: from, lastDay: last }, begin),
    coveredSince:
      covered !== undefined && wanted === null && !isEarlier && first < covered.from ? dayNumber(covered.from) : null,
    endsEarly: covered !== undefined && range.through < through,
    lastKept: openEnded ? range.through : null,
    range: { from: first, through: range.through },
    covered: {
      // no whole bucket may have begun since `since`, and a clock that was ahead may have covered a later date
      from: earliest([...coveredStarts, through]),
      through,
      // the steps of a range make statistics those of the new definition when the last one is done
      fingerprint: changed && !openEnded ? covered.fingerprint : entry.fingerprint(period),
    },
  };
}

/** Returns the second from which buckets of a range are replaced, or null if all of its first date are. */
function secondOf(
  input: RunPlanInput,
  period: Period,
  covered: CoveredRange | undefined,
  { from }: { readonly from: LocalDate },
): number | null {
  const { definition, fromSecond = null } = input;
  if (fromSecond === null || covered === undefined || !isTimePeriod(period)) return null;
  // a date that was not covered before is counted as a whole
  if (from < covered.from || recountOf(input) !== null) return null;
  return from === dateOf(definition, fromSecond) ? fromSecond : null;
}

function dateOf({ timeZone }: TrackerDefinition, second: number): LocalDate {
  return localDateAt(new Date(second * 1000), timeZone);
}

/** True if a range begins where older statistics were removed: an open unit may reach back to the first date that is kept. */
function beginsPruned({ from, isWhole }: CoveredRange, date: LocalDate): boolean {
  return isWhole !== true && date <= from;
}

/** Another name of the time zone is not a change: the stored values were computed by the same clocks. */
function isChanged(
  { definition }: RunPlanInput,
  { fingerprint }: PlannedEntry,
  period: Period,
  covered: CoveredRange,
): boolean {
  const { fingerprint: stored, timeZone = definition.timeZone } = covered;
  if (stored === fingerprint(period)) return false;
  if (timeZone === definition.timeZone || !isZone(timeZone)) return true;
  return stored !== fingerprint(period, timeZone) || !isSameZone(timeZone, definition.timeZone);
}

/** True if a range that a call asks for, or the one of which it is a step, replaces everything from a date on. */
function replacesAll(
  definition: TrackerDefinition,
  period: Period,
  wanted: RequestedRange | null,
  from: LocalDate,
): boolean {
  const whole = wanted?.stepOf ?? wanted;
  if (whole?.from === undefined || whole.to !== undefined) return false;
  return firstBucket(definition, period, notBefore(definition, whole.from)) <= from;
}

/** Returns the dates that are due: all of them at first, later those since the last run and those of the lookback. */
function due(
  { definition, tracker, today, firstDate, fromSecond = null }: RunPlanInput,
  covered: CoveredRange | undefined,
): { from: LocalDate; through: LocalDate } {
  if (covered === undefined) return { from: notBefore(definition, firstDate ?? today), through: today };
  if (today < dateBefore(covered.through, definition.timeZone)) {
    throw new ClockBehindError(tracker, today, covered.through);
  }
  const back = fromSecond === null ? addDays(covered.through, -definition.lookback) : dateOf(definition, fromSecond);
  const from = earliest([back, today]);
  return { from: notBefore(definition, from), through: today };
}

/** Returns the last date that a zone had before a date: it may have skipped the day before. */
function dateBefore(date: LocalDate, timeZone: string): LocalDate {
  return localDateAt(new Date(startOfDay(date, timeZone).getTime() - 1), timeZone);
}

/** Returns the dates of a first run. What would be pruned after it is not computed. */
function firstDue(input: RunPlanInput, entry: PlannedEntry, period: Period): { from: LocalDate; through: LocalDate } {
  const { from, through } = due(input, undefined);
  return { from: latest([from, ...keptSince(input, entry, period)]), through };
}

/** Returns the first date whose statistics of a period are kept, if not all are. */
function keptSince(
  { definition, today }: Pick<RunPlanInput, 'definition' | 'today'>,
  { keep }: PlannedEntry,
  period: Period,
): LocalDate[] {
  const days = keep.get(period);
  if (days === undefined) return [];
  const first = laterDay(FIRST_DAY, shiftDay(dayNumber(today), 1 - days));
  return [bucketStart(period, fromDayNumber(first), definition.weekStart)];
}

function asked(
  { definition, today, tracker, firstDate }: RunPlanInput,
  period: Period,
  { from, to, stepOf }: RequestedRange,
  covered: CoveredRange | undefined,
): { from: LocalDate; through: LocalDate } {
  const through = to === undefined ? today : earliest([to, today]);
  const start = from ?? covered?.from ?? firstDate ?? through;
  if (start > through) {
    throw new InvalidRangeError(
      `A range of ${tracker} begins on ${start} and ends on ${through}. Expected from <= to, and from no later than today (${today}).`,
    );
  }
  const end = stepOf === undefined ? through : stepOf.to === undefined ? today : earliest([stepOf.to, today]);
  if (covered !== undefined && (end < addDays(covered.from, -1) || start > addDays(covered.through, 1))) {
    throw new InvalidRangeError(
      `A range of ${tracker} from ${stepOf?.from ?? start} to ${end} leaves a gap beside what is covered in ${Period.nameOf(period)} ` +
        `(${covered.from} to ${covered.through}), whose dates nobody would have computed. Choose a range that adjoins it.`,
    );
  }
  return { from: notBefore(definition, start), through };
}

function notBefore({ since }: TrackerDefinition, date: LocalDate): LocalDate {
  return since === null ? date : latest([since, date]);
}

/**
 * Returns the first bucket that a range replaces: the one that contains its first date, unless that begins before
 * `since`.
 */
function firstBucket({ since, weekStart }: TrackerDefinition, period: Period, date: LocalDate): LocalDate {
  if (periodKind(period) !== 'bucket') return date;
  const start = bucketStart(period, date, weekStart);
  return since !== null && start < since ? nextBucket(period, start, weekStart) : start;
}

/** True if a lifetime value continues from the stored one, because earlier rows never change or have been deleted. */
function resumes(
  { appendOnly, sourceKeptSince }: TrackerDefinition,
  { aggregate }: PlannedEntry,
  period: Period,
  wanted: RequestedRange | null,
): boolean {
  if (periodKind(period) !== 'lifetime' || !meaningOf(aggregate.function).continues) return false;
  return sourceKeptSince !== null || (appendOnly && wanted === null);
}

function scanStart({ period, from, storedDaysUntil: until }: PlannedPeriod, weekStart: WeekStart): DayNumber {
  if (until !== null) return until;
  const first = firstCovered(period, fromDayNumber(from), weekStart);
  return first === null ? from : dayNumber(first);
}

/** Returns the last day to compute: a bucket is computed as a whole, even if the range ends within it. */
function lastDay({ definition, today }: RunPlanInput, period: Period, through: DayNumber): DayNumber {
  if (!isCalendar(period)) return through;
  return earlierDay(dayNumber(bucketEnd(period, fromDayNumber(through), definition.weekStart)), dayNumber(today));
}

function needsBase({ period, hasOlderKeys, baseIsStored, fresh }: PlannedPeriod): boolean {
  if (periodKind(period) === 'lifetime') return !baseIsStored;
  return periodKind(period) !== 'bucket' && hasOlderKeys && fresh;
}

function earliest(dates: readonly LocalDate[]): LocalDate {
  return dates.reduce((a, b) => (b < a ? b : a));
}

function latest(dates: readonly LocalDate[]): LocalDate {
  return dates.reduce((a, b) => (b > a ? b : a));
}
