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
  /** the time zone of the dates; null for that of the module, in which annotations have theirs */
  readonly timeZone: string | null;
}

/** The annotations of a chart that were found. */
export interface FoundAnnotations {
  readonly annotations: readonly AnnotationResource[];
  /** number of the earliest ones, which are not among them: an answer has only so many */
  readonly left: number;
}

/** Returns what is asked for to mark the dates of a chart; null: it has no dates. */
export function annotationsQuery(domains: readonly string[], { dates, period, timeZone }: ChartDates): Query | null {
  const [first, last] = [dates.at(0), dates.at(-1)];
  if (first === undefined || last === undefined) return null;
  const query = { domain: [...new Set(domains)].sort(), order: 'desc' };
  const [from, to] = [localDateOf(first), localDateOf(lastDateOf(last, period))];
  if (timeZone === null && minutesOf(period) === null) return { ...query, from, to };
  // an instant may be on another date in the zone of the chart than in that of the module
  return { ...query, from: shiftDate(from, -1), to: shiftDate(to, 1) };
}

/** Asks for the annotations of the charts of some domains. The page does without them where they are not answered. */
export async function loadAnnotations(query: Query | null, signal: AbortSignal): Promise<FoundAnnotations> {
  if (query === null) return { annotations: [], left: 0 };
  const { annotations, total } = (await get<AnnotationsResponse>(['annotations'], query, signal)).data;
  return { annotations, left: total - annotations.length };
}

/** Finds the places of annotations in a chart: of the date, the bucket or the calendar period that each is in. */
export function marksOf(annotations: readonly AnnotationResource[], chart: ChartDates): Marks {
  const marks = new Map<number, string[]>();
  const dated = annotations.map((annotation) => ({ ...annotation, date: dateIn(chart.timeZone, annotation) }));
  for (const annotation of dated.sort((a, b) => (orderOf(a) < orderOf(b) ? -1 : 1))) {
    const place = placeOf(annotation, chart);
    if (place !== null) marks.set(place, [...(marks.get(place) ?? []), annotation.text]);
  }
  return marks;
}

/** The date of an annotation in the time zone of a chart. */
function dateIn(timeZone: string | null, { date, at }: AnnotationResource): string {
  if (at === null || timeZone === null) return date;
  // Swedish dates are written as local dates are
  return new Intl.DateTimeFormat('sv', { timeZone, year: 'numeric', month: '2-digit', day: '2-digit' }).format(
    Date.parse(at),
  );
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
