import type { Dialect } from '../../database/dialects/dialect.js';
import type { Work } from '../../database/work.js';
import { refuseAmbiguous } from '../../rollup/ambiguity.js';
import { refuseOtherForms } from '../../rollup/date-form.js';
import type { SourceScan } from '../../rollup/rollup-spec.js';
import { refuseOtherTypes } from '../../rollup/stored-type.js';
import { type DayNumber, earlierDay, FIRST_DAY, fromDayNumber, shiftDay } from '../../time/local-date.js';
import { firstReadingOn } from './source-probe.js';
import { type ResolvedTracker, trackerLabel } from './tracker.resolver.js';

/** Looks once in a process at the columns of each tracker's query. */
export class SourceTypes {
  /** by tracker the query whose columns have been looked at */
  private readonly lookedAt = new Map<string, string>();

  /** @throws InvalidPropertyPathError */
  *refuseOthers(dialect: Dialect, { definition, sources }: ResolvedTracker): Work<void> {
    const label = trackerLabel(definition);
    const text = sources.map((source) => source.text).join('\n');
    if (this.lookedAt.get(label) === text) return;
    for (const source of sources) yield* refuseOtherTypes(dialect, source);
    this.lookedAt.set(label, text);
  }
}

/** Returns the first day that some scans read day by day. */
export function firstScanned(scans: readonly SourceScan[]): DayNumber {
  return scans.map(({ scanFrom }) => scanFrom).reduce((a, b) => earlierDay(a, b));
}

/** @throws AmbiguousRelationError */
export function* refuseAmbiguousRows(
  dialect: Dialect,
  { definition }: ResolvedTracker,
  scans: readonly SourceScan[],
): Work<void> {
  for (const scan of scans) yield* refuseAmbiguous(dialect, trackerLabel(definition), scan);
}

/**
 * @param from the first day that is read day by day; null if every row is read
 * @throws DateFormError
 */
export function checkForms(
  dialect: Dialect,
  { definition, base }: ResolvedTracker,
  from: DayNumber | null,
): Work<void> {
  const { dateField, timeZone } = definition;
  // a day earlier: an offset moves a reading by up to that
  const since =
    from === null || from <= FIRST_DAY ? null : firstReadingOn(base.clock, timeZone, fromDayNumber(shiftDay(from, -1)));
  return refuseOtherForms(dialect, { label: trackerLabel(definition), dateField }, base, since);
}
