import type { JSX } from 'preact';
import { Change, type ChangeProps } from '../parts/change.js';
import { UNKNOWN } from '../parts/format.js';
import { COLOURS } from './layers.js';

export interface PointRow {
  readonly id: string;
  readonly place: number;
  readonly label: string;
  /** '': not known */
  readonly value: string;
  /** of the earlier range; '': not known */
  readonly before?: string | undefined;
  readonly change?: ChangeProps | undefined;
}

/** What stands at one date of a chart, in words. */
export interface Point {
  readonly title: string;
  /** 'so far', 'not yet', or '' */
  readonly state: string;
  /** the earlier date, if there is one */
  readonly against: string | null;
  readonly rows: readonly PointRow[];
}

interface TooltipProps {
  readonly point: Point;
  readonly left: number;
  readonly isBeforeMiddle: boolean;
  readonly width: number;
}

/** The values at the pointer. Screen readers get them from the chart's slider. */
export function Tooltip({ point, left, isBeforeMiddle, width }: TooltipProps): JSX.Element {
  const beside = isBeforeMiddle ? { left: `${left + 12}px` } : { right: `${width - left + 12}px` };
  return (
    <div class="tooltip" style={beside} aria-hidden="true">
      <p>
        <strong>{point.title}</strong>
        {point.state !== '' && <span class="quiet"> {point.state}</span>}
      </p>
      {point.against !== null && <p class="quiet small">against {point.against}</p>}
      <table>
        <tbody>
          {point.rows.map(({ id, place, label, value, before, change }) => (
            <tr key={id}>
              <td>
                <span class={`swatch series-${(place % COLOURS) + 1}`} />
                <span class="label">{label}</span>
              </td>
              <td class="number">{value === '' ? UNKNOWN : value}</td>
              {before !== undefined && <td class="number quiet">{before === '' ? UNKNOWN : before}</td>}
              {change !== undefined && (
                <td class="number">
                  <Change {...change} />
                </td>
              )}
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  );
}
