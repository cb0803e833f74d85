import type { UnitResource } from '../../../http/resources.js';

/** One line of a chart, or one bar at each date. */
export interface ChartSeries {
  readonly id: string;
  readonly label: string;
  /** natural key */
  readonly metric: string;
  readonly unit?: UnitResource | undefined;
  readonly values: readonly (number | null)[];
  readonly complete: readonly boolean[];
  /** the earlier range that it is compared with: drawn faint and broken, always as a line */
  readonly before?: readonly (number | null)[] | undefined;
  /** which line it is: it keeps its colour while others are hidden; null: all that are not drawn, together */
  readonly place: number | null;
}

/** How many colours the style sheet has. */
const COLOURS = 10;

/** The class of the colour of a line. */
export function colourOf(place: number | null): string {
  return place === null ? 'series-others' : `series-${(place % COLOURS) + 1}`;
}

/** Lines whose values differ more would leave one of them flat on the axis of the other. */
const FAR = 10;

/**
 * Returns the series of each chart: all in one where they have the same unit and come near one another, or else each in
 * a chart of its own, below one another.
 */
export function chartGroups<S extends ChartSeries>(series: readonly S[]): S[][] {
  const isOfOneMetric = new Set(series.map(({ metric }) => metric)).size < 2;
  if (isOfOneMetric) return [[...series]];
  const units = new Set(series.map(({ unit }) => JSON.stringify(unit ?? null)));
  const sizes = series.map(({ values }) => Math.max(0, ...values.map((value) => Math.abs(value ?? 0))));
  const known = sizes.filter((size) => size > 0);
  const isNear = known.length === 0 || Math.max(...known) <= FAR * Math.min(...known);
  return units.size === 1 && isNear ? [[...series]] : series.map((one) => [one]);
}

/** One shape to draw. */
export interface Layer {
  readonly id: string;
  /** class of its colour */
  readonly colour: string;
  readonly kind: 'line' | 'bar' | 'before';
  readonly values: readonly (number | null)[];
  /** where a bar begins: on those below it */
  readonly floor: readonly (number | null)[] | null;
  readonly complete: readonly boolean[];
}

/**
 * Returns the shapes of a chart, from back to front. Bars of several series are stacked. Values below zero cannot be
 * stacked and are drawn as lines.
 */
export function layersOf(series: readonly ChartSeries[], as: 'lines' | 'bars'): Layer[] {
  const isStackable = series.every(({ values }) => values.every((value) => value === null || value >= 0));
  const isBar = as === 'bars' && (series.length === 1 || isStackable);
  const now = series.map((one): Layer => {
    return { ...shapeOf(one), kind: isBar ? 'bar' : 'line', values: one.values, floor: null };
  });
  if (isBar && series.length > 1) return stacked(now);
  const before = series.flatMap((one): Layer[] =>
    one.before === undefined ? [] : [{ ...shapeOf(one), kind: 'before', values: one.before, floor: null }],
  );
  // over bars the earlier line would be hidden, if it were behind them
  return isBar ? [...now, ...before] : [...before, ...now];
}

function shapeOf({ id, place, complete }: ChartSeries): Pick<Layer, 'id' | 'colour' | 'complete'> {
  return { id, colour: colourOf(place), complete };
}

function stacked(layers: readonly Layer[]): Layer[] {
  let floor: readonly (number | null)[] = [];
  return layers.map((layer) => {
    const below = layer.values.map((_, place) => floor[place] ?? 0);
    floor = layer.values.map((value, place) => (value ?? 0) + (below[place] ?? 0));
    return { ...layer, values: layer.values.map((value, place) => (value ?? 0) + (below[place] ?? 0)), floor: below };
  });
}
