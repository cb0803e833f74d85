import type { JSX } from 'preact';
import { useLayoutEffect, useRef } from 'preact/hooks';
import { UNKNOWN } from '../../../catalog/number-text.js';
import { Change, type ChangeProps } from '../parts/change.js';
import { colourOf } from './layers.js';

export interface PointRow {
  readonly id: string;
  readonly place: number | null;
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
  /** the texts of its annotations */
  readonly notes: readonly string[];
}

interface TooltipProps {
  readonly point: Point;
  readonly left: number;
  readonly isBeforeMiddle: boolean;
  readonly width: number;
}

/** Pixels between a date and what is said of it. */
const BESIDE = 12;

/** Annotations that fit beside a chart, which on a phone is lower. The table has all of them. */
const [MOST_NOTES, MOST_ON_PHONE] = [4, 2];
const PHONE = 480;

/** The values at the pointer. Screen readers get them from the chart's slider. */
export function Tooltip({ point, left, isBeforeMiddle, width }: TooltipProps): JSX.Element {
  const box = useRef<HTMLDivElement>(null);
  // beside the date, but within the chart: on a phone it is nearly as wide
  useLayoutEffect(() => {
    const { current } = box;
    if (current === null) return;
    const own = current.offsetWidth;
    const beside = isBeforeMiddle ? left + BESIDE : left - BESIDE - own;
    current.style.left = `${Math.max(0, Math.min(beside, width - own))}px`;
  });
  return (
    <div class="tooltip" ref={box} aria-hidden="true">
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
                <span class={`swatch ${colourOf(place)}`} />
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
      {point.notes.length > 0 && <Notes texts={point.notes} most={width < PHONE ? MOST_ON_PHONE : MOST_NOTES} />}
    </div>
  );
}

function Notes({ texts, most }: { texts: readonly string[]; most: number }): JSX.Element {
  const left = texts.length - most;
  return (
    <ul class="notes small">
      {texts.slice(0, most).map((text, place) => (
        <li key={place}>
          <bdi>{text}</bdi>
        </li>
      ))}
      {left > 0 && <li class="quiet">and {left} more</li>}
    </ul>
  );
}
