import type { SummaryItem } from '../../../http/resources.js';
import { formatDate } from '../parts/format.js';
import { periodLabel, pointLabel } from '../parts/period.js';

/** Says in a few words of what the value of a metric is: its period if it is no day, and the date of a last value. */
export function valueNote({ period, summary }: Pick<SummaryItem, 'period' | 'summary'>): string {
  if (period === null) return 'No totals';
  if (summary === null || summary.value === null) return 'No value in this range';
  if (summary.kind === 'last') {
    const label = period === 'DAY' ? formatDate(summary.to) : pointLabel(summary.to, period);
    return period === 'DAY' ? label : `${periodLabel(period)}, ${label}`;
  }
  const kind = summary.kind === 'least' ? 'Lowest' : summary.kind === 'greatest' ? 'Highest' : 'Total';
  return period === 'DAY' ? kind : `${kind}, by ${periodLabel(period).toLowerCase()}`;
}
