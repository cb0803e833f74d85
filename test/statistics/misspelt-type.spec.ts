import {
  above,
  CountObjectsByDateAndObjectTracker,
  defineDomain,
  defineMetric,
  InvalidAlertError,
  InvalidObjectError,
  objectRef,
  OnStatistic,
  Period,
  StatisticService,
  Track,
  TrackerService,
} from 'nestjs-trackstats';
import { DataSource } from 'typeorm';
import { at, closeApplications, Customer, NOW, Order, start, type ApplicationOptions } from '../module/application.js';
import { describeOnEachDatabase } from '../support/databases.js';

const SHOP = defineDomain({ ref: 'misspelt' });
const metric = defineMetric({ domain: SHOP, ref: 'orders' });
const ROWS = {
  source: Order,
  dateField: 'createdAt',
  period: [Period.DAY, Period.HOUR],
  objectField: 'customer',
} as const;

@Track({ metric, ...ROWS })
class CustomerTracker extends CountObjectsByDateAndObjectTracker {}

class MisspeltAlerts {
  @OnStatistic({ metric, objectType: 'Customer', when: above(1) })
  many(): void {
    return;
  }
}

describeOnEachDatabase('an object type that is given as text', (database) => {
  afterEach(async () => {
    await closeApplications();
    await database.clear();
  });
  const application = (providers: NonNullable<ApplicationOptions['providers']> = [CustomerTracker]) =>
    start({ database: database.options(), providers, trackstats: { clock: () => NOW, scheduling: false } });

  it('is refused where it is misspelt, before and after the first run', async () => {
    const module = await application();
    const statistics = module.get(StatisticService);
    const object = objectRef('Customer', 1);
    const reads: (() => Promise<unknown>)[] = [
      () => statistics.value({ metric, object }),
      () => statistics.series({ metric, object, last: 2 }),
      () => statistics.series({ metric, period: Period.HOUR, object, last: 2 }),
      () => statistics.multiSeries({ metric, objects: [object, objectRef(Customer, 1)], last: 2 }),
      () => statistics.top({ metric, objectType: 'custmer' }),
      () => statistics.total({ metric, object, last: 2 }),
      () => statistics.compare({ metric, object, last: 2 }),
      () => statistics.find({ metric, objectType: 'Customer' }),
      () => statistics.mostRecent({ metric, object }),
      () => statistics.coverage({ metric, object }),
    ];
    for (const read of reads) await expect(read()).rejects.toThrow(InvalidObjectError);
    const [customer] = await module
      .get(DataSource)
      .getRepository(Customer)
      .save([{ name: 'Ada' }]);
    await module
      .get(DataSource)
      .getRepository(Order)
      .save([{ createdAt: at('2026-10-31T09:00'), customer }]);
    await module.get(TrackerService).run(CustomerTracker);
    for (const read of reads) await expect(read()).rejects.toThrow(InvalidObjectError);
    await expect(statistics.value({ metric, object })).rejects.toThrow(
      'Invalid object: "Customer". There are no statistics of misspelt/orders for objects of this type. Did you mean "customer"',
    );
    expect(await statistics.value({ metric, object: objectRef('customer', 1) })).toBe(1);
    expect(await statistics.value({ metric, object: objectRef('shelf', 1) })).toBeNull();
  });

  it('is read where something is stored, as under the name of an earlier table', async () => {
    const before = await application([]);
    await before
      .get(StatisticService)
      .record({ metric, value: 7, date: '2026-01-01', object: objectRef('customers', 1) });
    await closeApplications();
    const statistics = (await application()).get(StatisticService);
    expect(await statistics.value({ metric, date: '2026-01-01', object: objectRef('customers', 1) })).toBe(7);
    expect(await statistics.top({ metric, date: '2026-01-01', objectType: 'customers' })).toHaveLength(1);
  });

  it('stops the start where an alert watches it', async () => {
    const starting = application([CustomerTracker, MisspeltAlerts]);
    await expect(starting).rejects.toThrow(InvalidAlertError);
    await expect(starting).rejects.toThrow(/MisspeltAlerts.many: Invalid object: "Customer"/);
  });
});
