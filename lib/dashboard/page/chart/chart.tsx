import type { JSX } from 'preact';
import { useLayoutEffect, useMemo, useRef, useState } from 'preact/hooks';
import { type Frame, positionIn, widthOf, widthOfBar } from '../../../chart/frame.js';
import { type Layer, layersOf } from '../../../chart/layers.js';
import { sizeOfUnit } from '../../../catalog/number-text.js';
import { areaPath, barPath, linePath, lonelyPlaces } from '../../../chart/paths.js';
import {
  dateTicks,
  type DateTick,
  isCount,
  logarithmicScale,
  valueScale,
  type ValueScale,
} from '../../../chart/scale.js';
import type { UnitResource } from '../../../http/resources.js';
import { MOMENTS, NUMBERS } from '../parts/format.js';
import { DateSlider, type SelectedDates } from './date-slider.js';
import { type ChartSeries, colourOf } from './layers.js';
import { widthOfText } from './text-width.js';
import { type Point, Tooltip } from './tooltip.js';

export interface ChartProps {
  readonly title: string;
  readonly dates: readonly string[];
  readonly period: string;
  readonly series: readonly ChartSeries[];
  readonly as: 'lines' | 'bars';
  /** true: lines have a logarithmic axis, if their values are not negative */
  readonly isLogarithmic: boolean;
  /** true: one of several charts below one another */
  readonly isShort?: boolean;
  /** of the axis */
  readonly unit?: UnitResource | undefined;
  /** the places of dates with annotations, whose texts `pointAt` has */
  readonly marked: readonly number[];
  /** what stands at a date, in words */
  readonly pointAt: (place: number) => Point;
  /** called with the places of the dates that were selected, with the mouse or the keyboard */
  readonly onRange?: ((first: number, last: number) => void) | undefined;
  /** called by a double click, if the chart is of such a part */
  readonly onLeaveRange?: (() => void) | undefined;
}

const TOP = 12;
const RIGHT = 12;
/** Charts below one another begin at the same place, unless their numbers are long. */
const SHARED_LEFT = 72;
/** Room for a date and the year below it. */
const BELOW = 44;
/** Shorter strokes of the mouse are clicks. */
const STROKE = 8;

/**
 * A chart as wide as its place. It is read date by date: with the pointer, or with the arrow keys once it has the focus.
 */
export function Chart(props: ChartProps): JSX.Element {
  const { title, dates, series, as, pointAt, onRange } = props;
  const place = useRef<HTMLDivElement>(null);
  const walker = useRef<HTMLInputElement>(null);
  const size = useSize(place);
  const [pointed, setPointed] = useState<number | null>(null);
  const [stroke, setStroke] = useState<{ from: number; to: number } | null>(null);
  const last = dates.length - 1;
  const [{ walked, selected }, changeWalk] = useWalk(last);

  const layers = useMemo(() => layersOf(series, as), [series, as]);
  const scale = useScale(layers, props, size.height);
  const labels =
    scale.kind === 'linear'
      ? NUMBERS.ticks(scale.ticks, scale.step, props.unit)
      : scale.ticks.map((tick) => NUMBERS.short(tick, props.unit));
  const frame = frameOf(size, labels, props.isShort === true ? SHARED_LEFT : 0);
  const { x, y } = positionIn(frame, dates.length, scale);
  const placeAt = (pixels: number): number => {
    const at = Math.floor(((pixels - frame.left) / Math.max(1, widthOf(frame))) * dates.length);
    return Math.min(last, Math.max(0, at));
  };
  const offset = (event: PointerEvent): number => event.clientX - (place.current?.getBoundingClientRect().left ?? 0);

  const point = pointed === null ? null : pointAt(pointed);
  const move = (event: PointerEvent): void => {
    const pixels = offset(event);
    setPointed(placeAt(pixels));
    if (stroke !== null) setStroke({ ...stroke, to: pixels });
  };
  const begin = (event: PointerEvent): void => {
    if (onRange === undefined || event.pointerType !== 'mouse' || event.button !== 0) return;
    setStroke({ from: offset(event), to: offset(event) });
  };
  const end = (): void => {
    if (stroke === null) return;
    setStroke(null);
    const [from, to] = [Math.min(stroke.from, stroke.to), Math.max(stroke.from, stroke.to)];
    if (to - from >= STROKE) onRange?.(placeAt(from), placeAt(to));
  };
  const drawn = stroke ?? (selected && { from: x(selected.from), to: x(selected.to) });
  return (
    <div
      class={`chart ${props.isShort === true ? 'short' : ''}`}
      ref={place}
      onPointerMove={move}
      onPointerDown={begin}
      onPointerUp={end}
      onDblClick={props.onLeaveRange}
      onPointerLeave={() => {
        setStroke(null);
        setPointed(document.activeElement === walker.current ? walked : null);
      }}
    >
      {size.width > 0 && (
        <svg width={size.width} height={size.height} role="img" aria-label={title}>
          <ValueAxis frame={frame} scale={scale} labels={labels} y={y} />
          <DateAxis
            frame={frame}
            ticks={dateTicks(dates, props.period, widthOf(frame) / roomOfTick(size.width), MOMENTS)}
            x={x}
          />
          {drawn !== null && (
            <rect
              class="stroke"
              x={Math.min(drawn.from, drawn.to)}
              width={Math.abs(drawn.to - drawn.from)}
              y={frame.top}
              height={frame.bottom - frame.top}
            />
          )}
          {layers.map((layer) => (
            <Shape
              key={`${layer.id} ${layer.kind}`}
              layer={layer}
              isAlone={series.length === 1}
              position={{ x, y }}
              ground={y(Math.min(Math.max(0, scale.low), scale.high))}
              barWidth={widthOfBar(frame, dates.length)}
            />
          ))}
          <Marks frame={frame} places={props.marked} x={x} />
          {pointed !== null && <Crosshair frame={frame} layers={layers} place={pointed} x={x} y={y} />}
          {!hasValues(layers) && (
            <text
              class="tick"
              x={(frame.left + frame.right) / 2}
              y={(frame.top + frame.bottom) / 2}
              text-anchor="middle"
            >
              No values are known for these dates
            </text>
          )}
        </svg>
      )}
      <DateSlider
        input={walker}
        last={last}
        place={walked}
        text={last < 0 ? '' : sayWalked(pointAt, walked, selected)}
        style={{ left: `${frame.left}px`, right: `${RIGHT}px`, top: `${TOP}px`, bottom: `${BELOW}px` }}
        selected={selected}
        onWalk={(place) => {
          if (place !== null) changeWalk({ walked: place });
          setPointed(place);
        }}
        onSelect={
          onRange &&
          ((dates) => {
            changeWalk({ selected: dates });
          })
        }
        onChoose={({ from, to }) => {
          onRange?.(Math.min(from, to), Math.max(from, to));
        }}
      />
      {point !== null && pointed !== null && (
        <Tooltip point={point} left={x(pointed)} isBeforeMiddle={x(pointed) < size.width / 2} width={size.width} />
      )}
    </div>
  );
}

/** The date that the keyboard has walked to, and the dates that it has selected. */
interface Walk {
  readonly walked: number;
  readonly selected: SelectedDates | null;
}

/** A walk along other dates, of which there may be fewer, begins at their end. */
function useWalk(last: number): [Walk, (change: Partial<Walk>) => void] {
  const start = { last, walked: last, selected: null };
  const [kept, keep] = useState<Walk & { readonly last: number }>(start);
  const current = (walk: typeof kept): typeof kept => (walk.last === last ? walk : start);
  const change = (by: Partial<Walk>): void => {
    keep((walk) => ({ ...current(walk), ...by }));
  };
  return [current(kept), change];
}

function useSize(place: { readonly current: HTMLDivElement | null }): { width: number; height: number } {
  const [size, setSize] = useState({ width: 0, height: 0 });
  useLayoutEffect(() => {
    const target = place.current;
    if (target === null) return;
    const measure = (): void => {
      const next = { width: target.clientWidth, height: target.clientHeight };
      setSize((before) => (before.width === next.width && before.height === next.height ? before : next));
    };
    measure();
    const resizing = new ResizeObserver(measure);
    resizing.observe(target);
    return () => {
      resizing.disconnect();
    };
  }, []);
  return size;
}

interface ChartScale extends ValueScale {
  readonly kind: 'linear' | 'logarithmic';
}

function useScale(
  layers: readonly Layer[],
  { as, unit, period, isLogarithmic }: ChartProps,
  height: number,
): ChartScale {
  const count = Math.max(2, Math.floor((height - TOP - BELOW) / 56));
  return useMemo((): ChartScale => {
    const values = layers.flatMap((layer) => layer.values);
    // the length of a bar is its value
    const logarithmic = isLogarithmic && as === 'lines' ? logarithmicScale(values, count) : null;
    if (logarithmic !== null) return { ...logarithmic, kind: 'logarithmic' };
    const largest = values.reduce<number>((most, value) => Math.max(most, Math.abs(value ?? 0)), 0);
    const linear = valueScale(values, {
      isFromZero: as === 'bars' || isCount(values, period, unit),
      count,
      size: sizeOfUnit(unit, largest),
    });
    return { ...linear, kind: 'linear' };
  }, [layers, as, count, unit, period, isLogarithmic]);
}

function frameOf(
  { width, height }: { width: number; height: number },
  labels: readonly string[],
  least: number,
): Frame {
  const left = Math.max(least, Math.ceil(12 + Math.max(12, ...labels.map(widthOfText))));
  return { width, height, left, right: Math.max(left + 1, width - RIGHT), top: TOP, bottom: height - BELOW };
}

/** The pixels of a date with the space beside it: a narrow chart would have three dates otherwise. */
function roomOfTick(width: number): number {
  return width < 480 ? 56 : 64;
}

function hasValues(layers: readonly Layer[]): boolean {
  return layers.some(({ values }) => values.some((value) => value !== null));
}

function ValueAxis(props: {
  frame: Frame;
  scale: ValueScale;
  labels: readonly string[];
  y: (value: number) => number;
}): JSX.Element {
  const { frame, scale, labels, y } = props;
  return (
    <g aria-hidden="true">
      {scale.ticks.map((tick, place) => (
        <g key={tick}>
          <line class={tick === 0 ? 'zero' : 'grid'} x1={frame.left} x2={frame.right} y1={y(tick)} y2={y(tick)} />
          <text class="tick value" x={frame.left - 8} y={y(tick) + 4} text-anchor="end">
            {labels[place]}
          </text>
        </g>
      ))}
    </g>
  );
}

function DateAxis({ frame, ticks, x }: { frame: Frame; ticks: DateTick[]; x: (place: number) => number }): JSX.Element {
  return (
    <g aria-hidden="true">
      {ticks.map(({ place, text, year }) => {
        const at = x(place);
        // a label stays within the chart: the last one would be cut otherwise
        const half = Math.max(widthOfText(text), widthOfText(year)) / 2 + 1;
        const middle = Math.min(Math.max(at, half), frame.width - half);
        return (
          <g key={place}>
            <line class="grid" x1={at} x2={at} y1={frame.bottom} y2={frame.bottom + 5} />
            <text class="tick date" x={middle} y={frame.bottom + 20} text-anchor="middle">
              {text}
            </text>
            {year !== '' && (
              <text class="tick year" x={middle} y={frame.bottom + 36} text-anchor="middle">
                {year}
              </text>
            )}
          </g>
        );
      })}
    </g>
  );
}

interface ShapeProps {
  readonly layer: Layer;
  readonly isAlone: boolean;
  readonly position: { readonly x: (place: number) => number; readonly y: (value: number) => number };
  readonly ground: number;
  readonly barWidth: number;
}

/** A point that is not over yet is paler than those that are as a bar, dashed as the last part of a line, and a ring alone. */
function Shape({ layer, isAlone, position, ground, barWidth }: ShapeProps): JSX.Element {
  const { kind, place: number, values, complete } = layer;
  const colour = colourOf(number);
  const isOpen = (place: number): boolean => complete[place] === false;
  if (kind === 'bar') {
    const bars = (isShown: (place: number) => boolean): string =>
      barPath(values, position, { floor: layer.floor, width: barWidth, isShown });
    return (
      <g class={`series ${colour}`}>
        <path class="bar" d={bars((place) => !isOpen(place))} />
        <path class="bar open" d={bars(isOpen)} />
      </g>
    );
  }
  if (kind === 'before') {
    return <path class={`before ${isAlone ? 'only' : ''} ${colour}`} d={linePath(values, position)} />;
  }
  const isMany = values.length > 500;
  return (
    <g class={`series ${colour} ${isMany ? 'many' : ''}`}>
      {isAlone && <path class="area" d={areaPath(values, position, ground)} />}
      <path class="line" d={linePath(values, position, (place) => !isOpen(place))} />
      <path class="line open" d={linePath(values, position, isOpen)} />
      {lonelyPlaces(values).map((place) => (
        <circle
          key={place}
          class={isOpen(place) ? 'dot open' : 'dot'}
          cx={position.x(place)}
          cy={position.y(values[place] ?? 0)}
          r={3}
        />
      ))}
    </g>
  );
}

/** A mark on the axis at each date with annotations. Their texts are in the tooltip, and in the slider's words. */
function Marks(props: { frame: Frame; places: readonly number[]; x: (place: number) => number }): JSX.Element {
  const { frame, places, x } = props;
  return (
    <g class="marks" aria-hidden="true">
      {places.map((place) => (
        <g key={place}>
          <line x1={x(place)} x2={x(place)} y1={frame.top} y2={frame.bottom} />
          <path d={`M${x(place)} ${frame.bottom - 5}l5 5l-5 5l-5 -5z`} />
        </g>
      ))}
    </g>
  );
}

function Crosshair(props: {
  frame: Frame;
  layers: readonly Layer[];
  place: number;
  x: (place: number) => number;
  y: (value: number) => number;
}): JSX.Element {
  const { frame, layers, place, x, y } = props;
  return (
    <g class="crosshair" aria-hidden="true">
      <line x1={x(place)} x2={x(place)} y1={frame.top} y2={frame.bottom} />
      {layers.map(({ id, kind, place: number, values }) => {
        const value = values[place] ?? null;
        return value === null || kind !== 'line' ? null : (
          <circle key={id} class={colourOf(number)} cx={x(place)} cy={y(value)} r={4} />
        );
      })}
    </g>
  );
}

/** The date that the slider is at, and the one from which dates are selected. */
function sayWalked(pointAt: ChartProps['pointAt'], place: number, selected: SelectedDates | null): string {
  const said = sayPoint(pointAt(place));
  return selected === null ? said : `${said}. Selected from ${pointAt(selected.from).title}`;
}

/** A point in a sentence, for screen readers. */
function sayPoint({ title, state, rows, notes }: Point): string {
  const values = rows.map(({ label, value, before }) => {
    return `${label} ${value === '' ? 'not known' : value}${before === undefined ? '' : `, before ${before === '' ? 'not known' : before}`}`;
  });
  const said = notes.length === 0 ? '' : `. Annotations: ${notes.join('; ')}`;
  return `${title}${state === '' ? '' : ` ${state}`}: ${values.join('; ')}${said}`;
}
