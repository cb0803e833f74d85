import { StatisticService } from 'nestjs-trackstats';
import { TrackstatsHttpModule } from 'nestjs-trackstats/http';
import {
  closeServed,
  ORDERS,
  OrdersByRegion,
  PLATFORMS,
  ReaderGuard,
  serve,
  SHOP,
  TEMPERATURE,
} from './application.js';

afterEach(closeServed);

describe.each(PLATFORMS)('the export of the JSON interface on %s', (platform) => {
  it('streams a file of what is asked for', async () => {
    const { app, get } = await serve([TrackstatsHttpModule.forRoot({ public: true })], { platform });
    const statistics = app.get(StatisticService);
    await statistics.record({ metric: TEMPERATURE, value: '21.50', date: '2026-10-30' });
    const object = { type: 'room', id: '=cmd|x' };
    await statistics.record({ metric: TEMPERATURE, object, value: 1, date: '2026-10-30' });
    const dimensions = { country: 'NL', province: null, floor: 1 };
    await statistics.record({ metric: TEMPERATURE, entity: OrdersByRegion, dimensions, value: 7, date: '2026-10-30' });
    const { status, text, headers } = await get('trackstats/export?format=csv&metric=air/temperature');
    expect([status, text.includes('21.5'), text.includes('room')]).toEqual([200, true, false]);
    expect(Object.fromEntries(headers)).toMatchObject({
      'content-type': 'text/csv; charset=utf-8',
      'content-disposition': 'attachment; filename="air-temperature.csv"',
      'cache-control': 'no-store',
      'x-content-type-options': 'nosniff',
    });
    const ofObject = await get('trackstats/export?format=jsonl&domain=air&object_type=room&object_id=%3Dcmd%7Cx');
    expect(ofObject.headers.get('content-disposition')).toBe('attachment; filename="air.jsonl"');
    expect(ofObject.text).toContain('"=cmd|x"');
    const all = await get('trackstats/export?format=csv&all_objects=true&period=DAY');
    expect(all.text).not.toMatch(/[,\n]"?=cmd/); // a spreadsheet would run it
    const custom = await get('trackstats/export?format=jsonl&statistic=orders_by_region&dimension.country=NL');
    expect(custom.text).toContain('"NL"');
    expect(
      (await get('trackstats/export?format=csv&statistic=orders_by_region&dimension.country=DE')).text,
    ).not.toContain('NL');
  });

  it('refuses what it does not understand, and whom its guard does not admit', async () => {
    const { get } = await serve(
      [
        TrackstatsHttpModule.forRoot({ public: true }),
        TrackstatsHttpModule.forRoot({ path: 'guarded', guards: [ReaderGuard] }),
      ],
      { platform },
    );
    expect((await get('guarded/export?format=csv')).status).toBe(403);
    expect((await get('guarded/export?format=csv', { 'x-user': 'reader' })).status).toBe(200);
    for (const [query, status, message] of [
      ['', 400, /format is missing/],
      ['format=xlsx', 400, /format is "xlsx"; expected csv, jsonl/],
      [`format=csv&metric=${ORDERS.key}&domain=${SHOP.ref}`, 400, /domain is given together with metric/],
      ['format=csv&metric=shop/nothing', 404, /Unknown metric/],
      ['format=csv&domain=nowhere', 404, /Unknown domain/],
      ['format=csv&all_objects=true&object_type=customer', 400, /all_objects is given together/],
      ['format=csv&last=3&from=2026-01-01', 400, /last is given together/],
    ] as const) {
      const { body } = await get(`trackstats/export?${query}`);
      expect([query, body.statusCode, body.message]).toEqual([query, status, [expect.stringMatching(message)]]);
    }
  });
});
