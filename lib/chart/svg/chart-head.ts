import type { Layer } from '../layers.js';
import type { ResolvedChart } from './chart.options.js';
import { estimatedWidth, shortened } from './estimated-width.js';
import { escapeXml } from './markup.js';
import type { Paint, SvgWriter } from './svg-writer.js';

/** The title and the legend, above the plot. */

export const MARGIN = 16;
const TITLE_SIZE = 15;
const TITLE_HEIGHT = 26;
const LEGEND_SIZE = 12;
const ROW_HEIGHT = 20;
const SWATCH = 14;
const SPACE = 6;
const BETWEEN = 18;
/** Longer names leave no room for the others. */
const LONGEST_NAME = 200;

interface LegendEntry {
  readonly text: string;
  readonly kind: 'bar' | 'open bar' | 'line' | 'open line' | 'before';
  readonly paint: Paint;
}

interface PlacedEntry extends LegendEntry {
  readonly x: number;
  readonly y: number;
}

export interface Head {
  /** the pixels that it takes */
  readonly height: number;
  /** of the title */
  readonly room: number;
  readonly entries: readonly PlacedEntry[];
}

/** One series has the few entries of its legend beside the title, others have a legend below it. */
export function headOf(chart: ResolvedChart, layers: readonly Layer[]): Head {
  const { width, showTitle, isNamed } = chart;
  const inner = width - 2 * MARGIN;
  const legend = legendOf(chart, layers);
  const beside = showTitle && !isNamed ? placed(legend, width) : [];
  const taken = beside.length === 0 ? 0 : endOf(beside.at(-1)) - MARGIN;
  if (taken > 0 && taken < inner / 3) {
    const entries = beside.map((entry) => ({ ...entry, x: entry.x + inner - taken, y: MARGIN }));
    return { height: MARGIN + TITLE_HEIGHT + 8, room: inner - taken - BETWEEN, entries };
  }
  const top = MARGIN + (showTitle ? TITLE_HEIGHT : 0);
  const entries = placed(legend, width).map((entry) => ({ ...entry, y: entry.y + top }));
  const last = entries.at(-1);
  return { height: last === undefined ? top + 8 : last.y + ROW_HEIGHT + 8, room: inner, entries };
}

function endOf(entry: PlacedEntry | undefined): number {
  return entry === undefined ? 0 : entry.x + SWATCH + SPACE + estimatedWidth(entry.text, LEGEND_SIZE);
}

/** One series needs no legend, unless a part of it is drawn in another way. */
function legendOf({ series, isNamed }: ResolvedChart, layers: readonly Layer[]): readonly LegendEntry[] {
  const isBar = layers.some(({ kind }) => kind === 'bar');
  const isOpen = series.some(({ values, complete }) => values.some((value, at) => value !== null && !complete[at]));
  const hasBefore = layers.some(({ kind }) => kind === 'before');
  const names = series.map(({ name, place }): LegendEntry => {
    return { text: name, kind: isBar ? 'bar' : 'line', paint: place ?? 'quiet' };
  });
  const before: LegendEntry = { text: 'before', kind: 'before', paint: 'before' };
  const open: LegendEntry = {
    text: 'not over yet',
    kind: isBar ? 'open bar' : 'open line',
    paint: series.length === 1 ? 0 : 'quiet',
  };
  return [...(isNamed ? names : []), ...(hasBefore ? [before] : []), ...(isOpen ? [open] : [])];
}

function placed(entries: readonly LegendEntry[], width: number): PlacedEntry[] {
  let [x, y] = [MARGIN, 0];
  return entries.map((entry) => {
    const room = Math.min(LONGEST_NAME, width - 2 * MARGIN - SWATCH - SPACE);
    const text = shortened(entry.text, LEGEND_SIZE, room);
    const isFull = endOf({ ...entry, text, x, y }) > width - MARGIN;
    if (isFull && x > MARGIN) [x, y] = [MARGIN, y + ROW_HEIGHT];
    const at = { ...entry, text, x, y };
    x = endOf(at) + BETWEEN;
    return at;
  });
}

export function drawHead(svg: SvgWriter, { title, showTitle }: ResolvedChart, { entries, room }: Head): string {
  const shown = escapeXml(shortened(title, TITLE_SIZE, room, 'bold'));
  const attributes = { x: MARGIN, y: MARGIN + 12, 'font-size': TITLE_SIZE, 'font-weight': 600 };
  return [
    showTitle ? svg.element('text', attributes, { fill: 'text' }, shown) : '',
    ...entries.map((entry) => drawEntry(svg, entry)),
  ].join('');
}

function drawEntry(svg: SvgWriter, { text, kind, paint, x, y }: PlacedEntry): string {
  const at = { x: round(x + SWATCH + SPACE), y: y + 12 };
  return drawSwatch(svg, kind, paint, round(x), y + 8) + svg.element('text', at, { fill: 'quiet' }, escapeXml(text));
}

function round(pixels: number): number {
  return Number(pixels.toFixed(1));
}

function drawSwatch(svg: SvgWriter, kind: LegendEntry['kind'], paint: Paint, x: number, middle: number): string {
  if (kind === 'bar' || kind === 'open bar') {
    const opacity = kind === 'bar' ? undefined : OPEN_BAR;
    return svg.element('rect', { x: x + 1, y: middle - 5, width: 10, height: 10, rx: 2, opacity }, { fill: paint });
  }
  return svg.element('line', { x1: x, x2: x + SWATCH, y1: middle, y2: middle, ...STROKES[kind] }, { stroke: paint });
}

/** How a bar that is not over is paler. */
export const OPEN_BAR = 0.5;

/** How lines are drawn, in the plot and in the legend. */
export const STROKES = {
  line: { 'stroke-width': 2, 'stroke-linecap': 'round', 'stroke-linejoin': 'round' },
  'open line': { 'stroke-width': 2, 'stroke-linecap': 'round', 'stroke-dasharray': '2 5' },
  before: { 'stroke-width': 1.25, 'stroke-dasharray': '5 4' },
} as const;
