import sql from 'sql-template-tag';
import { defineDomain, defineMetric } from '../../lib/catalog/definitions.js';
import { defineRatio } from '../../lib/catalog/derived.js';
import { query } from '../../lib/database/work.js';
import { readFilter } from '../../lib/statistics/filter/filter.js';
import { ObjectTypes } from '../../lib/statistics/filter/object-types.js';
import { readLive } from '../../lib/statistics/read/live.js';
import { readSeries } from '../../lib/statistics/read/derived.query.js';
import { DataSources } from '../../lib/database/data-sources.js';
import { Period } from '../../lib/time/period.js';
import { defineTracker } from '../../lib/tracking/definition/define-tracker.js';
import { describeOnEachDatabase } from '../support/databases.js';
import { Engine, TRACKSTATS_ENTITIES } from '../support/engine.js';
import { LiveShop } from '../support/live.js';
import { openShop, Sale, SHOP } from './shop.js';

const domain = defineDomain({ ref: 'beside' });
const PAID = defineMetric({ domain, ref: 'paid' });
const OPEN = defineMetric({ domain, ref: 'open' });
const ALL = defineMetric({ domain, ref: 'all' });
const SHARE = defineRatio({ domain, ref: 'share', of: PAID, per: ALL });
const UTC = { timeZone: 'UTC', weekStart: 'monday' } as const;

const given = { dateField: 'at', period: [Period.DAY, Period.LIFETIME] };
const TRACKERS = [
  // the parts of the ratio are of different trackers, whose runs are of different times
  {
    metrics: [
      { metric: PAID, where: { status: 'paid' } },
      { metric: OPEN, where: { status: 'open' } },
    ],
  },
  { metric: ALL },
].map((metrics) => ({
  definition: defineTracker({ kind: 'date', name: null, type: 'Spec' }, { ...given, ...metrics }, UTC),
  source: Sale,
}));

describeOnEachDatabase('live reads beside writers', (database) => {
  afterEach(() => database.clear());

  test('are of one snapshot: what is written together is seen together', async () => {
    const engine = await Engine.on(await database.open({ entities: [...TRACKSTATS_ENTITIES, ...SHOP] }));
    const { dataSource, database: ours } = engine;
    await openShop(dataSource);
    const shop = new LiveShop(engine, TRACKERS, UTC);
    shop.now = new Date('2026-11-10T12:00:00Z');
    let last = 0;
    const write = (day: number): Promise<void> =>
      dataSource.transaction(async (manager) => {
        // each pair is one paid and one open sale, with the day as its number of items
        for (const status of ['paid', 'open']) {
          const at = new Date(Date.UTC(2026, 10, day, 1));
          await manager.insert(Sale, { id: ++last, at, status, total: '1.00', items: day, buyer: null });
        }
      });
    await write(8);
    await shop.run();
    await write(10);
    let isDone = false;
    const writer = async (day: number): Promise<void> => {
      while (!isDone) {
        await write(day);
        // on SQLite all share one connection, whose transactions take turns
        await new Promise((resolve) => setImmediate(resolve));
      }
    };
    // SQLite has one transaction at a time
    const writers = database.kind === 'sqlite' ? [writer(10)] : [writer(9), writer(10), writer(10)];
    const objectTypes = new ObjectTypes(new DataSources(dataSource, () => []));
    const context = { database: ours, objectTypes, owners: shop.owners, options: UTC };
    const filter = { ...readFilter(context, { metrics: [PAID, OPEN, ALL], last: 3 }), period: Period.DAY };
    const table = ours.table(Sale);
    const seen = new Set<string>();
    try {
      for (let round = 0; round < 25; round++) {
        const ranges = { last: 3, live: true } as const;
        const [paid, open] = await shop.statistics.multiSeries({ metrics: [PAID, OPEN], ...ranges });
        expect(paid?.points.map(({ value }) => value)).toEqual(open?.points.map(({ value }) => value));
        const shares = await shop.statistics.multiSeries({ metrics: [SHARE], ...ranges, period: Period.LIFETIME });
        expect(shares[0]?.points.at(-1)?.value).toBe(0.5);
        const both = await readLive(
          context,
          shop.reader,
          { call: 'series', filter },
          shop.now,
          function* (live, asked) {
            const series = yield* readSeries(live, asked, 'period', shop.now);
            const rows = yield* query<{ day: number; status: string; n: number | string }>(
              sql`SELECT s.items AS day, s.status AS status, COUNT(*) AS n FROM ${table.path} s GROUP BY s.items, s.status`,
            );
            return { series, rows };
          },
        );
        const of = (status: string | null): number[] =>
          [8, 9, 10].map((date) =>
            both.rows
              .filter((row) => row.day === date && (status === null || row.status === status))
              .reduce((sum, { n }) => sum + Number(n), 0),
          );
        const values = both.series.map(({ points }) => points.map(({ value }) => Number(value)));
        expect(values).toEqual([of('paid'), of('open'), of(null)]);
        seen.add(JSON.stringify(values));
      }
    } finally {
      isDone = true;
      await Promise.all(writers);
    }
    expect(seen.size).toBeGreaterThan(1);
  }, 60_000);

  test('are of one snapshot with the coverage, while runs move it', async () => {
    const engine = await Engine.on(await database.open({ entities: [...TRACKSTATS_ENTITIES, ...SHOP] }));
    const { dataSource } = engine;
    await engine.database.checkSession();
    await openShop(dataSource);
    const [shop, another] = [new LiveShop(engine, TRACKERS, UTC), new LiveShop(engine, TRACKERS, UTC)];
    const sales = dataSource.getRepository(Sale);
    const at = (day: number): Date => new Date(Date.UTC(2026, 10, day, 1));
    const sale = { status: 'paid', total: '1.00', items: 1, buyer: null };
    for (let id = 1; id <= 40; id++) await sales.insert({ id, at: at(1), ...sale });
    another.now = at(2);
    await another.run();
    let isDone = false;
    let day = 2;
    // the sales move from day to day, all of them at once, and a run counts each day again that it closes
    const mover = async (): Promise<void> => {
      while (!isDone) {
        day++;
        await sales.updateAll({ at: at(day) });
        another.now = new Date(at(day).getTime() + 3_600_000);
        await another.run();
        await new Promise((resolve) => setImmediate(resolve));
      }
    };
    const moving = mover();
    const read = { metric: ALL, live: true } as const;
    try {
      while (day < 15) {
        // later than the sales of the runs that end before the read does
        shop.now = at(day + 20);
        expect(await shop.statistics.value({ ...read, period: Period.LIFETIME })).toBe(40);
        expect(await shop.statistics.total({ ...read, last: 50 })).toBe(40);
        await new Promise((resolve) => setImmediate(resolve));
      }
    } finally {
      isDone = true;
      await moving;
    }
  }, 60_000);
});
