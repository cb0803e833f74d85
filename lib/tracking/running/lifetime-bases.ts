import { writeDriftOf } from '../../coverage/coverage.store.js';
import { type DriftStep, moveDrift, totalDrift, writeDrift } from '../../coverage/drift.js';
import type { Database } from '../../database/database.js';
import type { Work } from '../../database/work.js';
import { compareLifetime } from '../../rollup/compare-lifetime.js';
import type { RollupEntry, RollupSpec } from '../../rollup/rollup-spec.js';
import { addDays, dayNumber, FIRST_DAY, fromDayNumber, type LocalDate, shiftDay } from '../../time/local-date.js';
import { Period } from '../../time/period.js';
import type { TrackerDefinition } from '../definition/tracker-definition.js';
import type { PlannedEntry, Recount } from '../source/run-plan.js';
import type { ResolvedTracker } from '../source/tracker.resolver.js';
import type { PreparedRun } from './prepared-run.js';
import type { RunOptions } from './run-options.js';
import type { TrackResult } from './track-result.js';
import { type DriftReport, driftOf, type TrackerDrift } from './tracker-drift.js';

/** The first date of a recount of everything. */
export const EVERYTHING = fromDayNumber(FIRST_DAY);

/** Ends a transaction whose range does not begin early enough: LIFETIME before it is not as the source has it. */
export class BaseDiffersError extends Error {
  constructor(
    /** the first date of the range */
    readonly from: LocalDate,
    readonly drift: readonly TrackerDrift[],
  ) {
    super('LIFETIME before the range differs from the source');
  }
}

/** A date at whose end the LIFETIME values of an entry are counted from the source and stored, too. */
export interface ComparedBase {
  /** of the entry */
  readonly index: number;
  /** before the range of the run, or at its end */
  readonly at: 'before' | 'after';
  readonly date: LocalDate;
}

/** A compared date, with the difference that was found. */
export interface ComparedDrift extends ComparedBase {
  readonly step: DriftStep;
}

/**
 * Returns the dates at which a run has both values of LIFETIME: where it counts the rows before its range again. Where
 * statistics follow the source, there are none before their first date, and none that no run can count again: of dates
 * that are no longer kept, or before `since`.
 */
export function comparedBases(
  { history, since }: TrackerDefinition,
  { plan, coverage, options: { recount } }: PreparedRun,
): ComparedBase[] {
  const mayBegin = history === 'current' && since === null && recount?.from !== EVERYTHING;
  return plan.entries.flatMap((periods, index) =>
    periods.flatMap(({ period, from, through, baseIsStored, endsEarly, isAsked, keptFrom }): ComparedBase[] => {
      const bounds = history === 'current' && !isAsked ? [keptFrom, since] : [];
      const covered = coverage[index]?.get(period);
      if (period !== Period.LIFETIME || covered === undefined || baseIsStored) return [];
      const dates = [{ at: 'before' as const, date: fromDayNumber(shiftDay(from, -1)) }];
      return [...dates, ...(endsEarly ? [{ at: 'after' as const, date: fromDayNumber(through) }] : [])]
        .filter(({ date }) => date >= addDays(covered.from, mayBegin && covered.isWhole === true && !isAsked ? -1 : 0))
        .filter(({ date }) => date <= covered.through && bounds.every((first) => first === null || date >= first))
        .map((one) => ({ ...one, index }));
    }),
  );
}

/**
 * Stops a run of a tracker whose statistics follow the source, if its range begins too late for that and may begin
 * earlier.
 */
export function refuseOtherBases(
  { definition, entries }: ResolvedTracker,
  { from, to, recount }: RunOptions,
  bases: readonly ComparedDrift[],
): void {
  if (definition.history !== 'current' || from !== undefined || to !== undefined) return;
  if (definition.appendOnly || recount?.from === EVERYTHING) return;
  const others = bases.filter(({ step }) => step.keys > 0);
  const [earliest] = others.map(({ date }) => date).sort();
  if (earliest === undefined) return;
  const drift = others.flatMap(({ index, step }) => {
    const entry = entries[index];
    return entry === undefined ? [] : driftOf({ metric: entry.metric, scope: entry.target.scope }, step);
  });
  throw new BaseDiffersError(addDays(earliest, 1), drift);
}

/** Returns the closed dates to count again: those that a call asks for, and those whose drift was recorded earlier. */
export function recountOf(
  { history }: TrackerDefinition,
  entries: readonly PlannedEntry[],
  wanted: Recount | null,
): Recount | null {
  if (history !== 'current') return wanted;
  const steps = entries.flatMap(({ coverage }) => coverage.get(Period.LIFETIME)?.drift ?? []);
  const [first] = [...steps.map(({ date }) => addDays(date, 1)), ...(wanted === null ? [] : [wanted.from])].sort();
  return first === undefined ? null : { from: first, sourceFrom: wanted?.sourceFrom ?? null };
}

/** Compares LIFETIME as it is stored with the source, at some dates. */
export function* compareBases(
  database: Database,
  spec: RollupSpec,
  compared: readonly ComparedBase[],
): Work<readonly ComparedDrift[]> {
  const found: ComparedDrift[] = [];
  for (const base of compared) {
    const entry = entryAt(spec, base.index);
    const difference = yield* compareLifetime(database.dialect, entry, dayNumber(base.date));
    found.push({ ...base, step: { date: base.date, ...difference } });
  }
  return found;
}

/** Writes where LIFETIME and the days have gone apart, and returns it if that has changed. */
export function* moveDrifts(
  database: Database,
  { definition, entries }: ResolvedTracker,
  { spec, plan, coverage }: PreparedRun,
  bases: readonly ComparedDrift[],
): Work<DriftReport | null> {
  const moved: TrackerDrift[] = [];
  let isChanged = false;
  for (const [index, { metric, target }] of entries.entries()) {
    const period = (plan.entries[index] ?? []).find(({ period: of }) => of === Period.LIFETIME);
    const before = coverage[index]?.get(Period.LIFETIME)?.drift ?? [];
    const stepAt = (at: ComparedBase['at']): DriftStep | null =>
      bases.find((base) => base.index === index && base.at === at)?.step ?? null;
    if (period === undefined) continue;
    const after = moveDrift(before, {
      from: fromDayNumber(period.from),
      through: fromDayNumber(period.through),
      before: stepAt('before'),
      after: stepAt('after'),
      isSingle: target.keys.length === 0,
    });
    const total = totalDrift(after);
    if (total !== null) moved.push(driftOf({ metric, scope: target.scope }, total));
    if (writeDrift(before) === writeDrift(after)) continue;
    isChanged = true;
    const { metricId } = entryAt(spec, index);
    yield* writeDriftOf(database, { metricId, period: Period.LIFETIME, scope: target.scope }, after);
  }
  return isChanged && definition.history === 'recorded' ? { drift: moved, repairedFrom: null } : null;
}

/** LIFETIME may count rows that no date has, as stray ones: then nothing is corrected. */
export function repaired({ drift }: BaseDiffersError, { from, written, removed }: TrackResult): DriftReport | null {
  return written > 0 || removed > 0 ? { drift, repairedFrom: from } : null;
}

/** Returns the entry of a spec that is at a place in the tracker, of which something is planned. */
function entryAt({ entries }: RollupSpec, index: number): RollupEntry {
  return entries.find((entry) => entry.index === index) as RollupEntry;
}
