import type { DrawnSeries } from '../../../chart/layers.js';
import type { UnitResource } from '../../../http/resources.js';

/** A series of a metric. */
export interface ChartSeries extends DrawnSeries {
  readonly label: string;
  /** natural key */
  readonly metric: string;
  readonly unit?: UnitResource | undefined;
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
