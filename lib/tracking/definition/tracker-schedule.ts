import { InvalidScheduleError } from '../../errors/schedule.error.js';
import { millisecondsOf } from '../../time/duration.js';
import { checkTimeZone } from '../../time/time-zone.js';
import type { ScheduleOverride } from '../../trackstats.options.js';
import { CronTimes } from './cron-times.js';
import type { GivenOptions } from './option.js';

/** The times at which a tracker runs by itself. */
export type TrackerSchedule =
  | { readonly cron: string; readonly every?: never; readonly timeZone: string }
  /** milliseconds; its slots are the multiples of the interval since 1970 */
  | { readonly every: number; readonly cron?: never; readonly timeZone: string };

/**
 * Returns the schedule of a tracker: the one in the module's options, or else the decorator's.
 *
 * @param timeZone the tracker's, in which its cron expression is read unless the module's options name another
 * @throws InvalidScheduleError, UnknownTimeZoneError
 */
export function scheduleOf(
  tracker: string,
  declared: Pick<GivenOptions, 'cron' | 'every'>,
  override: ScheduleOverride | undefined,
  timeZone: string,
): TrackerSchedule | null {
  if (override === false) return null;
  const { cron, every } = override ?? declared;
  if (cron !== undefined && every !== undefined) {
    throw new InvalidScheduleError(tracker, 'cron', cron, 'It has every as well; keep one of the two.');
  }
  if (every !== undefined) return { every: interval(tracker, every), timeZone };
  if (cron === undefined) return null;
  const zone = override?.timeZone === undefined ? timeZone : checkTimeZone(override.timeZone);
  return { cron: cronText(tracker, cron, zone), timeZone: zone };
}

/** An interval of 10 is rather one of 10 seconds. That of alerts is no shorter either. */
const SHORTEST_INTERVAL = 1_000;

function interval(tracker: string, given: unknown): number {
  const length = millisecondsOf(given);
  if (length !== null && length >= SHORTEST_INTERVAL) return length;
  throw new InvalidScheduleError(
    tracker,
    'every',
    given,
    `Expected a whole number of milliseconds from ${SHORTEST_INTERVAL}, or text such as '10 seconds', '15 minutes', '1 day'.`,
  );
}

function cronText(tracker: string, given: unknown, timeZone: string): string {
  if (typeof given !== 'string' || given.trim() === '') throw invalidCron(tracker, given);
  try {
    // a date that never comes (30 February) is found by looking for the next one only
    CronTimes.of(given, timeZone).sendAt();
    return given;
  } catch (error) {
    throw invalidCron(tracker, given, error);
  }
}

function invalidCron(tracker: string, given: unknown, cause?: unknown): InvalidScheduleError {
  const reason = cause instanceof Error ? ` (${cause.message.split('\n')[0] ?? ''})` : '';
  return new InvalidScheduleError(
    tracker,
    'cron',
    given,
    `Expected a cron expression that comes true, as '0 * * * *' or CronExpression.EVERY_HOUR${reason}.`,
    cause,
  );
}
