import { CountObjectsByDateTracker, defineMetric, Period, Track, TrackerService } from 'nestjs-trackstats';
import { TrackstatsHttpModule, type ProgressResponse, type TaskKind, type TaskResource } from 'nestjs-trackstats/http';
import { DataSource } from 'typeorm';
import { at, Order } from '../module/application.js';
import { describeOnEachDatabase } from '../support/databases.js';
import { closeServed, OwnerGuard, ReaderGuard, serve, SHOP, type Answer, type Served } from './application.js';

/** A verification compares each in a slice of its own, so that requests for its progress come in between. */
const WINDOWS = Array.from({ length: 12 }, (_, index) => Period.days(index + 2));

@Track({
  name: 'windows',
  metric: defineMetric({ domain: SHOP, ref: 'windows' }),
  source: Order,
  dateField: 'createdAt',
  density: 'daily',
  period: [Period.DAY, ...WINDOWS],
})
class Windows extends CountObjectsByDateTracker {}

interface Signal {
  readonly promise: Promise<void>;
  readonly resolve: () => void;
}

function signal(): Signal {
  let resolve = (): void => undefined;
  const promise = new Promise<void>((done) => {
    resolve = done;
  });
  return { promise, resolve };
}

/** Where the source waits until the test opens it; null: it does not wait. */
let gate: { reached: Signal; open: Signal } | null = null;
const closeGate = (): { reached: Signal; open: Signal } => (gate = { reached: signal(), open: signal() });

@Track({
  name: 'slow',
  metric: defineMetric({ domain: SHOP, ref: 'slow' }),
  dateField: 'createdAt',
  period: Period.DAY,
})
class Slow extends CountObjectsByDateTracker<Order> {
  override async source() {
    gate?.reached.resolve();
    await gate?.open.promise;
    return Order;
  }
}

const OWNER = { 'x-user': 'owner' };
const READER = { 'x-user': 'reader' };
const DAYS = 120;

describeOnEachDatabase('the tasks of the JSON interface', (database) => {
  let served: Served;
  const post = (route: string, body: object = {}): Promise<Answer> =>
    served.post(`trackstats/trackers/${route}`, body, OWNER);
  const progress = async (tracker: string, headers = OWNER): Promise<TaskResource[]> =>
    ((await served.get(`trackstats/trackers/${tracker}/progress`, headers)).body as ProgressResponse).tasks;
  const task = async (tracker: string, kind: TaskKind): Promise<TaskResource> =>
    (await progress(tracker)).find((one) => one.kind === kind)!;

  /** All states that a client sees, until the task has ended. */
  const states = async (tracker: string, kind: TaskKind): Promise<TaskResource[]> => {
    const seen: TaskResource[] = [];
    do seen.push(await task(tracker, kind));
    while (seen.at(-1)?.status === 'running');
    return seen;
  };

  beforeAll(async () => {
    served = await serve([TrackstatsHttpModule.forRoot({ guards: [ReaderGuard], actionGuards: [OwnerGuard] })], {
      database: database.options(),
      providers: [Windows, Slow],
    });
    const first = at('2026-10-31T09:00').getTime() - (DAYS - 1) * 86_400_000;
    const orders = Array.from({ length: DAYS }, (_, day) => ({ createdAt: new Date(first + day * 86_400_000) }));
    await served.app.get(DataSource).getRepository(Order).save(orders, { chunk: 250 });
    for (const tracker of [Windows, Slow]) await served.app.get(TrackerService).run(tracker);
  });

  afterEach(() => {
    gate?.open.resolve();
    gate = null;
  });

  afterAll(closeServed);

  it('report the progress of a verification, and its result at the end', async () => {
    const orders = served.app.get(DataSource).getRepository(Order);
    const late = await orders.save({ createdAt: at('2026-10-20T10:00') });
    const started = await post('windows/verify', { from: '2026-08-01', to: '2026-10-31', background: true });
    expect([started.status, started.body]).toEqual([
      202,
      {
        kind: 'verify',
        tracker: 'windows',
        from: '2026-08-01',
        to: '2026-10-31',
        status: 'running',
        startedAt: '2026-10-31T12:00:00.000Z',
        finishedAt: null,
        date: null,
        fraction: 0,
        written: 0,
        differences: 0,
        error: null,
        result: null,
      },
    ]);
    const seen = await states('windows', 'verify');
    const fractions = seen.map(({ fraction }) => fraction);
    expect(fractions).toEqual([...fractions].sort((a, b) => a - b));
    expect(fractions.some((fraction) => fraction > 0 && fraction < 1)).toBe(true);
    // one on the day itself, and in the window of n days one on each day of the n that has passed
    const differences = 1 + WINDOWS.reduce((sum, _, index) => sum + Math.min(index + 2, 12), 0);
    expect(seen.at(-1)).toMatchObject({
      status: 'succeeded',
      fraction: 1,
      differences,
      date: '2026-10-31',
      result: { tracker: 'windows', total: differences },
    });
    // a reader sees how far it is, not what it found
    expect((await progress('windows', READER))[0]).toMatchObject({ status: 'succeeded', result: null });
    await orders.delete(late.id);
  });

  it('end when they are cancelled, and a cancelled verification can be started again', async () => {
    await post('windows/verify', { background: true });
    while ((await task('windows', 'verify')).fraction === 0) continue;
    const cancelled = await post('windows/cancel', { kind: 'verify' });
    expect([cancelled.status, cancelled.body.tracker]).toEqual([202, 'windows']);
    const last = (await states('windows', 'verify')).at(-1);
    expect(last).toMatchObject({ status: 'cancelled', finishedAt: expect.any(String), error: null, result: null });
    expect(last?.fraction).toBeLessThan(1);
    const again = await post('windows/verify', { from: '2026-10-01' });
    expect([again.status, again.body.total]).toEqual([200, 0]);
  });

  it.each(['verify', 'repair', 'backfill'] as const)('run one %s of a tracker at a time', async (kind) => {
    const { reached } = closeGate();
    const body = { from: '2026-10-30' };
    const first = await post(`slow/${kind}`, kind === 'backfill' ? body : { ...body, background: true });
    expect(first.status).toBe(202);
    await reached.promise;
    const second = await post(`slow/${kind}`, body);
    expect([second.status, second.body.message]).toEqual([409, [expect.stringMatching(/already running/)]]);
    expect((await post('slow/cancel', {})).body.tasks).toMatchObject([{ kind }]);
    expect((await states('slow', kind)).at(-1)).toMatchObject({ status: 'cancelled' });
    const late = await post('slow/cancel', { kind });
    expect([late.status, late.body.message]).toEqual([409, [expect.stringMatching(/is running in this process/)]]);
    gate = null;
    expect((await post(`slow/${kind}`, body)).status).toBe(kind === 'backfill' ? 202 : 200);
    expect((await states('slow', kind)).at(-1)).toMatchObject({ status: 'succeeded', fraction: 1 });
  });

  it('go on when the client disconnects', async () => {
    const { reached, open } = closeGate();
    const client = new AbortController();
    const asked = fetch(`${served.url}/trackstats/trackers/slow/verify`, {
      method: 'POST',
      body: '{}',
      headers: { 'content-type': 'application/json', 'x-trackstats-request': '1', ...OWNER },
      signal: client.signal,
    });
    await reached.promise;
    client.abort();
    await expect(asked).rejects.toThrow(/abort/i);
    expect(await task('slow', 'verify')).toMatchObject({ status: 'running' });
    open.resolve();
    expect((await states('slow', 'verify')).at(-1)).toMatchObject({ status: 'succeeded', result: { total: 0 } });
  });

  it('answer a request that waits for a task that was cancelled', async () => {
    const { reached } = closeGate();
    const waiting = post('slow/repair');
    await reached.promise;
    await post('slow/cancel');
    expect(await waiting).toMatchObject({ status: 409, body: { message: ['The repair was cancelled.'] } });
  });

  it('repair what a verification found', async () => {
    await served.app
      .get(DataSource)
      .getRepository(Order)
      .save({ createdAt: at('2026-09-10T10:00') });
    const range = { from: '2026-09-01', to: '2026-09-30' };
    expect((await post('slow/verify', range)).body).toMatchObject({ total: 1 });
    await post('slow/repair', { ...range, background: true });
    expect((await states('slow', 'repair')).at(-1)).toMatchObject({
      status: 'succeeded',
      written: 1,
      result: { from: '2026-09-01', through: '2026-09-30', written: 1 },
    });
    expect((await post('slow/verify', range)).body).toMatchObject({ total: 0 });
  });

  it('are for those whom the action guards admit', async () => {
    for (const route of ['verify', 'repair', 'cancel']) {
      expect((await served.post(`trackstats/trackers/slow/${route}`, {}, READER)).status).toBe(403);
      const foreign = await served.post(
        `trackstats/trackers/slow/${route}`,
        {},
        { ...OWNER, origin: 'https://a.example' },
      );
      expect([foreign.status, foreign.body.message]).toEqual([403, [expect.stringMatching(/another origin/)]]);
    }
    expect((await served.get('trackstats/trackers/slow/progress')).status).toBe(403);
    expect((await post('slow/cancel', { kind: 'run' })).body.message).toEqual([
      expect.stringMatching(/^kind is "run"/),
    ]);
    expect((await post('slow/verify', { background: 'perhaps' })).status).toBe(400);
    expect((await post('Nobody/cancel')).status).toBe(404);
    expect((await served.get('trackstats/trackers/Nobody/progress', OWNER)).status).toBe(404);
  });
});

describeOnEachDatabase('a task when the application stops', (database) => {
  afterEach(closeServed);

  it('is cancelled, and the request that waits for it is answered', async () => {
    const served = await serve([TrackstatsHttpModule.forRoot({ public: true, actionGuards: [OwnerGuard] })], {
      database: database.options(),
      providers: [Slow],
    });
    const { reached } = closeGate();
    const waiting = served.post('trackstats/trackers/slow/verify', {}, OWNER);
    await reached.promise;
    await closeServed();
    expect(await waiting).toMatchObject({ status: 503, body: { message: [expect.stringMatching(/shutting down/)] } });
    gate = null;
  });
});
