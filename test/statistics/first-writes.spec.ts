import { DataSource } from 'typeorm';
import { defineMetric } from '../../lib/catalog/definitions.js';
import { MixedWritesError } from '../../lib/errors/statistic.error.js';
import { objectRef } from '../../lib/statistics/filter/object-target.js';
import { Period } from '../../lib/time/period.js';
import { describeOnEachDatabase } from '../support/databases.js';
import { ENTITIES, services, setup, SHOP, type Setup } from './setup.js';

const TIMES = 25;

/** Two processes of an application, on a metric that nobody has written. */
describeOnEachDatabase('first writes at once', (test) => {
  let one: Setup;
  let other: Setup;
  let dataSource: DataSource;

  beforeAll(async () => {
    one = await setup(test);
    dataSource = await new DataSource(test.options({ entities: ENTITIES, synchronize: false })).initialize();
    other = await services(dataSource);
  });

  afterAll(() => dataSource.destroy());

  const scopes: [string, object, object][] = [
    ['of a total', {}, {}],
    ['of a total, in another period', { period: Period.CALENDAR_MONTH }, { period: Period.CALENDAR_MONTH }],
    ['of two objects of a type', { object: objectRef('page', 'a') }, { object: objectRef('page', 'b') }],
  ];

  describe.each(scopes)('%s', (title, a, b) => {
    const metricOf = (what: string, time: number) =>
      defineMetric({ domain: SHOP, ref: `${what}_${title.replace(/\W+/g, '_')}_${String(time)}` });

    it.each(['new', 'stored', 'read'])('are all records, or all increments (metric: %s)', async (state) => {
      const outcomes = { record: 0, increment: 0 };
      for (let time = 0; time < TIMES; time++) {
        const metric = metricOf(state, time);
        if (state === 'stored') await one.metrics.register(metric);
        // so that the record is one statement where the database has one
        if (state === 'read') await one.statistics.record({ metric, value: 1, object: objectRef('other', 1) });
        const calls = [
          () => one.statistics.record({ metric, value: 5, date: '2026-11-02', ...a } as never),
          () => other.statistics.increment({ metric, date: '2026-11-03', ...b } as never),
        ];
        const settled = await Promise.allSettled(
          time % 2 === 0 ? calls.map((call) => call()) : calls.toReversed().map((call) => call()),
        );
        const [record, increment] = time % 2 === 0 ? settled : settled.toReversed();
        const refused = [record, increment].filter((result) => result?.status === 'rejected');
        expect(refused).toHaveLength(1);
        expect((refused[0] as PromiseRejectedResult).reason).toBeInstanceOf(MixedWritesError);
        outcomes[record?.status === 'fulfilled' ? 'record' : 'increment']++;
        const scope = { metric, ...(a as { period?: Period }) };
        const covered = await one.statistics.coverage(scope);
        expect(covered === null).toBe(record?.status === 'fulfilled');
      }
      expect(outcomes.record + outcomes.increment).toBe(TIMES);
    });

    it('are counted, where all are increments', async () => {
      for (let time = 0; time < TIMES; time++) {
        const metric = metricOf('counted', time);
        await one.metrics.register(metric);
        await Promise.all(
          [one, other, one, other].map(({ statistics }) =>
            statistics.increment({ metric, date: '2026-11-03', ...a } as never),
          ),
        );
        expect(await one.statistics.value({ metric, date: '2026-11-03', ...a } as never)).toBe(4);
      }
    });
  });
});
