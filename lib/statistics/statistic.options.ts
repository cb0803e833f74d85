import type { WeekStart } from '../time/period.js';

/** What statistics need of the module's options. */
export interface StatisticOptions {
  /** IANA name; the zone of dates where no tracker has one */
  readonly timeZone: string;
  /** first day of a CALENDAR_WEEK */
  readonly weekStart: WeekStart;
}
