import { kindMeaning } from '../../coverage/coverage-kind.js';
import { addDays, dayNumber, earliestDate, latestDate, type LocalDate } from '../../time/local-date.js';
import { coveredPoints, type SeriesSpec } from './series.js';

/** The stored values of a part of a range, added up. There is at least one. */
export interface StoredSum {
  /** number of values */
  readonly count: number;
  readonly sum: string;
  /** dates of the first and the last value */
  readonly first: LocalDate;
  readonly last: LocalDate;
}

/** The known values of consecutive dates, added up. */
export interface SeriesSum {
  /** number of dates with a known value */
  readonly known: number;
  /** null if no value is known */
  readonly sum: string | null;
  /** true if one of the known values was computed before its date was over */
  readonly isOpen: boolean;
}

/** The sums of a series of days that `fillSeries` would return date by date. */
export interface SeriesSums {
  readonly parts: readonly SeriesSum[];
  /** true if every date was over when its value was computed */
  readonly isComplete: boolean;
}

/**
 * Adds up a series of days, in parts of `size` days each, without a point for each date. A covered day without a value
 * is 0. Returns null if a value is stored outside the coverage: whether the other days of its part are known cannot be
 * told from sums.
 *
 * @param stored by the place of the first date of their part
 */
export function sumSeriesParts(
  spec: SeriesSpec,
  dates: readonly LocalDate[],
  size: number,
  stored: ReadonlyMap<number, StoredSum>,
): SeriesSums | null {
  const { coverage, today } = spec;
  const { from, through, open } = coveredPoints(spec);
  const isCovered = coverage !== null && from !== null && through !== null;
  const end = isCovered ? earliestDate(through, today) : today;
  if (isCovered && [...stored.values()].some(({ first, last }) => first < from || last > end)) return null;
  const hasZeros = isCovered && kindMeaning(coverage.kind).empty === '0';
  // the last date that may be complete
  const over = isCovered ? earliestDate(through, addDays(open, -1)) : addDays(today, -1);
  const parts: SeriesSum[] = [];
  for (let place = 0; place < dates.length; place += size) {
    const [first, last] = [dates[place] as LocalDate, dates[Math.min(place + size, dates.length) - 1] as LocalDate];
    const found = stored.get(place);
    const known = hasZeros ? daysIn(latestDate(first, from), earliestDate(last, end)) : (found?.count ?? 0);
    const lastKnown = hasZeros ? earliestDate(last, end) : (found?.last ?? first);
    parts.push({
      known,
      sum: found?.sum ?? (known > 0 ? '0' : null),
      isOpen: known > 0 && lastKnown > over,
    });
  }
  const [first, last] = [dates.at(0), dates.at(-1)];
  const isComplete = first === undefined || last === undefined || (last <= over && (!isCovered || first >= from));
  return { parts, isComplete };
}

function daysIn(first: LocalDate, last: LocalDate): number {
  return Math.max(0, dayNumber(last) - dayNumber(first) + 1);
}
