import type { Position } from './paths.js';
import type { ValueScale } from './scale.js';

/** The plot within a chart, in pixels. */
export interface Frame {
  readonly width: number;
  readonly height: number;
  readonly left: number;
  readonly right: number;
  readonly top: number;
  readonly bottom: number;
}

/** Bars of few dates would be wider than people take for bars. */
const WIDEST_BAR = 64;

/** Returns where dates and values are. Each date has a column of the same width, with its point in the middle. */
export function positionIn(frame: Frame, dates: number, { heightOf }: ValueScale): Position {
  return {
    x: (place) => frame.left + ((place + 0.5) / Math.max(1, dates)) * widthOf(frame),
    y: (value) => frame.bottom - heightOf(value) * (frame.bottom - frame.top),
  };
}

export function widthOf({ left, right }: Frame): number {
  return right - left;
}

export function widthOfBar(frame: Frame, dates: number): number {
  return Math.min(WIDEST_BAR, Math.max(1, (widthOf(frame) / Math.max(1, dates)) * 0.8));
}
