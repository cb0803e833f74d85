import type { MomentText } from '../moment-text.js';
import { repeatedStarts } from '../moments.js';
import type { NumberText } from '../../catalog/number-text.js';
import type { ChartColumns, ResolvedChart } from './chart.options.js';

/** Shown in a chart without values. */
export const NOTHING_KNOWN = 'No values are known for these dates';

/** Says what a chart shows, for those who do not see it: its dates, and the last, least and greatest value of each series. */
export function describeChart(chart: ResolvedChart, numbers: NumberText, moments: MomentText): string {
  const { axis, period, series, unit, isNamed } = chart;
  const repeated = repeatedStarts(axis.moments);
  const nameOf = (place: number): string => moments.point(axis.moments[place] ?? '', period, repeated);
  const last = axis.moments.length - 1;
  if (last < 0) return NOTHING_KNOWN;
  const dates = last === 0 ? nameOf(0) : `${nameOf(0)} to ${nameOf(last)}`;
  const sentences = series.map((one) => {
    const words = sayValues(one, (value) => numbers.full(value, unit), nameOf);
    return isNamed ? `${one.name}: ${words}` : words.charAt(0).toUpperCase() + words.slice(1);
  });
  return `${dates}. ${sentences.map((sentence) => `${sentence}.`).join(' ')}`;
}

function sayValues(
  { values, complete }: ChartColumns,
  write: (value: number) => string,
  nameOf: (place: number) => string,
): string {
  const known = values.flatMap((value, place) => (value === null ? [] : [{ value, place }]));
  const [last, least, greatest] = [
    known.at(-1),
    known.reduce<Known | undefined>((a, b) => (a !== undefined && a.value <= b.value ? a : b), undefined),
    known.reduce<Known | undefined>((a, b) => (a !== undefined && a.value >= b.value ? a : b), undefined),
  ];
  if (last === undefined || least === undefined || greatest === undefined) return 'no values are known';
  const open = complete[last.place] === false ? ', which is not over yet' : '';
  const say = ({ value, place }: Known): string => `${write(value)} (${nameOf(place)})`;
  const lastWords = `last ${write(last.value)} (${nameOf(last.place)}${open})`;
  return known.length === 1 ? lastWords : `${lastWords}, least ${say(least)}, greatest ${say(greatest)}`;
}

interface Known {
  readonly value: number;
  readonly place: number;
}
