import { type Frame, widthOfBar } from '../frame.js';
import type { Layer } from '../layers.js';
import { areaPath, barPath, linePath, lonelyPlaces, type Position } from '../paths.js';
import type { DateTick, ValueScale } from '../scale.js';
import { OPEN_BAR, STROKES } from './chart-head.js';
import { estimatedWidth } from './estimated-width.js';
import { escapeXml } from './markup.js';
import type { SvgWriter } from './svg-writer.js';

/** The axes, and the lines and bars between them. */

/** More points than this make thick lines a stain. */
const MANY = 500;

export function drawValueAxis(
  svg: SvgWriter,
  frame: Frame,
  scale: ValueScale,
  labels: readonly string[],
  { y }: Position,
): string {
  return scale.ticks
    .map((tick, place) => {
      const at = Number(y(tick).toFixed(1));
      const line = { x1: frame.left, x2: frame.right, y1: at, y2: at, 'shape-rendering': 'crispEdges' };
      const label = { x: frame.left - 8, y: at + 4, 'text-anchor': 'end' };
      return (
        svg.element('line', line, { stroke: tick === 0 ? 'zero' : 'grid' }) +
        svg.element('text', label, { fill: 'quiet' }, escapeXml(labels[place] ?? ''))
      );
    })
    .join('');
}

export function drawDateAxis(
  svg: SvgWriter,
  frame: Frame,
  ticks: readonly DateTick[],
  { x }: Position,
  size: number,
): string {
  return ticks
    .map(({ place, text, year }) => {
      const at = Number(x(place).toFixed(1));
      // a label stays within the chart: the last one would be cut otherwise
      const half = Math.max(estimatedWidth(text, size), estimatedWidth(year, size, 'bold')) / 2 + 4;
      const middle = Number(Math.min(Math.max(at, half), frame.width - half).toFixed(1));
      const line = { x1: at, x2: at, y1: frame.bottom, y2: frame.bottom + 5, 'shape-rendering': 'crispEdges' };
      const label = { x: middle, y: frame.bottom + 19, 'text-anchor': 'middle' };
      const below = { ...label, y: frame.bottom + 35, 'font-weight': 600 };
      return [
        svg.element('line', line, { stroke: 'zero' }),
        svg.element('text', label, { fill: 'quiet' }, escapeXml(text)),
        year === '' ? '' : svg.element('text', below, { fill: 'quiet' }, escapeXml(year)),
      ].join('');
    })
    .join('');
}

/** Where layers are drawn. @param isAlone true: it is the only series */
export interface Plot {
  readonly frame: Frame;
  readonly position: Position;
  readonly scale: ValueScale;
  readonly isAlone: boolean;
}

export function drawLayer(svg: SvgWriter, layer: Layer, plot: Plot): string {
  switch (layer.kind) {
    case 'bar':
      return drawBars(svg, layer, plot);
    case 'before':
      return svg.element(
        'path',
        { d: linePath(layer.values, plot.position), fill: 'none', ...STROKES.before },
        { stroke: 'before' },
      );
    case 'line':
      return drawLine(svg, layer, plot);
  }
}

/** A point that is not over yet is paler than those that are. */
function drawBars(svg: SvgWriter, { values, complete, floor, place }: Layer, { frame, position }: Plot): string {
  const width = widthOfBar(frame, values.length);
  const bars = (isShown: (at: number) => boolean): string => barPath(values, position, { floor, width, isShown });
  const paint = { fill: place ?? 'quiet' } as const;
  return (
    path(
      svg,
      bars((at) => complete[at] !== false),
      {},
      paint,
    ) +
    path(
      svg,
      bars((at) => complete[at] === false),
      { opacity: OPEN_BAR },
      paint,
    )
  );
}

/** The way to a point that is not over yet is dashed: a week that has just begun would look like a fall. */
function drawLine(svg: SvgWriter, { values, complete, place }: Layer, { scale, position, isAlone }: Plot): string {
  const isOpen = (at: number): boolean => complete[at] === false;
  const paint = place ?? 'quiet';
  const ground = position.y(Math.min(Math.max(0, scale.low), scale.high));
  const thin = values.length > MANY ? { 'stroke-width': 1.25 } : {};
  const dots = lonelyPlaces(values).map((at) => {
    const center = { cx: position.x(at).toFixed(1), cy: position.y(values[at] ?? 0).toFixed(1), r: 3 };
    return svg.element('circle', { ...center, opacity: isOpen(at) ? OPEN_BAR : undefined }, { fill: paint });
  });
  return [
    isAlone ? path(svg, areaPath(values, position, ground), { opacity: 0.1 }, { fill: paint }) : '',
    path(
      svg,
      linePath(values, position, (at) => !isOpen(at)),
      { fill: 'none', ...STROKES.line, ...thin },
      { stroke: paint },
    ),
    path(
      svg,
      linePath(values, position, isOpen),
      { fill: 'none', ...STROKES['open line'], ...thin },
      { stroke: paint },
    ),
    ...dots,
  ].join('');
}

/** An empty outline is none. */
function path(
  svg: SvgWriter,
  outline: string,
  attributes: Parameters<SvgWriter['element']>[1],
  paint: Parameters<SvgWriter['element']>[2],
): string {
  return outline === '' ? '' : svg.element('path', { d: outline, ...attributes }, paint);
}
