import type { INestApplication } from '@nestjs/common';
import { defineRatio } from 'nestjs-trackstats';
import {
  type MetricsResponse,
  type SeriesResponse,
  TrackstatsHttpModule,
  type TopResponse,
} from 'nestjs-trackstats/http';
import { DataSource } from 'typeorm';
import { LiveGate } from '../../lib/http/readers/live.gate.js';
import { type HttpLimits, resolveHttpOptions } from '../../lib/http/http.options.js';
import { Customer, Order } from '../module/application.js';
import { BY_CUSTOMER, closeServed, ORDERS, ReaderGuard, SHOP, serve, type Served } from './application.js';

defineRatio({ domain: SHOP, ref: 'orders_each', of: ORDERS, per: ORDERS });

const AS_READER = { 'x-user': 'reader' };

describe('live reads over HTTP', () => {
  let served: Served;

  async function open(limits: HttpLimits = {}): Promise<Served> {
    served = await serve([TrackstatsHttpModule.forRoot({ guards: [ReaderGuard], limits })]);
    await sell(served.app);
    return served;
  }

  /** Two orders of today, which no run has counted. */
  async function sell(app: INestApplication): Promise<void> {
    const source = app.get(DataSource);
    const customer = await source.getRepository(Customer).save({ name: 'Ada' });
    await source
      .getRepository(Order)
      .insert([0, 1].map((hour) => ({ createdAt: new Date(Date.UTC(2026, 9, 31, hour)), customer })));
  }

  const read = async <R>(path: string): Promise<R> => {
    const { status, body } = await served.get(`trackstats/${path}`, AS_READER);
    expect([status, body]).toEqual([200, body]);
    return body as R;
  };

  afterEach(closeServed);

  it('count the open dates now, in every route', async () => {
    await open();
    const value = async (more: string): Promise<unknown> => {
      const { points, asOf } = await read<SeriesResponse>(`series?metric=shop/orders&last=1${more}`);
      return [points[0]?.value, points[0]?.complete, asOf];
    };
    const now = '2026-10-31T12:00:00.000Z';
    expect(await value('')).toEqual([0, false, now]);
    expect(await value('&live=true')).toEqual([2, false, now]);
    expect(await value('&live=true&period=LIFETIME')).toEqual([2, false, now]);
    expect(await read('total?metric=shop/orders&last=3&live=true')).toMatchObject({ value: 2 });
    expect(await read('multi-series?metric=shop/orders&metric=shop/orders_each&last=1&live=true')).toMatchObject({
      series: [{ values: [2] }, { values: [1] }],
    });
    const top = await read<TopResponse>('top?metric=shop/by_customer&object_type=customer&live=true');
    expect(top.items).toMatchObject([{ object: { type: 'customer', id: '1' }, value: 2 }]);
    const ranked = await read('multi-series?metric=shop/by_customer&object_type=customer&top=3&last=1&live=true');
    expect(ranked).toMatchObject({ series: [{ key: 'shop/by_customer customer:1', values: [2] }] });
    const compared = await read<SeriesResponse>('series?metric=shop/orders&last=1&compare=previous&live=true');
    expect([compared.points[0]?.value, compared.comparison?.points[0]?.value]).toEqual([2, null]);
  });

  it('are listed where there is something to count', async () => {
    await open();
    const { metrics } = await read<MetricsResponse>('metrics?domain=shop');
    const live = metrics.map(({ key, scopes }) => [
      key,
      scopes.map(({ periods }) => periods.map((period) => period.live)),
    ]);
    expect(Object.fromEntries(live)).toMatchObject({
      [ORDERS.key]: [[true, true, true]],
      [BY_CUSTOMER.key]: [[true]],
      'shop/orders_each': [[true, true, true]],
    });
  });

  it('are rejected where nothing is counted, and where they are off', async () => {
    await open({ live: 0 });
    const refused = await served.get('trackstats/series?metric=shop/orders&live=true', AS_READER);
    expect([refused.status, refused.body.message]).toEqual([
      400,
      ['live is true, and live reads are off here: the limit `live` is 0.'],
    ]);
    const { metrics } = await read<MetricsResponse>('metrics?domain=shop');
    expect(
      metrics.flatMap(({ scopes }) => scopes.flatMap(({ periods }) => periods.map(({ live }) => live))),
    ).not.toContain(true);
    await open();
    const unknown = await served.get('trackstats/series?metric=shop/orders&period=MONTH&live=true', AS_READER);
    expect([unknown.status, unknown.body.message]).toEqual([
      400,
      [expect.stringContaining('which no tracker computes')],
    ]);
  });

  it('are off by default where everybody may read', () => {
    const off = (isGuarded: boolean): number => resolveHttpOptions({}, isGuarded).limits.live;
    expect([off(true), off(false)]).toEqual([2, 0]);
    expect(resolveHttpOptions({ limits: { live: 1 } }, false).limits.live).toBe(1);
  });

  it('wait for their turn, and are rejected if too many wait', async () => {
    const gate = new LiveGate(resolveHttpOptions({ limits: { live: 1 } }, true));
    let most = 0;
    let running = 0;
    const ends = Array.from({ length: 11 }, () => {
      let end = (): void => undefined;
      const ended = new Promise<void>((resolve) => (end = resolve));
      return { ended, end };
    });
    const reads = ends.map(({ ended }) =>
      gate.pass(true, async () => {
        most = Math.max(most, ++running);
        await ended;
        running--;
      }),
    );
    const read = (): Promise<string> => Promise.resolve('read');
    await expect(gate.pass(true, read)).rejects.toMatchObject({ statusCode: 429 });
    await expect(gate.pass(false, read)).resolves.toBe('read');
    for (const [place, { end }] of ends.entries()) {
      end();
      await reads[place];
    }
    expect([most, running]).toEqual([1, 0]);
    await expect(gate.pass(true, () => Promise.reject(new Error('no')))).rejects.toThrow('no');
    await expect(gate.pass(true, read)).resolves.toBe('read');
  });
});
