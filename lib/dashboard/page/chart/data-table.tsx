import type { JSX } from 'preact';
import { useState } from 'preact/hooks';
import { minutesOf } from '../../../chart/moments.js';
import { changeOf } from '../../../catalog/number-text.js';
import { Change } from '../parts/change.js';
import { formatNumber } from '../parts/format.js';
import { pointLabel } from '../parts/period.js';
import type { Marks } from '../metric/annotation.marks.js';
import { stateAt, type Shown, type ShownSeries } from '../metric/metric.data.js';

/** How many rows are shown at a time: ten years of days would be more than anyone scrolls through. */
const BATCH = 366;

interface DataTableProps {
  readonly shown: Shown;
  readonly caption: string;
  readonly marks: Marks;
}

/** The data of a chart as a table, the latest date first. */
export function DataTable({ shown, caption, marks }: DataTableProps): JSX.Element {
  const [count, setCount] = useState(BATCH);
  const { dates, lines, compared } = shown;
  const isOne = lines.length === 1;
  const name = minutesOf(shown.period) === null ? 'Date' : 'Time';
  const first = Math.max(0, dates.length - count);
  return (
    <div class="data" role="region" aria-label={caption} tabIndex={0}>
      <table>
        <caption class="hidden">{caption}</caption>
        <thead>
          <tr>
            <th scope="col">{name}</th>
            {compared !== null && <th scope="col">{name} before</th>}
            {lines.flatMap(({ id, label }) => [
              <th key={id} scope="col" class="number">
                {label}
              </th>,
              ...(compared === null
                ? []
                : [
                    <th key={`${id} before`} scope="col" class="number">
                      {isOne ? 'Before' : `${label}, before`}
                    </th>,
                    <th key={`${id} change`} scope="col" class="number">
                      Change
                    </th>,
                  ]),
            ])}
            {marks.size > 0 && <th scope="col">Annotations</th>}
          </tr>
        </thead>
        <tbody>
          {dates
            .slice(first)
            .map((date, place) => <Row key={date} shown={shown} marks={marks} place={first + place} />)
            .reverse()}
        </tbody>
      </table>
      {first > 0 && (
        <button
          type="button"
          onClick={() => {
            setCount(count + BATCH);
          }}
        >
          Show earlier dates
        </button>
      )}
    </div>
  );
}

function Row({ shown, marks, place }: { shown: Shown; marks: Marks; place: number }): JSX.Element {
  const { dates, lines, compared, period, repeated } = shown;
  const date = dates[place] ?? '';
  const earlier = compared?.dates[place];
  const state = stateAt(shown, place);
  return (
    <tr>
      <th scope="row" class="nowrap">
        <time dateTime={date}>{pointLabel(date, period, repeated)}</time>
        {state !== '' && <span class="quiet small"> {state}</span>}
      </th>
      {compared !== null && (
        <td class="nowrap quiet">{earlier === undefined ? '' : pointLabel(earlier, period, repeated)}</td>
      )}
      {lines.flatMap((line) => [
        <td key={line.id} class="number">
          {formatNumber(line.values[place] ?? null, line.unit)}
        </td>,
        ...(compared === null ? [] : comparison(line, place)),
      ])}
      {marks.size > 0 && (
        <td class="notes">
          {marks.get(place)?.map((text, number) => (
            <p key={number}>
              <bdi>{text}</bdi>
            </p>
          ))}
        </td>
      )}
    </tr>
  );
}

function comparison(line: ShownSeries, place: number): JSX.Element[] {
  const [value, was] = [line.values[place] ?? null, line.before?.[place] ?? null];
  return [
    <td key={`${line.id} before`} class="number">
      {formatNumber(was, line.unit)}
    </td>,
    <td key={`${line.id} change`} class="number">
      <Change
        relative={changeOf(value, was)}
        absolute={value === null || was === null ? null : value - was}
        unit={line.unit}
        better={line.better}
      />
    </td>,
  ];
}
