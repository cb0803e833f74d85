/** One line of a chart, or one bar at each date. */
export interface DrawnSeries {
  readonly id: string;
  readonly values: readonly (number | null)[];
  readonly complete: readonly boolean[];
  /** the earlier range that it is compared with: drawn faint and broken, always as a line */
  readonly before?: readonly (number | null)[] | undefined;
  /** the number of its colour, which it keeps while others are hidden; null: all that are not drawn, together */
  readonly place: number | null;
}

/** One shape to draw. */
export interface Layer {
  readonly id: string;
  /** the number of its colour */
  readonly place: number | null;
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
export function layersOf(series: readonly DrawnSeries[], as: 'lines' | 'bars'): Layer[] {
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

function shapeOf({ id, place, complete }: DrawnSeries): Pick<Layer, 'id' | 'place' | 'complete'> {
  return { id, place, complete };
}

function stacked(layers: readonly Layer[]): Layer[] {
  let floor: readonly (number | null)[] = [];
  return layers.map((layer) => {
    const below = layer.values.map((_, place) => floor[place] ?? 0);
    floor = layer.values.map((value, place) => (value ?? 0) + (below[place] ?? 0));
    return { ...layer, values: layer.values.map((value, place) => (value ?? 0) + (below[place] ?? 0)), floor: below };
  });
}
