import type { JSX } from 'preact';
import type { SummaryResponse } from '../../../http/resources.js';
import type { Compare } from '../address.js';
import { headlineOf } from '../metrics/overview.words.js';
import { Change } from '../parts/change.js';
import { formatDates, formatNumber, formatShort } from '../parts/format.js';
import { isBucket, pointLabel } from '../parts/period.js';
import { labelAt, type Shown } from './metric.data.js';

const AGAINST: Readonly<Record<Compare, string>> = {
  '': '',
  previous: 'vs the range before',
  year: 'vs a year before',
  weekdays: 'vs the same weekdays a year before',
};

interface Extreme {
  readonly value: number;
  readonly place: number;
}

/** The range of one line in figures: as a whole with its change, and its highest and lowest point. */
export function Figures({ shown, compare }: { shown: Shown; compare: Compare }): JSX.Element | null {
  const { lines, summary, unit } = shown;
  const [line] = lines;
  if (line === undefined || summary === null || lines.length > 1) return null;
  const known = line.values.flatMap((value, place): Extreme[] =>
    value === null || line.complete[place] === false ? [] : [{ value, place }],
  );
  const highest = extremeOf(known, (a, b) => b.value > a.value);
  const lowest = extremeOf(known, (a, b) => b.value < a.value);
  return (
    <dl class="figures">
      <div class="headline">
        <dt>{headlineOf(summary.kind)}</dt>
        <dd>
          <span title={formatNumber(summary.value, unit)}>{formatShort(summary.value, unit)}</span>
          <small>{rangeOf(shown, summary)}</small>
        </dd>
      </div>
      {summary.comparison !== null && (
        <Comparison summary={summary} comparison={summary.comparison} compare={compare} />
      )}
      {summary.kind !== 'greatest' && <Figure name="Highest" found={highest} shown={shown} />}
      {summary.kind !== 'least' && <Figure name="Lowest" found={lowest} shown={shown} />}
    </dl>
  );
}

interface ComparisonProps {
  readonly summary: SummaryResponse;
  readonly comparison: NonNullable<SummaryResponse['comparison']>;
  readonly compare: Compare;
}

function Comparison({ summary, comparison, compare }: ComparisonProps): JSX.Element {
  const { relative, absolute, value, from, to, comparable } = comparison;
  const { unit, better } = summary.metric;
  return (
    <div>
      <dt>{AGAINST[compare]}</dt>
      <dd>
        <Change relative={relative} absolute={absolute} unit={unit} better={better} />
        <small>
          {formatShort(value, unit)}, {formatDates(from, to)}
          {!comparable && ', the range is not over'}
        </small>
      </dd>
    </div>
  );
}

function Figure({
  name,
  found,
  shown,
}: {
  name: string;
  found: Extreme | undefined;
  shown: Shown;
}): JSX.Element | null {
  if (found === undefined || shown.dates.length < 2) return null;
  return (
    <div>
      <dt>{name}</dt>
      <dd>
        <span title={formatNumber(found.value, shown.unit)}>{formatShort(found.value, shown.unit)}</span>
        <small>{labelAt(shown, found.place)}</small>
      </dd>
    </div>
  );
}

function extremeOf(known: readonly Extreme[], isBetter: (a: Extreme, b: Extreme) => boolean): Extreme | undefined {
  return known.reduce<Extreme | undefined>(
    (best, one) => (best === undefined || isBetter(best, one) ? one : best),
    undefined,
  );
}

/** A range of buckets by their names, and one value by its date. */
function rangeOf({ dates }: Shown, { from, to, kind, period }: SummaryResponse): string {
  if (kind === 'last') return pointLabel(to, period);
  const [first, last] = [dates.at(0), dates.at(-1)];
  if (period === 'DAY' || !isBucket(period) || first === undefined || last === undefined) return formatDates(from, to);
  return first === last ? pointLabel(first, period) : `${pointLabel(first, period)} – ${pointLabel(last, period)}`;
}
