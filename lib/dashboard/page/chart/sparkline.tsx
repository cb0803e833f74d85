import type { JSX } from 'preact';

const WIDTH = 240;
const HEIGHT = 40;
const EDGE = 3;

interface SparklineProps {
  readonly values: readonly (number | null)[];
  readonly open: number;
}

/**
 * A line without axes, for its shape, which a single date has none of. It is decoration: the numbers beside it say the
 * same to screen readers. What is not known is a gap, and a value between two gaps is a dot. Zero is the lower edge where
 * values come near it. The way to values that are not final is dashed, because a week that has just begun would look like
 * a fall.
 *
 * @param props `open`: how many of the last known values are not final
 */
export function Sparkline({ values: all, open }: SparklineProps): JSX.Element {
  const values = all.length < 2 ? [] : all;
  const known = values.filter((value) => value !== null);
  const places = values.flatMap((value, place) => (value === null ? [] : [place]));
  // of open values alone there is no way to them
  const firstOpen = open < known.length ? places.at(known.length - open) : undefined;
  const isOpen = (place: number): boolean => firstOpen !== undefined && place >= firstOpen;
  const final = values.map((value, place) => (isOpen(place) ? null : value));
  const toOpen = values.map((value, place) => (isOpen(place + 1) ? value : null));
  const highest = Math.max(...known, -Infinity);
  const least = Math.min(...known, Infinity);
  const lowest = least > 0 && least < highest * 0.6 ? 0 : least;
  const x = (place: number): number => EDGE + (place / Math.max(values.length - 1, 1)) * (WIDTH - 2 * EDGE);
  const y = (value: number): number => {
    if (highest === lowest) return value === 0 ? HEIGHT - EDGE : HEIGHT / 2;
    return HEIGHT - EDGE - ((value - lowest) / (highest - lowest)) * (HEIGHT - 2 * EDGE);
  };
  const { line, area, dots } = pathsThrough(final, x, y);
  const ahead = firstOpen === undefined ? null : pathsThrough(toOpen, x, y);
  return (
    <svg
      class="sparkline"
      viewBox={`0 0 ${WIDTH} ${HEIGHT}`}
      preserveAspectRatio="none"
      aria-hidden="true"
      focusable="false"
    >
      <path class="area" d={area} />
      <path class="line" d={line} />
      {ahead !== null && <path class="open" d={ahead.line} />}
      <path class="dots" d={dots + (ahead?.dots ?? '')} />
    </svg>
  );
}

function pathsThrough(
  values: readonly (number | null)[],
  x: (place: number) => number,
  y: (value: number) => number,
): { line: string; area: string; dots: string } {
  let [line, area, dots] = ['', '', ''];
  let begun = -1;
  values.forEach((value, place) => {
    if (value === null) return;
    if (begun < 0) begun = place;
    const point = `${x(place).toFixed(1)} ${y(value).toFixed(1)}`;
    const isLast = (values[place + 1] ?? null) === null;
    // a line of no length: its round ends are a dot
    if (begun === place && isLast) dots += `M${point}h0`;
    else line += `${begun === place ? 'M' : 'L'}${point}`;
    area += begun === place ? `M${x(place).toFixed(1)} ${HEIGHT}L${point}` : `L${point}`;
    if (!isLast) return;
    area += `L${x(place).toFixed(1)} ${HEIGHT}Z`;
    begun = -1;
  });
  return { line, area, dots };
}
