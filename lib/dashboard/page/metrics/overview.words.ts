import type { SummaryItem, SummaryResponse } from '../../../http/resources.js';
import { formatDate } from '../parts/format.js';
import { periodLabel, pointLabel } from '../parts/period.js';

const KINDS: Readonly<Record<SummaryResponse['kind'], string>> = {
  total: 'Total',
  whole: 'Over the range',
  least: 'Lowest',
  greatest: 'Highest',
  last: 'Latest',
};

/** Names the value of a range. Only sums are a total: a ratio or an average is one of the whole range. */
export function headlineOf(kind: SummaryResponse['kind']): string {
  return KINDS[kind];
}

/** Says in a few words of what the value of a metric is: its period if it is no day, and the date of a last value. */
export function valueNote({ period, summary }: Pick<SummaryItem, 'period' | 'summary'>): string {
  if (period === null) return 'No totals';
  if (summary === null || summary.value === null) return 'No value in this range';
  if (summary.kind === 'last') {
    const label = period === 'DAY' ? formatDate(summary.to) : pointLabel(summary.to, period);
    return period === 'DAY' ? label : `${periodLabel(period)}, ${label}`;
  }
  const kind = headlineOf(summary.kind);
  return period === 'DAY' ? kind : `${kind}, by ${periodLabel(period).toLowerCase()}`;
}
