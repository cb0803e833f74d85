import type { JSX } from 'preact';
import { UNKNOWN } from '../../../catalog/number-text.js';
import type { DriftResource } from '../../../http/resources.js';
import { formatDate, plural } from '../parts/format.js';
import { Name } from '../parts/name.js';

/** Closed dates that differ from the source as it is now, with what can be done about it. */
export function DriftTable({ drift }: { drift: readonly DriftResource[] }): JSX.Element {
  return (
    <section class="card flush">
      <h2>Drift</h2>
      <p class="quiet padded">
        Rows of closed dates have changed in the source. The statistics keep what was recorded. Verify shows where they
        differ, and repair takes over what the source says now. The difference is by how much the source has more.
      </p>
      <table>
        <caption class="hidden">Drift</caption>
        <thead>
          <tr>
            <th scope="col">Changed up to</th>
            <th scope="col">Metric</th>
            <th scope="col">Of</th>
            <th scope="col" class="number">
              Difference
            </th>
          </tr>
        </thead>
        <tbody>
          {drift.map(({ metric, of, date, keys, difference }) => (
            <tr key={`${metric} ${of} ${date}`}>
              <th scope="row" class="nowrap">
                {formatDate(date)}
              </th>
              <td>
                <code>
                  <Name text={metric} />
                </code>
              </td>
              <td>{of === 'total' ? 'Total' : plural(keys, of === 'objects' ? 'object' : 'group')}</td>
              <td class="number">{difference ?? UNKNOWN}</td>
            </tr>
          ))}
        </tbody>
      </table>
    </section>
  );
}
