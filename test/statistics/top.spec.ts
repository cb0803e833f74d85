import { defineDomain, defineMetric } from '../../lib/catalog/definitions.js';
import { MOST_WALKED } from '../../lib/statistics/read/top.query.js';
import { Period } from '../../lib/time/period.js';
import { describeOnDatabase, describeOnEachDatabase } from '../support/databases.js';
import fc from '../support/fast-check.js';
import { Customer, OrdersByRegion, setup, type Setup } from './setup.js';

const domain = defineDomain({ ref: 'top' });

describeOnEachDatabase('the last rows of many series', (database) => {
  let s: Setup;
  let count = 0;

  beforeAll(async () => (s = await setup(database)));

  /** Objects whose ids differ by case, spaces or accents, and rows in any order of dates, some without a value. */
  const rows = fc.uniqueArray(
    fc.record({
      id: fc.constantFrom('a', 'A', 'a ', 'á', '1', '10', '2', 'Z'),
      day: fc.integer({ min: 1, max: 28 }),
      value: fc.option(fc.integer({ min: -3, max: 3 }), { freq: 6 }),
    }),
    { selector: ({ id, day }) => `${id} ${String(day)}`, maxLength: 60 },
  );
  const date = (day: number): string => `2026-10-${String(day).padStart(2, '0')}`;

  /** The greatest values of what holds on a day, the ids by code points. */
  function best(given: readonly { id: string; day: number; value: number | null }[], at: number): [string, number][] {
    const last = new Map<string, { day: number; value: number | null }>();
    for (const row of given) {
      if (row.day <= at && row.day >= (last.get(row.id)?.day ?? 0)) last.set(row.id, row);
    }
    return [...last]
      .flatMap(([id, { value }]): [string, number][] => (value === null ? [] : [[id, value]]))
      .sort(([a, x], [b, y]) => y - x || (a < b ? -1 : 1));
  }

  test('are those that a reader of all rows finds', async () => {
    await fc.assert(
      fc.asyncProperty(
        rows,
        fc.integer({ min: 1, max: 28 }),
        fc.integer({ min: 1, max: 9 }),
        async (given, at, limit) => {
          const metric = defineMetric({ domain, ref: `m${String(++count)}` });
          const period = Period.LIFETIME;
          await s.statistics.recordMany(
            given.flatMap(
              ({ id, day, value }) =>
                [
                  { metric, period, date: date(day), object: { type: 'thing', id }, value },
                  // of another type, another period and another metric
                  { metric, period, date: date(day), object: { type: 'thing2', id }, value: 9 },
                  { metric, period: Period.WEEK, date: date(day), object: { type: 'thing', id }, value: 9 },
                  {
                    metric,
                    period,
                    date: date(day),
                    value,
                    entity: OrdersByRegion,
                    dimensions: { country: 'NL', province: id },
                  },
                  {
                    metric,
                    period,
                    date: date(day),
                    value: 9,
                    entity: OrdersByRegion,
                    dimensions: { country: 'BE', province: id },
                  },
                ] as never,
            ),
          );
          const expected = best(given, at).slice(0, limit);
          const objects = await s.statistics.top({
            metric,
            period,
            objectType: 'thing',
            date: date(at),
            limit,
          } as never);
          expect(objects.map(({ object, value }) => [(object as { id: string }).id, value])).toEqual(expected);
          const of = {
            metric,
            period,
            date: date(at),
            limit,
            entity: OrdersByRegion,
            dimensions: { country: 'NL' },
          };
          const regions = (await s.statistics.top(of as never)) as unknown as {
            dimensions: { province: string };
            value: number;
          }[];
          expect(regions.map(({ dimensions, value }) => [dimensions.province, value])).toEqual(expected);
        },
      ),
      { numRuns: 25 },
    );
  }, 120_000);
});

describeOnDatabase('postgres', 'the last rows of more series than are walked', (database) => {
  test('are all found', async () => {
    const s = await setup(database);
    const metric = defineMetric({ domain, ref: 'many' });
    const values = { period: Period.LIFETIME, object: { type: 'customer', id: '0' }, date: '2026-11-01' } as const;
    await s.statistics.record({ metric, ...values, value: 1 } as never);
    await s.dataSource.query(
      `INSERT INTO trackstats_statistic_by_date_and_object (metric_id, period, object_type, object_id, date, value)
SELECT metric_id, period, object_type, n::varchar, date, n
FROM trackstats_statistic_by_date_and_object, GENERATE_SERIES(1, ${String(MOST_WALKED + 5)}) n`,
    );
    for (const order of ['asc', 'desc'] as const) {
      const found = await s.statistics.top({ metric, period: Period.LIFETIME, objectType: Customer, limit: 1, order });
      expect(found.map(({ value }) => value)).toEqual([order === 'asc' ? 1 : MOST_WALKED + 5]);
    }
  });
});
