/** The outlines of lines and bars, as SVG has them. What is not known is a gap. */

/** Where dates and values are, in pixels. */
export interface Position {
  readonly x: (place: number) => number;
  readonly y: (value: number) => number;
}

type Values = readonly (number | null)[];

/**
 * @param isShown of two neighbours, by the place of the later one: true if they are joined
 */
export function linePath(values: Values, { x, y }: Position, isShown: (place: number) => boolean = () => true): string {
  let path = '';
  let last = -2;
  values.forEach((value, place) => {
    if (value === null) return;
    const isJoined = last === place - 1 && isShown(place);
    const isNext = (values[place + 1] ?? null) !== null && isShown(place + 1);
    if (!isJoined && !isNext) return;
    path += `${isJoined ? 'L' : 'M'}${round(x(place))} ${round(y(value))}`;
    last = place;
  });
  return path;
}

/** The values that a line does not show, since they have no known neighbour. */
export function lonelyPlaces(values: Values): number[] {
  return values.flatMap((value, place) =>
    value !== null && (values[place - 1] ?? null) === null && (values[place + 1] ?? null) === null ? [place] : [],
  );
}

export function areaPath(values: Values, { x, y }: Position, ground: number): string {
  let path = '';
  values.forEach((value, place) => {
    if (value === null) return;
    const isFirst = (values[place - 1] ?? null) === null;
    const isLast = (values[place + 1] ?? null) === null;
    if (isFirst && isLast) return;
    if (isFirst) path += `M${round(x(place))} ${round(ground)}`;
    path += `L${round(x(place))} ${round(y(value))}`;
    if (isLast) path += `L${round(x(place))} ${round(ground)}Z`;
  });
  return path;
}

/** @param floor where each bar begins */
export function barPath(
  values: Values,
  { x, y }: Position,
  { floor, width, isShown }: { floor: Values | null; width: number; isShown: (place: number) => boolean },
): string {
  let path = '';
  values.forEach((value, place) => {
    if (value === null || !isShown(place)) return;
    const [top, bottom] = [y(value), y(floor?.[place] ?? 0)];
    if (Math.abs(top - bottom) < 0.01) return;
    path += `M${round(x(place) - width / 2)} ${round(bottom)}V${round(top)}h${round(width)}V${round(bottom)}Z`;
  });
  return path;
}

function round(pixels: number): string {
  return pixels.toFixed(1);
}
