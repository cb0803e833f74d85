import type { JSX } from 'preact';
import { UNKNOWN } from '../../../catalog/number-text.js';
import { formatInstant, formatRelative } from './format.js';

/** An instant against now, with the instant itself where the pointer rests. */
export function When({ instant, now }: { instant: string | null; now: string }): JSX.Element {
  if (instant === null) return <>{UNKNOWN}</>;
  return (
    <time dateTime={instant} title={formatInstant(instant)}>
      {formatRelative(instant, now)}
    </time>
  );
}
