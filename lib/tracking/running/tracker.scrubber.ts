import type { Cancellation } from '../../database/cancellation.js';
import type { Database } from '../../database/database.js';
import { VerificationOvertakenError } from '../../errors/run.error.js';
import type { Source } from '../../rollup/source-query.js';
import { SAME_DOUBLES } from '../../statistics/tables/exact-value.js';
import { addDays, earliestDate, type LocalDate } from '../../time/local-date.js';
import { localDateAt } from '../../time/time-zone.js';
import type { TrackerDefinition } from '../definition/tracker-definition.js';
import { firstDateSince } from '../source/due-dates.js';
import { firstBucket, recountedFrom } from '../source/earliest-dates.js';
import { firstRecountedSecond } from '../source/recounted-seconds.js';
import type { Recount } from '../source/run-plan.js';
import { firstDateNear } from '../source/source-probe.js';
import type { ResolvedTracker, TrackerResolver } from '../source/tracker.resolver.js';
import { allComputed, type ComputedEntries, plannedEntries, readComputedRanges } from './tracker-coverage.js';
import type { TrackerDrift } from './tracker-drift.js';
import type { Difference, TrackerVerifier } from './tracker.verifier.js';

/** How far a tracker has compared its closed dates. */
export interface ScrubState {
  /** the last date that was compared; null if none was */
  readonly through: LocalDate | null;
  /** when that was; null if it never was */
  readonly at: Date | null;
}

/** What a comparison of some closed dates came to. */
export interface Scrubbed {
  /** to store together with what the run writes */
  readonly state: ScrubState;
  /** the dates to count again; null if all are right */
  readonly recount: Recount | null;
  readonly drift: readonly TrackerDrift[];
}

export interface ScrubRequest {
  readonly now: Date;
  readonly state: ScrubState;
  readonly cancellation?: Cancellation | undefined;
}

/** Compares some of a tracker's closed dates with the source, the next ones in turn. Writes nothing. */
export class TrackerScrubber {
  constructor(
    private readonly database: Database,
    private readonly resolver: TrackerResolver,
    private readonly verifier: TrackerVerifier,
  ) {}

  /**
   * Returns what is to be corrected, or null if it is not time for a comparison, or another run has ended meanwhile.
   *
   * @throws the errors of `TrackerVerifier.verify`
   */
  async scrub(definition: TrackerDefinition, source: Source, options: ScrubRequest): Promise<Scrubbed | null> {
    const { now, state, cancellation } = options;
    if (!isDue(definition, state, now)) return null;
    const tracker = this.resolver.resolve(definition, source);
    const covered = await this.database.transaction(() => readComputedRanges(this.database, tracker), { cancellation });
    const slice = nextSlice(tracker, covered, options);
    if (slice === null) return null;
    const { from, to, before, through } = slice;
    const added = slice.isFirst ? await this.addedBefore(tracker, covered, options) : null;
    try {
      const isEmpty = to < from;
      const found = isEmpty
        ? []
        : await this.verifier.verify(definition, source, { from, to, before, isScrub: true, cancellation });
      const differences = found.filter(isOther);
      const [first] = [...differences.map(({ date }) => date), ...(added === null ? [] : [added])].sort();
      return {
        state: { through, at: now },
        recount: first === undefined ? null : { from: first, sourceFrom: added },
        drift: driftsOf(differences),
      };
    } catch (error) {
      if (error instanceof VerificationOvertakenError) return null;
      throw error;
    }
  }

  /** Returns the date of the source's first row, if that came after the dates from the first one on were computed. */
  private async addedBefore(
    tracker: ResolvedTracker,
    covered: ComputedEntries,
    { now, cancellation }: ScrubRequest,
  ): Promise<LocalDate | null> {
    const { definition, sourceDatabase } = tracker;
    const [lowest] = allComputed(covered)
      .map(({ from }) => from)
      .sort();
    const first = await sourceDatabase.read(() => firstDateNear(sourceDatabase.dialect, tracker, now, lowest ?? null), {
      cancellation,
    });
    if (first === null) return null;
    const today = localDateAt(now, definition.timeZone);
    const isAdded = plannedEntries(tracker, covered).some((entry) =>
      [...entry.coverage].some(([period, range]) => {
        if (range.isWhole !== true) return false;
        const from = recountedFrom({ definition, today }, entry, period, first);
        return firstBucket(definition, period, from) < range.from;
      }),
    );
    return isAdded ? first : null;
  }
}

function isDue({ scrub }: TrackerDefinition, { at }: ScrubState, now: Date): boolean {
  if (scrub === null) return false;
  const age = at === null ? Infinity : now.getTime() - at.getTime();
  // a clock that was ahead must not keep it from ever being due
  return age >= scrub.every || age < -scrub.every;
}

/** The closed dates that a scrub compares. */
interface ScrubbedDates {
  readonly from: LocalDate;
  /** earlier than `from` if there are none */
  readonly to: LocalDate;
  /** the second of `to` from which the next run counts it again; null if all of it is closed */
  readonly before: number | null;
  /** the last date that is compared as a whole; null if there is none */
  readonly through: LocalDate | null;
  /** true if a round over all dates begins */
  readonly isFirst: boolean;
}

/** Returns the closed dates to compare next, or null before the first run. */
function nextSlice(
  tracker: ResolvedTracker,
  covered: ComputedEntries,
  { now, state: { through } }: ScrubRequest,
): ScrubbedDates | null {
  const { definition } = tracker;
  const ranges = plannedEntries(tracker, covered).flatMap((entry) =>
    [...entry.coverage].map(([period, range]) => ({
      from: recountedFrom({ definition, today: range.through }, entry, period, range.from),
      through: range.through,
    })),
  );
  const [lowest] = ranges.map(({ from }) => from).sort();
  const last = ranges
    .map((range) => range.through)
    .sort()
    .at(-1);
  if (lowest === undefined || last === undefined || definition.scrub === null) return null;
  const before = firstRecountedSecond(tracker, allComputed(covered), { given: now, now });
  // every run counts what comes after it again
  const highest =
    before === null ? addDays(last, -definition.lookback - 1) : addDays(firstDateSince(definition, before), -1);
  const isFirst = through === null || through < lowest || through >= highest;
  const from = isFirst ? lowest : addDays(through, 1);
  const to = earliestDate(addDays(from, definition.scrub.days - 1), highest);
  const whole = { from, to, before: null, through: to < from ? null : to, isFirst };
  // a round ends with the closed part of the date in which the next run begins
  return before === null || to < highest ? whole : { ...whole, to: addDays(highest, 1), before };
}

function isOther({ stored, expected }: Difference): boolean {
  if (stored === undefined || expected === undefined || stored === null || expected === null) return true;
  const [a, b] = [Number(stored), Number(expected)];
  return Math.abs(a - b) > SAME_DOUBLES * (Math.abs(a) + Math.abs(b)) || isWhole(stored, expected);
}

/** Counts and other whole numbers are exact. */
function isWhole(...decimals: readonly string[]): boolean {
  return decimals.every((decimal) => !decimal.includes('.'));
}

function driftsOf(differences: readonly Difference[]): TrackerDrift[] {
  const byStatistics = new Map<string, { drift: Omit<TrackerDrift, 'keys'>; series: Set<string> }>();
  for (const { metric, date, object, dimensions } of differences) {
    const of = object !== undefined ? 'objects' : dimensions !== undefined ? 'dimensions' : 'total';
    const found = byStatistics.get(`${of} ${metric}`);
    const drift = { metric, of, date, difference: null } as const;
    const one = found ?? { drift, series: new Set<string>() };
    if (date > one.drift.date) one.drift = drift;
    one.series.add(JSON.stringify(object ?? dimensions ?? null));
    byStatistics.set(`${of} ${metric}`, one);
  }
  return [...byStatistics.values()].map(({ drift, series }) => ({ ...drift, keys: series.size }));
}
