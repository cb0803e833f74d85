import { isLocalDate, localDateOf, minutesOf } from '../../../chart/moments.js';
import type { AnnotationResource, AnnotationsResponse } from '../../../http/resources.js';
import { get, type Query } from '../api.js';
import { shiftDate } from '../parts/format.js';

/** The texts of the annotations at the places of a chart's dates. */
export type Marks = ReadonlyMap<number, readonly string[]>;

export const NO_MARKS: Marks = new Map();

/** The dates of a chart. */
export interface ChartDates {
  /** dates, or the starts of buckets of less than a day */
  readonly dates: readonly string[];
  readonly period: string;
}

/** Returns what is asked for to mark the dates of a chart; null: it has no dates. */
export function annotationsQuery(domains: readonly string[], { dates, period }: ChartDates): Query | null {
  const [first, last] = [dates.at(0), dates.at(-1)];
  if (first === undefined || last === undefined) return null;
  const query = { domain: [...new Set(domains)].sort(), order: 'desc' };
  // an annotation has its date in the zone of the module, and a bucket in that of its tracker
  if (minutesOf(period) !== null)
    return { ...query, from: shiftDate(localDateOf(first), -1), to: shiftDate(localDateOf(last), 1) };
  return { ...query, from: first, to: lastDateOf(last, period) };
}

/** Asks for the annotations of the charts of some domains. The page does without them where they are not answered. */
export async function loadAnnotations(query: Query | null, signal: AbortSignal): Promise<AnnotationResource[]> {
  if (query === null) return [];
  return (await get<AnnotationsResponse>(['annotations'], query, signal)).data.annotations;
}

/** Finds the places of annotations in a chart: of the date, the bucket or the calendar period that each is in. */
export function marksOf(annotations: readonly AnnotationResource[], chart: ChartDates): Marks {
  const marks = new Map<number, string[]>();
  const inOrder = [...annotations].sort((a, b) => (orderOf(a) < orderOf(b) ? -1 : 1));
  for (const annotation of inOrder) {
    const place = placeOf(annotation, chart);
    if (place !== null) marks.set(place, [...(marks.get(place) ?? []), annotation.text]);
  }
  return marks;
}

function orderOf({ date, at, text }: AnnotationResource): string {
  return `${date} ${at ?? ''} ${text}`;
}

function placeOf({ date, at }: AnnotationResource, { dates, period }: ChartDates): number | null {
  const minutes = minutesOf(period);
  if (minutes === null) {
    const place = dates.findLastIndex((one) => one <= date);
    return place >= 0 && date <= lastDateOf(dates[place] ?? '', period) ? place : null;
  }
  if (at === null) return found(dates.findIndex((start) => localDateOf(start) === date));
  const ms = Date.parse(at);
  const place = dates.findLastIndex((start) => Date.parse(start) <= ms);
  return place >= 0 && ms < Date.parse(dates[place] ?? '') + minutes * 60_000 ? place : null;
}

function found(place: number): number | null {
  return place < 0 ? null : place;
}

const MONTHS: Readonly<Record<string, number>> = { CALENDAR_MONTH: 1, CALENDAR_QUARTER: 3, CALENDAR_YEAR: 12 };

/** The last date of a calendar period that begins on a date; the date itself for other periods. */
function lastDateOf(first: string, period: string): string {
  if (!isLocalDate(first)) return first;
  if (period === 'CALENDAR_WEEK') return shiftDate(first, 6);
  const months = MONTHS[period];
  if (months === undefined) return first;
  const end = new Date(`${first}T00:00:00Z`);
  end.setUTCMonth(end.getUTCMonth() + months);
  return shiftDate(end.toISOString().slice(0, 10), -1);
}
