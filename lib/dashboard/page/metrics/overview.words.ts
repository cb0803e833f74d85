import { periodLabel } from '../../../time/period-text.js';
import type { SummaryComparison, SummaryItem, SummaryResponse, UnitResource } from '../../../http/resources.js';
import { formatDate, formatShort, formatSpan } from '../parts/format.js';
import { latestLabel } from '../parts/period.js';

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

/**
 * Says in a few words of what the value of a metric is: its period if it is no day, the dates of a latest value, and the
 * earlier value or why there is no change.
 *
 * @param asked the period that is asked for; empty: that of each metric
 */
export function valueNote({ metric, period, summary }: Noted, asked: string): string {
  if (period === null)
    return asked === '' ? 'By object or group only' : `Not kept by ${periodLabel(asked).toLowerCase()}`;
  if (summary === null) return `Too long a range by ${periodLabel(period).toLowerCase()}`;
  if (summary.value === null) return 'No value in this range';
  const comparison = summary.comparison;
  const why = comparison === null ? '' : `, ${earlierNote(comparison, metric.unit)}`;
  if (summary.kind === 'last') {
    const label = period === 'DAY' ? formatDate(summary.to) : latestLabel(summary.start ?? summary.to, period);
    return `${label}${why}`;
  }
  const kind = headlineOf(summary.kind);
  return `${kind}${period === 'DAY' ? '' : `, by ${periodLabel(period).toLowerCase()}`}${why}`;
}

type Noted = Pick<SummaryItem, 'metric' | 'summary'> & { readonly period: string | null };

function earlierNote(comparison: SummaryComparison, unit: UnitResource | undefined): string {
  return comparison.absolute === null ? comparisonNote(comparison) : `${formatShort(comparison.value, unit)} before`;
}

/** The dates that a range is compared with. */
export function datesOf(span: Pick<SummaryComparison, 'from' | 'to' | 'start' | 'end'>): string {
  return formatSpan(span);
}

/** Says why there is no change, or why it is not the last word; '' where there is nothing to say. */
export function comparisonNote({ value, absolute, comparable }: SummaryComparison): string {
  if (value === null) return 'the earlier range is not fully known';
  if (absolute === null) return 'the range is not fully known';
  return comparable ? '' : 'the range is not over';
}
