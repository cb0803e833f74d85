import { AlertService, below, objectRef, OnStatistic, OnTracker, StatisticService } from 'nestjs-trackstats';
import { type AlertResource, TrackstatsHttpModule } from 'nestjs-trackstats/http';
import { Customer } from '../module/application.js';
import { BY_CUSTOMER, closeServed, OrderTracker, serve, TEMPERATURE } from './application.js';

class Alerts {
  @OnStatistic({ metric: TEMPERATURE, when: below(10, { recoveryThreshold: 12 }) })
  cold(): void {}

  @OnTracker({ tracker: OrderTracker, when: 'failed' })
  failed(): Promise<void> {
    return Promise.reject(new Error('db.internal'));
  }
}

describe('GET alerts', () => {
  afterEach(closeServed);

  it('lists alerts with their state', async () => {
    let now = '2026-10-31T12:00:00Z';
    const { app, get } = await serve([TrackstatsHttpModule.forRoot({ public: true })], {
      providers: [OrderTracker, Alerts],
      trackstats: { clock: () => new Date(now), scheduling: false },
    });
    await app.get(StatisticService).record({ metric: TEMPERATURE, value: 4, date: '2026-10-30' });
    await app.get(AlertService).evaluate();
    await app.get(StatisticService).record({ metric: TEMPERATURE, value: 3, date: '2026-10-31' });
    now = '2026-11-01T09:00:00Z';
    await app.get(AlertService).evaluate();
    const { status, body } = await get('trackstats/alerts');
    expect(status).toBe(200);
    expect(body).toEqual({
      alerts: [
        {
          name: 'Alerts.cold',
          condition: 'below 10',
          status: 'firing',
          since: '2026-10-31T12:00:00.000Z',
          kind: 'statistic',
          metric: TEMPERATURE.key,
          period: 'DAY',
          when: 'below',
          threshold: 10,
          recoveryThreshold: 12,
          observed: { date: '2026-10-31', value: 3, before: null, change: null },
          crossed: { date: '2026-10-30', value: 4, before: null, change: null },
          undelivered: false,
        },
        {
          name: 'Alerts.failed',
          condition: 'failed',
          status: 'ok',
          since: null,
          kind: 'tracker',
          tracker: 'OrderTracker',
          when: 'failed',
          undelivered: false,
        },
      ],
    });
  });

  it('names the objects that are watched', async () => {
    class OfCustomers {
      @OnStatistic({ metric: BY_CUSTOMER, object: objectRef(Customer, 2), when: below(1), name: 'second' })
      @OnStatistic({ metric: TEMPERATURE, when: below(1), name: 'total' })
      @OnStatistic({ metric: BY_CUSTOMER, object: objectRef(Customer, 1), when: below(1), name: 'first' })
      @OnStatistic({ metric: TEMPERATURE, objectType: Customer, when: below(1), name: 'each' })
      few(): void {}
    }
    const label = (): Map<string, string> => new Map([['1', 'Ada Lovelace']]);
    const { get, app } = await serve([TrackstatsHttpModule.forRoot({ public: true, label })], {
      providers: [OfCustomers],
      trackstats: { scheduling: false },
    });
    await app
      .get(StatisticService)
      .record({ metric: TEMPERATURE, value: 0, date: '2026-10-30', object: objectRef(Customer, 1) });
    await app.get(AlertService).evaluate();
    const { body } = await get('trackstats/alerts');
    expect(body.alerts.map(({ name, object }: AlertResource) => [name, object])).toEqual([
      ['second', { type: 'customer', id: '2', label: null }],
      ['total', undefined],
      ['first', { type: 'customer', id: '1', label: 'Ada Lovelace' }],
      ['each', undefined],
      ['each', { type: 'customer', id: '1', label: 'Ada Lovelace' }],
    ]);
    expect(body.alerts.map(({ objectType }: AlertResource) => objectType).slice(-2)).toEqual(['customer', 'customer']);
  });
});
