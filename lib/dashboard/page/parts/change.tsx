import type { JSX } from 'preact';
import { UNKNOWN } from '../../../catalog/number-text.js';
import type { UnitResource } from '../../../http/resources.js';
import { formatChange, formatNumber } from './format.js';

export interface ChangeProps {
  readonly relative: number | null;
  readonly absolute: number | null;
  readonly unit?: UnitResource | undefined;
  /** the direction for the better, if the metric has one */
  readonly better?: 'up' | 'down' | undefined;
}

/**
 * A change against what was before, as a share; where that was zero, as a number. An arrow tells the direction, and not
 * a colour alone. It is green or red only where a metric says which way is better.
 */
export function Change({ relative, absolute, unit, better }: ChangeProps): JSX.Element {
  if (relative === null && absolute === null) {
    return (
      <span class="quiet">
        {UNKNOWN}
        <span class="hidden">not known</span>
      </span>
    );
  }
  const sign = Math.sign(relative ?? absolute ?? 0);
  const direction = sign > 0 ? 'up' : sign < 0 ? 'down' : 'same';
  const judgement = better === undefined || sign === 0 ? '' : direction === better ? 'good' : 'bad';
  const text =
    relative === null && absolute !== 0
      ? `${sign > 0 ? '+' : ''}${formatNumber(absolute, unit)}`
      : formatChange(relative ?? 0);
  return (
    <span class={`change ${judgement}`}>
      {sign !== 0 && <span aria-hidden="true">{sign > 0 ? '▲ ' : '▼ '}</span>}
      {text}
    </span>
  );
}
