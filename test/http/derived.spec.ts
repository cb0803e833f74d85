import {
  defineDerived,
  defineDomain,
  defineMetric,
  defineRatio,
  ObjectsByDateTracker,
  Period,
  StatisticService,
  Track,
  TrackerService,
} from 'nestjs-trackstats';
import {
  TrackstatsHttpModule,
  type MultiSeriesResponse,
  type SeriesResponse,
  type SummariesResponse,
  type SummaryResponse,
  type TotalResponse,
} from 'nestjs-trackstats/http';
import { DataSource } from 'typeorm';
import { Order } from '../module/application.js';
import { modelDate, modelStart, shiftDate } from '../properties/model.js';
import { closeServed, serve, type Served } from './application.js';

const SHOP = defineDomain({ ref: 'derived', name: 'Derived' });
const PAID = defineMetric({ domain: SHOP, ref: 'paid' });
const PLACED = defineMetric({ domain: SHOP, ref: 'placed' });
defineRatio({ domain: SHOP, ref: 'conversion', name: 'Conversion', of: PAID, per: PLACED, unit: 'percent' });
defineDerived({
  domain: SHOP,
  ref: 'open',
  description: 'Not paid',
  from: { paid: PAID, placed: PLACED },
  value: ({ paid, placed }) => placed - paid,
  unit: { currency: 'EUR' },
});

const CONVERSION = {
  key: 'derived/conversion',
  domain: { ref: 'derived', name: 'Derived' },
  ref: 'conversion',
  name: 'Conversion',
  unit: 'percent',
};
const metric = 'metric=derived/conversion';

describe('derived metrics over HTTP', () => {
  let served: Served;
  const body = async (route: string) => {
    const answer = await served.get(`trackstats/${route}`);
    expect([route, answer.status, answer.status === 200 ? '' : answer.text]).toEqual([route, 200, '']);
    return answer.body;
  };

  beforeAll(async () => {
    served = await serve([TrackstatsHttpModule.forRoot({ public: true })], { runs: false });
    const statistics = served.app.get(StatisticService);
    for (const [date, paid, placed] of [
      ['2026-10-29', 1, 4],
      ['2026-10-30', 1, 2],
      ['2026-10-31', 3, 4],
    ] as const) {
      await statistics.increment({ metric: PAID, by: paid, date });
      await statistics.increment({ metric: PLACED, by: placed, date });
    }
    for (const [id, paid, placed] of [
      ['1', 1, 4],
      ['2', 3, 4],
    ] as const) {
      const scope = { object: { type: 'customer', id }, date: '2026-10-31' };
      await statistics.record({ metric: PAID, value: paid, ...scope });
      await statistics.record({ metric: PLACED, value: placed, ...scope });
    }
    await statistics.record({ metric: PAID, value: 2, period: Period.WEEK, date: '2026-10-31' });
  });

  afterAll(closeServed);

  it('are listed with their unit, their parts, and the scopes that all parts have', async () => {
    const { metrics, total } = await body('metrics?domain=derived');
    expect(total).toBe(4);
    expect(metrics[0]).toEqual({
      ...CONVERSION,
      description: null,
      derivedFrom: ['derived/paid', 'derived/placed'],
      today: '2026-10-31',
      scopes: [
        {
          kind: 'total',
          periods: [
            {
              name: 'DAY',
              coverage: { from: '2026-10-29', through: '2026-10-31', timeZone: 'UTC' },
              since: '2026-10-29',
              computedAt: null,
              live: false,
            },
          ],
        },
        {
          kind: 'objects',
          objectType: 'customer',
          periods: [{ name: 'DAY', coverage: null, since: '2026-10-31', computedAt: null, live: false }],
        },
      ],
    });
    expect(metrics[1]).toMatchObject({ key: 'derived/open', description: 'Not paid', unit: { currency: 'EUR' } });
    expect(metrics[2].scopes[0].periods).toHaveLength(2);
    expect(metrics[2]).not.toHaveProperty('unit');
    expect(metrics[2]).not.toHaveProperty('derivedFrom');
  });

  it('are in the overview', async () => {
    const { items } = await body('overview?domain=derived&points=3');
    expect(items.map((item: { metric: { ref: string } }) => item.metric.ref)).toEqual([
      'conversion',
      'open',
      'paid',
      'placed',
    ]);
    expect(items[0]).toMatchObject({
      metric: CONVERSION,
      period: 'DAY',
      last: { date: '2026-10-31', value: 0.75, complete: false },
      change: { date: '2026-10-30', value: 0.5, previousValue: 0.25 },
      coverage: { from: '2026-10-29', through: '2026-10-31' },
    });
    expect(items[0].sparkline.map(({ value }: { value: number }) => value)).toEqual([0.25, 0.5, 0.75]);
    expect((await body('overview?domain=derived&period=WEEK')).items[0]).toMatchObject({ period: 'WEEK', last: null });
  });

  it('have series, totals, coverage and rankings', async () => {
    const range = 'from=2026-10-29&to=2026-10-31&exact=true';
    const series = await body(`series?${metric}&${range}&compare=previous`);
    expect(series).toMatchObject({
      metric: CONVERSION,
      comparison: { points: [{ value: null }, { value: null }, { value: null }] },
    });
    expect(series.points.map(({ exactValue }: { exactValue: string }) => exactValue)).toEqual(['0.25', '0.5', '0.75']);
    expect(await body(`total?${metric}&${range}`)).toMatchObject({ value: 0.5, exactValue: '0.5' });
    expect(await body(`coverage?${metric}`)).toMatchObject({ coverage: { from: '2026-10-29', through: '2026-10-31' } });
    const top = await body(`top?${metric}&object_type=customer`);
    expect(top.items).toEqual([
      { object: { type: 'customer', id: '2', label: null }, value: 0.75 },
      { object: { type: 'customer', id: '1', label: null }, value: 0.25 },
    ]);
  });

  it('have several series beside those of other metrics', async () => {
    const { series } = await body(`multi-series?${metric}&metric=derived/paid&metric=derived/open&last=2`);
    expect(series.map(({ key, values }: { key: string; values: unknown }) => [key, values])).toEqual([
      ['derived/conversion', [0.5, 0.75]],
      ['derived/paid', [1, 3]],
      ['derived/open', [1, 1]],
    ]);
    const ranked = await body(`multi-series?${metric}&object_type=customer&top=1&last=2`);
    expect(ranked.series).toMatchObject([{ metric: CONVERSION, object: { id: '2' }, values: [null, 0.75] }]);
  });

  it('are exported where they are named', async () => {
    const { text } = await served.get(`trackstats/export?format=csv&${metric}&period=DAY&last=1`);
    expect(text).toBe(
      'metric,domain_name,metric_name,unit,period,date,value\nderived/conversion,Derived,Conversion,percent,DAY,2026-10-31,0.75\n',
    );
  });

  it('that are unknown are 404, with the nearest key', async () => {
    const answer = await served.get('trackstats/series?metric=derived/convesrion');
    expect(answer).toMatchObject({ status: 404, body: { message: [expect.stringContaining('"derived/conversion"')] } });
  });
});

const { HOUR } = Period;
const HOUR_MS = 3_600_000;

/** Clocks that are set at midnight or soon after it. In the first zones a day comes back when the next one has begun. */
const MIDNIGHTS = [
  ['America/St_Johns', '2010-11-07T02:31:00Z'],
  ['Antarctica/Casey', '2010-03-04T15:00:00Z'],
  ['America/St_Johns', '2010-03-14T03:31:00Z'],
  ['Asia/Pyongyang', '2015-08-14T15:00:00Z'],
  ['Asia/Beirut', '2025-10-25T21:00:00Z'],
  ['Asia/Beirut', '2025-03-29T22:00:00Z'],
  ['Africa/Cairo', '2025-10-30T21:00:00Z'],
  ['America/Havana', '2025-03-09T05:00:00Z'],
  ['America/Asuncion', '2024-03-24T03:00:00Z'],
  ['Pacific/Apia', '2011-12-30T10:00:00Z'],
].map(([zone = '', text = ''], place) => {
  const domain = defineDomain({ ref: `midnight_${String(place)}` });
  const [all, paid] = [defineMetric({ domain, ref: 'all' }), defineMetric({ domain, ref: 'paid' })];
  defineRatio({ domain, ref: 'share', of: paid, per: all });
  @Track({
    name: `midnight ${String(place)}`,
    source: Order,
    dateField: 'createdAt',
    timeZone: zone,
    period: [HOUR, Period.DAY],
    metrics: [{ metric: all }, { metric: paid, where: { status: 'paid' } }],
  })
  class MidnightTracker extends ObjectsByDateTracker {}
  return { zone, text, domain: domain.ref, tracker: MidnightTracker };
});

interface Hour {
  readonly start: number;
  readonly date: string;
  readonly all: number;
  readonly paid: number;
}

describe('hours about a midnight at which the clock is set', () => {
  let served: Served;
  let now: Date;
  let orders: { at: number; isPaid: boolean }[];

  beforeAll(async () => {
    now = new Date('2026-10-31T12:00:00Z');
    served = await serve([TrackstatsHttpModule.forRoot({ public: true, limits: { live: 1 } })], {
      providers: MIDNIGHTS.map(({ tracker }) => tracker),
      trackstats: { clock: () => now },
      runs: false,
    });
    const repository = served.app.get(DataSource).getRepository(Order);
    const about = [-26, -25, -3, -1.5, -1.01, -0.5, -0.01, 0, 0.01, 0.5, 0.9, 1, 1.5, 2, 2.5, 3.5, 25, 30];
    // all that is compared is covered
    await repository.save({ createdAt: new Date('2006-01-01T12:00:00Z') });
    await repository.save(
      MIDNIGHTS.flatMap(({ text }) =>
        about.map((hours, place) => ({
          createdAt: new Date(Date.parse(text) + hours * HOUR_MS),
          status: (place * place) % 7 < 3 ? 'paid' : 'open',
        })),
      ),
    );
    // as TypeORM reads them, whatever the zone of the process
    orders = (await repository.find()).map(({ createdAt, status }) => ({
      at: createdAt.getTime(),
      isPaid: status === 'paid',
    }));
  });
  afterAll(closeServed);

  /** The hours of some days, minute by minute. */
  function hoursAbout(zone: string, change: number): { start: number; date: string }[] {
    const starts = new Set<number>();
    for (let at = change - 100 * HOUR_MS; at < change + 50 * HOUR_MS; at += 60_000) {
      const last = [...starts].at(-1) ?? 0;
      // only the hours about the change are cut
      const isSteady = at < last * 1000 + HOUR_MS && Math.abs(at - change) > 2 * HOUR_MS;
      if (!isSteady) starts.add(modelStart(at, HOUR, zone));
    }
    return [...starts].slice(1).map((start) => ({ start, date: modelDate(start * 1000, zone) }));
  }

  /** Hours with what is counted in them at an instant. */
  function countedIn(hours: readonly { start: number; date: string }[], zone: string, change: number): Hour[] {
    const counted = orders
      .filter(({ at }) => Math.abs(at - change) < 150 * HOUR_MS && at <= now.getTime())
      .filter(({ at }) => modelDate(at, zone) <= modelDate(now.getTime(), zone))
      .map((order) => ({ ...order, start: modelStart(order.at, HOUR, zone) }));
    return hours.map((hour) => {
      const own = counted.filter(({ start }) => start === hour.start);
      return { ...hour, all: own.length, paid: own.filter(({ isPaid }) => isPaid).length };
    });
  }

  const read = async <T>(route: string): Promise<T> => {
    const { status, body } = await served.get(`trackstats/${route}`);
    expect([route, status, status === 200 ? null : body]).toEqual([route, 200, null]);
    return body as T;
  };
  const share = (hours: readonly Hour[]): number | null => {
    const all = hours.reduce((sum, hour) => sum + hour.all, 0);
    return all === 0 ? null : hours.reduce((sum, hour) => sum + hour.paid, 0) / all;
  };
  const valuesIn = (points: readonly { value: number | null }[] = []) => points.map(({ value }) => value);

  /** What each read of a range says. */
  async function found(domain: string, from: string, to: string, live: string) {
    const asked = `period=HOUR&from=${from}&to=${to}${live}`;
    const of = (ref: string): string => `metric=${domain}/${ref}&${asked}`;
    const all = await read<SeriesResponse>(`series?${of('all')}`);
    const ratios = await read<SeriesResponse>(`series?${of('share')}&compare=previous`);
    const { series } = await read<MultiSeriesResponse>(`multi-series?${of('share')}&metric=${domain}/all`);
    const wholes = [];
    for (const ref of ['all', 'share']) {
      const { start = '', value, comparison } = await read<SummaryResponse>(`summary?${of(ref)}&compare=previous`);
      wholes.push([Date.parse(start), value, comparison?.value]);
    }
    const filter = { metric: `${domain}/share`, period: HOUR, from, to, live: live !== '' } as never;
    const { points, before, total } = await served.app.get(StatisticService).compare(filter);
    return {
      starts: all.points.map(({ start = '' }) => Date.parse(start)),
      all: valuesIn(all.points),
      shares: [valuesIn(ratios.points), valuesIn(points), ...series.map(({ values }) => values)],
      before: [valuesIn(ratios.comparison?.points), valuesIn(before)],
      wholes,
      totals: [(await read<TotalResponse>(`total?${of('share')}`)).value, total.value, total.before],
    };
  }

  /** What each summary of all metrics says. */
  async function foundSummaries(domain: string, period: string, from: string, to: string) {
    const route = `summaries?domain=${domain}&period=${period}&from=${from}&to=${to}&points=100`;
    const { items } = await read<SummariesResponse>(route);
    const byRef = new Map(items.map((item) => [item.metric.ref, item]));
    return ['all', 'share'].map((ref) => {
      const { summary, trend } = byRef.get(ref) as SummariesResponse['items'][number];
      return [summary?.value, summary?.comparison?.value, trend];
    });
  }

  it.each(MIDNIGHTS)('in $zone, $text, are those of a count by hand', async ({ zone, text, domain, tracker }) => {
    const change = Date.parse(text);
    const hoursOfDays = hoursAbout(zone, change);
    const day = modelDate(change, zone);
    const dates = [-1, 0, 1].map((days) => shiftDate(day, days)) as [string, string, string];
    const ranges = [dates.slice(0, 1), dates.slice(1, 2), dates.slice(0, 2), dates.slice(1)];
    // within the day that comes back, and much later
    for (const at of [change + 0.7 * HOUR_MS, Date.parse('2026-10-31T12:00:00Z')]) {
      now = new Date(at);
      await served.app.get(TrackerService).run(tracker);
      const today = modelDate(at, zone);
      const hours = countedIn(hoursOfDays, zone, change);
      for (const [from = '', to = from] of ranges) {
        const own = hours.filter(({ date }) => date >= from && date <= to);
        const [first] = own;
        if (first === undefined || first.start * 1000 > at) continue;
        const past = own.filter(({ start }) => start * 1000 <= at);
        // of a date that comes back later nothing is counted yet
        const known = own.map(({ start, date }) => start * 1000 <= at && date <= today);
        const before = hours.filter(({ start }) => start < first.start).slice(-own.length);
        const earlier = before.slice(0, past.length);
        const sum = (some: readonly Hour[]): number => some.reduce((total, { all }) => total + all, 0);
        const sumOfAll = known.includes(true) ? sum(past) : null;
        const all = own.map((hour, place) => (known[place] === true ? hour.all : null));
        const shares = own.map((hour, place) => (known[place] === true ? share([hour]) : null));
        const sharesBefore = before.map((hour) => share([hour]));
        for (const live of at < change + HOUR_MS ? ['', '&live=true'] : ['']) {
          expect([from, to, live, await found(domain, from, to, live)]).toEqual([
            from,
            to,
            live,
            {
              starts: own.map(({ start }) => start * 1000),
              all,
              shares: [shares, shares, shares, all],
              before: [sharesBefore, sharesBefore],
              wholes: [
                [first.start * 1000, sumOfAll, sum(earlier)],
                [first.start * 1000, share(past), share(earlier)],
              ],
              totals: [share(past), share(past), share(earlier)],
            },
          ]);
        }
        expect([from, to, await foundSummaries(domain, 'HOUR', from, to)]).toEqual([
          from,
          to,
          [
            [sumOfAll, sum(earlier), all],
            [share(past), share(earlier), shares],
          ],
        ]);
        // days have the values of their hours, though one of them comes back
        const days = await foundSummaries(domain, 'DAY', from, to);
        expect([from, to, days.map(([value]) => value)]).toEqual([from, to, [sumOfAll, share(past)]]);
      }
    }
  });
});
