import { defineDerived, defineDomain, defineMetric, defineRatio, Period, StatisticService } from 'nestjs-trackstats';
import { TrackstatsHttpModule } from 'nestjs-trackstats/http';
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
