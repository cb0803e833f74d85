import type { JSX } from 'preact';
import { periodLabel } from '../../../time/period-text.js';
import { UNKNOWN } from '../../../catalog/number-text.js';
import type { DifferenceResource, VerifyResponse } from '../../../http/resources.js';
import { formatDate, formatNumber } from '../parts/format.js';

/** The differences that a verification has found, as a table. */
export function DifferencesTable({ total, differences }: VerifyResponse): JSX.Element {
  const isPart = differences.length < total;
  return (
    <div class="data" tabIndex={0} role="region" aria-label="Differences">
      <table>
        <caption class={isPart ? undefined : 'hidden'}>
          {isPart ? `The first ${formatNumber(differences.length)} of ${formatNumber(total)}` : 'Differences'}
        </caption>
        <thead>
          <tr>
            {['Date', 'Period', 'Of'].map((title) => (
              <th key={title} scope="col">
                {title}
              </th>
            ))}
            {['Stored', 'Expected'].map((title) => (
              <th key={title} scope="col" class="number">
                {title}
              </th>
            ))}
          </tr>
        </thead>
        <tbody>
          {differences.map((difference, place) => (
            <Row key={place} difference={difference} />
          ))}
        </tbody>
      </table>
    </div>
  );
}

function Row({ difference }: { difference: DifferenceResource }): JSX.Element {
  const { date, period, object, dimensions, stored, expected } = difference;
  const parts = Object.values(dimensions ?? {}).map(String);
  const of = object === undefined ? parts.join(', ') : (object.label ?? object.id);
  return (
    <tr>
      <th scope="row" class="nowrap">
        {formatDate(date)}
      </th>
      <td>{periodLabel(period)}</td>
      <td>{of === '' ? 'Total' : of}</td>
      <td class="number">{decimal(stored)}</td>
      <td class="number">{decimal(expected)}</td>
    </tr>
  );
}

function decimal(value: string | null | undefined): string {
  return value === undefined ? 'no row' : (value ?? UNKNOWN);
}
