/** The names that people have for periods, in alerts and on the page. It imports nothing, so browsers can load it. */

const LABELS: Readonly<Record<string, string>> = {
  MINUTES_1: 'Minute',
  HOUR: 'Hour',
  DAY: 'Day',
  WEEK: 'Rolling 7 days',
  DAYS_28: 'Rolling 28 days',
  MONTH: 'Rolling 30 days',
  LIFETIME: 'All time',
  CALENDAR_WEEK: 'Calendar week',
  CALENDAR_MONTH: 'Calendar month',
  CALENDAR_QUARTER: 'Quarter',
  CALENDAR_YEAR: 'Year',
  WEEK_TO_DATE: 'Week to date',
  MONTH_TO_DATE: 'Month to date',
  QUARTER_TO_DATE: 'Quarter to date',
  YEAR_TO_DATE: 'Year to date',
};

/**
 * Returns a period as people call it.
 *
 * @param name of `Period.nameOf`
 * @example periodLabel('WEEK') // 'Rolling 7 days'
 */
export function periodLabel(name: string): string {
  const [, unit, count = ''] = /^(DAYS|MINUTES)_(\d+)$/.exec(name) ?? [];
  return LABELS[name] ?? (unit === undefined ? name : unit === 'DAYS' ? `Rolling ${count} days` : `${count} minutes`);
}
