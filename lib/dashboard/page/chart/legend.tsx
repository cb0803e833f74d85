import type { JSX } from 'preact';
import { colourOf } from './layers.js';

export interface LegendItem {
  readonly id: string;
  readonly place: number | null;
  readonly label: string;
  /** takes the line out of the chart, if it was added */
  readonly onRemove?: (() => void) | undefined;
}

interface LegendProps {
  readonly items: readonly LegendItem[];
  readonly hidden: readonly string[];
  readonly onHide: (hidden: readonly string[]) => void;
}

/** The lines of a chart. A press hides one or shows it again, "Only" hides all others. */
export function Legend({ items, hidden, onHide }: LegendProps): JSX.Element {
  const isHidden = (id: string): boolean => hidden.includes(id);
  const shown = items.filter(({ id }) => !isHidden(id));
  const toggle = (id: string): void => {
    onHide(isHidden(id) ? hidden.filter((other) => other !== id) : [...hidden, id]);
  };
  return (
    <ul class="legend" aria-label="Lines">
      {items.map(({ id, place, label, onRemove }) => (
        <li key={id}>
          <button
            type="button"
            class="line-switch"
            aria-pressed={!isHidden(id)}
            title={label}
            onClick={() => {
              toggle(id);
            }}
          >
            <span class={`swatch ${colourOf(place)}`} aria-hidden="true" />
            <span class="label">{label}</span>
          </button>
          {(shown.length > 1 || isHidden(id)) && (
            <button
              type="button"
              class="only"
              onClick={() => {
                onHide(items.filter((other) => other.id !== id).map((other) => other.id));
              }}
            >
              Only<span class="hidden"> {label}</span>
            </button>
          )}
          {onRemove !== undefined && (
            <button type="button" class="only shown" onClick={onRemove}>
              Remove<span class="hidden"> {label}</span>
            </button>
          )}
        </li>
      ))}
      {shown.length < items.length && (
        <li>
          <button
            type="button"
            class="only shown"
            onClick={() => {
              onHide([]);
            }}
          >
            Show all
          </button>
        </li>
      )}
    </ul>
  );
}
