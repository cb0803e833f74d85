import { TooManyPointsError } from '../../lib/errors/statistic.error.js';
import type { CoverageKind } from '../../lib/coverage/coverage-kind.js';
import {
  seriesDates,
  fillSeries,
  type SeriesCoverage,
  type SeriesRow,
  type SeriesSpec,
} from '../../lib/statistics/read/series.js';
import type { Fill } from '../../lib/statistics/filter/statistic-filter.js';
import { addDays, type LocalDate } from '../../lib/time/local-date.js';
import { bucketStart, nextBucket, Period, periodKind } from '../../lib/time/period.js';
import fc from '../support/fast-check.js';

const TODAY = '2026-11-20';

function covered(more: Partial<SeriesCoverage> = {}): SeriesCoverage {
  return {
    from: '2026-11-10',
    through: TODAY,
    kind: 'count',
    timeZone: 'UTC',
    computedAt: new Date(`${TODAY}T12:00:00Z`),
    ...more,
  };
}

function series(from: LocalDate, to: LocalDate, rows: SeriesRow[], more: Partial<SeriesSpec> = {}) {
  const spec: SeriesSpec = {
    period: Period.DAY,
    weekStart: 'monday',
    today: TODAY,
    coverage: null,
    fill: 'period',
    ...more,
  };
  const before = rows.filter(({ date }) => date < from).slice(-1);
  const inRange = rows.filter(({ date }) => date >= from);
  return fillSeries(spec, seriesDates(spec.period, from, to, spec.weekStart), [...before, ...inRange]);
}

const values = (points: { value: string | null }[]): (string | null)[] => points.map(({ value }) => value);

describe('the dates of a series', () => {
  it('are days, or the first days of buckets', () => {
    expect(seriesDates(Period.LIFETIME, '2024-02-28', '2024-03-01', 'monday')).toEqual([
      '2024-02-28',
      '2024-02-29',
      '2024-03-01',
    ]);
    expect(seriesDates(Period.CALENDAR_MONTH, '2026-01-15', '2026-03-01', 'monday')).toEqual([
      '2026-01-01',
      '2026-02-01',
      '2026-03-01',
    ]);
    expect(seriesDates(Period.CALENDAR_WEEK, '2026-11-20', '2026-11-22', 'sunday')).toEqual([
      '2026-11-15',
      '2026-11-22',
    ]);
    expect(seriesDates(Period.DAY, '2026-01-02', '2026-01-01', 'monday')).toEqual([]);
    expect(seriesDates(Period.CALENDAR_YEAR, '9998-05-01', '9999-12-31', 'monday')).toEqual([
      '9998-01-01',
      '9999-01-01',
    ]);
  });
  it('are not more than a reader wants', () => {
    expect(seriesDates(Period.DAY, addDays(TODAY, -99_999), TODAY, 'monday')).toHaveLength(100_000);
    expect(() => seriesDates(Period.DAY, addDays(TODAY, -100_000), TODAY, 'monday')).toThrow(TooManyPointsError);
    expect(() => seriesDates(Period.CALENDAR_WEEK, '0001-01-01', '9999-01-01', 'monday')).toThrow(TooManyPointsError);
  });
});

describe('a gap', () => {
  const rows: SeriesRow[] = [
    { date: '2026-11-12', value: '5' },
    { date: '2026-11-14', value: null },
  ];

  it('of a day is zero inside the coverage of a count, unknown outside it', () => {
    expect(values(series('2026-11-09', '2026-11-22', rows, { coverage: covered() }))).toEqual([
      null,
      '0',
      '0',
      '5',
      '0',
      null,
      '0',
      '0',
      '0',
      '0',
      '0',
      '0',
      null,
      null,
    ]);
    expect(values(series('2026-11-18', '2026-11-20', [], { coverage: covered({ through: '2026-11-18' }) }))).toEqual([
      '0',
      null,
      null,
    ]);
  });
  it.each(['avg', 'min', 'max'] as const)('of %s is no value', (kind) => {
    expect(values(series('2026-11-11', '2026-11-13', rows, { coverage: covered({ kind }) }))).toEqual([
      null,
      '5',
      null,
    ]);
  });
  it('without coverage is unknown', () => {
    expect(values(series('2026-11-11', '2026-11-13', rows))).toEqual([null, '5', null]);
  });
  it.each([Period.LIFETIME, Period.WEEK, Period.days(3)])('of period %s is the last value before it', (period) => {
    expect(values(series('2026-11-13', '2026-11-21', rows, { period }))).toEqual([
      '5',
      null,
      null,
      null,
      null,
      null,
      null,
      null,
      null,
    ]);
    expect(values(series('2026-11-11', '2026-11-13', rows, { period }))).toEqual([null, '5', '5']);
    expect(values(series('2026-11-19', '2026-11-22', [{ date: '2026-10-01', value: '7' }], { period }))).toEqual([
      '7',
      '7',
      null,
      null,
    ]);
    expect(
      values(series('2026-11-08', '2026-11-11', [{ date: '2026-11-07', value: '7' }], { period, coverage: covered() })),
    ).toEqual([null, null, '7', '7']);
  });
  it('is filled as asked', () => {
    const fill = (how: Fill, more: Partial<SeriesSpec> = {}) =>
      values(series('2026-11-11', '2026-11-16', rows, { fill: how, ...more }));
    expect(fill('null', { coverage: covered() })).toEqual([null, '5', null, null, null, null]);
    expect(fill('zero')).toEqual([null, '5', '0', null, '0', '0']);
    expect(fill('zero', { coverage: covered() })).toEqual(['0', '5', '0', null, '0', '0']);
    expect(fill('previous')).toEqual([null, '5', '5', null, null, null]);
    expect(values(series('2026-11-19', '2026-11-22', rows, { fill: 'zero' }))).toEqual(['0', '0', null, null]);
  });
  it('does not hide a row under a date that begins no bucket', () => {
    const odd: SeriesRow[] = [
      { date: '2026-11-01', value: '1' },
      { date: '2026-11-09', value: '2' },
    ];
    expect(
      values(
        series('2026-10-26', '2026-11-09', odd, {
          period: Period.CALENDAR_WEEK,
          coverage: covered({ from: '2026-10-01' }),
        }),
      ),
    ).toEqual(['0', '0', '2']);
  });
});

describe('a point is complete', () => {
  const complete = (spec: Partial<SeriesSpec>) =>
    series('2026-11-18', '2026-11-21', [], spec).map((point) => point.complete);
  it('when its date was over at the run', () => {
    expect(complete({ coverage: covered() })).toEqual([true, true, false, false]);
    expect(
      complete({ coverage: covered({ through: '2026-11-19', computedAt: new Date('2026-11-19T23:00:00Z') }) }),
    ).toEqual([true, false, false, false]);
    // a backfill that ended before the day on which it ran
    expect(complete({ coverage: covered({ through: '2026-11-19' }) })).toEqual([true, true, false, false]);
    expect(complete({ coverage: covered({ through: null, kind: 'increment', computedAt: null }) })).toEqual([
      true,
      true,
      false,
      false,
    ]);
    expect(complete({ coverage: covered({ from: '2026-11-19' }) })).toEqual([false, true, false, false]);
    expect(complete({})).toEqual([true, true, false, false]);
  });
  it('when its bucket was', () => {
    const months = series('2026-09-01', '2026-11-01', [], {
      period: Period.CALENDAR_MONTH,
      coverage: covered({ from: '2026-01-01' }),
    });
    expect(months.map((point) => point.complete)).toEqual([true, true, false]);
  });
  it('in the zone of the run', () => {
    const coverage = covered({
      timeZone: 'Pacific/Auckland',
      through: '2026-11-20',
      computedAt: new Date('2026-11-20T12:00:00Z'),
    });
    expect(complete({ today: '2026-11-21', coverage })).toEqual([true, true, true, false]);
  });
  it('as of its run', () => {
    const computedAt = new Date(`${TODAY}T12:00:00Z`);
    expect(series('2026-11-09', '2026-11-10', [], { coverage: covered() }).map(({ asOf }) => asOf)).toEqual([
      null,
      computedAt,
    ]);
    expect(series('2026-11-09', '2026-11-10', []).map(({ asOf }) => asOf)).toEqual([null, null]);
  });
});

describe('any series', () => {
  const PERIODS = [
    Period.DAY,
    Period.WEEK,
    Period.days(3),
    Period.LIFETIME,
    Period.CALENDAR_WEEK,
    Period.CALENDAR_MONTH,
    Period.CALENDAR_YEAR,
  ];
  const day = fc.integer({ min: -60, max: 20 }).map((n) => addDays(TODAY, n));
  const coverage = fc.option(
    fc.record({
      from: day,
      through: fc.option(day),
      kind: fc.constantFrom<CoverageKind>('count', 'sum', 'countDistinct', 'avg', 'min', 'max', 'increment'),
      timeZone: fc.constant('UTC'),
      computedAt: fc.constant(null),
    }),
  );

  /** the rules once more, date by date, with no state carried along */
  function expected(spec: SeriesSpec, rows: SeriesRow[], date: string): string | null {
    const row = rows.find((one) => one.date === date);
    if (row !== undefined) return row.value;
    if (date > spec.today || spec.fill === 'null') return null;
    const earlier = rows.filter((one) => one.date < date);
    const from = spec.coverage === null ? null : bucketStart(spec.period, spec.coverage.from, spec.weekStart);
    if (spec.fill === 'previous') return earlier.at(-1)?.value ?? null;
    if (spec.fill === 'zero') return earlier.length > 0 || (from !== null && date >= from) ? '0' : null;
    if (from !== null && date < from) return null;
    const { kind, through } = spec.coverage ?? {};
    const holds = periodKind(spec.period) !== 'bucket';
    const before = earlier.at(-1);
    if (holds && before !== undefined) return before.value;
    if (kind === undefined || (!holds && date > (through ?? spec.today))) return null;
    return ['count', 'sum', 'countDistinct', 'increment'].includes(kind) ? '0' : null;
  }

  it('follows the rules', () => {
    fc.assert(
      fc.property(
        fc.record({
          period: fc.constantFrom(...PERIODS),
          weekStart: fc.constantFrom('monday' as const, 'sunday' as const, 'saturday' as const),
          today: fc.constant(TODAY),
          coverage,
          fill: fc.constantFrom<Fill>('period', 'zero', 'previous', 'null'),
        }),
        fc.array(fc.tuple(day, fc.option(fc.integer().map(String)))),
        day,
        day,
        (spec, given, from, to) => {
          const byDate = new Map(given.map(([date, value]) => [bucketStart(spec.period, date, spec.weekStart), value]));
          const rows = [...byDate].map(([date, value]) => ({ date, value })).sort((a, b) => (a.date < b.date ? -1 : 1));
          const first = bucketStart(spec.period, from, spec.weekStart);
          const points = series(first, to, rows, spec);
          expect(points.map(({ date, value }) => [date, value])).toEqual(
            points.map(({ date }) => [date, expected(spec, rows, date)]),
          );
          for (const [place, point] of points.entries()) {
            const next = points[place + 1];
            if (next !== undefined) expect(next.date).toBe(nextBucket(spec.period, point.date, spec.weekStart));
          }
        },
      ),
      { numRuns: 500 },
    );
  });
});

it('has no complete day that comes back after midnight, computed in its first minute', () => {
  // the clocks of St. John's went from 00:01 on the 7th to 23:01 on the 6th, at 02:31 UTC
  const completeAt = (computedAt: string, period: Period): boolean[] => {
    const through = '2010-11-07';
    const coverage = covered({
      from: '2010-11-01',
      through,
      timeZone: 'America/St_Johns',
      computedAt: new Date(computedAt),
    });
    return series('2010-11-05', '2010-11-07', [], { period, coverage, today: through }).map(({ complete }) => complete);
  };
  for (const period of [Period.DAY, Period.WEEK, Period.LIFETIME]) {
    expect(completeAt('2010-11-07T02:30:30Z', period)).toEqual([true, false, false]);
    expect(completeAt('2010-11-07T03:30:00Z', period)).toEqual([true, true, false]);
  }
});
