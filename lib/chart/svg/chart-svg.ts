import { type Frame, positionIn } from '../frame.js';
import { type Layer, layersOf } from '../layers.js';
import { MomentText } from '../moment-text.js';
import { NumberText, sizeOfUnit } from '../../catalog/number-text.js';
import { dateTicks, isCount, valueScale, type ValueScale } from '../scale.js';
import { drawHead, headOf, MARGIN } from './chart-head.js';
import { drawDateAxis, drawLayer, drawValueAxis } from './chart-plot.js';
import {
  type ChartLine,
  type ChartOptions,
  type ChartPoint,
  type ResolvedChart,
  resolveChart,
} from './chart.options.js';
import { describeChart, NOTHING_KNOWN } from './chart-words.js';
import { estimatedWidth, shortened } from './estimated-width.js';
import { escapeXml } from './markup.js';
import { SvgWriter } from './svg-writer.js';

const FONT = "system-ui, -apple-system, 'Segoe UI', Roboto, 'Helvetica Neue', Arial, sans-serif";
const TICK_SIZE = 12;
/** Room for dates below the plot, and for the year below them. */
const [DATES, YEARS] = [30, 16];
/** A long unit after each number leaves most of the chart to the values. */
const LABELS_AT_MOST = 0.3;
/** The pixels from one value on the axis to the next, and from one date to the next, at least. */
const [ROOM_OF_VALUE, ROOM_OF_DATE] = [40, 60];

/**
 * Draws a series, or several, as SVG: for mails, pages, documents and pictures. It needs no browser, and the same points
 * give the same text. What is not known is a gap, and what was not over yet is dashed.
 *
 * Titles and names are escaped. Colours are attributes, so that a page with a strict Content-Security-Policy can contain
 * the chart. Only `theme: 'auto'` has a style.
 *
 * @param points as `StatisticService.series` returns them, or several series as `{ name, points }`
 * @param options a `title` and the `period` of the points, and how the chart looks
 * @returns an `<svg>` element with its size
 * @throws InvalidArgumentError, InvalidPeriodError, InvalidDateError
 * @example
 * ```ts
 * const points = await statistics.series({ metric: ORDERS, last: 30 });
 * const svg = chartSvg(points, { title: 'Orders', period: Period.DAY });
 * ```
 */
export function chartSvg(points: readonly ChartPoint[] | readonly ChartLine[], options: ChartOptions): string {
  return drawChart(resolveChart(points, options));
}

function drawChart(chart: ResolvedChart): string {
  const { title, width, height, axis, series } = chart;
  const [numbers, moments] = [new NumberText(chart.locale), new MomentText(chart.locale)];
  const svg = new SvgWriter(chart.theme);
  const layers = layersOf(series, chart.as);
  const head = headOf(chart, layers);
  const scale = scaleOf(chart, layers, height - head.height - DATES - YEARS);
  const labels = numbers
    .ticks(scale.ticks, scale.step, chart.unit)
    .map((label) => shortened(label, TICK_SIZE, width * LABELS_AT_MOST));
  const widest = Math.max(...labels.map((label) => estimatedWidth(label, TICK_SIZE)));
  const [left, right] = [Math.ceil(MARGIN + widest + 8), width - MARGIN];
  const ticks = dateTicks(axis.moments, chart.period, (right - left) / ROOM_OF_DATE, moments);
  const below = DATES + (ticks.some(({ year }) => year !== '') ? YEARS : 0);
  const frame: Frame = {
    width,
    height,
    left: Math.min(left, right - 1),
    right,
    top: head.height,
    bottom: height - below,
  };
  const position = positionIn(frame, axis.moments.length, scale);
  const plot = { frame, position, scale, isAlone: series.length === 1 };
  const isKnown = series.some(({ values }) => values.some((value) => value !== null));
  const content = [
    chart.transparent ? '' : drawPaper(svg, chart),
    drawHead(svg, chart, head),
    drawValueAxis(svg, frame, scale, labels, position),
    drawDateAxis(svg, frame, ticks, position, TICK_SIZE),
    ...layers.map((layer) => drawLayer(svg, layer, plot)),
    isKnown ? '' : drawNotice(svg, frame),
  ].join('');
  const words = chart.description ?? describeChart(chart, numbers, moments);
  return svg.element(
    'svg',
    {
      xmlns: 'http://www.w3.org/2000/svg',
      width,
      height,
      viewBox: `0 0 ${width} ${height}`,
      role: 'img',
      'font-family': FONT,
      'font-size': TICK_SIZE,
    },
    {},
    `<title>${escapeXml(title)}</title><desc>${escapeXml(words)}</desc>${svg.style()}${content}`,
  );
}

function scaleOf({ as, unit, period }: ResolvedChart, layers: readonly Layer[], height: number): ValueScale {
  const values = layers.flatMap((layer) => layer.values);
  const largest = values.reduce<number>((most, value) => Math.max(most, Math.abs(value ?? 0)), 0);
  return valueScale(values, {
    isFromZero: as === 'bars' || isCount(values, period, unit),
    count: Math.max(1, Math.floor(height / ROOM_OF_VALUE)),
    size: sizeOfUnit(unit, largest),
  });
}

function drawPaper(svg: SvgWriter, { width, height }: ResolvedChart): string {
  const box = { x: 0.5, y: 0.5, width: width - 1, height: height - 1, rx: 8 };
  return svg.element('rect', box, { fill: 'paper', stroke: 'edge' });
}

function drawNotice(svg: SvgWriter, { left, right, top, bottom }: Frame): string {
  const at = { x: (left + right) / 2, y: (top + bottom) / 2, 'text-anchor': 'middle', 'font-size': 13 };
  return svg.element('text', at, { fill: 'quiet' }, escapeXml(NOTHING_KNOWN));
}
