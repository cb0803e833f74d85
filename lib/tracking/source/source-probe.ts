import type { ColumnClock, Dialect } from '../../database/dialects/dialect.js';
import type { Work } from '../../database/work.js';
import { earliestReading } from '../../rollup/rollup.js';
import { countsRanges } from '../../rollup/rollup-sql.js';
import {
  dayAt,
  dayNumber,
  FIRST_DAY,
  fromDayNumber,
  laterDay,
  type LocalDate,
  shiftDay,
} from '../../time/local-date.js';
import { daySegments, latestReading, localDateAt, readingRange } from '../../time/time-zone.js';
import type { SourceScan } from '../../rollup/rollup-spec.js';
import type { RunPlan } from './run-plan.js';
import { type ScanOptions, scansOf } from './run-spec.js';
import type { ResolvedTracker } from './tracker.resolver.js';

/** The number of days without a row that separate stray rows from the rest: ten years. */
export const LONG_GAP = 3653;

/** Asks a source what a run needs to know before it reads the rows. */
export interface SourceProbe {
  /** the local date of the source's first row up to now; null if there is none */
  firstDate(): Work<LocalDate | null>;
  /** true if an index counts the rows of the source that has nothing but them to count */
  countsByIndex(): Work<boolean>;
  /** true if the ranges of a scan that counts by that index are counted faster than its rows are read */
  countsRanges(scan: SourceScan): Work<boolean>;
}

/** Asks a source that is in the same database as the work. */
export function probeOf(dialect: Dialect, tracker: ResolvedTracker, now: Date): SourceProbe {
  return {
    firstDate: () => firstDate(dialect, tracker, now),
    countsByIndex: () => countsByIndex(dialect, tracker),
    countsRanges: (scan) => countsRanges(dialect, scan),
  };
}

/** Asks a source first, for work that is done in another database. */
export function* probed(probe: SourceProbe): Work<SourceProbe> {
  const first = yield* probe.firstDate();
  const counts = yield* probe.countsByIndex();
  return knownProbe(first, counts);
}

/** Returns a probe whose answers are known already. The ranges of buckets are not known yet, and are not counted. */
export function knownProbe(firstDate: LocalDate | null, countsByIndex: boolean): SourceProbe {
  return {
    firstDate: () => known(firstDate),
    countsByIndex: () => known(countsByIndex),
    countsRanges: ({ bucket }) => known(bucket === null),
  };
}

/** Returns a probe that already knows the first date. */
export function withFirstDate(probe: SourceProbe, firstDate: LocalDate | null): SourceProbe {
  return { ...probe, firstDate: () => known(firstDate) };
}

/** Returns the scans of a plan, which count by an index where the probe finds that cheap. */
export function* probedScans(
  tracker: ResolvedTracker,
  plan: RunPlan,
  options: Omit<ScanOptions, 'countsByIndex'>,
  probe: SourceProbe,
): Work<(SourceScan | null)[]> {
  const scans = scansOf(tracker, plan, { ...options, countsByIndex: true });
  const asked = scans.find((scan) => scan?.countsByIndex === true) ?? null;
  if (asked !== null && (yield* probe.countsByIndex()) && (yield* probe.countsRanges(asked))) return scans;
  return scansOf(tracker, plan, { ...options, countsByIndex: false });
}

// eslint-disable-next-line require-yield -- a work of no statements
function* known<T>(value: T): Work<T> {
  return value;
}

function* countsByIndex(dialect: Dialect, { sources }: ResolvedTracker): Work<boolean> {
  const plain = sources.find((source) => source.plain !== null)?.plain ?? null;
  return plain !== null && (yield* dialect.countsByIndex(plain.table, plain.column));
}

/**
 * Returns the local date of the source's first row up to now, or of the first one from a date on. Returns null if there
 * is none. A row before all dates, or without a date of the calendar, counts as 0001-01-01.
 */
export function* firstDate(
  dialect: Dialect,
  { definition, base }: ResolvedTracker,
  now: Date,
  since: LocalDate | null = null,
): Work<LocalDate | null> {
  const { clock } = base;
  const zone = definition.timeZone;
  const before =
    clock.kind === 'date' ? Date.parse(localDateAt(now, zone)) + 86_400_000 : latestReading(now, clock.storedIn) + 1;
  const from = since === null ? null : firstReadingOn(clock, zone, since);
  const earliest = yield* earliestReading(dialect, base, { from, before });
  if (earliest === null) return null;
  // what is before every date, or has none, is taken to be on the first one
  const reading = Math.max(earliest, FIRST_DAY * 86_400_000);
  const [segment] =
    clock.kind === 'date' ? [] : daySegments({ storedIn: clock.storedIn, zone, from: reading, to: reading });
  return fromDayNumber(laterDay(dayAt(reading / 1000 + (segment?.shift ?? 0)), FIRST_DAY));
}

/**
 * Returns the local date of the source's first row up to now that is at most ten years before a date: the dates between
 * stray rows and the rest are not worth computing.
 */
export function firstDateNear(
  dialect: Dialect,
  tracker: ResolvedTracker,
  now: Date,
  date: LocalDate | null,
): Work<LocalDate | null> {
  const since = date === null ? null : laterDay(FIRST_DAY, shiftDay(dayNumber(date), -LONG_GAP));
  return firstDate(dialect, tracker, now, since === null ? null : fromDayNumber(since));
}

/** Returns the first reading of a date on a column's clock. */
export function firstReadingOn(clock: ColumnClock, zone: string, date: LocalDate): number {
  const day = dayNumber(date);
  if (clock.kind === 'date') return day * 86_400_000;
  return readingRange({ storedIn: clock.storedIn, zone, fromDay: day, toDay: day }).from;
}
