import { canonicalDecimal } from '../../lib/database/decimal.js';
import type { LocalDate } from '../../lib/time/local-date.js';
import type { AggregateFunction } from '../../lib/catalog/aggregates.js';
import { offsetByIntl } from '../time/wall-clock.js';

/**
 * What the statistics of a source must be, the slow and evident way: for every date, look at all rows. It shares no
 * code with the engine but the spelling of decimals.
 */
export interface ModelRow {
  id: number;
  /** instant in ms */
  at: number;
  user: number | null;
  /** in hundredths */
  amount: number | null;
}

export type ModelPeriod =
  | { kind: 'day' }
  | { kind: 'time'; seconds: number }
  | { kind: 'rolling'; days: number }
  | { kind: 'lifetime' }
  | { kind: 'calendar' | 'to-date'; unit: 'week' | 'month' | 'quarter' | 'year'; firstDay: number };

export interface ModelTracker {
  aggregate: AggregateFunction;
  byUser: boolean;
  density: 'daily' | 'changes';
  zone: string;
}

/** `moment|key` → exact value. The moment is a date as YYYY-MM-DD, or the first second of a bucket of less than a day */
export type ModelRows = Map<string, string | null>;

const formats = new Map<string, Intl.DateTimeFormat>();

/** The local date of an instant, as the platform's formatter shows it. */
export function modelDate(at: number, zone: string): LocalDate {
  let format = formats.get(zone);
  if (format === undefined) {
    format = new Intl.DateTimeFormat('en-CA', { timeZone: zone, year: 'numeric', month: '2-digit', day: '2-digit' });
    formats.set(zone, format);
  }
  return format.format(at) as LocalDate;
}

export function shiftDate(date: string, days: number): LocalDate {
  return new Date(Date.parse(date) + days * 86_400_000).toISOString().slice(0, 10) as LocalDate;
}

/** The first second of the bucket of less than a day that contains an instant (ms), found with the platform's offsets. */
export function modelStart(at: number, seconds: number, zone: string): number {
  const second = Math.floor(at / 1000);
  const offset = offsetByIntl(second * 1000, zone);
  const multiple = Math.floor((second + offset) / seconds) * seconds - offset;
  // the clock was changed since, or not
  let [before, start] = [multiple - 1, multiple];
  if (offsetByIntl(multiple * 1000, zone) !== offset) [before, start] = [multiple, second];
  while (start - before > 1) {
    const middle = Math.floor((before + start) / 2);
    if (offsetByIntl(middle * 1000, zone) === offset) start = middle;
    else before = middle;
  }
  return start;
}

function bucketOf(date: string, period: Extract<ModelPeriod, { unit: string }>): string {
  const [year = '', month = ''] = date.split('-');
  switch (period.unit) {
    case 'year':
      return `${year}-01-01`;
    case 'month':
      return `${year}-${month}-01`;
    case 'quarter':
      return `${year}-${String(Math.floor((Number(month) - 1) / 3) * 3 + 1).padStart(2, '0')}-01`;
    case 'week': {
      const weekday = new Date(Date.parse(date)).getUTCDay();
      return shiftDate(date, -((weekday - period.firstDay + 7) % 7));
    }
  }
}

function aggregated(rows: readonly ModelRow[], aggregate: AggregateFunction, byUser: boolean): string | null {
  const amounts = rows.flatMap(({ amount }) => (amount === null ? [] : [amount]));
  switch (aggregate) {
    case 'count':
      return String(rows.length);
    case 'countDistinct': {
      const values = byUser ? amounts : rows.flatMap(({ user }) => (user === null ? [] : [user]));
      return String(new Set(values).size);
    }
    case 'sum':
      return hundredths(amounts.reduce((a, b) => a + b, 0));
    case 'min':
      return amounts.length === 0 ? null : hundredths(Math.min(...amounts));
    case 'max':
      return amounts.length === 0 ? null : hundredths(Math.max(...amounts));
    case 'avg':
      // compared as a double: its decimals are the database's
      return amounts.length === 0 ? null : String(amounts.reduce((a, b) => a + b, 0) / 100 / amounts.length);
  }
}

function hundredths(value: number): string {
  return canonicalDecimal((value / 100).toFixed(2)) ?? '';
}

/** The rows of a fresh computation at `now`. */
export function modelRows(
  rows: readonly ModelRow[],
  tracker: ModelTracker,
  period: ModelPeriod,
  now: number,
): ModelRows {
  const result: ModelRows = new Map();
  const keys = tracker.byUser ? [...new Set(rows.flatMap(({ user }) => (user === null ? [] : [user])))] : [null];
  for (const key of keys) {
    const own = rows.filter(({ at, user }) => at <= now && (key === null || user === key));
    const dated = own
      .map((row) => ({ row, date: modelDate(row.at, tracker.zone) }))
      .filter(({ date }) => date <= modelDate(now, tracker.zone));
    const put = (date: string, chosen: typeof dated): void => {
      result.set(
        `${date}|${String(key ?? '')}`,
        aggregated(
          chosen.map(({ row }) => row),
          tracker.aggregate,
          tracker.byUser,
        ),
      );
    };
    if (period.kind === 'time') {
      const starts = dated.map(({ row }) => String(modelStart(row.at, period.seconds, tracker.zone)));
      for (const start of new Set(starts)) {
        put(
          start,
          dated.filter((_, index) => starts[index] === start),
        );
      }
      continue;
    }
    if (period.kind === 'day' || period.kind === 'calendar') {
      const bucket = (date: string): string => (period.kind === 'day' ? date : bucketOf(date, period));
      for (const start of new Set(dated.map(({ date }) => bucket(date)))) {
        put(
          start,
          dated.filter(({ date }) => bucket(date) === start),
        );
      }
      continue;
    }
    const first = dated.map(({ date }) => date).sort()[0];
    if (first === undefined) continue;
    let last: string | null | undefined;
    for (let date = first; date <= modelDate(now, tracker.zone); date = shiftDate(date, 1)) {
      const since =
        period.kind === 'rolling'
          ? shiftDate(date, 1 - period.days)
          : period.kind === 'to-date'
            ? bucketOf(date, period)
            : '';
      put(
        date,
        dated.filter((row) => row.date >= since && row.date <= date),
      );
      const value = result.get(`${date}|${String(key ?? '')}`);
      if (tracker.density === 'changes' && last !== undefined && value === last)
        result.delete(`${date}|${String(key ?? '')}`);
      last = value;
    }
  }
  return result;
}
