import type { JSX } from 'preact';
import type { MetricResource, SummaryComparison, SummaryResponse } from '../../../http/resources.js';
import { Change } from '../parts/change.js';
import { formatNumber, formatShort } from '../parts/format.js';
import { comparisonNote, datesOf } from './overview.words.js';

interface RangeValueProps {
  readonly metric: Pick<MetricResource, 'unit' | 'better'>;
  /** null: the metric has no totals */
  readonly summary: Pick<SummaryResponse, 'value' | 'comparison'> | null;
}

/** The value of a tile's range in large figures, with its change if there is something to compare it with. */
export function RangeValue({ metric, summary }: RangeValueProps): JSX.Element {
  const { unit, better } = metric;
  const value = summary?.value ?? null;
  const comparison = summary?.comparison ?? null;
  return (
    <p class="big">
      <span title={formatNumber(value, unit)}>{formatShort(value, unit)}</span>
      {comparison !== null && comparison.absolute !== null && (
        <ChangeOf comparison={comparison} unit={unit} better={better} />
      )}
    </p>
  );
}

interface ChangeOfProps extends Pick<MetricResource, 'unit' | 'better'> {
  readonly comparison: SummaryComparison;
}

/** The change since an earlier range, with its dates, and the reason if there is none, to those who point at it. */
export function ChangeOf({ comparison, unit, better }: ChangeOfProps): JSX.Element {
  const note = comparisonNote(comparison);
  const was = comparison.value === null ? '' : ` (${formatNumber(comparison.value, unit)})`;
  return (
    <span title={`vs ${datesOf(comparison)}${was}${note === '' ? '' : `: ${note}`}`}>
      <Change relative={comparison.relative} absolute={comparison.absolute} unit={unit} better={better} />
    </span>
  );
}
