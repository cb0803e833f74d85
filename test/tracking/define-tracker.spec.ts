import { Entity } from 'typeorm';
import { defineMethod } from '../../lib/tracking/definition/define-method.js';
import { defineTracker } from '../../lib/tracking/definition/define-tracker.js';
import type { GivenOptions, TrackerKind } from '../../lib/tracking/definition/option.js';
import { defineDomain, defineMetric } from '../../lib/catalog/definitions.js';
import { count, sum } from '../../lib/rollup/aggregate.js';
import { AbstractStatistic } from '../../lib/statistics/tables/abstract-statistic.js';
import { AbstractTimeStatistic } from '../../lib/statistics/tables/abstract-time-statistic.js';
import { Dimension } from '../../lib/statistics/tables/dimension.decorator.js';
import { objectRef } from '../../lib/statistics/filter/object-target.js';
import { Period } from '../../lib/time/period.js';

@Entity()
class ByRegionAndTime extends AbstractTimeStatistic {
  @Dimension({ type: 'varchar' }) country!: string;
  @Dimension({ type: 'varchar', nullable: true }) province!: string | null;
}

@Entity()
class ByRegion extends AbstractStatistic {
  @Dimension({ type: 'varchar' }) country!: string;
  @Dimension({ type: 'varchar', nullable: true }) province!: string | null;
}

const BY_REGION = { statistic: ByRegion, dimensions: { country: 'country', province: 'province' } };
const metric = defineMetric({ domain: defineDomain({ ref: 'shop' }), ref: 'orders' });
const defaults = { timeZone: 'Europe/Amsterdam', weekStart: 'sunday' } as const;
const options: GivenOptions = { metric, period: Period.DAY, dateField: 'createdAt' };

function define(kind: TrackerKind, more: Record<string, unknown> = {}) {
  return defineTracker({ kind, name: 'orders', type: 'Orders' }, { ...options, ...more }, defaults);
}

describe('defineTracker', () => {
  it('fills in every default', () => {
    expect(define('count-date')).toMatchObject({
      name: 'orders',
      entries: [
        {
          metric,
          periods: [Period.DAY],
          aggregate: { function: 'count', field: null },
          where: null,
          density: 'daily',
          totalDensity: 'daily',
        },
      ],
      withTotal: false,
      dateField: 'createdAt',
      target: { kind: 'total' },
      where: null,
      timeZone: 'Europe/Amsterdam',
      weekStart: 'sunday',
      since: null,
      lookback: 1,
      appendOnly: false,
      history: 'recorded',
      scrub: null,
      withDeleted: false,
      epoch: null,
      storedIn: null,
    });
  });

  it('scrubs 31 days an hour where statistics follow the source, and not where nothing old changes', () => {
    expect(define('date', { history: 'current' }).scrub).toEqual({ days: 31, every: 3_600_000 });
    expect(define('date', { history: 'current', scrub: { every: '2 hours' } }).scrub).toEqual({
      days: 31,
      every: 7_200_000,
    });
    expect(define('date', { history: 'current', scrub: false }).scrub).toBeNull();
    expect(define('date', { history: 'current', appendOnly: true }).scrub).toBeNull();
    const method = { metric, history: 'current' } as GivenOptions;
    const defined = (): unknown => defineMethod('stock', method, defaults);
    expect(defined).toThrow(/history/);
  });

  it('keeps what is given, with instants as dates of the zone', () => {
    const where = { status: 'paid' };
    const given = { period: [Period.WEEK, Period.LIFETIME], where, lookback: 0, timeZone: 'Asia/Tokyo' };
    expect(
      define('date', { ...given, aggregate: sum('total'), since: new Date('2026-01-01T20:00:00Z') }),
    ).toMatchObject({
      ...{ where, lookback: 0, timeZone: 'Asia/Tokyo', since: '2026-01-02' },
      entries: [{ periods: given.period, aggregate: { function: 'sum', field: 'total' } }],
    });
  });

  it('takes periods of less than a day alone, with a length of time as their lookback, and beside days', () => {
    expect(define('date', { period: [Period.HOUR, Period.minutes(15)], lookback: '90 minutes' })).toMatchObject({
      ...{ lookback: 1, lookbackMs: 5_400_000 },
      entries: [{ periods: [3_600, 900] }],
    });
    // one that is a part of a day may begin yesterday
    expect(define('date', { period: Period.HOUR, lookback: '5 m', keep: { HOUR: 2 } })).toMatchObject({
      ...{ lookback: 1, lookbackMs: 300_000 },
      entries: [{ keep: new Map([[3_600, 2]]) }],
    });
    expect(define('date', { period: [Period.DAY, Period.HOUR], keep: { hour: 14, DAY: 730 } })).toMatchObject({
      ...{ lookback: 1, lookbackMs: null },
      entries: [
        {
          keep: new Map([
            [3_600, 14],
            [86_400, 730],
          ]),
        },
      ],
    });
    const both = { period: [Period.DAY, Period.HOUR], timeStatistic: ByRegionAndTime };
    expect(define('dimensions', { ...BY_REGION, ...both })).toMatchObject({
      target: { statistic: ByRegion, timeStatistic: ByRegionAndTime },
    });
    const other = defineMetric({ domain: defineDomain({ ref: 'shop' }), ref: 'revenue' });
    const metrics = [{ metric }, { metric: other, period: [Period.minutes(1)], keep: { MINUTES_1: 3 } }];
    expect(define('date', { metric: undefined, metrics })).toMatchObject({
      entries: [{ periods: [86_400] }, { periods: [60], keep: new Map([[60, 3]]) }],
    });
  });

  it('gives each of several metrics what the tracker says, unless it says otherwise itself', () => {
    const other = defineMetric({ domain: defineDomain({ ref: 'shop' }), ref: 'revenue' });
    const metrics = [
      { metric },
      { metric: other, aggregate: sum('total'), where: { status: 'paid' }, period: Period.WEEK, density: 'changes' },
    ];
    expect(define('date', { metric: undefined, metrics })).toMatchObject({
      entries: [
        { metric, periods: [Period.DAY], aggregate: { function: 'count', field: null }, where: null, density: 'daily' },
        {
          metric: other,
          periods: [Period.WEEK],
          aggregate: { function: 'sum', field: 'total' },
          where: { status: 'paid' },
          density: 'changes',
          totalDensity: 'changes',
        },
      ],
    });
  });

  it('keeps for each metric what it says, or what the tracker says of its periods', () => {
    const [second, third] = ['revenue', 'buyers'].map((ref) =>
      defineMetric({ domain: defineDomain({ ref: 'shop' }), ref }),
    );
    const metrics = [{ metric }, { metric: second, period: Period.WEEK }, { metric: third, keep: { DAY: 90 } }];
    const entries = [
      { metric, keep: new Map([[Period.DAY, 30]]) },
      { metric: second, keep: new Map([[Period.WEEK, 60]]) },
      { metric: third, keep: new Map([[Period.DAY, 90]]) },
    ];
    const keep = { DAY: 30, days_7: 60, MONTH: undefined };
    expect(define('date', { metric: undefined, metrics, keep })).toMatchObject({ entries });
    expect(define('date')).toMatchObject({ entries: [{ keep: new Map() }] });
  });

  it.each<[string, TrackerKind, Record<string, unknown>, RegExp]>([
    [
      'days to keep of a period that it does not have',
      'date',
      { metrics: [{ metric, keep: { WEEK: 30 } }] },
      /metrics\[0\]\.keep names WEEK/,
    ],
    [
      'fewer days to keep than a run recomputes',
      'date',
      { metrics: [{ metric, keep: { DAY: 2 } }] },
      /metrics\[0\]\.keep\.DAY is 2.*at least 3/,
    ],
    [
      'days to keep that are none',
      'date',
      { metrics: [{ metric, keep: { DAY: 0.5 } }] },
      /metrics\[0\]\.keep\.DAY is 0\.5/,
    ],
    [
      'days to keep of a period that none has',
      'date',
      { keep: { WEEK: 30 }, metrics: [{ metric }] },
      /keep names WEEK/,
    ],
    ['an unknown option', 'date', { evry: 5 }, /evry is 5.*There are metric,.* name, cron, every, runOnStart/],
    ['an unknown key', 'date', { metrics: [{ metric, were: {} }] }, /metrics\[0\]\.were is .*does not exist here/],
    ['an option of the tracker', 'date', { metrics: [{ metric, lookback: 2 }] }, /metrics\[0\]\.lookback is 2/],
    ['a metric twice', 'date', { metrics: [{ metric }, { metric: 'shop/orders' }] }, /shop\/orders twice/],
    ['no metric', 'date', { metrics: [{}] }, /metrics\[0\]\.metric is undefined/],
    ['no list', 'date', { metrics: { metric } }, /metrics is .*Expected a list/],
    ['an empty list', 'date', { metrics: [] }, /Expected a list of at least one/],
    ['no object', 'date', { metrics: [metric, null] }, /metrics\[0\]/],
    ['wrong conditions', 'date', { metrics: [{ metric, where: 5 }] }, /metrics\[0\]\.where is 5/],
    [
      'an aggregate that its class does not take',
      'count-date',
      { metrics: [{ metric, aggregate: sum('x') }] },
      /takes no aggregate/,
    ],
    ['a metric beside it', 'date', { metric, metrics: [{ metric }] }, /it has metric and metrics/],
    ['an aggregate beside it', 'date', { aggregate: sum('x'), metrics: [{ metric }] }, /it has aggregate and metrics/],
    ['no period', 'date', { period: undefined, metrics: [{ metric }] }, /period/],
  ])('refuses metrics with %s', (_, kind, given, message) => {
    expect(() => define(kind, { metric: undefined, ...given })).toThrow(
      expect.objectContaining({ code: expect.stringMatching(/^TRACKSTATS_/), message: expect.stringMatching(message) }),
    );
  });

  it('refuses a total of a class that has nothing else', () => {
    expect(() => define('date', { withTotal: true })).toThrow(/computes the total anyway/);
    expect(define('object', { objectField: 'customer', withTotal: true })).toMatchObject({ withTotal: true });
  });

  it('writes changes only where there are objects or dimensions', () => {
    expect(define('count-object', { objectField: 'customer' })).toMatchObject({
      entries: [{ density: 'changes', totalDensity: 'daily' }],
      target: { kind: 'objects', field: 'customer', entity: null },
    });
    expect(define('object', { object: objectRef('shop', 1) })).toMatchObject({
      entries: [{ density: 'changes' }],
    });
    const dimensions = { country: 'country', province: 'address.province' };
    expect(define('dimensions', { statistic: ByRegion, dimensions })).toMatchObject({
      entries: [{ density: 'changes' }],
      target: { kind: 'dimensions', statistic: ByRegion, dimensions },
    });
    expect(define('count-object', { objectField: 'customer', density: 'daily' })).toMatchObject({
      entries: [{ density: 'daily' }],
    });
  });

  it.each<[string, TrackerKind, Record<string, unknown>, RegExp]>([
    ['no metric', 'date', { metric: undefined }, /orders: metric is undefined.*defineMetric.*import each other/],
    ['a metric that is none', 'date', { metric: { ref: 'x' } }, /metric is an object/],
    ['no period', 'date', { period: undefined }, /Invalid period: undefined/],
    ['an empty list of periods', 'date', { period: [] }, /period is an empty list/],
    ['a period twice', 'date', { period: [Period.WEEK, Period.days(7)] }, /names WEEK twice/],
    ['a number as a period', 'date', { period: 7 }, /Invalid period: 7/],
    ['no dateField', 'date', { dateField: '' }, /dateField is "".*createdAt/],
    [
      'an aggregate on a counting class',
      'count-date',
      { aggregate: sum('total') },
      /takes no aggregate.*ObjectsByDateTracker/,
    ],
    ['even count()', 'count-object', { aggregate: count(), objectField: 'x' }, /ObjectsByDateAndObjectTracker/],
    ['an aggregate that is none', 'date', { aggregate: 'sum' }, /aggregate is "sum".*sum\('field'\)/],
    [
      'a length of time as the lookback of days',
      'date',
      { period: [Period.HOUR, Period.DAY], lookback: '15 minutes' },
      /lookback is a length of time, and it computes DAY.*lookback: 1/,
    ],
    ['a length without a unit', 'date', { period: Period.HOUR, lookback: '15' }, /lookback is "15".*'15 minutes'/],
    ['a negative length', 'date', { period: Period.HOUR, lookback: '-5 minutes' }, /lookback is "-5 minutes"/],
    ['a lookback that is no length', 'date', { period: Period.HOUR, lookback: 'soon' }, /lookback is "soon"/],
    ['a number as a window of hours', 'date', { period: 7_200 }, /Invalid period: 7200.*no window of hours/],
    [
      'fewer days of hours than the lookback reads',
      'date',
      { period: Period.HOUR, lookback: '30 hours', keep: { HOUR: 2 } },
      /keep\.HOUR is 2.*at least 3/,
    ],
    [
      'a statistic of buckets where there are none',
      'dimensions',
      { ...BY_REGION, timeStatistic: ByRegionAndTime },
      /it has timeStatistic, and no period of less than a day/,
    ],
    [
      'a statistic of days in the place of one of buckets',
      'dimensions',
      { ...BY_REGION, timeStatistic: ByRegion, period: [Period.DAY, Period.HOUR] },
      /timeStatistic is class ByRegion.*extends AbstractTimeStatistic and has the dimensions of ByRegion/,
    ],
    [
      'a statistic of buckets of a class that has no dimensions',
      'date',
      { timeStatistic: ByRegionAndTime, period: Period.HOUR },
      /its class takes no timeStatistic\. Extend ObjectsByDimensionsTracker/,
    ],
    ['a negative lookback', 'date', { lookback: -1 }, /lookback is -1/],
    ['a broken lookback', 'date', { lookback: 1.5 }, /lookback is 1.5/],
    ['a number to keep', 'date', { keep: 30 }, /keep is 30\..*\{ DAY: 730 \}/],
    ['a list to keep', 'date', { keep: [['DAY', 30]] }, /keep is .*\{ DAY: 730 \}/],
    ['a period to keep that is none', 'date', { keep: { FORTNIGHT: 30 } }, /keep\.FORTNIGHT is 30.*Period\.nameOf/],
    [
      'days to keep that are none',
      'date',
      { keep: { DAY: '2 years' } },
      /keep\.DAY is "2 years".*whole number of days/,
    ],
    ['no days to keep', 'date', { keep: { DAY: 0 } }, /keep\.DAY is 0.*1 or more/],
    ['a period to keep twice', 'date', { keep: { DAY: 30, DAYS_1: 40 } }, /keep\.DAYS_1 is 40.*DAY once/],
    ['a period to keep that it does not have', 'date', { keep: { WEEK: 30 } }, /names WEEK.*It computes DAY/],
    [
      'fewer days than a run recomputes',
      'date',
      { keep: { DAY: 5 }, lookback: 4 },
      /keep\.DAY is 5.*4 more.*at least 6/,
    ],
    [
      'LIFETIME to keep of a source that has lost rows',
      'date',
      { period: Period.LIFETIME, keep: { LIFETIME: 30 }, sourceKeptSince: '2026-01-01' },
      /LIFETIME.*sourceKeptSince/,
    ],
    ['a date that does not exist', 'date', { since: '2026-02-30' }, /2026-02-30 does not exist/],
    ['an unknown zone', 'date', { timeZone: 'Europe/Atlantis' }, /Unknown time zone/],
    ['an unknown density', 'date', { density: 'weekly' }, /density is "weekly"/],
    ['an unknown epoch', 'date', { epoch: 'us' }, /'s' or 'ms'/],
    ['another storage zone', 'date', { storedIn: 'Europe/Paris' }, /storedIn/],
    ['an unknown history', 'date', { history: 'live' }, /history is "live".*'recorded' or 'current'/],
    ['a scrub of recorded dates', 'date', { scrub: { days: 10 } }, /history is 'recorded'.*history: 'current'/],
    ['no scrub of recorded dates', 'date', { scrub: false }, /history is 'recorded'/],
    [
      'a scrub of a source that grows',
      'date',
      { history: 'current', appendOnly: true, scrub: {} },
      /scrub and appendOnly/,
    ],
    ['a scrub of no days', 'date', { history: 'current', scrub: { days: 0 } }, /scrub\.days is 0.*1 to 366/],
    ['a scrub of ten years', 'date', { history: 'current', scrub: { days: 3650 } }, /scrub\.days is 3650/],
    [
      'a scrub every second',
      'date',
      { history: 'current', scrub: { every: '1 second' } },
      /scrub\.every is "1 second".*minute/,
    ],
    ['a scrub with another option', 'date', { history: 'current', scrub: { hours: 1 } }, /scrub.*days, every/],
    ['a scrub that is true', 'date', { history: 'current', scrub: true }, /scrub is true/],
    ['text for a truth', 'date', { appendOnly: 'yes' }, /appendOnly is "yes"/],
    ['text for conditions', 'date', { where: 'paid' }, /where is "paid"/],
    ['an unknown option', 'date', { timezone: 'UTC' }, /timezone is "UTC"\. This option does not exist/],
    ['an object on a class of totals', 'count-date', { objectField: 'customer' }, /takes no objectField/],
    ['dimensions on a class of objects', 'object', { objectField: 'x', dimensions: {} }, /ObjectsByDimensionsTracker/],
    ['neither object nor objectField', 'object', {}, /has neither/],
    ['both', 'object', { object: objectRef('shop', 1), objectField: 'x' }, /has both/],
    ['objectEntity beside object', 'object', { object: objectRef('shop', 1), objectEntity: class {} }, /objectEntity/],
    ['no statistic', 'dimensions', { dimensions: {} }, /statistic is undefined/],
    [
      'a class that is no statistic',
      'dimensions',
      { statistic: class {}, dimensions: {} },
      /extends AbstractStatistic/,
    ],
    [
      'a missing dimension',
      'dimensions',
      { statistic: ByRegion, dimensions: { country: 'x' } },
      /country: '…', province/,
    ],
    [
      'a dimension too many',
      'dimensions',
      { statistic: ByRegion, dimensions: { country: 'x', province: 'y', city: 'z' } },
      /nothing else/,
    ],
  ])('refuses %s', (_, kind, more, message) => {
    expect(() => define(kind, more)).toThrow(message);
  });
});

describe('defineMethod', () => {
  it('records a day unless it says otherwise', () => {
    expect(defineMethod('X.y', { metric: 'shop/orders' }, defaults)).toEqual({
      name: 'X.y',
      metric: 'shop/orders',
      period: Period.DAY,
      ...defaults,
      object: null,
      statistic: null,
    });
  });

  it.each([
    ['several periods', { period: [Period.DAY] }, /one period/],
    ['what belongs to a source', { dateField: 'x' }, /dateField is "x"\. This option does not exist/],
    ['dimensions of days for hours', { period: Period.HOUR, statistic: ByRegion }, /for HOUR.*AbstractTimeStatistic/],
    ['dimensions of hours for days', { statistic: ByRegionAndTime }, /for DAY.*and not AbstractTimeStatistic/],
    ['an object and a statistic', { object: objectRef('a', 1), statistic: ByRegion }, /Keep one/],
  ])('refuses %s', (_, more, message) => {
    expect(() => defineMethod('X.y', { metric, ...more }, defaults)).toThrow(message);
  });
});
