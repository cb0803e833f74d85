import type uPlot from './uplot.js';
import type { UnitResource } from '../../http/resources.js';
import { formatCompact, formatTick, utcOf } from './format.js';

/** One line of a chart, or one bar at each date. */
export interface ChartSeries {
  readonly label: string;
  readonly values: readonly (number | null)[];
  /** the range before: drawn faint and broken, always as a line */
  readonly isBefore?: boolean;
  /** which line it is: both ranges of one have its colour */
  readonly place: number;
}

export interface ChartData {
  readonly unit?: UnitResource | undefined;
  readonly dates: readonly string[];
  readonly series: readonly ChartSeries[];
  readonly as: 'lines' | 'bars';
}

export interface ChartEvents {
  /** the pointer is at a date, by its place */
  onPoint(place: number): void;
  /** a part of the chart was drawn over with the pointer: its first and last place */
  onRange(first: number, last: number): void;
}

/** How many colours the style sheet has. */
export const COLOURS = 10;

/** Draws a chart into an element as wide as it is, and again whenever it changes. */
export async function drawChart(parent: HTMLElement, data: ChartData, events: ChartEvents): Promise<Chart> {
  const { default: Plot } = await import('./uplot.js');
  return new Chart(Plot, parent, data, events);
}

export class Chart {
  private readonly plot: uPlot;
  private readonly resizing: ResizeObserver;

  constructor(
    Plot: typeof uPlot,
    private readonly parent: HTMLElement,
    private readonly data: ChartData,
    events: ChartEvents,
  ) {
    const layers = layersOf(data);
    const dates = data.dates.map((date) => utcOf(date) / 1_000);
    const options = optionsOf(Plot, sizeOf(parent), data, layers, events);
    this.plot = new Plot(options, [dates, ...layers.map(({ values }) => values)], parent);
    this.resizing = new ResizeObserver(() => {
      this.plot.setSize(sizeOf(parent));
    });
    this.resizing.observe(parent);
  }

  /** Puts the cross at a date, by its place. */
  point(place: number): void {
    const date = this.data.dates[place];
    if (date === undefined) return;
    this.plot.setCursor(
      { left: this.plot.valToPos(utcOf(date) / 1_000, 'x'), top: this.plot.over.clientHeight / 2 },
      false,
    );
  }

  /** Takes the colours of the style sheet again. */
  recolour(): void {
    this.plot.redraw(false, true);
  }

  remove(): void {
    this.resizing.disconnect();
    this.plot.destroy();
    this.parent.replaceChildren();
  }
}

function sizeOf(parent: HTMLElement): { width: number; height: number } {
  return { width: parent.clientWidth, height: parent.clientHeight };
}

function optionsOf(
  Plot: typeof uPlot,
  size: { width: number; height: number },
  data: ChartData,
  layers: readonly Layer[],
  events: ChartEvents,
): uPlot.Options {
  const isAlone = layers.filter(({ isBefore }) => !isBefore).length === 1;
  const bars = Plot.paths.bars?.({ size: [0.8, 64] });
  let place: number | null = null;
  return {
    ...size,
    tzDate: (seconds) => Plot.tzDate(new Date(seconds * 1_000), 'Etc/UTC'),
    legend: { show: false },
    padding: [8, 8, 0, 0],
    scales: { x: { time: true, range: (_plot, min, max) => edges(min, max, data) }, y: { range: valueRange(data.as) } },
    cursor: {
      y: false,
      points: { size: 7 },
      drag: { x: true, y: false, setScale: false, dist: 8 },
    },
    axes: [
      { ...axisOf('x'), size: 44, values: datesOf },
      {
        ...axisOf('y'),
        size: widthOfAxis,
        values: (_plot, splits) => splits.map((value) => formatCompact(value, data.unit)),
      },
    ],
    series: [
      {},
      ...layers.map((layer) =>
        lineOf(layer, { isAlone, count: data.dates.length, isOverBars: data.as === 'bars' }, bars),
      ),
    ],
    hooks: {
      setCursor: [
        (plot) => {
          const index = plot.cursor.idx ?? null;
          if (index !== null && index !== place) events.onPoint(index);
          place = index;
        },
      ],
      setSelect: [
        (plot) => {
          const { left, width } = plot.select;
          if (width > 0) events.onRange(plot.posToIdx(left), plot.posToIdx(left + width));
          plot.setSelect({ left: 0, top: 0, width: 0, height: 0 }, false);
        },
      ],
    },
  };
}

/** A day of room on both sides for bars, and where there is one date only. */
function edges(min: number, max: number, { dates, as }: ChartData): [number, number] {
  const [first = '', second = first] = dates;
  const step = (utcOf(second) - utcOf(first)) / 1_000 || SECONDS_A_DAY;
  const room = as === 'bars' || min === max ? step * 0.6 : 0;
  return [min - room, max + room];
}

/** Bars begin at zero, and so do lines that come near it: a small change should not look like a large one. */
function valueRange(as: ChartData['as']): uPlot.Range.Function {
  return (_plot, min, max) => {
    const [low, high] = min === max ? [Math.min(min, 0), Math.max(max, 0)] : [min, max];
    const from = as === 'bars' || (low > 0 && low < high * 0.6) ? Math.min(low, 0) : low;
    const room = (high - from) * 0.08 || 1;
    return [from < 0 || from > 0 ? from - room : 0, high > 0 ? high + room : high];
  };
}

interface Layer {
  readonly label: string;
  readonly isBefore: boolean;
  readonly colour: number;
  readonly isBar: boolean;
  readonly values: (number | null)[];
}

/**
 * Returns the layers to draw, from back to front. Bars of several objects are stacked: each is as high as those below
 * it together, so the highest is drawn first. Values below zero cannot be stacked and are drawn as lines.
 */
function layersOf({ series, as }: ChartData): Layer[] {
  const isStackable = series.every(({ values }) => values.every((value) => value === null || value >= 0));
  const now = series.filter(({ isBefore }) => isBefore !== true);
  const isBar = as === 'bars' && (now.length === 1 || isStackable);
  const layers = series.map(({ label, values, place, isBefore = false }) => ({
    label,
    isBefore,
    colour: (place % COLOURS) + 1,
    isBar: isBar && !isBefore,
    values: [...values],
  }));
  if (!isBar || now.length < 2) return layers;
  // lines of the range before would say nothing beside bars that stand on one another
  return stacked(layers.filter((layer) => !layer.isBefore));
}

function stacked(layers: readonly Layer[]): Layer[] {
  let below: readonly (number | null)[] = [];
  const sums = layers.map((layer) => {
    const values = layer.values.map((value, date) => (value ?? 0) + (below[date] ?? 0));
    below = values;
    return { ...layer, values };
  });
  return sums.reverse();
}

/** More points than this are drawn thinner, or they would run into a band. */
const MANY = 500;

function lineOf(
  { label, isBefore, isBar, colour }: Layer,
  { isAlone, count, isOverBars }: { isAlone: boolean; count: number; isOverBars: boolean },
  bars?: uPlot.Series.PathBuilder,
): uPlot.Series {
  const name = isBefore && isAlone ? (isOverBars ? '--text' : '--before') : `--series-${colour}`;
  const stroke = (): string => styleOf(name);
  if (isBar && bars !== undefined)
    return { label, stroke, fill: stroke, width: 0, paths: bars, points: { show: false } };
  return {
    label,
    stroke,
    width: count > MANY || (isBefore && !isAlone) ? 1 : isBefore ? 1.5 : 2,
    ...(isBefore ? { dash: [5, 4] } : isAlone ? { fill: () => styleOf('--area') } : {}),
    // a line shows a value only by its neighbours
    points: { show: false, filter: (plot, series) => alone(plot.data[series] ?? []) },
  };
}

/** The places of values that have no known neighbour. */
function alone(values: ArrayLike<number | null | undefined>): number[] {
  return Array.from(values, (value, place) => place).filter(
    (place) => values[place] != null && values[place - 1] == null && values[place + 1] == null,
  );
}

function axisOf(scale: 'x' | 'y'): uPlot.Axis {
  return {
    scale,
    font: '12px system-ui, sans-serif',
    stroke: () => styleOf('--quiet'),
    grid: { show: scale === 'y', stroke: () => styleOf('--grid'), width: 1 },
    ticks: { show: scale === 'x', stroke: () => styleOf('--grid'), width: 1, size: 5 },
    ...(scale === 'x' ? { space: 64 } : { space: 40, gap: 6 }),
  };
}

const SECONDS_A_DAY = 86_400;

function datesOf(_plot: uPlot, splits: number[], _axis: number, _space: number, step: number): string[] {
  return splits.map((split, place) => formatTick(split * 1_000, step / SECONDS_A_DAY, place === 0));
}

function widthOfAxis(_plot: uPlot, values: string[] | null): number {
  return Math.max(28, 10 + Math.max(0, ...(values ?? []).map(({ length }) => length)) * 7);
}

function styleOf(name: string): string {
  return getComputedStyle(document.documentElement).getPropertyValue(name).trim();
}
