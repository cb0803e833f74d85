import { graphic } from './element.js';

const WIDTH = 120;
const HEIGHT = 28;
const EDGE = 2;

/**
 * A line without axes, for its shape. It is decoration: the numbers beside it say the same to screen readers. What is
 * not known is a gap.
 */
export function sparkline(values: readonly (number | null)[]): SVGElement {
  const known = values.filter((value) => value !== null);
  const highest = Math.max(...known);
  const lowest = Math.min(...known);
  const x = (place: number): number => EDGE + (place / Math.max(values.length - 1, 1)) * (WIDTH - 2 * EDGE);
  const y = (value: number): number =>
    highest === lowest ? HEIGHT / 2 : HEIGHT - EDGE - ((value - lowest) / (highest - lowest)) * (HEIGHT - 2 * EDGE);
  const shown = { class: 'sparkline', viewBox: `0 0 ${WIDTH} ${HEIGHT}`, 'aria-hidden': 'true', focusable: 'false' };
  const last = values.at(-1) ?? null;
  return graphic(
    'svg',
    shown,
    graphic('path', { class: 'line', d: pathThrough(values, x, y) }),
    ...(last === null ? [] : [graphic('circle', { cx: x(values.length - 1), cy: y(last), r: 2 })]),
  );
}

function pathThrough(
  values: readonly (number | null)[],
  x: (place: number) => number,
  y: (value: number) => number,
): string {
  let isDrawing = false;
  return values
    .map((value, place) => {
      if (value === null) {
        isDrawing = false;
        return '';
      }
      const step = `${isDrawing ? 'L' : 'M'}${x(place).toFixed(1)} ${y(value).toFixed(1)}`;
      // a value without neighbours is a line of no length: its round ends are a dot
      const isAlone = !isDrawing && (values[place + 1] ?? null) === null;
      isDrawing = true;
      return isAlone ? `${step}h0` : step;
    })
    .join('');
}
