import { StatisticService } from 'nestjs-trackstats';
import { type AnnotationsResponse, TrackstatsHttpModule } from 'nestjs-trackstats/http';
import { closeServed, ReaderGuard, serve, type Served, SHOP } from './application.js';

const HOSTILE = `<img src=x onerror=alert(1)>\n"quoted" \u202Eright to left`;

describe('GET annotations', () => {
  let served: Served;

  beforeAll(async () => {
    served = await serve([TrackstatsHttpModule.forRoot({ guards: [new ReaderGuard()], limits: { rows: 4 } })]);
    const statistics = served.app.get(StatisticService);
    await statistics.annotate({ date: '2026-10-01', text: 'Sale', domain: SHOP });
    await statistics.annotate({ text: 'Deployed', at: '2026-10-30T09:00:00+01:00' });
    await statistics.annotate({ date: '2026-10-30', text: HOSTILE });
    await statistics.annotate({ date: '2026-10-31', text: 'Today', domain: SHOP });
    await statistics.annotate({ date: '2026-11-01', text: 'Tomorrow' });
  });
  afterAll(closeServed);

  const ask = async (query: string): Promise<{ status: number; body: AnnotationsResponse & { message: string[] } }> =>
    served.get(`trackstats/annotations${query}`, { 'x-user': 'reader' });
  const texts = async (query: string): Promise<string[]> => {
    const { status, body } = await ask(query);
    expect([status, body.message]).toEqual([200, undefined]);
    return body.annotations.map(({ text }) => text);
  };

  it('lists them in their order, a page at a time', async () => {
    const { body } = await ask('?to=2026-10-30');
    expect(body).toEqual({
      annotations: [
        {
          id: expect.stringMatching(/^[0-9a-f]{32}$/) as string,
          date: '2026-10-01',
          at: null,
          text: 'Sale',
          domain: { ref: 'shop', name: 'Shop' },
        },
        { id: expect.anything() as string, date: '2026-10-30', at: null, text: HOSTILE, domain: null },
        {
          id: expect.anything() as string,
          date: '2026-10-30',
          at: '2026-10-30T08:00:00.000Z',
          text: 'Deployed',
          domain: null,
        },
      ],
      total: 3,
      limit: 4,
      offset: 0,
    });
    expect(await texts('')).toEqual(['Sale', HOSTILE, 'Deployed', 'Today']);
    expect(await texts('?order=desc&limit=3')).toEqual(['Tomorrow', 'Today', 'Deployed']);
    expect(await texts('?order=desc&limit=3&offset=3')).toEqual([HOSTILE, 'Sale']);
    expect((await ask('?limit=1')).body.total).toBe(5);
  });

  it('selects dates and domains', async () => {
    expect(await texts('?from=2026-10-30&to=2026-10-31')).toEqual([HOSTILE, 'Deployed', 'Today']);
    expect(await texts('?last=1')).toEqual(['Today']);
    expect(await texts('?domain=shop&from=2026-10-31')).toEqual(['Today', 'Tomorrow']);
    expect(await texts('?domain=shop&domain=shop&last=1')).toEqual(['Today']);
    expect(await texts('?from=2026-12-01')).toEqual([]);
  });

  it.each([
    ['?domain=nowhere', 404, /Unknown domain: "nowhere"/],
    ['?domain=a%20b', 400, /Invalid ref/],
    ['?from=2026-02-30', 400, /2026-02-30 does not exist/],
    ['?last=2&from=2026-10-01', 400, /last is given together with from/],
    ['?last=0', 400, /last/],
    ['?limit=5', 400, /the limit `rows` is 4/],
    ['?order=up', 400, /order is "up"; expected asc, desc/],
    ['?metric=shop/orders', 400, /There is no parameter "metric"/],
  ])('refuses %s', async (query, status, message) => {
    const { status: answered, body } = await ask(query);
    expect([answered, body.message[0]]).toEqual([status, expect.stringMatching(message)]);
  });

  it('is for those whom the guards admit', async () => {
    expect((await served.get('trackstats/annotations')).status).toBe(403);
  });
});
