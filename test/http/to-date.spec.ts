import { text } from 'node:stream/consumers';
import {
  AbstractStatistic,
  defineDomain,
  defineMetric,
  Dimension,
  ObjectsByDimensionsTracker,
  Period,
  StatisticService,
  Track,
  TrackerService,
} from 'nestjs-trackstats';
import { TrackstatsHttpModule, type SeriesResponse, type TopResponse } from 'nestjs-trackstats/http';
import { TrackstatsTransferModule, TransferService } from 'nestjs-trackstats/transfer';
import { DataSource, Entity } from 'typeorm';
import { describeOnEachDatabase } from '../support/databases.js';
import { Order } from '../module/application.js';
import { closeServed, serve, type Served } from './application.js';

@Entity()
class OrdersByStatus extends AbstractStatistic {
  @Dimension({ type: 'varchar', length: 20, nullable: true })
  status!: string | null;
}

const DOMAIN = defineDomain({ ref: 'to_date' });
const ORDERS = defineMetric({ domain: DOMAIN, ref: 'orders' });

@Track({
  metric: ORDERS,
  source: Order,
  dateField: 'createdAt',
  statistic: OrdersByStatus,
  dimensions: { status: 'status' },
  period: [Period.MONTH_TO_DATE, Period.CALENDAR_MONTH],
})
class StatusTracker extends ObjectsByDimensionsTracker {}

/** Days of orders by their status: two months, in the second of which nothing is open. */
const SOLD: Readonly<Record<string, readonly string[]>> = {
  paid: ['2026-09-03', '2026-09-03', '2026-09-28', '2026-10-02', '2026-10-20'],
  open: ['2026-09-10', '2026-09-30'],
};

/** The orders of a status from the first of a month to a date, counted by hand. */
function counted(status: string, date: string): number {
  return (SOLD[status] ?? []).filter((day) => day.slice(0, 7) === date.slice(0, 7) && day <= date).length;
}

describeOnEachDatabase('values to date by dimension', (database) => {
  const filter = { metric: ORDERS, period: Period.MONTH_TO_DATE, entity: OrdersByStatus };
  let served: Served;

  beforeAll(async () => {
    served = await serve([TrackstatsHttpModule.forRoot({ public: true })], {
      imports: [TrackstatsTransferModule],
      database: database.options({ entities: [] }),
      providers: [StatusTracker],
      trackstats: { statistics: [OrdersByStatus], clock: () => new Date('2026-10-31T12:00:00Z') },
    });
    const days = Object.entries(SOLD).flatMap(([status, all]) => all.map((day) => ({ status, day })));
    await served.app
      .get(DataSource)
      .getRepository(Order)
      .save(days.map(({ status, day }) => ({ status, createdAt: new Date(`${day}T10:00:00Z`) })));
    await served.app.get(TrackerService).run(StatusTracker);
  });
  afterAll(closeServed);

  const expectCounted = async (): Promise<void> => {
    const statistics = served.app.get(StatisticService);
    for (const status of Object.keys(SOLD)) {
      const points = await statistics.series({
        ...filter,
        dimensions: { status },
        from: '2026-09-03',
        to: '2026-10-31',
      });
      expect(points.map(({ value }) => value)).toEqual(points.map(({ date }) => counted(status, date)));
      const month = { ...filter, period: Period.CALENDAR_MONTH, dimensions: { status } };
      for (const [first, last] of [
        ['2026-09-01', '2026-09-30'],
        ['2026-10-01', '2026-10-31'],
      ] as const) {
        expect(await statistics.value({ ...month, date: first })).toBe(counted(status, last));
      }
    }
  };

  it('are those of the rows, in every month', expectCounted);

  it('are given by the JSON interface, in a series and in a ranking', async () => {
    const scope = 'metric=to_date/orders&period=MONTH_TO_DATE&statistic=orders_by_status';
    const series = await served.get(`trackstats/series?${scope}&dimension.status=paid&from=2026-09-29&to=2026-10-03`);
    expect([series.status, (series.body as SeriesResponse).points.map(({ value }) => value)]).toEqual([
      200,
      [3, 3, 0, 1, 1],
    ]);
    const top = async (date: string): Promise<unknown> =>
      ((await served.get(`trackstats/top?${scope}&date=${date}`)).body as TopResponse).items.map((item) => [
        item.dimensions?.['status'],
        item.value,
      ]);
    expect(await top('2026-09-30')).toEqual([
      ['paid', 3],
      ['open', 2],
    ]);
    // what was open in September is 0 in October: that month is computed
    expect(await top('2026-10-31')).toEqual([
      ['paid', 2],
      ['open', 0],
    ]);
  });

  it('are found wrong, and repaired', async () => {
    const trackers = served.app.get(TrackerService);
    expect(await trackers.verify(StatusTracker)).toEqual([]);
    const rows = served.app.get(DataSource).getRepository(OrdersByStatus);
    const { metricId } = await rows.findOneByOrFail({ status: 'paid' });
    const key = { metricId, period: Period.MONTH_TO_DATE, status: 'paid' };
    await rows.update({ ...key, date: '2026-10-02' }, { value: 9 });
    await rows.delete({ ...key, date: '2026-10-01' }); // where the month begins again
    const found = await trackers.verify(StatusTracker);
    expect(found.map(({ date, stored, expected, dimensions }) => [date, stored, expected, dimensions])).toEqual([
      ['2026-10-01', undefined, '0', { status: 'paid' }],
      ['2026-10-02', '9', '1', { status: 'paid' }],
    ]);
    await trackers.repair(StatusTracker);
    expect(await trackers.verify(StatusTracker)).toEqual([]);
    await expectCounted();
  });

  it.each(['jsonl', 'csv'] as const)('come back from an export as %s', async (format) => {
    const transfer = served.app.get(TransferService, { strict: false });
    const whole = { metric: ORDERS, entity: OrdersByStatus };
    const file = await text(await transfer.export(whole, { format }));
    expect(file.match(/MONTH_TO_DATE/g)?.length).toBeGreaterThan(5);
    await served.app.get(StatisticService).remove({ ...whole, force: true } as never);
    expect(await text(await transfer.export(whole, { format }))).not.toContain('"value"');
    await transfer.import([file], { format, force: true });
    expect(await text(await transfer.export(whole, { format }))).toBe(file);
    if (format === 'jsonl') await expectCounted(); // CSV has no coverage, so it is last
  });
});
