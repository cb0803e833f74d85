import { exportPages } from '../../lib/transfer/export/export-text.js';
import { exportPlan } from '../../lib/transfer/export/export-plan.js';
import { checkExport } from '../../lib/transfer/export/export-filter.js';
import { DataSources } from '../../lib/database/data-sources.js';
import { ObjectTypes } from '../../lib/statistics/filter/object-types.js';
import { describeOnEachDatabase } from '../support/databases.js';
import { NOW, ORDERS, OrdersByRegion, setup } from '../statistics/setup.js';
import fc from '../support/fast-check.js';

const TEXTS = ['', 'a', 'A', 'a ', 'á', '\u{1f600}', '\uffff', '-', '_', 'b', 'ab'];

describeOnEachDatabase('pages of an export', (database) => {
  it('hold each row once and in order, whatever fits into them', async () => {
    const row = fc.record({
      date: fc.integer({ min: 10, max: 14 }).map((day) => `2026-01-${String(day)}`),
      country: fc.constantFrom(...TEXTS),
      province: fc.constantFrom(null, ...TEXTS),
    });
    const rows = fc.uniqueArray(row, { maxLength: 40, selector: (one) => JSON.stringify(Object.values(one)) });
    const size = fc.integer({ min: 1, max: 12 });
    await fc.assert(
      fc.asyncProperty(rows, size, size, async (given, dates, ofDate) => {
        const { database: here, owners, statistics, metrics } = await setup(database);
        await metrics.register(ORDERS);
        await statistics.recordMany(
          given.map(({ date, ...dimensions }, value) => ({
            metric: ORDERS,
            date,
            value,
            entity: OrdersByRegion,
            dimensions,
          })),
        );
        const objectTypes = new ObjectTypes(new DataSources(here.dataSource, () => []));
        const context = {
          database: here,
          objectTypes,
          owners,
          options: { timeZone: 'UTC', weekStart: 'monday' as const },
        };
        const checked = checkExport(context, { entity: OrdersByRegion });
        const plan = await here.read(() => exportPlan(context, checked, NOW));
        const found: string[] = [];
        for await (const page of exportPages(here, plan, { dates, ofDate })) {
          expect(page.rows.length).toBeLessThanOrEqual(Math.max(dates, ofDate));
          found.push(
            ...page.rows.map(({ date, cell, value }) => [date, cell['country'], cell['province'], value].join('|')),
          );
        }
        const bytes = (one: (typeof given)[number]): Buffer =>
          Buffer.from(`${one.date}\0${one.country}\0${one.province ?? '\u2400'}`);
        const expected = given
          .map((one, value) => ({ one, value }))
          .sort((a, b) => Buffer.compare(bytes(a.one), bytes(b.one)))
          .map(({ one, value }) => [one.date, one.country, one.province ?? '\u2400', value].join('|'));
        expect(found).toEqual(expected);
      }),
      { numRuns: 25 },
    );
  });
});
