import { defineRatio, Period } from 'nestjs-trackstats';
import { ImportRefusedError } from '../../lib/errors/transfer.error.js';
import { ORDERS, setup, SHOP, VISITS, type Setup } from '../statistics/setup.js';
import { describeOnEachDatabase } from '../support/databases.js';
import { exported, transferOf } from './setup.js';

const RATE = defineRatio({ domain: SHOP, ref: 'rate', name: 'Rate', of: ORDERS, per: VISITS });

describeOnEachDatabase('exports of derived metrics', (database) => {
  let world: Setup;

  beforeEach(async () => {
    world = await setup(database);
    for (const [date, orders, visits] of [
      ['2026-11-18', 1, 3],
      ['2026-11-19', 1, 0],
      ['2026-11-20', 3, 4],
    ] as const) {
      await world.statistics.record({ metric: ORDERS, value: orders, date });
      await world.statistics.record({ metric: VISITS, value: visits, date });
    }
    await world.statistics.record({ metric: ORDERS, value: 4, period: Period.WEEK });
  });

  it('have their values if they are named, in the periods of all parts', async () => {
    expect(await exported(transferOf(world), { metric: RATE }, 'csv')).toBe(
      'metric,domain_name,metric_name,period,date,value\n' +
        'shop/rate,Shop,Rate,DAY,2026-11-18,0.33333333333333333333\n' +
        'shop/rate,Shop,Rate,DAY,2026-11-20,0.75\n',
    );
  });

  it('of everything only describe them, and can be imported', async () => {
    const transfer = transferOf(world);
    const file = await exported(transfer, {}, 'jsonl');
    expect(file).toContain(
      '{"record":"metric","metric":"shop/rate","domain_name":"Shop","name":"Rate","description":null,"derived":true}\n',
    );
    expect(file).not.toContain('0.75');
    expect(await transfer.import([file], { format: 'jsonl' })).toMatchObject({ rows: 7, createdMetrics: [] });
    expect(await world.dataSource.getRepository('TrackstatsMetric').count()).toBe(2);
    expect(await exported(transfer, { domain: SHOP }, 'jsonl')).toBe(file);
  });

  it('with their values are not imported', async () => {
    const transfer = transferOf(world);
    const file = await exported(transfer, { metric: RATE }, 'csv');
    const importing = transfer.import([file], { format: 'csv', force: true });
    await expect(importing).rejects.toThrow(ImportRefusedError);
    await expect(importing).rejects.toThrow('line 2: import: "shop/rate" is a derived metric');
  });
});
