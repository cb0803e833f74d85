import { addDays } from '../../time/local-date.js';
import { isTimePeriod } from '../../time/period.js';
import { bucketAt, BUCKET_LENGTHS } from '../../time/time-bucket.js';
import { earliestReadBack, localDateAt, startOfDay } from '../../time/time-zone.js';
import type { ComputedRange } from './covered-range.js';
import type { ResolvedTracker } from './tracker.resolver.js';

/** True if a tracker has periods of less than a day. */
export function hasTimes({ entries }: Pick<ResolvedTracker, 'entries'>): boolean {
  return entries.some(({ periods }) => periods.some(isTimePeriod));
}

/**
 * Returns the second from which a due run counts buckets again, where the lookback is no number of days: the start of
 * the bucket that contains the last run's instant less the lookback. It begins a bucket of every period, so that shorter
 * ones make up longer ones. Returns null if a run begins with a date.
 *
 * @param instants the clock as the run was given it, and the run's instant, which is later where another replica's is
 */
export function firstRecountedSecond(
  { definition, base, entries }: ResolvedTracker,
  computed: readonly Pick<ComputedRange, 'through' | 'computedAt'>[],
  { given, now }: { readonly given: Date; readonly now: Date },
): number | null {
  const { lookbackMs, timeZone } = definition;
  const lengths = entries.flatMap(({ periods }) => periods.filter(isTimePeriod));
  if (lookbackMs === null || computed.length === 0) return null;
  // a clock that was ahead has counted nothing of the time until then
  // and a range that has ended before its today nothing of the time since then
  const ends = computed.map(({ through }) => startOfDay(addDays(through, 1), timeZone).getTime());
  const last = Math.min(given.getTime(), ...computed.map(({ computedAt }) => computedAt.getTime()), ...ends);
  // before a clock was set back over midnight it has shown tomorrow, of which a run counts nothing
  const tomorrow = startOfDay(addDays(localDateAt(new Date(last), timeZone), 1), timeZone).getTime();
  const from = Math.floor(Math.min(last - lookbackMs, tomorrow) / 1000);
  // what the source's clock shows in a repeated hour belongs to the first pass, which may be long over
  const earliest = earliestReadBack(base.clock.storedIn, from, Math.ceil(now.getTime() / 1000));
  const length = BUCKET_LENGTHS.find((one) => lengths.every((other) => one % other === 0)) ?? 3600;
  return bucketAt({ zone: timeZone, length }, earliest).start;
}
