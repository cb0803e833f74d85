import { InjectRepository } from '@nestjs/typeorm';
import { Test, type TestingModule } from '@nestjs/testing';
import {
  AbstractStatistic,
  CountObjectsByDateTracker,
  defineDomain,
  defineMetric,
  Dimension,
  ObjectsByDimensionsTracker,
  Period,
  StatisticService,
  Track,
  TrackerService,
  TRACKSTATS_CLOCK,
} from 'nestjs-trackstats';
import { InvalidPartOptionError, TestClock, TrackstatsTestingModule } from 'nestjs-trackstats/testing';
import type { TrackstatsTestingOptions } from 'nestjs-trackstats/testing';
import { DataSource, Entity, type Repository } from 'typeorm';
import { at, Customer, Order, QUIET } from '../module/application.js';
import { describeOnEachDatabase } from '../support/databases.js';

const SHOP = defineDomain({ ref: 'shop' });
const ORDERS = defineMetric({ domain: SHOP, ref: 'orders' });
const BY_STATUS = defineMetric({ domain: SHOP, ref: 'by_status' });

@Track({ metric: ORDERS, dateField: 'createdAt', period: Period.DAY, every: '1 second' })
class OrderTracker extends CountObjectsByDateTracker<Order> {
  constructor(@InjectRepository(Order) private readonly orders: Repository<Order>) {
    super();
  }

  override source(): Repository<Order> {
    return this.orders;
  }
}

@Entity()
class OrdersByStatus extends AbstractStatistic {
  @Dimension({ type: 'varchar' }) status!: string;
}

@Track({
  metric: BY_STATUS,
  source: Order,
  dateField: 'createdAt',
  statistic: OrdersByStatus,
  dimensions: { status: 'status' },
  period: Period.DAY,
})
class StatusTracker extends ObjectsByDimensionsTracker {}

const opened: TestingModule[] = [];
afterEach(async () => {
  for (const module of opened.splice(0)) await module.close();
});

async function testing(options: Partial<TrackstatsTestingOptions> = {}): Promise<TestingModule> {
  const module = await Test.createTestingModule({
    imports: [
      TrackstatsTestingModule.forRoot({ now: '2026-10-31T12:00:00Z', entities: [Order, Customer], ...options }),
    ],
    providers: [OrderTracker, ...(options.statistics === undefined ? [] : [StatusTracker])],
  })
    .setLogger(QUIET)
    .compile();
  opened.push(module);
  return module.init();
}

describe('TrackstatsTestingModule', () => {
  it('runs a tracker on rows in memory, at a time that the test sets', async () => {
    const module = await testing({ timeZone: 'Europe/Amsterdam' });
    const [trackers, statistics] = [module.get(TrackerService), module.get(StatisticService)];
    await module
      .get(DataSource)
      .getRepository(Order)
      .save({ createdAt: at('2026-10-30T23:30') });
    await trackers.run(OrderTracker);
    expect(await statistics.series({ metric: ORDERS })).toMatchObject([
      { date: '2026-10-31', value: 1, complete: false },
    ]);
    module.get(TestClock).advance('1 day');
    await trackers.run(OrderTracker);
    expect(await statistics.series({ metric: ORDERS })).toMatchObject([
      { date: '2026-10-31', value: 1, complete: true },
      { date: '2026-11-01', value: 0, complete: false },
    ]);
  });

  it('fires nothing by itself, and needs no ScheduleModule', async () => {
    const module = await testing();
    expect(await module.get(TrackerService).list()).toMatchObject([
      { schedule: { every: 1000 }, nextRunAt: null, lastRun: null },
    ]);
  });

  it('gives each module a database and a clock of its own', async () => {
    const [first, second] = [await testing(), await testing()];
    await first
      .get(DataSource)
      .getRepository(Order)
      .save({ createdAt: at('2026-10-30T23:30') });
    expect(await second.get(DataSource).getRepository(Order).count()).toBe(0);
    first.get(TestClock).set('2027-01-01T00:00:00Z');
    expect(second.get(TestClock).now()).toEqual(at('2026-10-31T12:00'));
    expect(first.get<() => Date>(TRACKSTATS_CLOCK)()).toEqual(at('2027-01-01T00:00'));
  });

  it.each([
    [
      { entites: [Order] },
      'entites is an array of 1. This option does not exist here. Did you mean entities? There are now',
    ],
    [{ scheduling: true }, 'scheduling is true. This option does not exist here.'],
  ])('refuses an option that it does not have: %j', (options, message) => {
    const forRoot = () => TrackstatsTestingModule.forRoot({ now: new Date(0), ...options });
    expect(forRoot).toThrow(`TrackstatsTestingModule: ${message}`);
  });

  it('takes a clock of the test, and custom statistics', async () => {
    const clock = new TestClock(at('2026-10-31T12:00'));
    const module = await testing({ now: clock, statistics: [OrdersByStatus] });
    expect(module.get(TestClock)).toBe(clock);
    await module
      .get(DataSource)
      .getRepository(Order)
      .save({ createdAt: at('2026-10-31T10:00'), status: 'open' });
    await module.get(TrackerService).run(StatusTracker);
    const filter = { metric: BY_STATUS, entity: OrdersByStatus, dimensions: { status: 'open' } };
    expect(await module.get(StatisticService).value(filter)).toBe(1);
  });
});

describeOnEachDatabase('TrackstatsTestingModule with a database of the test', (database) => {
  it('makes the tables there', async () => {
    const module = await testing({ database: database.options() });
    await module
      .get(DataSource)
      .getRepository(Order)
      .save({ createdAt: at('2026-10-31T10:00') });
    await module.get(TrackerService).run(OrderTracker);
    expect(await module.get(StatisticService).value({ metric: ORDERS })).toBe(1);
    expect(module.get(DataSource).options.type).toBe(database.options().type);
  });
});

describe('TestClock', () => {
  it('stands still, and gives dates that nobody else has', () => {
    const clock = new TestClock('2026-10-31T12:00:00+01:00');
    clock.now().setFullYear(1970);
    expect(clock.now()).toEqual(at('2026-10-31T11:00'));
    clock.advance('90 minutes');
    clock.advance(-500);
    expect(clock.now().toISOString()).toBe('2026-10-31T12:29:59.500Z');
    clock.set(at('2024-02-29T00:00'));
    expect(clock.now()).toEqual(at('2024-02-29T00:00'));
  });

  it.each(['2026-10-31', '2026-10-31T12:00:00', 'now', '', '2026-13-31T12:00:00Z', new Date(Number.NaN)])(
    'refuses %p, which is not one instant everywhere',
    (given) => {
      expect(() => new TestClock(given)).toThrow(InvalidPartOptionError);
    },
  );

  it.each(['soon', '', 1.5, Number.NaN])('does not advance by %p', (by) => {
    expect(() => {
      new TestClock('2026-10-31T12:00:00Z').advance(by);
    }).toThrow(InvalidPartOptionError);
  });
});
