import { Injectable } from '@nestjs/common';
import { CountObjectsByDateTracker, defineMetric, Period, Track } from 'nestjs-trackstats';
import { TrackstatsHttpModule, type BackfillResource, type VerifyResponse } from 'nestjs-trackstats/http';
import { DataSource } from 'typeorm';
import { at, Customer, Order } from '../module/application.js';
import { closeServed, CustomerTracker, OrderTracker, serve, SHOP, type Served } from './application.js';

afterEach(async () => {
  await closeServed();
  gate = null;
});

const admitting = { canActivate: () => true };
const OPEN = {
  guards: [admitting],
  actionGuards: [admitting],
  label: () => ({ 1: 'Ada' }),
};

const HOSTILE = `a/../b "'<script>%2F\u202e`;

@Track({
  name: HOSTILE,
  metric: defineMetric({ domain: SHOP, ref: 'hostile' }),
  source: Order,
  dateField: 'createdAt',
  period: Period.DAY,
})
class HostileTracker extends CountObjectsByDateTracker {}

@Injectable()
class Followers {
  @Track({ metric: defineMetric({ domain: SHOP, ref: 'followers' }) })
  count() {
    return 5;
  }
}

@Track({
  name: 'broken',
  metric: defineMetric({ domain: SHOP, ref: 'broken' }),
  source: Order,
  dateField: 'createdAt',
  period: Period.DAY,
})
class BrokenTracker extends CountObjectsByDateTracker {
  override source(): never {
    throw new Error('SELECT password FROM users');
  }
}

function signal(): { promise: Promise<void>; resolve: () => void } {
  let resolve = (): void => undefined;
  const promise = new Promise<void>((done) => {
    resolve = done;
  });
  return { promise, resolve };
}

/** Where a run stops until the test lets it go on; null: it does not. */
let gate: { reached: ReturnType<typeof signal>; open: ReturnType<typeof signal> } | null = null;
const closeGate = () => (gate = { reached: signal(), open: signal() });

@Track({
  name: 'slow',
  metric: defineMetric({ domain: SHOP, ref: 'slow' }),
  dateField: 'createdAt',
  period: Period.DAY,
})
class SlowTracker extends CountObjectsByDateTracker<Order> {
  override async source() {
    gate?.reached.resolve();
    await gate?.open.promise;
    return Order;
  }
}

async function order({ app }: Served, ...dates: string[]): Promise<void> {
  const dataSource = app.get(DataSource);
  await dataSource.getRepository(Customer).save({ id: 1, name: 'Ada' });
  await dataSource
    .getRepository(Order)
    .save(dates.map((date) => ({ createdAt: at(`${date}T09:00`), customer: { id: 1 } })));
}

async function ended({ get }: Served, tracker: string): Promise<BackfillResource> {
  for (;;) {
    const { body } = await get(`trackstats/trackers/${tracker}/backfill`);
    if (body.status !== 'running') return body as BackfillResource;
  }
}

describe('the trackers of the JSON interface', () => {
  it('are listed with their runs', async () => {
    const { get } = await serve([TrackstatsHttpModule.forRoot(OPEN)]);
    const { trackers } = (await get('trackstats/trackers')).body;
    expect(trackers.map(({ name }: { name: string }) => name).sort()).toEqual(['CustomerTracker', 'OrderTracker']);
    const run = {
      id: expect.any(Number),
      status: 'succeeded',
      slot: null,
      triggeredBy: 'call',
      attempt: 1,
      startedAt: expect.stringMatching(/^2026-.*Z$/),
      finishedAt: expect.stringMatching(/Z$/),
      from: '2026-10-31',
      through: '2026-10-31',
      written: expect.any(Number),
      removed: 0,
      error: null,
      host: expect.any(String),
    };
    expect(trackers.find(({ name }: { name: string }) => name === 'OrderTracker')).toEqual({
      name: 'OrderTracker',
      metric: 'shop/orders',
      metrics: ['shop/orders'],
      periods: ['DAY', 'LIFETIME', 'WEEK'],
      schedule: null,
      nextRunAt: null,
      lastRun: run,
      coverage: { from: '2026-10-31', through: '2026-10-31' },
      lagMs: expect.any(Number),
      late: null,
      running: false,
      drift: [],
    });
    expect((await get('trackstats/trackers/OrderTracker/runs?limit=1')).body).toEqual({
      tracker: 'OrderTracker',
      runs: [run],
    });
  });

  it('run, verify and repair', async () => {
    const served = await serve([TrackstatsHttpModule.forRoot(OPEN)]);
    const { post } = served;
    await order(served, '2026-10-30', '2026-10-31');
    const run = await post('trackstats/trackers/CustomerTracker/run');
    expect([run.status, run.body]).toEqual([
      200,
      {
        tracker: 'CustomerTracker',
        from: '2026-10-30',
        through: '2026-10-31',
        written: 2,
        removed: 0,
        durationMs: expect.any(Number),
      },
    ]);
    expect(run.headers.get('cache-control')).toBe('no-store');
    await order(served, '2026-10-30');
    const verify = (await post('trackstats/trackers/CustomerTracker/verify')).body as VerifyResponse;
    expect(verify).toEqual({
      tracker: 'CustomerTracker',
      total: 1,
      differences: [
        {
          period: 'DAY',
          date: '2026-10-30',
          object: { type: 'customer', id: '1', label: 'Ada' },
          stored: '1',
          expected: '2',
        },
      ],
    });
    const range = { from: '2026-10-31', to: '2026-10-31' };
    expect((await post('trackstats/trackers/CustomerTracker/verify', range)).body.total).toBe(0);
    expect((await post('trackstats/trackers/CustomerTracker/repair')).body).toMatchObject({ written: 1 });
    expect((await post('trackstats/trackers/CustomerTracker/verify')).body.total).toBe(0);
  });

  it('fill in the past while the one who asked looks on', async () => {
    const served = await serve([TrackstatsHttpModule.forRoot(OPEN)]);
    await order(served, '2026-09-01', '2026-10-31');
    expect((await served.get('trackstats/trackers/OrderTracker/backfill')).status).toBe(404);
    const { status, body } = await served.post('trackstats/trackers/OrderTracker/backfill', { from: '2026-09-01' });
    expect([status, body]).toEqual([
      202,
      {
        tracker: 'OrderTracker',
        from: '2026-09-01',
        to: null,
        status: 'running',
        startedAt: '2026-10-31T12:00:00.000Z',
        finishedAt: null,
        date: null,
        fraction: 0,
        written: 0,
        error: null,
      },
    ]);
    const done = await ended(served, 'OrderTracker');
    expect(done).toMatchObject({ status: 'succeeded', fraction: 1, finishedAt: expect.any(String), error: null });
    expect(done.written).toBeGreaterThan(0);
    const [last] = (await served.get('trackstats/trackers/OrderTracker/runs')).body.runs;
    expect(last).toMatchObject({ status: 'succeeded', from: '2026-09-01', through: '2026-10-31' });
  });

  it('refuse what makes no sense', async () => {
    const { post } = await serve([TrackstatsHttpModule.forRoot(OPEN)], {
      providers: [OrderTracker, CustomerTracker, Followers],
    });
    const refused: [string, unknown, number, RegExp][] = [
      ['OrderTracker/run', { now: '2026-01-01' }, 400, /no parameter "now"/],
      ['OrderTracker/run', [], 400, /Expected an object/],
      ['OrderTracker/run?force=true', {}, 400, /no parameter "force"/],
      ['OrderTracker/verify', { from: 5 }, 400, /from is 5; expected text/],
      ['OrderTracker/verify', { from: '2026-02-30' }, 400, /2026-02-30 does not exist/],
      ['OrderTracker/backfill', {}, 400, /from is missing/],
      ['OrderTracker/backfill', { from: '2026-02-01', to: '2026-01-01' }, 400, /after to/],
      ['OrderTracker/backfill', { from: '2026-02-01', __proto__: 1, to: { a: 1 } }, 400, /to is an object/],
      ['Followers.count/verify', {}, 400, /it is a method/],
      ['Followers.count/backfill', { from: '2026-02-01' }, 400, /is a method/],
      ['Nobody/run', {}, 404, /There are OrderTracker, CustomerTracker, Followers.count/],
      ['Nobody/backfill', { from: '2026-02-01' }, 404, /Unknown tracker/],
      ['__proto__/run', {}, 404, /Unknown tracker/],
    ];
    for (const [route, body, status, message] of refused) {
      const answer = await post(`trackstats/trackers/${route}`, body);
      expect([route, answer.status, answer.body.message]).toEqual([route, status, [expect.stringMatching(message)]]);
    }
  });

  it('are called what they are called', async () => {
    const { get, post } = await serve([TrackstatsHttpModule.forRoot(OPEN)], { providers: [HostileTracker] });
    const path = `trackstats/trackers/${encodeURIComponent(HOSTILE)}`;
    expect((await post(`${path}/run`)).body.tracker).toBe(HOSTILE);
    expect((await get(`${path}/runs`)).body).toMatchObject({ tracker: HOSTILE, runs: [{ status: 'succeeded' }] });
  });

  it('hide what an error of the server says', async () => {
    const { get, post } = await serve(
      [TrackstatsHttpModule.forRoot({ guards: [admitting], actionGuards: [admitting] })],
      {
        providers: [BrokenTracker],
      },
    );
    const { status, body, text } = await post('trackstats/trackers/broken/run');
    expect([status, body]).toEqual([
      500,
      { statusCode: 500, message: ['Internal server error'], error: 'Internal Server Error' },
    ]);
    expect(text).not.toContain('password');
    const [run] = (await get('trackstats/trackers/broken/runs')).body.runs;
    expect(run).toMatchObject({ status: 'failed', error: 'SELECT password FROM users' });
  });

  it('answer 409 to a run while it is running', async () => {
    const { get, post } = await serve([TrackstatsHttpModule.forRoot(OPEN)], { providers: [SlowTracker] });
    const { reached, open } = closeGate();
    const first = post('trackstats/trackers/slow/run');
    await reached.promise;
    expect(await post('trackstats/trackers/slow/run')).toMatchObject({
      status: 409,
      body: { statusCode: 409, message: [expect.stringMatching(/running already/)], error: 'Conflict' },
    });
    expect((await get('trackstats/trackers')).body.trackers[0]).toMatchObject({ running: true });
    open.resolve();
    expect((await first).status).toBe(200);
  });

  it('are filled in by one backfill at a time, which ends when the application stops', async () => {
    const { post, get } = await serve([TrackstatsHttpModule.forRoot(OPEN)], { providers: [SlowTracker] });
    const { reached, open } = closeGate();
    const backfill = { from: '2026-09-01' };
    expect((await post('trackstats/trackers/slow/backfill', backfill)).status).toBe(202);
    await reached.promise;
    expect(await post('trackstats/trackers/slow/backfill', backfill)).toMatchObject({
      status: 409,
      body: { error: 'Conflict' },
    });
    expect((await get('trackstats/trackers/slow/runs')).body.runs[0]).toMatchObject({ status: 'running' });
    await closeServed();
    open.resolve();
  });
});
