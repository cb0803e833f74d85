import type { MomentText } from './moment-text.js';
import { formatOffset, minutesOf, repeatedStarts, utcOf } from './moments.js';

/** Where values and dates are on a chart, and which of them are written on its axes. */

export interface ValueScale {
  readonly low: number;
  readonly high: number;
  readonly step: number;
  readonly ticks: readonly number[];
  /** where a value is between `low`, 0, and `high`, 1 */
  readonly heightOf: (value: number) => number;
}

/**
 * Chooses ticks at round values around all values of a chart. Bars begin at zero, and so do lines that come near it: a
 * small change should not look like a large one. A chart of zeros, or of nothing, has an axis from 0 to 1.
 *
 * @param count how many ticks there is room for
 * @param size of the unit in which ticks are round: 3,600 for seconds that are written in hours
 */
export function valueScale(
  values: Iterable<number | null>,
  { isFromZero, count, size = 1 }: { isFromZero: boolean; count: number; size?: number },
): ValueScale {
  let [low, high, isWhole] = [Infinity, -Infinity, true];
  for (const value of values) {
    if (value === null) continue;
    low = Math.min(low, value);
    high = Math.max(high, value);
    isWhole &&= Number.isInteger(value);
  }
  if (low > high) [low, high] = [0, 0];
  if (isFromZero || low === high || (low > 0 && low < high * 0.6)) low = Math.min(low, 0);
  if (isFromZero || (high < 0 && high > low * 0.6)) high = Math.max(high, 0);
  if (low === high) high = low + 1;
  // doubles have 15 digits and stored values 20 decimals: ticks nearer to one another would be the same
  const finest = Math.max(Math.abs(low), Math.abs(high), 1e-8) * 1e-12;
  const least = Math.max(isWhole && size === 1 ? 1 : 0, finest / size);
  const step = size * roundStep(Math.max((high - low) / size / Math.max(1, count), least), least);
  const first = Math.floor(low / step + 1e-9);
  const last = Math.max(first + 1, Math.ceil(high / step - 1e-9));
  const ticks = Array.from({ length: last - first + 1 }, (_, place) => exact((first + place) * step, step));
  const [bottom, top] = [first * step, last * step];
  return { low: bottom, high: top, step, ticks, heightOf: (value) => (value - bottom) / (top - bottom) };
}

/** Smaller values are a line along a linear axis, which is 200 pixels high. */
const WIDE = 1_000;

/** True for values of more than three orders of magnitude, all of them 0 or more. */
export function isWide(values: Iterable<number | null>): boolean {
  const { least, most, isNegative } = magnitudesOf(values);
  return !isNegative && most > least * WIDE;
}

/**
 * Chooses ticks at powers of ten around all values of a chart, which are 0 or more. Zero has no logarithm: it is the tick
 * below the others. Null if there are negative values, or none but zeros.
 *
 * @param count how many ticks there is room for
 */
export function logarithmicScale(values: Iterable<number | null>, count: number): ValueScale | null {
  const { least, most, isNegative, hasZero } = magnitudesOf(values);
  if (isNegative || most === 0) return null;
  const [first, last] = [Math.floor(Math.log10(least)), Math.ceil(Math.log10(most))];
  const step = Math.max(1, Math.ceil((last - first) / Math.max(1, count)));
  const powers = Math.max(1, Math.ceil((last - first) / step));
  const bottom = hasZero ? first - step : first;
  const top = first + powers * step;
  const ticks = Array.from({ length: powers + 1 }, (_, place) => Number(`1e${first + place * step}`));
  const heightOf = (value: number): number => {
    return value <= 0 ? 0 : Math.max(0, (Math.log10(value) - bottom) / (top - bottom));
  };
  return {
    low: hasZero ? 0 : 10 ** first,
    high: 10 ** top,
    step: 10 ** first,
    ticks: hasZero ? [0, ...ticks] : ticks,
    heightOf,
  };
}

function magnitudesOf(values: Iterable<number | null>): {
  least: number;
  most: number;
  isNegative: boolean;
  hasZero: boolean;
} {
  let [least, most, isNegative, hasZero] = [Infinity, 0, false, false];
  for (const value of values) {
    if (value === null) continue;
    isNegative ||= value < 0;
    hasZero ||= value === 0;
    if (value > 0) [least, most] = [Math.min(least, value), Math.max(most, value)];
  }
  return { least, most, isNegative, hasZero };
}

/** True for counts, whose axis begins at zero. A running total would be a flat line there. */
export function isCount(values: readonly (number | null)[], period: string, unit: unknown): boolean {
  const isWhole = values.every((value) => value === null || (Number.isInteger(value) && value >= 0));
  return isWhole && period !== 'LIFETIME' && unit === undefined;
}

/** 1, 2 or 5 times a power of ten, not below `least`. */
function roundStep(rough: number, least: number): number {
  const power = 10 ** Math.floor(Math.log10(rough));
  const step = [1, 2, 5, 10].map((factor) => factor * power).find((one) => one >= rough * 0.999_999) ?? power;
  return Math.max(step, least);
}

/** 0.30000000000000004 is 0.3 */
function exact(value: number, step: number): number {
  const decimals = Math.max(0, Math.min(20, Math.ceil(-Math.log10(step)) + 2));
  return Number(value.toFixed(decimals));
}

export interface DateTick {
  /** of the date in the chart */
  readonly place: number;
  readonly text: string;
  /** '': that of the tick before */
  readonly year: string;
}

const DAY_STEPS = [1, 2, 7, 14] as const;
/** Fewer ticks are hardly an axis: on a phone 90 days have two or three first days of months. */
const ENOUGH_TICKS = 4;
const MONTH_STEPS = [1, 2, 3, 6, 12, 24, 60, 120, 240, 600] as const;

/**
 * Chooses the dates that are written below a chart: days, Mondays or first days of months and years.
 *
 * @param count how many there is room for
 * @param text the language in which they are written
 */
export function dateTicks(dates: readonly string[], period: string, count: number, text: MomentText): DateTick[] {
  const room = Math.max(1, count);
  if (minutesOf(period) !== null) return clockTicks(dates, room, text);
  const chosen = isLong(period) ? everyNth(dates, room) : byCalendar(dates, room);
  return withChanges(chosen.places, (place) => text.tick(dates[place] ?? '', period, chosen.days));
}

/** In minutes. */
const CLOCK_STEPS = [1, 5, 10, 15, 30, 60, 120, 180, 240, 360, 720] as const;

/** Round times of day below a chart of hours or minutes, or days if there are many. */
function clockTicks(starts: readonly string[], room: number, text: MomentText): DateTick[] {
  const minuteOf = (start: string): number => Number(start.slice(11, 13)) * 60 + Number(start.slice(14, 16));
  const repeated = repeatedStarts(starts);
  for (const step of CLOCK_STEPS) {
    const places = starts.map((_, place) => place).filter((place) => minuteOf(starts[place] ?? '') % step === 0);
    // of a time that is there twice the first alone, or they would be written over each other
    const shown = step <= 60 ? places : places.filter((place) => isFirstOfClock(starts, place));
    if (shown.length > room || shown.length === 0) continue;
    return withChanges(shown, (place) => text.clock(starts[place] ?? '')).map((tick) => {
      const start = starts[tick.place] ?? '';
      const below = [tick.year, repeated.has(start) ? formatOffset(start) : ''].filter((one) => one !== '');
      return { ...tick, year: below.join(', ') };
    });
  }
  const firsts = starts.map((_, place) => place).filter((place) => isFirstOfDay(starts, place));
  const days = firsts.map((place) => (starts[place] ?? '').slice(0, 10));
  const { places, days: step } = byCalendar(days, room);
  return withChanges(
    places.map((place) => firsts[place] ?? 0),
    (place) => text.tick((starts[place] ?? '').slice(0, 10), 'DAY', step),
  );
}

function isFirstOfClock(starts: readonly string[], place: number): boolean {
  const clock = starts[place]?.slice(0, 19);
  // an hour that is there twice is at most 60 buckets before
  return !starts.slice(Math.max(0, place - 60), place).some((start) => start.slice(0, 19) === clock);
}

/** A part of a day at the beginning has no midnight. */
function isFirstOfDay(starts: readonly string[], place: number): boolean {
  return (
    starts[place]?.slice(11, 16) === '00:00' ||
    (place > 0 && starts[place - 1]?.slice(0, 10) !== starts[place]?.slice(0, 10))
  );
}

function withChanges(
  places: readonly number[],
  labelOf: (place: number) => { text: string; year: string },
): DateTick[] {
  let shown = '';
  return places.map((place) => {
    const { text, year } = labelOf(place);
    const isNew = year !== shown;
    shown = year;
    return { place, text, year: isNew ? year : '' };
  });
}

function isLong(period: string): boolean {
  return period.startsWith('CALENDAR_');
}

function everyNth(dates: readonly string[], room: number): { places: number[]; days: number } {
  const step = Math.ceil(dates.length / room);
  const last = dates.length - 1;
  const places = dates.map((_, place) => place).filter((place) => (last - place) % step === 0);
  return { places, days: 0 };
}

function byCalendar(dates: readonly string[], room: number): { places: number[]; days: number } {
  const all = dates.map((date, place) => ({ place, day: new Date(utcOf(date)) }));
  for (const days of DAY_STEPS) {
    const places = everyDays(all, days);
    if (places.length <= room && places.length > 0) return { places, days };
  }
  const months = everyMonths(all, room);
  const weeks = everyDays(all, 21);
  if ((months?.places.length ?? 0) < ENOUGH_TICKS && weeks.length <= room && weeks.length > 0)
    return { places: weeks, days: 21 };
  return months ?? { places: dates.length === 0 ? [] : [0], days: 1 };
}

interface DayAt {
  readonly place: number;
  readonly day: Date;
}

/** The places of every so many days: of whole weeks the Mondays. */
function everyDays(all: readonly DayAt[], days: number): number[] {
  const dayNumber = (day: Date): number => Math.floor(day.getTime() / 86_400_000);
  // the epoch was a Thursday: weeks begin on Mondays
  return all.filter(({ day }) => (dayNumber(day) + 3) % days === 0).map(({ place }) => place);
}

/** The places of the first days of months or years, as many as there is room for; null if no step leaves few enough. */
function everyMonths(all: readonly DayAt[], room: number): { places: number[]; days: number } | null {
  for (const months of MONTH_STEPS) {
    const places = all
      .filter(({ day }) => day.getUTCDate() === 1 && (day.getUTCFullYear() * 12 + day.getUTCMonth()) % months === 0)
      .map(({ place }) => place);
    if (places.length <= room && places.length > 0) return { places, days: months >= 12 ? 365 : 28 };
  }
  return null;
}
