import { AlertService, below, OnStatistic, OnTracker, StatisticService } from 'nestjs-trackstats';
import { TrackstatsHttpModule } from 'nestjs-trackstats/http';
import { closeServed, OrderTracker, serve, TEMPERATURE } from './application.js';

class Alerts {
  @OnStatistic({ metric: TEMPERATURE, when: below(10) })
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
});
