import {
  AbstractStatistic,
  AbstractTimeStatistic,
  defineDomain,
  defineMetric,
  Dimension,
  objectRef,
  Period,
  StatisticService,
  Track,
  TrackerService,
  type TrackContext,
} from 'nestjs-trackstats';
import { Entity } from 'typeorm';
import { at, closeApplications, Customer, start } from '../module/application.js';
import { describeOnEachDatabase } from '../support/databases.js';

const SITE = defineDomain({ ref: 'site' });
const FOLLOWERS = defineMetric({ domain: SITE, ref: 'followers' });
const STARS = defineMetric({ domain: SITE, ref: 'stars' });
const OF_SHOP = defineMetric({ domain: SITE, ref: 'of_shop' });
const QUEUED = defineMetric({ domain: SITE, ref: 'queued' });
const VISITS = defineMetric({ domain: SITE, ref: 'visits' });

@Entity()
class VisitsByCountry extends AbstractStatistic {
  @Dimension({ type: 'varchar', nullable: true }) country!: string | null;
  @Dimension({ type: 'boolean' }) mobile!: boolean;
}

@Entity()
class VisitsByCountryAndTime extends AbstractTimeStatistic {
  @Dimension({ type: 'varchar' }) country!: string;
}

const returns = new Map<string, unknown>();
const contexts: TrackContext[] = [];

class Site {
  readonly kept = 'kept';

  @Track({ metric: FOLLOWERS, timeZone: 'Pacific/Apia' })
  followers(context: TrackContext): number {
    contexts.push(context);
    expect(this.kept).toBe('kept');
    return returns.get('followers') as number;
  }

  @Track({ metric: STARS, period: Period.CALENDAR_MONTH, name: 'stars' })
  async stars(): Promise<{ object: Customer; value: number }[]> {
    return returns.get('stars') as { object: Customer; value: number }[];
  }

  @Track({ metric: QUEUED, period: Period.minutes(15), timeZone: 'Europe/Berlin' })
  queued(): number {
    return returns.get('queued') as number;
  }

  @Track({ metric: VISITS, period: Period.HOUR, statistic: VisitsByCountryAndTime, timeZone: 'Europe/Berlin' })
  visitsByHour(): { dimensions: { country: string }; value: number }[] {
    return returns.get('visitsByHour') as never;
  }

  @Track({ metric: OF_SHOP, object: objectRef('shop', 7) })
  ofShop(): string {
    return returns.get('ofShop') as string;
  }

  @Track({ metric: VISITS, statistic: VisitsByCountry })
  visits(): { dimensions: { country: string | null; mobile: boolean }; value: number }[] {
    return returns.get('visits') as never;
  }
}

describeOnEachDatabase('a method under @Track', (database) => {
  let now = at('2026-10-31T12:00');
  beforeEach(() => {
    now = at('2026-10-31T12:00');
    returns.clear();
    contexts.length = 0;
  });
  afterEach(async () => {
    await closeApplications();
    await database.clear();
  });

  async function site() {
    const module = await start({
      database: database.options(),
      providers: [Site],
      trackstats: { clock: () => now, statistics: [VisitsByCountry, VisitsByCountryAndTime] },
    });
    const trackers = module.get(TrackerService);
    const statistics = module.get(StatisticService);
    const run = (name: string, returned: unknown) => {
      returns.set(name.replace(/^Site\./, ''), returned);
      return trackers.run(name);
    };
    return { trackers, statistics, run };
  }

  it("records a value at today's date of its zone", async () => {
    const { trackers, statistics, run } = await site();
    expect(await run('Site.followers', 12)).toMatchObject({
      from: '2026-11-01',
      through: '2026-11-01',
      written: 1,
      removed: 0,
    });
    expect(await statistics.find({ metric: FOLLOWERS })).toMatchObject([{ date: '2026-11-01', value: 12 }]);
    expect(contexts[0]).toMatchObject({ now, date: '2026-11-01', signal: { aborted: false } });
    expect(await run('Site.followers', 12)).toMatchObject({ written: 0 });
    expect(await run('Site.followers', 9007199254740993n)).toMatchObject({ written: 1 });
    expect(await statistics.value({ metric: FOLLOWERS, date: '2026-11-01', exact: true })).toBe('9007199254740993');
    expect(await trackers.run([Site, 'followers'])).toMatchObject({ tracker: 'Site.followers' });
    expect(await trackers.history('Site.followers')).toMatchObject([
      { status: 'succeeded', from: '2026-11-01' },
      {},
      {},
      {},
    ]);
  });

  it('tells null, undefined and an empty list apart', async () => {
    const { statistics, run } = await site();
    await run('Site.followers', 5);
    expect(await run('Site.followers', undefined)).toMatchObject({ written: 0, removed: 0 });
    expect(await statistics.find({ metric: FOLLOWERS })).toMatchObject([{ value: 5 }]);
    expect(await run('Site.followers', null)).toMatchObject({ written: 1 });
    expect(await statistics.find({ metric: FOLLOWERS })).toMatchObject([{ value: null }]);
    expect(await run('Site.followers', [])).toMatchObject({ written: 0, removed: 1 });
    expect(await statistics.find({ metric: FOLLOWERS })).toEqual([]);
  });

  it("replaces today's rows by object, and no others", async () => {
    const { statistics, run } = await site();
    const of = (id: number | string) => objectRef(Customer, id);
    await run('stars', [
      { object: of(1), value: 1 },
      { object: objectRef('page', 'a'), value: '2.5' },
    ]);
    now = at('2026-11-02T12:00');
    await run('stars', [
      { object: of(1), value: 3 },
      { object: of(2), value: 4 },
      { object: objectRef('page', 'A'), value: 1 },
    ]);
    expect(
      await run('stars', [
        { object: of(2), value: 4 },
        { object: of(3), value: 5 },
      ]),
    ).toMatchObject({ written: 1, removed: 2 });
    const rows = await statistics.find({ metric: STARS, objectType: Customer });
    expect(rows.map(({ date, objectId, value }) => [date, objectId, value])).toEqual([
      ['2026-10-01', '1', 1],
      ['2026-11-01', '2', 4],
      ['2026-11-01', '3', 5],
    ]);
    expect(await statistics.find({ metric: STARS, objectType: 'page' })).toMatchObject([
      { date: '2026-10-01', value: 2.5 },
    ]);
    expect(await run('stars', [])).toMatchObject({ removed: 2 });
  });

  it('records for a fixed object', async () => {
    const { statistics, run } = await site();
    await run('Site.ofShop', '12.50');
    expect(await statistics.value({ metric: OF_SHOP, object: objectRef('shop', 7), exact: true })).toBe('12.5');
    await expect(run('Site.ofShop', [{ object: objectRef('shop', 7), value: 1 }])).rejects.toThrow(
      /one value, not a list/,
    );
  });

  it('records by dimensions', async () => {
    const { statistics, run } = await site();
    const row = (country: string | null, mobile: boolean, value: number) => ({
      dimensions: { country, mobile },
      value,
    });
    await run('Site.visits', [row('NL', true, 1), row('nl', true, 2), row(null, false, 3)]);
    expect(await run('Site.visits', [row('NL', true, 1), row(null, false, 4)])).toMatchObject({
      written: 1,
      removed: 1,
    });
    const rows = await statistics.find({ metric: VISITS, entity: VisitsByCountry });
    expect(rows.map(({ country, mobile, value }) => [country, mobile, value])).toEqual(
      expect.arrayContaining([
        ['NL', true, 1],
        [null, false, 4],
      ]),
    );
    expect(rows).toHaveLength(2);
    await expect(run('Site.visits', 7)).rejects.toThrow(/Expected a list of { dimensions, value }/);
    await expect(run('Site.visits', [{ dimensions: { country: 'NL' }, value: 1 }])).rejects.toThrow(/mobile/);
  });

  it('records in the bucket of its zone that contains now, of the total and of objects, and in no other', async () => {
    const { statistics, run } = await site();
    const of = (id: number) => objectRef(Customer, id);
    // the second pass of the repeated hour
    now = new Date('2026-10-25T01:40:00Z');
    expect(await run('Site.queued', 7)).toMatchObject({ from: '2026-10-25', written: 1 });
    now = new Date('2026-10-25T00:40:00Z');
    await run('Site.queued', 5);
    expect(await run('Site.queued', 6)).toMatchObject({ written: 1, removed: 0 });
    const filter = { metric: QUEUED, period: Period.minutes(15), date: '2026-10-25' } as const;
    const rows = await statistics.find(filter);
    expect(rows.map(({ date, start, value }) => [date, new Date(start * 1000).toISOString(), value])).toEqual([
      ['2026-10-25', '2026-10-25T00:30:00.000Z', 6],
      ['2026-10-25', '2026-10-25T01:30:00.000Z', 7],
    ]);
    await run('Site.queued', [
      { object: of(1), value: 1 },
      { object: of(2), value: 2 },
    ]);
    expect(await run('Site.queued', [{ object: of(2), value: 2 }])).toMatchObject({ written: 0, removed: 1 });
    expect(await statistics.find({ ...filter, objectType: Customer })).toMatchObject([{ objectId: '2', value: 2 }]);
    expect(await statistics.find({ metric: QUEUED })).toEqual([]);

    const country = (name: string, value: number) => ({ dimensions: { country: name }, value });
    await run('Site.visitsByHour', [country('NL', 1), country('DE', 2)]);
    expect(await run('Site.visitsByHour', [country('DE', 3)])).toMatchObject({ written: 1, removed: 1 });
    const visits = { metric: VISITS, period: Period.HOUR, entity: VisitsByCountryAndTime };
    expect(await statistics.find(visits)).toMatchObject([{ country: 'DE', value: 3 }]);
  });

  it('writes many rows', async () => {
    const { statistics, run } = await site();
    const rows = Array.from({ length: 1_500 }, (_, id) => ({ object: objectRef(Customer, id + 1), value: id }));
    expect(await run('stars', rows)).toMatchObject({ written: 1_500 });
    expect(await run('stars', rows.slice(0, 10))).toMatchObject({ written: 0, removed: 1_490 });
    expect(await statistics.find({ metric: STARS, objectType: Customer })).toHaveLength(10);
  });

  it('refuses what cannot be recorded, and records nothing', async () => {
    const { trackers, statistics, run } = await site();
    const refused: [name: string, returned: unknown, message: RegExp][] = [
      ['Site.followers', NaN, /Invalid value: NaN/],
      ['Site.followers', '12abc', /12abc/],
      ['stars', [{ value: 1 }], /Expected rows { object, value }/],
      ['stars', [{ object: objectRef('a', 1) }], /Expected rows/],
      ['stars', [1, 2].map((value) => ({ object: objectRef('a', 1), value })), /Two of its rows/],
      ['stars', [{ object: new Customer(), value: 1 }], /no id/],
    ];
    for (const [name, returned, message] of refused) {
      await expect(run(name, returned)).rejects.toThrow(message);
      expect(await trackers.history(name, { limit: 1 })).toMatchObject([{ status: 'failed' }]);
    }
    expect(await statistics.find({ metrics: [FOLLOWERS, STARS] })).toEqual([]);
  });
});
