import type { SummaryItem } from '../../../http/resources.js';
import { formatDate } from '../parts/format.js';
import { periodLabel, pointLabel } from '../parts/period.js';

const KINDS = { total: 'Total', least: 'Lowest', greatest: 'Highest', whole: 'Whole range' } as const;

/** Says in a few words of what the value of a metric is: its period if it is no day, and the date of a last value. */
export function valueNote({ period, summary }: Pick<SummaryItem, 'period' | 'summary'>): string {
  if (period === null) return 'No totals';
  if (summary === null || summary.value === null) return 'No value in this range';
  if (summary.kind === 'last') {
    const label = period === 'DAY' ? formatDate(summary.to) : pointLabel(summary.to, period);
    return period === 'DAY' ? label : `${periodLabel(period)}, ${label}`;
  }
  const kind = KINDS[summary.kind];
  return period === 'DAY' ? kind : `${kind}, by ${periodLabel(period).toLowerCase()}`;
}
