import { kindMeaning } from '../coverage/coverage-kind.js';
import { addDecimals } from '../database/decimal.js';
import { InvalidFilterError, NotSummableError } from '../errors/statistic.error.js';
import { InvalidPeriodError } from '../errors/time.error.js';
import { shown } from '../errors/trackstats.error.js';
import { Period, periodKind } from '../time/period.js';
import { nearestDouble } from './exact-value.js';
import type { SeriesPoint } from './series.js';
import type { Series } from './series.query.js';
import type { Fill, Ranking } from './statistic-filter.js';
import type { TopOptions } from './top.query.js';

const FILLS: readonly unknown[] = ['period', 'zero', 'previous', 'null'];
const DEFAULT_LIMIT = 10;

/** A value as a reader wants it: the exact decimal, or the nearest number. */
export function read(exact: string | null, wantsExact: unknown): number | string | null {
  return wantsExact === true ? exact : nearestDouble(exact);
}

/** Points as a reader wants them. */
export function readPoints(
  points: readonly SeriesPoint<string>[],
  wantsExact: unknown,
): SeriesPoint<number | string>[] {
  return points.map(({ date, value, complete, asOf }) => ({ date, value: read(value, wantsExact), complete, asOf }));
}

/**
 * Checks how gaps are to be filled.
 *
 * @throws InvalidFilterError
 */
export function checkFill(fill: unknown): Fill {
  if (fill === undefined) return 'period';
  if (!FILLS.includes(fill)) {
    throw new InvalidFilterError(`fill is ${shown(fill)}. Expected 'period', 'zero', 'previous' or 'null'.`);
  }
  return fill as Fill;
}

/**
 * Checks what `top` is asked for.
 *
 * @throws InvalidFilterError
 */
export function checkRanking({ limit = DEFAULT_LIMIT, offset = 0, order = 'desc' }: Ranking): TopOptions {
  if (limit !== Infinity && !isCount(limit)) {
    throw new InvalidFilterError(`limit is ${shown(limit)}. Expected a whole number, or Infinity for all.`);
  }
  if (!isCount(offset)) throw new InvalidFilterError(`offset is ${shown(offset)}. Expected a whole number from 0 on.`);
  if ((order as unknown) !== 'asc' && (order as unknown) !== 'desc') {
    throw new InvalidFilterError(`order is ${shown(order)}. Expected 'desc' (the greatest first) or 'asc'.`);
  }
  return { limit, offset, order };
}

/**
 * The exact sum of what is known of a series; null where nothing is.
 *
 * @throws NotSummableError for averages, minima, maxima and distinct counts
 */
export function totalOf({ target, coverage, points }: Series): string | null {
  const kind = coverage?.kind;
  if (kind !== undefined && !kindMeaning(kind).isSummable) {
    throw new NotSummableError(typeof target === 'string' ? target : target.key, kind);
  }
  const values = points.map(({ value }) => value).filter((value) => value !== null);
  return values.length === 0 ? null : values.reduce(addDecimals, '0');
}

/**
 * Checks that the values of a period can be added together.
 *
 * @throws InvalidPeriodError
 */
export function checkSummable(period: Period): void {
  if (periodKind(period) === 'bucket') return;
  throw new InvalidPeriodError(
    Period.nameOf(period),
    'total adds the values of DAY or of a calendar period; those of this one overlap. Read one of them with value.',
  );
}

function isCount(value: unknown): value is number {
  return typeof value === 'number' && Number.isSafeInteger(value) && value >= 0;
}
