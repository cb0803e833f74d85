import {
  CountObjectsByDateAndObjectTracker,
  defineDomain,
  defineMetric,
  objectRef,
  Period,
  StatisticService,
  Track,
  TrackerService,
} from 'nestjs-trackstats';
import { DataSource } from 'typeorm';
import { TRACKSTATS_ENTITIES } from '../../lib/module/trackstats.entities.js';
import { at, closeApplications, Customer, Order, saveOrders, start } from '../module/application.js';
import { describeOnDatabase } from '../support/databases.js';

const SHOP = defineDomain({ ref: 'shop' });
const ORDERS = defineMetric({ domain: SHOP, ref: 'customer_orders' });
const VIEWS = defineMetric({ domain: SHOP, ref: 'views' });
const SIZE = defineMetric({ domain: SHOP, ref: 'size' });
const TABLE = 'trackstats_statistic_by_date_and_object';

@Track({
  metric: ORDERS,
  source: Order,
  dateField: 'createdAt',
  objectField: 'customer',
  period: [Period.DAY, Period.WEEK, Period.LIFETIME],
})
class CustomerOrders extends CountObjectsByDateAndObjectTracker {}

/** As docs/scaling.md has it. */
const PARTITIONS = {
  'HASH (object_id)': [0, 1, 2, 3].map((part) => [
    `h${String(part)}`,
    `FOR VALUES WITH (MODULUS 4, REMAINDER ${String(part)})`,
  ]),
  'RANGE (date)': [
    ['before', `FOR VALUES FROM (MINVALUE) TO ('2026-10-30')`],
    ['later', `FOR VALUES FROM ('2026-10-30') TO (MAXVALUE)`],
  ],
};

async function partition(dataSource: DataSource, by: keyof typeof PARTITIONS): Promise<void> {
  await dataSource.query(`ALTER TABLE ${TABLE} RENAME TO whole`);
  await dataSource.query(`CREATE TABLE ${TABLE} (LIKE whole INCLUDING ALL) PARTITION BY ${by}`);
  await dataSource.query(`ALTER TABLE ${TABLE} ADD FOREIGN KEY (metric_id) REFERENCES trackstats_metric`);
  for (const [name, values] of PARTITIONS[by])
    await dataSource.query(`CREATE TABLE ${TABLE}_${String(name)} PARTITION OF ${TABLE} ${String(values)}`);
  await dataSource.query(`INSERT INTO ${TABLE} SELECT * FROM whole`);
  await dataSource.query('DROP TABLE whole');
}

describeOnDatabase('postgres', 'statistics by object in a partitioned table', (database) => {
  afterEach(async () => {
    await closeApplications();
    await database.reset();
  });

  it.each(Object.keys(PARTITIONS) as (keyof typeof PARTITIONS)[])('PARTITION BY %s', async (by) => {
    const made = await database.open({ entities: [...TRACKSTATS_ENTITIES, Order, Customer] });
    const module = await start({ database: database.options({ synchronize: false }), providers: [CustomerOrders] });
    const trackers = module.get(TrackerService);
    const statistics = module.get(StatisticService);
    const [ada, bob] = await made.getRepository(Customer).save([{ name: 'Ada' }, { name: 'Bob' }]);
    await saveOrders(
      module,
      { createdAt: at('2026-10-28T10:00:00'), customer: ada },
      { createdAt: at('2026-10-30T10:00:00'), customer: ada },
      { createdAt: at('2026-10-30T11:00:00'), customer: bob },
    );
    await trackers.run(CustomerOrders); // what is stored is taken over
    await partition(made, by);

    await saveOrders(module, { createdAt: at('2026-10-31T10:00:00'), customer: bob });
    expect(await trackers.run(CustomerOrders)).toMatchObject({ written: 3, removed: 0 });
    expect(await trackers.run(CustomerOrders)).toMatchObject({ written: 0, removed: 0 });
    expect(await trackers.verify(CustomerOrders)).toEqual([]);
    await made.getRepository(Order).delete({ customer: { id: ada!.id } });
    await trackers.repair(CustomerOrders);
    expect(await trackers.verify(CustomerOrders)).toEqual([]);
    expect(await statistics.top({ metric: ORDERS, period: Period.LIFETIME, objectType: Customer })).toMatchObject([
      { object: { id: String(bob!.id) }, value: 2 },
    ]);

    const views = Array.from({ length: 20 }, (_, id) => objectRef('page', id));
    await Promise.all(views.map((object) => statistics.increment({ metric: VIEWS, object, by: 2 })));
    const sizes = views.map((object, size) => ({ metric: SIZE, object, value: size, date: '2026-10-29' }));
    expect(await statistics.recordMany(sizes)).toBe(20);
    expect(await statistics.recordMany(sizes)).toBe(20);
    await statistics.increment({ metric: VIEWS, object: views[0]!, date: '2026-10-29' });
    expect(await statistics.total({ metric: VIEWS, object: views[0]!, last: 3 })).toBe(3);
    expect(await statistics.prune({ metric: VIEWS, before: '2026-10-30' })).toBe(1);
    expect(await statistics.find({ metric: VIEWS, objectType: 'page' })).toHaveLength(20);
    expect(await statistics.remove({ metric: VIEWS, objectType: 'page' })).toBe(20);
  });
});
