import type { WeekStart } from '../../time/period.js';

/** The options of the module that statistics need. */
export interface StatisticOptions {
  /** IANA name of the time zone for dates if no tracker has one */
  readonly timeZone: string;
  /** first day of a CALENDAR_WEEK */
  readonly weekStart: WeekStart;
}
