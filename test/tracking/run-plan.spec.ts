import { defineDomain, defineMetric } from '../../lib/catalog/definitions.js';
import { ClockBehindError, DefinitionChangedError, InvalidRangeError } from '../../lib/errors/run.error.js';
import type { AggregateFunction } from '../../lib/catalog/aggregates.js';
import { addDays, dayNumber, fromDayNumber, type LocalDate, readDayNumber } from '../../lib/time/local-date.js';
import { bucketStart, Period, periodKind, windowDays, type WeekStart } from '../../lib/time/period.js';
import type { CoveredRange } from '../../lib/tracking/source/covered-range.js';
import { dueAt } from '../../lib/tracking/source/due-dates.js';
import { planRun } from '../../lib/tracking/source/plan-run.js';
import {
  needsFirstDate,
  type PlannedEntry,
  type PlannedPeriod,
  type RunPlan,
  type RunPlanInput,
} from '../../lib/tracking/source/run-plan.js';
import { scanBounds, type ScanBounds } from '../../lib/tracking/source/scan-bounds.js';
import { asTracker, definitionOf, type OneMetric } from '../support/engine.js';
import fc from '../support/fast-check.js';

const METRIC = defineMetric({ domain: defineDomain({ ref: 'plans' }), ref: 'plan' });

function covered(from: LocalDate, through: LocalDate, fingerprint = 'f'): CoveredRange {
  return { from, through, fingerprint };
}

interface Given extends Partial<Omit<RunPlanInput, 'definition' | 'entries'>> {
  definition?: Partial<OneMetric>;
  coverage?: [Period, CoveredRange][];
  fingerprint?: PlannedEntry['fingerprint'];
}

function inputOf({ definition, coverage, fingerprint = () => 'f', ...given }: Given): RunPlanInput {
  const one = definitionOf({ metric: METRIC, dateField: 'at', ...definition });
  return {
    definition: asTracker(one),
    entries: [{ ...one, fingerprint, coverage: new Map(coverage) }],
    tracker: 'Orders',
    today: '2024-05-10',
    requested: {},
    firstDate: null,
    ...given,
  };
}

/** The plan of a tracker of one metric, and what it reads of the source. */
type OnePlan = RunPlan & ScanBounds & { readonly periods: readonly PlannedPeriod[] };

function plan(given: Given): OnePlan {
  const input = inputOf(given);
  const made = planRun(input);
  const [periods = []] = made.entries;
  const isKnown = needsFirstDate(input.entries, input.requested);
  return { ...made, periods, ...scanBounds(periods, input.definition.weekStart, isKnown ? input.firstDate : null) };
}

function needsFirst(given: Given): boolean {
  const { entries, requested } = inputOf(given);
  return needsFirstDate(entries, requested);
}

/** The ranges of a plan as texts: `2024-05-01..2024-05-10`. */
function ranges({ periods }: OnePlan): string[] {
  return periods.map(({ from, through }) => `${fromDayNumber(from)}..${fromDayNumber(through)}`);
}

function scan({ scanFrom, scanBase, scanThrough }: OnePlan): string {
  return `${scanBase ? '…' : ''}${fromDayNumber(scanFrom)}..${fromDayNumber(scanThrough)}`;
}

function coverages({ periods }: OnePlan): string[] {
  return periods.map((period) => `${period.covered.from}..${period.covered.through}`);
}

describe('a first run', () => {
  test.each<[Period, LocalDate, string, string]>([
    [Period.DAY, '2024-03-15', '2024-03-15..2024-05-10', '2024-03-15..2024-05-10'],
    [Period.WEEK, '2024-03-15', '2024-03-15..2024-05-10', '…2024-03-09..2024-05-10'],
    [Period.LIFETIME, '2024-03-15', '2024-03-15..2024-05-10', '2024-03-15..2024-05-10'],
    [Period.CALENDAR_WEEK, '2024-03-15', '2024-03-11..2024-05-10', '2024-03-11..2024-05-10'],
    [Period.CALENDAR_MONTH, '2024-03-15', '2024-03-01..2024-05-10', '2024-03-01..2024-05-10'],
    [Period.CALENDAR_QUARTER, '2024-03-15', '2024-01-01..2024-05-10', '2024-01-01..2024-05-10'],
    [Period.CALENDAR_YEAR, '2023-12-31', '2023-01-01..2024-05-10', '2023-01-01..2024-05-10'],
  ])('of %d begins with the first row', (period, firstDate, range, scanned) => {
    const made = plan({ definition: { periods: [period] }, firstDate });
    expect(ranges(made)).toEqual([range]);
    // nothing lies before the first row, so that a window's days before it need no look at what is older
    expect(scan(made)).toBe(scanned.replace('…', ''));
    expect(made.periods[0]).toMatchObject({ baseIsStored: false, endsEarly: false, lastKept: null });
  });

  test('of an empty source is today', () => {
    const made = plan({ definition: { periods: [Period.DAY, Period.LIFETIME] } });
    expect(ranges(made)).toEqual(['2024-05-10..2024-05-10', '2024-05-10..2024-05-10']);
    expect(coverages(made)).toEqual(['2024-05-10..2024-05-10', '2024-05-10..2024-05-10']);
  });

  test('begins no earlier than `since`, and reads what is older for LIFETIME', () => {
    const made = plan({
      definition: { periods: [Period.DAY, Period.LIFETIME], since: '2024-05-02' },
      firstDate: '1970-01-01',
    });
    expect(ranges(made)).toEqual(['2024-05-02..2024-05-10', '2024-05-02..2024-05-10']);
    expect(scan(made)).toBe('…2024-05-02..2024-05-10');
    expect(scan(plan({ definition: { since: '2024-05-02' }, firstDate: '1970-01-01' }))).toBe('2024-05-02..2024-05-10');
  });

  test('leaves out the bucket that begins before `since`', () => {
    const months = (since: LocalDate): string[] =>
      ranges(plan({ definition: { periods: [Period.CALENDAR_MONTH], since }, firstDate: '2024-01-10' }));
    expect(months('2024-03-02')).toEqual(['2024-04-01..2024-05-10']);
    expect(months('2024-03-01')).toEqual(['2024-03-01..2024-05-10']);
    expect(months('2023-01-01')).toEqual(['2024-01-01..2024-05-10']);
    // nothing is left of it: what is covered lies in no other range
    const made = plan({
      definition: { periods: [Period.CALENDAR_YEAR], since: '2024-02-01' },
      firstDate: '2024-01-10',
    });
    expect(made.periods[0]?.from).toBeGreaterThan(made.periods[0]?.through ?? 0);
    expect(coverages(made)).toEqual(['2024-05-10..2024-05-10']);
  });
});

describe('a further run', () => {
  const coverage: [Period, CoveredRange][] = [[Period.DAY, covered('2024-01-01', '2024-05-07')]];

  test.each([
    [0, '2024-05-07'],
    [1, '2024-05-06'],
    [30, '2024-04-07'],
  ])('looks back %d days', (lookback, from) => {
    const made = plan({ definition: { lookback }, coverage });
    expect(ranges(made)).toEqual([`${from}..2024-05-10`]);
    expect(coverages(made)).toEqual(['2024-01-01..2024-05-10']);
  });

  test('on the same day, and after months', () => {
    expect(ranges(plan({ coverage, today: '2024-05-07' }))).toEqual(['2024-05-06..2024-05-07']);
    expect(ranges(plan({ coverage, today: '2025-05-07' }))).toEqual(['2024-05-06..2025-05-07']);
  });

  test('replaces whole buckets, and reads what windows reach back to', () => {
    const periods = [Period.DAY, Period.days(30), Period.CALENDAR_WEEK, Period.CALENDAR_YEAR, Period.LIFETIME];
    const all = periods.map((period): [Period, CoveredRange] => [period, covered('2023-01-01', '2024-05-07')]);
    const made = plan({ definition: { periods, weekStart: 'sunday' }, coverage: all });
    // all of them the days of the year, which is recounted
    expect(ranges(made)).toEqual([
      '2024-01-01..2024-05-10',
      '2024-01-01..2024-05-10',
      '2023-12-31..2024-05-10',
      '2024-01-01..2024-05-10',
      '2024-01-01..2024-05-10',
    ]);
    // the last day of December is in the first week, by what is stored of it
    expect(made.periods.map(({ storedDaysUntil: until }) => until)).toEqual([
      ...[null, null],
      dayNumber('2024-01-01'),
      ...[null, null],
    ]);
    expect(scan(made)).toBe('…2023-12-03..2024-05-10');
    const windows = plan({ definition: { periods: [Period.days(30)] }, coverage: all });
    expect(scan(windows)).toBe('2024-04-07..2024-05-10');
  });

  test('computes a period that was added from the beginning, and the others from where they were', () => {
    const made = plan({
      definition: { periods: [Period.DAY, Period.CALENDAR_MONTH] },
      coverage,
      firstDate: '2023-12-24',
    });
    expect(ranges(made)).toEqual(['2024-05-06..2024-05-10', '2023-12-01..2024-05-10']);
    expect(made.periods.map(({ isFirst }) => isFirst)).toEqual([false, true]);
    expect(needsFirst({ definition: { periods: [Period.DAY, Period.CALENDAR_MONTH] }, coverage })).toBe(true);
    expect(needsFirst({ coverage })).toBe(false);
    expect(needsFirst({ requested: { from: '2024-01-01' } })).toBe(false);
    expect(needsFirst({ requested: { to: '2024-01-01' } })).toBe(true);
  });

  test.each<[AggregateFunction, boolean]>([
    ['count', true],
    ['sum', true],
    ['min', true],
    ['max', true],
    ['avg', false],
    ['countDistinct', false],
  ])('of %s goes on from the stored lifetime where older rows never change: %p', (name, resumes) => {
    const definition = {
      aggregate: { function: name, field: name === 'count' ? null : 'x' },
      periods: [Period.LIFETIME],
    };
    const lifetime: Given = { definition, coverage: [[Period.LIFETIME, covered('2024-01-01', '2024-05-09')]] };
    const resumed = (given: Partial<OneMetric>, more: Given = {}): boolean[] => {
      const made = plan({ ...lifetime, ...more, definition: { ...definition, ...given } });
      // what is older is read, unless the stored value stands for it
      expect(made.scanBase).toBe(made.periods[0]?.baseIsStored === false);
      return made.periods.map(({ baseIsStored }) => baseIsStored);
    };
    expect(resumed({})).toEqual([false]);
    expect(resumed({ appendOnly: true })).toEqual([resumes]);
    expect(resumed({ sourceKeptSince: '2024-05-01' })).toEqual([resumes]);
    // a range that is asked for is counted anew, where its rows are there
    expect(resumed({ appendOnly: true }, { requested: { from: '2024-02-01' } })).toEqual([false]);
    expect(resumed({ sourceKeptSince: '2024-05-01' }, { requested: { from: '2024-05-01' } })).toEqual([resumes]);
    expect(resumed({ appendOnly: true }, { coverage: [] })).toEqual([false]);
  });

  test('a clock that is a day behind moves nothing back, one that is further behind is refused', () => {
    const made = plan({ coverage, today: '2024-05-06' });
    expect(ranges(made)).toEqual(['2024-05-06..2024-05-06']);
    expect(coverages(made)).toEqual(['2024-01-01..2024-05-07']);
    expect(made.periods[0]).toMatchObject({ endsEarly: true, lastKept: null });
    expect(() => plan({ coverage, today: '2024-05-05' })).toThrow(ClockBehindError);
    expect(() => plan({ coverage, today: '2024-05-05' })).toThrow(/Today is 2024-05-05.*Orders.*through 2024-05-07/);
  });

  test('a clock that is late by an instant, and by the day that the zone skipped, is a day behind', () => {
    const definition = { timeZone: 'Pacific/Apia' };
    const apia: [Period, CoveredRange][] = [[Period.DAY, covered('2011-12-01', '2011-12-31')]];
    expect(ranges(plan({ definition, coverage: apia, today: '2011-12-29' }))).toEqual(['2011-12-29..2011-12-29']);
    expect(() => plan({ definition, coverage: apia, today: '2011-12-28' })).toThrow(ClockBehindError);
  });
});

describe('the instant of a run', () => {
  const coverage = new Map<Period, { through: LocalDate; computedAt: Date }>([
    [Period.DAY, { through: '2024-05-07', computedAt: new Date('2024-05-06T22:05:00Z') }],
    [Period.WEEK, { through: '2024-05-06', computedAt: new Date('2024-05-06T20:00:00Z') }],
  ]);

  test.each([
    ['2024-05-06T21:59:00Z', '2024-05-06T22:05:00Z'], // a day behind, at midnight
    ['2024-05-05T22:00:00Z', '2024-05-06T22:05:00Z'], // a day behind, all of it
    ['2024-05-06T22:04:00Z', '2024-05-06T22:04:00Z'], // the same day
    ['2024-05-08T12:00:00Z', '2024-05-08T12:00:00Z'],
    ['2024-05-04T12:00:00Z', '2024-05-04T12:00:00Z'], // days behind: the plan refuses it
  ])('is at %s %s', (now, due) => {
    expect(dueAt(new Date(now), 'Europe/Amsterdam', [...coverage.values()])).toEqual(new Date(due));
  });

  test('is now, where nothing is covered', () => {
    expect(dueAt(new Date(5), 'UTC', [])).toEqual(new Date(5));
  });
});

describe('a definition that changed', () => {
  const given: Given = {
    definition: { periods: [Period.DAY, Period.CALENDAR_MONTH] },
    coverage: [
      [Period.DAY, covered('2024-02-10', '2024-05-09', 'old')],
      [Period.CALENDAR_MONTH, covered('2024-02-01', '2024-05-09', 'old')],
    ],
  };

  test.each<[RunPlanInput['requested']]>([
    [{}],
    [{ from: '2024-02-11' }],
    [{ from: '2024-01-01', to: '2024-05-10' }],
    [{ to: '2024-05-10' }],
    [{ from: '2024-02-10', to: '2024-03-01', stepOf: { from: '2024-02-10', to: '2024-05-10' } }],
  ])('stops a run of %j', (requested) => {
    expect(() => plan({ ...given, requested })).toThrow(DefinitionChangedError);
    expect(() => plan({ ...given, requested })).toThrow(/DAY statistics from 2024-02-10 to 2024-05-09/);
  });

  test('is mended by a range that begins no later and has no end', () => {
    for (const from of ['2024-02-10', '2020-01-01'] as const) {
      const made = plan({ ...given, requested: { from } });
      expect(made.periods.map((period) => period.covered.fingerprint)).toEqual(['f', 'f']);
    }
  });

  test('is mended by the last of the steps of such a range', () => {
    const stepOf = { from: '2024-02-10', to: undefined } as const;
    const first = plan({ ...given, requested: { from: '2024-02-10', to: '2024-03-31', stepOf } });
    expect(first.periods.map((period) => period.covered.fingerprint)).toEqual(['old', 'old']);
    const last = plan({ ...given, requested: { from: '2024-04-01', stepOf } });
    expect(last.periods.map((period) => period.covered.fingerprint)).toEqual(['f', 'f']);
  });

  test('concerns the periods whose statistics it changes', () => {
    const fingerprint = (period: Period): string => (period === Period.DAY ? 'old' : 'f');
    expect(() => plan({ ...given, fingerprint })).toThrow(/CALENDAR_MONTH/);
    expect(ranges(plan({ ...given, definition: {}, fingerprint }))).toEqual(['2024-05-08..2024-05-10']);
  });
});

describe('a range that is asked for', () => {
  const coverage: [Period, CoveredRange][] = [[Period.DAY, covered('2024-03-01', '2024-05-08')]];

  test.each<[RunPlanInput['requested'], string, string]>([
    [{ from: '2024-04-01' }, '2024-04-01..2024-05-10', '2024-03-01..2024-05-10'],
    [{ from: '2024-01-01' }, '2024-01-01..2024-05-10', '2024-01-01..2024-05-10'],
    [{ from: '2024-04-01', to: '2024-04-30' }, '2024-04-01..2024-04-30', '2024-03-01..2024-05-08'],
    [{ from: '2024-01-01', to: '2024-02-29' }, '2024-01-01..2024-02-29', '2024-01-01..2024-05-08'],
    [{ from: '2024-05-09', to: '2024-12-31' }, '2024-05-09..2024-05-10', '2024-03-01..2024-05-10'],
    [{ to: '2024-04-30' }, '2024-03-01..2024-04-30', '2024-03-01..2024-05-08'],
  ])('%j', (requested, range, expected) => {
    const made = plan({ coverage, requested });
    expect(ranges(made)).toEqual([range]);
    expect(coverages(made)).toEqual([expected]);
    expect(made.periods[0]?.lastKept).toBe(requested.to === undefined ? '2024-05-10' : null);
    expect(made.periods[0]?.endsEarly).toBe(range.slice(12) < expected.slice(12));
  });

  test('after a clock that was ahead ends today, and what is covered with it', () => {
    const ahead: [Period, CoveredRange][] = [[Period.DAY, covered('2024-03-01', '2024-06-30')]];
    const made = plan({ coverage: ahead, requested: { from: '2024-05-01' } });
    expect(coverages(made)).toEqual(['2024-03-01..2024-05-10']);
    expect(made.periods[0]).toMatchObject({ lastKept: '2024-05-10', endsEarly: false });
    // one that has an end leaves what lies after it
    expect(coverages(plan({ coverage: ahead, requested: { from: '2024-05-01', to: '2024-05-31' } }))).toEqual([
      '2024-03-01..2024-06-30',
    ]);
  });

  test('after a clock that was ahead covers no date after today, though no whole quarter has begun since', () => {
    const made = plan({
      definition: { periods: [Period.CALENDAR_QUARTER], since: '2024-05-07' },
      coverage: [[Period.CALENDAR_QUARTER, covered('2024-05-11', '2024-05-11')]],
      requested: { from: '2020-01-01' },
    });
    expect(coverages(made)).toEqual(['2024-05-10..2024-05-10']);
  });

  test.each<[RunPlanInput['requested'], RegExp]>([
    [{ from: '2024-05-11' }, /begins on 2024-05-11 and ends on 2024-05-10.*no later than today \(2024-05-10\)/],
    [{ from: '2024-05-02', to: '2024-05-01' }, /begins on 2024-05-02 and ends on 2024-05-01/],
    [
      { from: '2024-01-01', to: '2024-02-28' },
      /leaves a gap beside what is covered in DAY \(2024-03-01 to 2024-05-08\)/,
    ],
    [{ from: '2024-05-10', to: '2024-05-10' }, /leaves a gap/],
    [{ to: '2024-02-01' }, /begins on 2024-03-01 and ends on 2024-02-01/],
  ])('%j is refused', (requested, message) => {
    expect(() => plan({ coverage, requested })).toThrow(InvalidRangeError);
    expect(() => plan({ coverage, requested })).toThrow(message);
  });

  test('computes the bucket in which it ends whole, up to today', () => {
    const made = (to: LocalDate): OnePlan =>
      plan({ definition: { periods: [Period.CALENDAR_MONTH] }, requested: { from: '2024-03-20', to } });
    expect(ranges(made('2024-04-10'))).toEqual(['2024-03-01..2024-04-10']);
    expect(scan(made('2024-04-10'))).toBe('2024-03-01..2024-04-30');
    expect(scan(made('2024-05-03'))).toBe('2024-03-01..2024-05-10');
  });

  test('before `since` covers nothing more', () => {
    const definition = { since: '2024-03-01' } as const;
    expect(coverages(plan({ definition, coverage, requested: { from: '2024-01-01', to: '2024-02-29' } }))).toEqual([
      '2024-03-01..2024-05-08',
    ]);
    expect(ranges(plan({ definition, coverage, requested: { from: '2024-01-01' } }))).toEqual([
      '2024-03-01..2024-05-10',
    ]);
  });

  test('in steps that come from before what is covered, covers them when they reach it', () => {
    const stepOf = { from: '2024-01-01', to: undefined } as const;
    const step = (from: LocalDate, to?: LocalDate): string[] =>
      coverages(plan({ coverage, requested: { from, to, stepOf } }));
    expect(step('2024-01-01', '2024-01-31')).toEqual(['2024-03-01..2024-05-08']);
    expect(step('2024-02-01', '2024-02-29')).toEqual(['2024-01-01..2024-05-08']);
    expect(step('2024-03-01')).toEqual(['2024-01-01..2024-05-10']);
  });
});

const PERIODS = [
  Period.DAY,
  Period.WEEK,
  Period.days(3660),
  Period.CALENDAR_WEEK,
  Period.CALENDAR_MONTH,
  Period.CALENDAR_QUARTER,
  Period.CALENDAR_YEAR,
  Period.WEEK_TO_DATE,
  Period.QUARTER_TO_DATE,
  Period.LIFETIME,
];
const date = fc
  .integer({ min: dayNumber('1999-11-01'), max: dayNumber('2001-04-01') })
  .map((day) => fromDayNumber(readDayNumber(day)));

test('plans hold together, whatever was covered and whatever is asked for', () => {
  fc.assert(
    fc.property(
      fc.record({
        periods: fc.uniqueArray(fc.constantFrom(...PERIODS), { minLength: 1 }),
        weekStart: fc.constantFrom<WeekStart>('monday', 'sunday', 'saturday'),
        since: fc.option(date, { freq: 3 }),
        lookback: fc.integer({ min: 0, max: 400 }),
        density: fc.constantFrom('daily' as const, 'changes' as const),
        appendOnly: fc.boolean(),
      }),
      fc.array(fc.option(fc.tuple(date, fc.nat(300))), { minLength: PERIODS.length, maxLength: PERIODS.length }),
      date,
      fc.option(date),
      fc.record({ from: fc.option(date, { nil: undefined }), to: fc.option(date, { nil: undefined }) }),
      (definition, stored, today, firstDate, requested) => {
        const coverage = definition.periods.flatMap((period, index): [Period, CoveredRange][] => {
          const range = stored[index];
          return range === null || range === undefined
            ? []
            : [[period, covered(range[0], addDays(range[0], range[1]))]];
        });
        const first = firstDate !== null && firstDate > today ? null : firstDate;
        const given = { definition, coverage, today, firstDate: first, requested };
        let made: OnePlan;
        try {
          made = plan(given);
        } catch (error) {
          if (error instanceof ClockBehindError || error instanceof InvalidRangeError) return;
          throw error;
        }
        const known = new Map(coverage);
        expect(made.scanThrough).toBeLessThanOrEqual(dayNumber(today));
        for (const period of made.periods) {
          const before = known.get(period.period);
          const { from, through, covered: after } = period;
          expect(through).toBeLessThanOrEqual(dayNumber(today));
          // a range begins with a bucket, and not before `since`
          if (from <= through) {
            expect(bucketStart(period.period, fromDayNumber(from), definition.weekStart)).toBe(fromDayNumber(from));
          }
          if (definition.since !== null) expect(from).toBeGreaterThanOrEqual(dayNumber(definition.since));
          // all that its values need is read, but the days of a bucket that are taken as they are stored
          const unit = {
            [Period.WEEK_TO_DATE]: Period.CALENDAR_WEEK,
            [Period.QUARTER_TO_DATE]: Period.CALENDAR_QUARTER,
          }[period.period];
          const begins =
            unit === undefined
              ? from - (periodKind(period.period) === 'rolling' ? windowDays(period.period) - 1 : 0)
              : dayNumber(bucketStart(unit, fromDayNumber(from), definition.weekStart));
          expect(made.scanFrom).toBeLessThanOrEqual(period.storedDaysUntil ?? begins);
          expect(made.scanThrough).toBeGreaterThanOrEqual(period.storedDaysAfter ?? Math.min(through, period.lastDay));
          expect(after.from <= after.through).toBe(true);
          if (before === undefined) continue;
          // what is covered never shrinks, but at the end of a range that has none
          expect(after.from <= before.from).toBe(true);
          if (period.lastKept === null) expect(after.through >= before.through).toBe(true);
          else expect(after.through).toBe(today);
          // and has no holes, but before `since`
          const starts = [before.through, addDays(definition.since ?? '1999-01-01', -1)].map((last) =>
            nextStart(period.period, last, definition.weekStart),
          );
          if (from <= through) expect(starts.some((start) => fromDayNumber(from) <= start)).toBe(true);
        }
      },
    ),
    { numRuns: 1000 },
  );
});

/** The first day of the bucket after a date's; the day after it where there are none. */
function nextStart(period: Period, of: string, weekStart: WeekStart): string {
  let next = addDays(of, 1);
  while (bucketStart(period, next, weekStart) !== next) next = addDays(next, 1);
  return next;
}
