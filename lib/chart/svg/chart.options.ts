import { type MetricUnit, metricUnit } from '../../catalog/index.js';
import { InvalidArgumentError } from '../../errors/argument.error.js';
import { parseInstant } from '../../time/instant.js';
import { parseLocalDate } from '../../time/local-date.js';
import { checkPeriod, isTimePeriod, Period, type PeriodName } from '../../time/period.js';
import { boolean, type Check, isOptions, listOf, oneOf, optional, text, withDefault } from '../../validation/check.js';
import { type ChecksOf, readCallOptions } from '../../validation/options.js';
import { type ColumnAxis, columnAxis } from './column-axis.js';
import type { DrawnSeries } from '../layers.js';
import { DARK } from './palette.js';
import type { ChartTheme } from './svg-writer.js';

/**
 * A date, or a bucket of less than a day, with its value. The points that `StatisticService` and the JSON interface
 * return are such points.
 */
export interface ChartPoint {
  /** the local date */
  readonly date: string;
  /** the start of a bucket of less than a day, with its offset */
  readonly start?: string | undefined;
  /** a number, or a decimal as text; null if it is not known, which is a gap */
  readonly value: number | string | null;
  /** false if the date was not over when the value was computed: it is dashed, or paler. @default true */
  readonly complete?: boolean | undefined;
}

/** One of several series in a chart. */
export interface ChartLine {
  /** shown in the legend */
  readonly name: string;
  readonly points: readonly ChartPoint[];
}

/** Sets what a chart says and how it looks. */
export interface ChartOptions {
  /** name of the chart, above it and for screen readers */
  title: string;
  /** the chart in words, for screen readers. @default the dates, and the last, least and greatest value of each series */
  description?: string | undefined;
  /** period of the points, or its name */
  period: Period | PeriodName;
  /** unit of the values, as a metric has it */
  unit?: MetricUnit | undefined;
  /** bars of several series are stacked, unless one has values below zero. @default 'lines' */
  as?: 'lines' | 'bars' | undefined;
  /** earlier values, one for each point, as `StatisticService.compare` returns them. They are a faint line. For one series */
  before?: readonly Pick<ChartPoint, 'value'>[] | undefined;
  /** colours. 'auto' takes those of the reader's setting, which the page around the chart may not. @default 'light' */
  theme?: ChartTheme | undefined;
  /** true leaves out the background, for a page with one of its own. @default false */
  transparent?: boolean | undefined;
  /** false leaves out the visible title, and keeps it for screen readers. @default true */
  showTitle?: boolean | undefined;
  /** in pixels. @default 640 */
  width?: number | undefined;
  /** in pixels. @default 280 */
  height?: number | undefined;
  /** language of numbers and dates, as a BCP 47 tag. @default 'en' */
  locale?: string | undefined;
}

/** A series of a chart after its checks, with a value for each column. */
export interface ChartColumns extends DrawnSeries {
  readonly name: string;
}

export interface ResolvedChart {
  readonly title: string;
  readonly description: string | undefined;
  readonly period: PeriodName;
  readonly unit: MetricUnit | undefined;
  readonly as: 'lines' | 'bars';
  readonly theme: ChartTheme;
  readonly transparent: boolean;
  readonly showTitle: boolean;
  readonly width: number;
  readonly height: number;
  readonly locale: string;
  readonly axis: ColumnAxis;
  /** true: they have names of their own, which the legend shows */
  readonly isNamed: boolean;
  readonly series: readonly ChartColumns[];
}

const CALL = 'chartSvg';
/** A chart has a few hundred pixels: more points cannot be told apart, and a mail with them is too long. */
const MOST_COLUMNS = 10_000;
/** Stored values have at most 45 digits. The difference of two numbers near the largest double is not finite. */
const GREATEST = 1e100;
const DECIMAL = /^-?\d+(\.\d+)?$/;
const START = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:[+-]\d\d:\d\d|Z)$/;

function pixels(least: number): Check<number> {
  return (given, refuse) =>
    Number.isSafeInteger(given) && (given as number) >= least && (given as number) <= 4_096
      ? (given as number)
      : refuse(`Expected a whole number of pixels from ${least} to 4096.`);
}

/** Accepts the tag of a language that Intl can read. */
export const localeTag: Check<string> = (given, refuse) => {
  try {
    if (typeof given === 'string' && given !== '' && Intl.getCanonicalLocales(given).length === 1) return given;
  } catch {
    // a malformed tag
  }
  return refuse("Expected the BCP 47 tag of a language, such as 'en' or 'de-CH'.");
};

const periodName: Check<PeriodName> = (given) =>
  Period.nameOf(typeof given === 'string' ? Period.parse(given) : checkPeriod(given));

/** A chart without a name says nothing to those who do not see it. */
const titleText: Check<string> = (given, refuse) =>
  typeof given === 'string' && given.trim() !== '' ? given : refuse('Expected text that names the chart.');

const OPTIONS = {
  title: titleText,
  description: optional(text),
  period: periodName,
  unit: optional(metricUnit),
  as: withDefault(oneOf('lines', 'bars'), 'lines'),
  before: optional(listOf((point) => point)),
  theme: withDefault(oneOf('light', 'dark', 'auto'), 'light'),
  transparent: withDefault(boolean, false),
  showTitle: withDefault(boolean, true),
  width: withDefault(pixels(160), 640),
  height: withDefault(pixels(80), 280),
  locale: withDefault(localeTag, 'en'),
} satisfies ChecksOf<ChartOptions>;

interface ReadPoint {
  readonly moment: string;
  readonly value: number | null;
  readonly complete: boolean;
}

/** @throws InvalidArgumentError, InvalidPeriodError, InvalidDateError */
export function resolveChart(points: unknown, given: unknown): ResolvedChart {
  const { before, ...options } = readCallOptions(CALL, given, OPTIONS);
  const { isNamed, lines } = readLines(points, options.period);
  const [first] = lines;
  const axis = columnAxis(
    lines.flatMap((line) => line.points.map(({ moment }) => moment)),
    options.period,
    MOST_COLUMNS,
  );
  if (axis === null) {
    const expected = `Expected dates of at most ${MOST_COLUMNS} columns from the first to the last. Draw a longer period, or fewer dates.`;
    throw new InvalidArgumentError(`${CALL}: points`, points, expected);
  }
  const earlier = before === undefined || first === undefined ? undefined : readBefore(before, lines);
  const series = lines.map(({ name, points: own }, place): ChartColumns => {
    const values: (number | null)[] = axis.moments.map(() => null);
    const complete = axis.moments.map(() => true);
    const beforeValues = earlier === undefined ? undefined : axis.moments.map((): number | null => null);
    own.forEach((point, index) => {
      const column = axis.places.get(point.moment) ?? 0;
      values[column] = point.value;
      complete[column] = point.complete;
      if (beforeValues !== undefined) beforeValues[column] = earlier?.[index] ?? null;
    });
    return { id: String(place), name: isNamed ? name : options.title, values, complete, before: beforeValues, place };
  });
  return { ...options, axis, isNamed, series };
}

interface ReadLine {
  readonly name: string;
  readonly points: readonly ReadPoint[];
}

function readLines(given: unknown, period: PeriodName): { isNamed: boolean; lines: readonly ReadLine[] } {
  if (!Array.isArray(given)) {
    throw invalid('points', given, 'Expected an array of points, or of series as { name, points }.');
  }
  const isNamed = given.some((one) => isOptions(one) && Object.hasOwn(one, 'points'));
  if (!isNamed) return { isNamed, lines: [{ name: '', points: readPoints('points', given, period) }] };
  const most = DARK.series.length;
  if (given.length > most) {
    throw invalid('points', given, `Expected at most ${most} series, each with a colour. Take the greatest.`);
  }
  const lines = given.map((line: unknown, place) => {
    const path = `points[${place}]`;
    if (!isOptions(line)) throw invalid(path, line, 'Expected a series, { name, points }, as the others.');
    const { name, points } = line;
    if (typeof name !== 'string' || name === '') throw invalid(`${path}.name`, name, 'Expected text.');
    return { name, points: readPoints(`${path}.points`, points, period) };
  });
  return { isNamed, lines };
}

function readPoints(path: string, given: unknown, period: PeriodName): readonly ReadPoint[] {
  if (!Array.isArray(given)) throw invalid(path, given, 'Expected an array of points.');
  const seen = new Set<string>();
  return given.map((point: unknown, place) => {
    const at = `${path}[${place}]`;
    if (!isOptions(point)) throw invalid(at, point, 'Expected a point, { date, value }.');
    const moment = readMoment(at, point, period);
    if (seen.has(moment)) throw invalid(at, moment, 'Expected each date once in a series. Pass several series apart.');
    seen.add(moment);
    const { complete = true } = point;
    if (typeof complete !== 'boolean') throw invalid(`${at}.complete`, complete, 'Expected true or false.');
    return { moment, value: readValue(`${at}.value`, point['value']), complete };
  });
}

function readMoment(path: string, { date, start }: Readonly<Record<string, unknown>>, period: PeriodName): string {
  if (!isTimePeriod(Period.parse(period))) {
    if (start === undefined) return parseLocalDate(date);
    throw invalid(
      `${path}.start`,
      start,
      `The period is ${period}, whose points have no start. Expected Period.HOUR, or Period.minutes(n).`,
    );
  }
  parseInstant(start);
  if (typeof start === 'string' && START.test(start)) return start;
  throw invalid(`${path}.start`, start, "Expected text with an offset, as '2026-10-25T02:00:00+01:00'.");
}

function readValue(path: string, given: unknown): number | null {
  if (given === null) return null;
  const value = typeof given === 'string' && DECIMAL.test(given) ? Number(given) : given;
  if (typeof value === 'number' && Math.abs(value) <= GREATEST) return value;
  throw invalid(path, given, `Expected a number from -1e100 to 1e100, a decimal as text, or null.`);
}

function readBefore(before: readonly unknown[], lines: readonly ReadLine[]): readonly (number | null)[] {
  const [line, ...others] = lines;
  if (others.length > 0) throw invalid('before', before, 'Expected one series. Several have no earlier line.');
  if (before.length !== line?.points.length) {
    throw invalid('before', before, `Expected one for each of the ${line?.points.length ?? 0} points.`);
  }
  return before.map((point, place) => {
    if (!isOptions(point)) throw invalid(`before[${place}]`, point, 'Expected a point, { value }.');
    return readValue(`before[${place}].value`, point['value']);
  });
}

function invalid(name: string, given: unknown, expected: string): InvalidArgumentError {
  return new InvalidArgumentError(`${CALL}: ${name}`, given, expected);
}
