import { StatisticService } from 'nestjs-trackstats';
import { TrackstatsHttpModule, type HttpLimits } from 'nestjs-trackstats/http';
import type { ObjectRef } from 'nestjs-trackstats';
import { closeServed, PLATFORMS, serve, TEMPERATURE, type Served } from './application.js';

afterEach(closeServed);

const OPEN = { public: true };
const SERIES = 'series?metric=shop/orders';
const LONG = 'x'.repeat(3_000);

/** [route, status, what the message says] */
const REFUSED: [string, number, RegExp][] = [
  ['series', 400, /^metric is missing$/],
  ['series?metric=', 400, /^metric is empty$/],
  ['series?metric=shop/orders&metric=shop/orders', 400, /^metric is given 2 times; give it once$/],
  ['series?metric=orders', 400, /domain and of a metric/],
  ['series?metric=shop/orders/..', 400, /Invalid ref/],
  ['series?metric=..%2F..%2Fetc', 400, /Invalid ref/],
  ['series?metric=shop/%00', 400, /Invalid ref/],
  ["series?metric=shop/orders'%20OR%201=1--", 400, /Invalid ref/],
  ['series?metric=%3Cscript%3E/x', 400, /Invalid ref/],
  ['series?metric=shop/ordres', 404, /Unknown metric: "shop\/ordres". Did you mean "shop\/orders"\?/],
  [`series?metric=${LONG}`, 400, /^metric has 3000 characters; expected at most 201$/],
  [`${SERIES}&period=FORTNIGHT`, 400, /^period Invalid period: "FORTNIGHT"/],
  [`${SERIES}&period=MINUTES_7`, 400, /^period Invalid period: 7.*expected one of 1, 5, 10/],
  [`${SERIES}&period=constructor`, 400, /Invalid period/],
  [`${SERIES}&last=0`, 400, /^last is "0"; expected a whole number from 1/],
  [`${SERIES}&last=1e3`, 400, /last is "1e3"/],
  [`${SERIES}&last=-1`, 400, /last is "-1"/],
  [`${SERIES}&last=99999999999999999999`, 400, /last is/],
  [`${SERIES}&last=5&from=2026-01-01`, 400, /last is given together/],
  [`${SERIES}&to=2026-01-01`, 400, /to is given without from/],
  [`${SERIES}&from=2026-01-02&to=2026-01-01`, 400, /is after to/],
  [`${SERIES}&from=2026-02-30`, 400, /2026-02-30 does not exist/],
  [`${SERIES}&from=yesterday`, 400, /Invalid date: "yesterday"/],
  [`${SERIES}&fill=zeros`, 400, /^fill is "zeros"; expected period, zero, previous, null$/],
  [`${SERIES}&compare=next`, 400, /^compare is "next"; expected previous, week, month, quarter, year, weekdays$/],
  [`${SERIES}&exact=1`, 400, /^exact is "1"; expected true or false$/],
  [`${SERIES}&object_type=customer`, 400, /object_id is missing/],
  [`${SERIES}&object_id=1`, 400, /object_id is given without object_type/],
  [`${SERIES}&object_type=customer&object_id=%00`, 400, /NUL/],
  [`${SERIES}&object_type=customer&object_id=${LONG}`, 400, /object_id has 3000 characters/],
  [
    `${SERIES}&object_type=customer&object_id=${encodeURIComponent('😀'.repeat(256))}`,
    400,
    /has 256 characters; expected at most 255/,
  ],
  [`${SERIES}&statistic=nothing`, 400, /There are orders_by_region|there are orders_by_region/],
  [`${SERIES}&statistic=orders_by_region&object_type=customer`, 400, /statistic is given together/],
  [`${SERIES}&statistic=orders_by_region`, 400, /dimension\.country=… and dimension\.province=… and dimension\.floor/],
  [`${SERIES}&dimension.country=NL`, 400, /without statistic/],
  [`${SERIES}&statistic=orders_by_region&dimension.planet=x`, 400, /has no dimension "planet"/],
  [`${SERIES}&statistic=orders_by_region&dimension.__proto__=x`, 400, /has no dimension "__proto__"/],
  [`${SERIES}&statistic=orders_by_region&dimension.constructor=x`, 400, /has no dimension "constructor"/],
  [
    `${SERIES}&statistic=orders_by_region&dimension.country=NL&dimension.province=x&dimension.floor=one`,
    400,
    /dimension.floor is "one"; expected a whole number/,
  ],
  [
    `${SERIES}&statistic=orders_by_region&null_dimension=country&dimension.province=x&dimension.floor=1`,
    400,
    /not nullable/,
  ],
  [`${SERIES}&__proto__=x`, 400, /no parameter "__proto__"/],
  [`${SERIES}&constructor=x&toString=y`, 400, /no parameter "constructor"/],
  [`${SERIES}&metric[]=x`, 400, /no parameter "metric\[\]"/],
  [`${SERIES}&${encodeURIComponent('<script>\r\nSet-Cookie: a=b')}=x`, 400, /no parameter "<script>\\r\\nSet/],
  ['multi-series', 400, /metric is missing/],
  ['multi-series?metric=shop/orders&metric=shop/nothing', 404, /Unknown metric/],
  ['multi-series?metric=shop/orders&top=3', 400, /top takes the greatest/],
  ['multi-series?metric=shop/orders&object_type=customer&object_id=1&top=3', 400, /top takes the greatest/],
  ['multi-series?metric=shop/orders&metric=shop/by_customer&object_type=customer', 400, /that of one metric/],
  ['top?metric=shop/by_customer', 400, /object_type is missing/],
  ['top?metric=shop/by_customer&object_type=customer&order=up', 400, /order is "up"; expected desc, asc/],
  ['top?metric=shop/by_customer&object_type=customer&limit=Infinity', 400, /limit is "Infinity"/],
  ['total?metric=shop/orders&period=LIFETIME', 400, /overlap/],
  ['metrics?domain=nowhere', 404, /Unknown domain/],
  ['metrics?domain=a%20b', 400, /Invalid ref/],
  ['metrics?limit=5&offset=-1', 400, /offset is "-1"/],
  ['overview?points=0', 400, /points is "0"/],
  ['trackers?x=1', 400, /There is no parameter "x"; there is none/],
  ['trackers/Nobody/runs', 404, /Unknown tracker: "Nobody"/],
  ['trackers/Nobody/backfill', 404, /./],
];

describe.each(PLATFORMS)('parameters of the JSON interface on %s', (platform) => {
  it('are refused with what was given and what was expected', async () => {
    const { get } = await serve([TrackstatsHttpModule.forRoot(OPEN)], { platform });
    for (const [route, status, message] of REFUSED) {
      const { body } = await get(`trackstats/${route}`);
      expect([route, body]).toEqual([
        route,
        {
          statusCode: status,
          message: expect.arrayContaining([expect.stringMatching(message)]),
          error: status === 400 ? 'Bad Request' : 'Not Found',
        },
      ]);
    }
    expect(({} as Record<string, unknown>)['x']).toBeUndefined();
  });

  it('are all told of at once', async () => {
    const { get } = await serve([TrackstatsHttpModule.forRoot(OPEN)], { platform });
    const { body } = await get('trackstats/series?period=x&last=y&foo=z');
    expect(body.message).toHaveLength(4);
  });

  it('name objects of any id', async () => {
    const seen: ObjectRef[] = [];
    const label = (objects: readonly ObjectRef[]) => {
      seen.push(...objects);
      return Object.fromEntries(objects.map(({ id }) => [id, `<img src=x onerror=alert(1)> ${id}`]));
    };
    const { app, get } = await serve([TrackstatsHttpModule.forRoot({ ...OPEN, label })], { platform });
    const ids = [
      `O'Brien "x" \\`,
      '../../etc/passwd',
      '%2F%00',
      '日本 😀',
      '__proto__',
      'constructor',
      'a',
      'A',
      'a ',
      'á',
      '=1+1',
      ' ',
      'null',
    ];
    for (const [value, id] of ids.entries()) {
      await app
        .get(StatisticService)
        .record({ metric: TEMPERATURE, object: { type: 'odd:%', id }, value, date: '2026-10-31' });
    }
    for (const [value, id] of ids.entries()) {
      const query = new URLSearchParams({ metric: 'air/temperature', object_type: 'odd:%', object_id: id, last: '1' });
      const { status, body, headers } = await get(`trackstats/series?${query.toString()}`);
      expect([status, body.object, body.points[0].value]).toEqual([
        200,
        { type: 'odd:%', id, label: `<img src=x onerror=alert(1)> ${id}` },
        value,
      ]);
      expect(headers.get('content-type')).toBe('application/json; charset=utf-8');
    }
    expect(seen.map(({ id }) => id)).toEqual(ids);
    const { scopes } = (await get('trackstats/metrics?domain=air')).body.metrics[0];
    expect(scopes).toEqual([expect.objectContaining({ kind: 'objects', objectType: 'odd:%' })]);
  });
});

describe('limits of the JSON interface', () => {
  const serving = (limits: HttpLimits): Promise<Served> => serve([TrackstatsHttpModule.forRoot({ ...OPEN, limits })]);
  const messageOf = async ({ get }: Served, route: string): Promise<unknown> => {
    const { status, body } = await get(`trackstats/${route}`);
    return status === 400 ? body.message[0] : status;
  };

  it('are those of points', async () => {
    const served = await serving({ points: 40 });
    expect(await messageOf(served, `${SERIES}&last=40`)).toBe(200);
    expect(await messageOf(served, `${SERIES}&last=41`)).toBe(
      '41 points of a series are asked for; the limit `points` is 40. Give a shorter range, or a calendar period.',
    );
    expect(await messageOf(served, `${SERIES}&from=2026-09-22&to=2026-10-31`)).toBe(200);
    expect(await messageOf(served, `${SERIES}&from=2026-09-21`)).toMatch(/^41 points/);
    expect(await messageOf(served, `${SERIES}&from=0001-01-01&to=9999-12-31`)).toMatch(/^Too many points/);
    expect(await messageOf(served, `${SERIES}&from=0001-01-01&to=9999-12-31&period=CALENDAR_MONTH`)).toMatch(/points/);
    expect(await messageOf(served, `${SERIES}&last=21&compare=previous`)).toMatch(/^42 points/);
    expect(await messageOf(served, 'overview?points=41')).toMatch(/`points` is 40/);
    expect(await messageOf(served, 'total?metric=shop/orders&last=41')).toMatch(/`points` is 40/);
  });

  it('are those of series and of all points together', async () => {
    const served = await serving({ series: 2, values: 59 });
    const two = 'multi-series?metric=shop/orders&metric=shop/by_customer';
    expect(await messageOf(served, `${two}&last=29`)).toBe(200);
    expect(await messageOf(served, `${two}&last=30`)).toMatch(/^60 points in all series together .*`values` is 59/);
    const objects = 'multi-series?metric=shop/by_customer&object_type=customer&last=1';
    expect(await messageOf(served, `${objects}&object_id=1&object_id=2`)).toBe(200);
    expect(await messageOf(served, `${objects}&object_id=1&object_id=2&object_id=3`)).toMatch(
      /^3 series .*`series` is 2/,
    );
    expect(await messageOf(served, `${objects}&top=3`)).toMatch(/`series` is 2/);
    expect(await messageOf(served, 'overview?points=30')).toMatch(/`values` is 59/);
  });

  it('are those of rows', async () => {
    const served = await serving({ rows: 1 });
    expect((await served.get('trackstats/metrics')).body).toMatchObject({ total: 2, limit: 1, metrics: [{}] });
    for (const route of [
      'metrics?limit=2',
      'overview?limit=2',
      'top?metric=shop/by_customer&object_type=customer',
      'trackers/OrderTracker/runs',
    ]) {
      expect(await messageOf(served, route)).toMatch(/entries are asked for; the limit `rows` is 1/);
    }
  });
});
