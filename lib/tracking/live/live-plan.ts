import { meaningOf } from '../../catalog/aggregates.js';
import { dayNumber, type DayNumber, fromDayNumber } from '../../time/local-date.js';
import { firstCovered, Period, periodKind, type WeekStart } from '../../time/period.js';
import { planRun } from '../source/plan-run.js';
import type { PlannedEntry, PlannedPeriod, RunPlan, RunPlanInput } from '../source/run-plan.js';

/** The input of a live plan: the entries as the tracker has them, and the periods of each that are read. */
export interface LivePlanInput extends Omit<RunPlanInput, 'requested'> {
  readonly asked: readonly (readonly Period[])[];
}

/**
 * Plans which dates a live read computes: those that a run would, from the lookback on. What is older is taken from the
 * stored values, as with `appendOnly`: LIFETIME continues from the stored one, and calendar buckets, windows and periods
 * to date are made of the stored days, wherever the aggregate allows that and the days are stored.
 *
 * @throws ClockBehindError, DefinitionChangedError
 */
export function planLive({ asked, ...input }: LivePlanInput): RunPlan {
  const { weekStart } = input.definition;
  const entries = input.entries.map((entry, place) => withStoredDays(entry, asked[place] ?? []));
  const definition = { ...input.definition, appendOnly: true };
  const plan = planRun({ ...input, definition, entries, requested: {} });
  return {
    ...plan,
    entries: plan.entries.map((periods, place) => {
      const wanted = asked[place] ?? [];
      const days = periods.find(({ period }) => period === Period.DAY);
      return periods
        .filter(({ period }) => wanted.includes(period))
        .map((period) => ({
          ...period,
          // a row that repeats the one before it tells a read nothing, unless the coverage begins with the first row
          density: period.coveredSince === null ? ('spans' as const) : ('changes' as const),
          // nor does one of a key that has stored rows
          hasOlderKeys: period.hasOlderKeys && beginsKept(period),
          storedDaysUntil: period.storedDaysUntil ?? storedDaysUntil(entries[place], period, days, weekStart),
        }));
    }),
  };
}

/** True if a first run begins with the first date that is kept, before which the source may have rows. */
function beginsKept({ isFirst, keptFrom, from }: PlannedPeriod): boolean {
  return isFirst && keptFrom !== null && from <= dayNumber(keptFrom);
}

/** Returns an entry with the periods that are read, and the stored days of which these may be made. */
export function withStoredDays(entry: PlannedEntry, asked: readonly Period[]): PlannedEntry {
  const continues = meaningOf(entry.aggregate.function).continues && entry.coverage.has(Period.DAY);
  const isNeeded = (period: Period): boolean =>
    asked.includes(period) || (period === Period.DAY && continues && asked.length > 0);
  return { ...entry, periods: entry.periods.filter(isNeeded) };
}

/** Returns the day before which windows and periods to date are made of stored days, or null if these do not reach it. */
function storedDaysUntil(
  entry: PlannedEntry | undefined,
  { period, from }: PlannedPeriod,
  days: PlannedPeriod | undefined,
  weekStart: WeekStart,
): DayNumber | null {
  const kind = periodKind(period);
  const covered = entry?.coverage.get(Period.DAY);
  if (entry === undefined || !meaningOf(entry.aggregate.function).continues) return null;
  if ((kind !== 'rolling' && kind !== 'to-date') || days === undefined || covered === undefined) return null;
  const first = firstCovered(period, fromDayNumber(from), weekStart);
  const reaches = first !== null && covered.from <= first && dayNumber(first) < days.from;
  return reaches && days.from <= dayNumber(covered.through) ? days.from : null;
}
