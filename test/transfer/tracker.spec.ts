import {
  defineDomain,
  defineMetric,
  CountObjectsByDateTracker,
  Period,
  StatisticService,
  Track,
  TrackerService,
} from 'nestjs-trackstats';
import { TrackstatsTransferModule, TransferService } from 'nestjs-trackstats/transfer';
import { at, closeApplications, MEMORY, Order, saveOrders, start } from '../module/application.js';
import { describeOnEachDatabase } from '../support/databases.js';
import { exported } from './setup.js';

const METRIC = defineMetric({ domain: defineDomain({ ref: 'moved' }), ref: 'orders' });

@Track({ metric: METRIC, source: Order, dateField: 'createdAt', period: [Period.DAY, Period.LIFETIME] })
class OrderTracker extends CountObjectsByDateTracker {}

const APPLICATION = { imports: [TrackstatsTransferModule], providers: [OrderTracker] };
const DAYS = ['2026-10-27', '2026-10-29', '2026-10-30', '2026-10-31'].map((date) => ({
  createdAt: at(`${date}T10:00:00`),
}));

describeOnEachDatabase('statistics that a tracker computes', (database) => {
  afterEach(async () => {
    await closeApplications();
    await database.clear();
  });

  it('move to another database with their coverage, and its next run goes on from there', async () => {
    const old = await start({ ...APPLICATION, database: MEMORY });
    await saveOrders(old, ...DAYS);
    await old.get(TrackerService).run(OrderTracker);
    const text = await exported(old.get(TransferService), {}, 'jsonl');

    const moved = await start({ ...APPLICATION, database: database.options() });
    await saveOrders(moved, ...DAYS);
    const transfer = moved.get(TransferService);
    await expect(transfer.import([text], { format: 'jsonl' })).rejects.toThrow('OrderTracker');
    await transfer.import([text], { format: 'jsonl', force: true });
    const statistics = moved.get(StatisticService);
    const series = await statistics.series({ metric: METRIC, from: '2026-10-26' });
    expect(series.map(({ value }) => value)).toEqual([null, 1, 0, 1, 1, 1]);

    await saveOrders(moved, DAYS[3]!);
    const result = await moved.get(TrackerService).run(OrderTracker);
    expect(result).toMatchObject({ from: '2026-10-30', through: '2026-10-31', written: 2, removed: 0 });
    expect(await statistics.value({ metric: METRIC, period: Period.LIFETIME })).toBe(5);
  });

  it('keep what was imported before the first row of their source, and replace what comes after', async () => {
    const module = await start({ ...APPLICATION, database: database.options() });
    await saveOrders(module, ...DAYS);
    const rows = ['DAY,2026-10-01,7', 'DAY,2026-10-27,7', 'DAY,2026-10-28,7', 'LIFETIME,2026-10-01,70'];
    const text = `metric,period,date,value\n${rows.map((row) => `moved/orders,${row}\n`).join('')}`;
    await module.get(TransferService).import([text], { format: 'csv', force: true });
    await module.get(TrackerService).run(OrderTracker);
    const statistics = module.get(StatisticService);
    const series = await statistics.series({ metric: METRIC, from: '2026-10-01', to: '2026-10-31' });
    expect(series.filter(({ value }) => value !== null).map(({ date, value }) => [date.slice(8), value])).toEqual([
      ['01', 7],
      ['27', 1],
      ['28', 0],
      ['29', 1],
      ['30', 1],
      ['31', 1],
    ]);
    expect(await statistics.value({ metric: METRIC, period: Period.LIFETIME })).toBe(4);
  });
});
