import type { JSX } from 'preact';
import type { MetricResource, SummaryResponse } from '../../../http/resources.js';
import { Change } from '../parts/change.js';
import { formatNumber, formatShort } from '../parts/format.js';

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
        <Change relative={comparison.relative} absolute={comparison.absolute} unit={unit} better={better} />
      )}
    </p>
  );
}
