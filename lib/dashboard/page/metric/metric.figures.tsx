import type { JSX } from 'preact';
import { isBucket, minutesOf } from '../../../chart/moments.js';
import type { SummaryResponse } from '../../../http/resources.js';
import type { Comparison as ComparisonKind } from '../address.js';
import { comparisonNote, datesOf, headlineOf } from '../metrics/overview.words.js';
import { colourOf } from '../chart/layers.js';
import { Change } from '../parts/change.js';
import { formatDates, formatMoments, formatNumber, formatShort, formatSpan } from '../parts/format.js';
import { latestLabel, pointLabel } from '../parts/period.js';
import { comparisonName, lastDayNote } from './comparison.js';
import { labelAt, type Shown, type ShownSeries, stateAt } from './metric.data.js';

interface Extreme {
  readonly value: number;
  readonly place: number;
}

/** The range of one line in figures: as a whole with its change, and its highest and lowest point. */
export function Figures({ shown }: { shown: Shown }): JSX.Element | null {
  const { lines, summary, unit } = shown;
  const [line] = lines;
  if (line === undefined || summary === null || lines.length > 1) return null;
  const known = line.values.flatMap((value, place): Extreme[] =>
    value === null || line.complete[place] === false ? [] : [{ value, place }],
  );
  const open = line.values.filter((value, place) => value !== null && line.complete[place] === false) as number[];
  const highest = extremeOf(known, (a, b) => b.value > a.value);
  const lowest = extremeOf(known, (a, b) => b.value < a.value);
  const isHigher = highest !== undefined && open.some((value) => value > highest.value);
  const isLower = lowest !== undefined && open.some((value) => value < lowest.value);
  return (
    <dl class="figures">
      <div class="headline">
        <dt>{headlineOf(summary.kind)}</dt>
        <dd>
          <span title={formatNumber(summary.value, unit)}>{formatShort(summary.value, unit)}</span>
          <small>{rangeOf(shown, summary)}</small>
        </dd>
      </div>
      {summary.comparison !== null && shown.comparison !== null && (
        <Comparison
          summary={summary}
          comparison={summary.comparison}
          against={shown.comparison}
          isDrawn={hasEarlier(line)}
          note={lastDayNote(shown.comparison, shown.range, shown.today)}
        />
      )}
      {summary.kind !== 'greatest' && <Figure name="Highest" found={highest} shown={shown} leavesOut={isHigher} />}
      {summary.kind !== 'least' && <Figure name="Lowest" found={lowest} shown={shown} leavesOut={isLower} />}
    </dl>
  );
}

interface LineFiguresProps {
  readonly shown: Shown;
  /** those of one chart */
  readonly drawn: readonly (ShownSeries & { readonly place: number | null })[];
}

/** The range of each metric of a chart in figures: the title of the chart, if it has others above or below it. */
export function LineFigures({ shown, drawn }: LineFiguresProps): JSX.Element | null {
  const figures = drawn.flatMap((line) => {
    const summary = (line.place === null ? null : shown.summaries[line.place]) ?? null;
    return summary === null ? [] : [{ line, summary }];
  });
  if (figures.length === 0 || shown.metrics.length < 2) return null;
  return (
    <dl class="figures lines">
      {figures.map(({ line: { id, label, place }, summary: { kind, value, comparison, metric } }) => (
        <div key={id}>
          <dt>
            <span class={`swatch ${colourOf(place)}`} aria-hidden="true" />
            {label}
          </dt>
          <dd>
            <span>
              <span title={formatNumber(value, metric.unit)}>{formatShort(value, metric.unit)}</span>
              {comparison !== null && comparison.absolute !== null && (
                <Change
                  relative={comparison.relative}
                  absolute={comparison.absolute}
                  unit={metric.unit}
                  better={metric.better}
                />
              )}
            </span>
            <small>
              {[headlineOf(kind), comparison !== null && `${formatShort(comparison.value, metric.unit)} before`]
                .filter(Boolean)
                .join(', ')}
            </small>
          </dd>
        </div>
      ))}
    </dl>
  );
}

/** Names several lines, with their dates. The figures of one line say this by themselves. */
export function LinesTitle({ shown, title }: { shown: Shown; title: string }): JSX.Element {
  const { summaries, range } = shown;
  const compared = summaries.map((summary) => summary?.comparison).find((one) => one !== null && one !== undefined);
  const dates = [
    range.from !== null && formatMoments(range.from, range.to, minutesOf(shown.period) ?? 0),
    compared !== undefined && `compared with ${datesOf(compared)}`,
  ];
  return (
    <div>
      <h2>{title}</h2>
      <p class="quiet small">
        {shown.lines.some(hasEarlier) && <BrokenLine />}
        {dates.filter(Boolean).join(', ')}
      </p>
    </div>
  );
}

interface ComparisonProps {
  readonly summary: SummaryResponse;
  readonly comparison: NonNullable<SummaryResponse['comparison']>;
  readonly against: ComparisonKind;
  /** true if the chart has the earlier range as a broken line */
  readonly isDrawn: boolean;
  readonly note: string | null;
}

/** The change, with the dates that are compared, and with the reason if there is none. */
function Comparison({ summary, comparison, against, isDrawn, note }: ComparisonProps): JSX.Element {
  const { relative, absolute, value } = comparison;
  const { unit, better } = summary.metric;
  return (
    <div>
      <dt>
        {isDrawn && <BrokenLine />}
        vs {comparisonName(against)}
      </dt>
      <dd>
        <Change relative={relative} absolute={absolute} unit={unit} better={better} />
        <small>
          {[value !== null && formatShort(value, unit), datesOf(comparison), comparisonNote(comparison)]
            .filter(Boolean)
            .join(', ')}
        </small>
        {note !== null && <small class="remark">{note}</small>}
      </dd>
    </div>
  );
}

/** True if a chart has a broken line of the earlier range. */
function hasEarlier({ before }: ShownSeries): boolean {
  return before?.some((value) => value !== null) === true;
}

/** The key of the earlier range in a chart. */
function BrokenLine(): JSX.Element {
  return <span class="broken-line" aria-hidden="true" />;
}

interface FigureProps {
  readonly name: string;
  readonly found: Extreme | undefined;
  readonly shown: Shown;
  /** true if a value that is not complete yet is beyond it */
  readonly leavesOut: boolean;
}

function Figure({ name, found, shown, leavesOut }: FigureProps): JSX.Element | null {
  if (found === undefined || shown.dates.length < 2) return null;
  return (
    <div>
      <dt>{name}</dt>
      <dd>
        <span title={formatNumber(found.value, shown.unit)}>{formatShort(found.value, shown.unit)}</span>
        <small>
          {labelAt(shown, found.place)}
          {leavesOut && ', of complete values'}
        </small>
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
function rangeOf(shown: Shown, summary: SummaryResponse): string {
  const { dates, firstDate, repeated } = shown;
  const { from, to, start, end, kind, period } = summary;
  if (kind === 'last') return latestLabel(start ?? to, period, repeated);
  if (start !== undefined && end !== undefined) {
    const last = dates.findLastIndex((one) => Date.parse(one) < Date.parse(end));
    return formatSpan(summary) + (stateAt(shown, last) === 'so far' ? ', so far' : '');
  }
  const last = dates.at(-1);
  if (period === 'DAY' || !isBucket(period) || firstDate === null || last === undefined) return formatDates(from, to);
  if (firstDate === last) return pointLabel(last, period);
  return `${pointLabel(firstDate, period)} – ${pointLabel(last, period)}`;
}
