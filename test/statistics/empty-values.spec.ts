import { defineMetric } from '../../lib/catalog/definitions.js';
import type { AggregateFunction } from '../../lib/catalog/aggregates.js';
import type { AbstractStatistic } from '../../lib/statistics/tables/abstract-statistic.js';
import { objectRef } from '../../lib/statistics/filter/object-target.js';
import { Period } from '../../lib/time/period.js';
import { Member, Payment, store } from '../properties/payments.js';
import { describeOnEachDatabase } from '../support/databases.js';
import { definitionOf, Engine } from '../support/engine.js';
import { CATALOG, services, type Setup, SHOP, TODAY } from './setup.js';

const PERIODS = [Period.DAY, Period.WEEK, Period.LIFETIME, Period.CALENDAR_MONTH];

/** member 1 pays first, member 2 nine days later, and nobody after that */
const PAYMENTS = [
  { id: 1, at: Date.parse('2026-11-02T10:00:00Z'), user: 1, amount: 400 },
  { id: 2, at: Date.parse('2026-11-11T10:00:00Z'), user: 2, amount: 600 },
];

describeOnEachDatabase('inside the coverage, before the first row of an object,', (test) => {
  let s: Setup;
  let engine: Engine;

  beforeAll(async () => {
    const dataSource = await test.open({ entities: [...CATALOG, Member, Payment] });
    s = await services(dataSource);
    engine = await Engine.on(dataSource);
    await store(dataSource, PAYMENTS);
  });

  describe.each<[AggregateFunction, string | null]>([
    ['count', null],
    ['countDistinct', 'member'],
    ['sum', 'amount'],
    ['avg', 'amount'],
    ['min', 'amount'],
    ['max', 'amount'],
  ])('%s', (name, field) => {
    const empty = ['avg', 'min', 'max'].includes(name) ? null : 0;

    forEachDensity((density) => {
      it(`is ${String(empty)} in every period, with density ${density}`, async () => {
        const metric = defineMetric({ domain: SHOP, ref: `${name.toLowerCase()}_${density}` });
        const definition = definitionOf({
          metric,
          dateField: 'at',
          periods: PERIODS,
          aggregate: { function: name, field },
          target: { kind: 'objects', field: 'member', entity: null },
          density,
        });
        await engine.run(definition, Payment, { now: new Date(`${TODAY}T12:00:00Z`) });
        const [first, second, never] = [1, 2, 3].map((id) => objectRef(Member, id));
        for (const period of PERIODS) {
          const date = period === Period.CALENDAR_MONTH ? '2026-11-01' : '2026-11-05';
          const at = { metric, period, date };
          const isKnown = period === Period.CALENDAR_MONTH;
          if (!isKnown) expect([period, await s.statistics.value({ ...at, object: second! })]).toEqual([period, empty]);
          expect([period, await s.statistics.value({ ...at, object: never! })]).toEqual([period, empty]);
          expect((await s.statistics.point({ ...at, object: never! })).value).toBe(empty);
          const exact = await s.statistics.value({ ...at, object: never!, exact: true });
          expect(exact).toBe(empty === null ? null : '0');
          // before the coverage, and after today, nothing is known
          const outside = period === Period.CALENDAR_MONTH ? '2026-10-01' : '2026-11-01';
          expect(await s.statistics.value({ metric, period, date: outside, object: never! })).toBeNull();
          expect(await s.statistics.value({ metric, period, date: '2026-12-01', object: never! })).toBeNull();
          const range = { from: '2026-11-01', to: '2026-11-20' };
          const series = await s.statistics.series({ metric, period, ...range, object: never! });
          const known = series.filter((point) => isKnown || point.date >= '2026-11-02');
          expect(new Set(known.map(({ value }) => value))).toEqual(new Set([empty]));
          expect(known).toHaveLength(isKnown ? 1 : 19);
          const all = await s.statistics.multiSeries({ metric, period, ...range, objects: [first!, second!, never!] });
          expect(all.map(({ points }) => points.find((point) => point.date === date)?.value)[2]).toBe(empty);
          if (!isKnown)
            expect(all.map(({ points }) => points.find((point) => point.date === date)?.value)[1]).toBe(empty);
        }
      });
    });

    it('find, mostRecent and top name the objects that have a value, and are the same for both densities', async () => {
      const read = async (density: string): Promise<unknown> => {
        const metric = `shop/${name.toLowerCase()}_${density}`;
        const seen: unknown[] = [];
        for (const period of [Period.WEEK, Period.LIFETIME]) {
          const filter = { metric, period, objectType: Member };
          const rows = await s.statistics.find({ ...filter, to: '2026-11-05' });
          const keyed = (row: AbstractStatistic & { objectId: string }): unknown[] => [
            row.date,
            row.objectId,
            Number(row.value),
          ];
          seen.push(rows.map(keyed));
          expect(new Set(rows.map(({ objectId }) => objectId))).toEqual(new Set(['1']));
          expect(rows[0]?.date).toBe('2026-11-02');
          const top = await s.statistics.top({ ...filter, date: '2026-11-05', order: 'asc' });
          expect(top.map(({ object }) => object.id)).toEqual(['1']);
          seen.push(top, await s.statistics.top({ ...filter, date: TODAY, order: 'asc' }));
          const before = { metric, period, object: objectRef(Member, 2), to: '2026-11-05' };
          expect(await s.statistics.mostRecent(before)).toBeNull();
          expect(await s.statistics.find(before)).toEqual([]);
          const last = await s.statistics.mostRecent({ metric, period, object: objectRef(Member, 2) });
          seen.push([last?.date, last?.value]);
        }
        return seen;
      };
      expect(await read('changes')).toEqual(await read('daily'));
    });
  });

  it('a total that has no rows yet is 0, and what record writes stays unknown', async () => {
    const metric = defineMetric({ domain: SHOP, ref: 'none' });
    const definition = definitionOf({ metric, dateField: 'at', periods: PERIODS, where: { id: -1 } });
    await engine.run(definition, Payment, { now: new Date(`${TODAY}T12:00:00Z`) });
    for (const period of PERIODS) expect(await s.statistics.value({ metric, period })).toBe(0);
    const own = defineMetric({ domain: SHOP, ref: 'recorded' });
    await s.statistics.record({ metric: own, value: 1, period: Period.LIFETIME });
    expect(await s.statistics.value({ metric: own, period: Period.LIFETIME, date: '2026-11-19' })).toBeNull();
  });
});

function forEachDensity(body: (density: 'daily' | 'changes') => void): void {
  for (const density of ['daily', 'changes'] as const) body(density);
}
