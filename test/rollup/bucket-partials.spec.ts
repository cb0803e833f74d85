import { defineDomain, defineMetric } from '../../lib/catalog/definitions.js';
import { Metric } from '../../lib/catalog/metric.entity.js';
import { Domain } from '../../lib/catalog/domain.entity.js';
import { DataSources } from '../../lib/database/data-sources.js';
import { query, type Row as DatabaseRow } from '../../lib/database/work.js';
import { bucketValues } from '../../lib/rollup/bucket-sql.js';
import { PartialSpool, spooledSpec } from '../../lib/rollup/partial-spool.js';
import type { SecondRange } from '../../lib/rollup/rollup-sql.js';
import { rollup, stagePartials, unstagePartials } from '../../lib/rollup/rollup.js';
import type { RollupSpec } from '../../lib/rollup/rollup-spec.js';
import { ObjectTypes } from '../../lib/statistics/filter/object-types.js';
import { StatisticByDateAndObject } from '../../lib/statistics/tables/statistic-by-date-and-object.entity.js';
import { StatisticByDate } from '../../lib/statistics/tables/statistic-by-date.entity.js';
import { Period } from '../../lib/time/period.js';
import { bucketAt, type BucketLength } from '../../lib/time/time-bucket.js';
import { localDateAt, startOfDay } from '../../lib/time/time-zone.js';
import { defineTracker } from '../../lib/tracking/definition/define-tracker.js';
import type { TrackerDefinition } from '../../lib/tracking/definition/tracker-definition.js';
import { planRun } from '../../lib/tracking/source/plan-run.js';
import { scansOf, rollupSpecOf } from '../../lib/tracking/source/run-spec.js';
import { TrackerResolver } from '../../lib/tracking/source/tracker.resolver.js';
import { describeOnEachDatabase } from '../support/databases.js';
import { Engine, TRACKSTATS_ENTITIES } from '../support/engine.js';
import { Chance, MEASURES, openShop, Sale, SHOP } from '../tracking/shop.js';
import { CHANGES, HOUR, REFS, rounded, salesAbout, type SoldRow, soldRows, valueOf } from '../tracking/shop-buckets.js';

const domain = defineDomain({ ref: 'buckets' });
const PERIODS = [Period.DAY, Period.WEEK, Period.CALENDAR_MONTH, Period.LIFETIME];

describeOnEachDatabase('partials by buckets', (database) => {
  let engine: Engine;
  let tracker: TrackerResolver;
  let rows: readonly SoldRow[];

  beforeAll(async () => {
    engine = await Engine.on(await database.open({ entities: [...TRACKSTATS_ENTITIES, ...SHOP] }));
    await openShop(engine.dataSource);
    const dataSources = new DataSources(engine.dataSource, () => [engine.dataSource]);
    tracker = new TrackerResolver(engine.database, dataSources, new ObjectTypes(dataSources));
    await engine.dataSource.getRepository(Domain).insert({ ref: domain.ref, name: '' });
  });

  /** Sales of the days about a change, half of them within three hours of it, and some of long before. */
  async function sell(change: Date): Promise<void> {
    const repository = engine.dataSource.getRepository(Sale);
    await repository.clear();
    await repository.insert(salesAbout(change, new Chance(change.getTime() % 1_000_003)));
    rows = await soldRows(engine.dataSource);
  }

  const definitionOf = (timeZone: string): TrackerDefinition =>
    defineTracker(
      { kind: 'object', name: 'sales', type: 'Sales' },
      {
        ...{ dateField: 'at', period: PERIODS, timeZone, objectField: 'buyer', withTotal: true },
        metrics: REFS.map((ref) => ({ metric: defineMetric({ domain, ref }), ...MEASURES[ref] })),
      },
      { timeZone: 'UTC', weekStart: 'monday' },
    );

  /** The spec of a first run of some days, by buckets of a length or (null) by days, with the metrics of its entries. */
  async function specAt(definition: TrackerDefinition, change: Date, bucket: BucketLength | null) {
    const now = new Date(change.getTime() + 70 * HOUR);
    const resolved = tracker.resolve(definition, Sale);
    const from = localDateAt(new Date(change.getTime() - 60 * HOUR), definition.timeZone);
    const entries = resolved.entries.map((entry) => ({ ...entry, fingerprint: () => 'f', coverage: new Map() }));
    const today = localDateAt(now, definition.timeZone);
    const plan = planRun({ definition, tracker: 'sales', entries, today, requested: { from }, firstDate: null });
    const scans = scansOf(resolved, plan, { now, firstDate: null, countsByIndex: false });
    const bucketed = scans.map((scan) => (scan === null ? null : { ...scan, bucket }));
    const metrics = engine.dataSource.getRepository(Metric);
    const stored = await engine.dataSource.getRepository(Domain).findOneByOrFail({ ref: domain.ref });
    const ids: number[] = [];
    const refs: string[] = [];
    for (const { metric } of resolved.entries) {
      const ref = (metric as { ref: string }).ref;
      const found = await metrics.findOneBy({ ref });
      ids.push((found ?? (await metrics.save({ ref, name: '', domain: stored }))).id);
      refs.push(ref);
    }
    const { dialect } = engine.database;
    const spec = await engine.database.transaction(() => rollupSpecOf(dialect, resolved, ids, bucketed, plan));
    return { spec, refs, from, now };
  }

  /** The values of every entry by buckets, from one staging of the partials. */
  async function bucketsOf(
    spec: RollupSpec,
    across: boolean,
    { length, ...range }: SecondRange & { length: BucketLength },
  ): Promise<(readonly DatabaseRow[])[]> {
    const { dialect } = engine.database;
    const spool = across ? await PartialSpool.from(engine.database, spec.scans) : null;
    try {
      return await engine.database.transaction(function* () {
        if (spool === null) yield* stagePartials(dialect, spec);
        else yield* spool.stage(dialect, spec.scans);
        const found: (readonly DatabaseRow[])[] = [];
        for (const entry of spec.entries) found.push(yield* query(bucketValues(dialect, entry, length, [range])));
        yield* unstagePartials(dialect, spec);
        return found;
      });
    } finally {
      spool?.remove();
    }
  }

  describe.each([
    ['in one database', false, CHANGES],
    ['of another database', true, CHANGES.filter((_, index) => index % 2 === 0)],
  ] as const)('%s', (_, across, changes) => {
    it.each(changes)('make the buckets of %s about %s, of every aggregate', async (zone, instant) => {
      const change = new Date(instant);
      await sell(change);
      // made of themselves, and of shorter ones
      for (const [length, bucket] of [
        [900, 900],
        [3600, 600],
      ] as const) {
        const { spec: given, refs, from, now } = await specAt(definitionOf(zone), change, bucket);
        const spec = across ? spooledSpec(given) : given;
        const range = { length, from: startOfDay(from, zone).getTime() / 1000, to: now.getTime() / 1000 };
        const found = await bucketsOf(spec, across, range);
        for (const [index, entry] of spec.entries.entries()) {
          const ref = refs[index] ?? '';
          const isTotal = entry.keys.length === 0;
          const actual = (found[index] ?? []).map(({ c0, bucket: start, v }) => [
            ...(isTotal ? [] : [String(c0)]),
            Number(start),
            rounded(v === null ? null : Number(v)),
          ]);
          const groups = new Map<string, SoldRow[]>();
          for (const row of rows) {
            const { start } = bucketAt({ zone, length }, row.at.getTime() / 1000);
            if (row.at > now || start < range.from || (!isTotal && row.buyer === null)) continue;
            const key = isTotal ? String(start) : `${String(row.buyer)} ${String(start)}`;
            groups.set(key, [...(groups.get(key) ?? []), row]);
          }
          expect(groups.size).toBeGreaterThan(10);
          const expected = [...groups].flatMap(([key, some]) => {
            const value = valueOf(ref, some);
            if (value === undefined) return [];
            const parts = key.split(' ');
            return [[...parts.slice(0, -1), Number(parts.at(-1)), rounded(value)]];
          });
          expect([ref, isTotal, sorted(actual)]).toEqual([ref, isTotal, sorted(expected)]);
        }
      }
    });

    it.each(changes)('make the days of %s about %s as partials by days do', async (zone, instant) => {
      const change = new Date(instant);
      await sell(change);
      const results: unknown[] = [];
      for (const bucket of [null, 60] as const) {
        const { spec: given } = await specAt(definitionOf(zone), change, bucket);
        const spec = across ? spooledSpec(given) : given;
        for (const entity of [StatisticByDate, StatisticByDateAndObject])
          await engine.dataSource.getRepository(entity).clear();
        const { dialect } = engine.database;
        const spool = across ? await PartialSpool.from(engine.database, given.scans) : null;
        await engine.database.transaction(function* () {
          if (spool !== null) yield* spool.stage(dialect, spec.scans);
          yield* rollup(dialect, spec, spool !== null);
        });
        spool?.remove();
        const totals = await engine.dataSource.getRepository(StatisticByDate).find();
        const objects = await engine.dataSource.getRepository(StatisticByDateAndObject).find();
        results.push(
          [...totals, ...objects]
            .map((row) =>
              JSON.stringify([row.metricId, row.period, row.date, row.value, 'objectId' in row && row.objectId]),
            )
            .sort(),
        );
      }
      expect((results[0] as unknown[]).length).toBeGreaterThan(100);
      for (const result of results.slice(1)) expect(result).toEqual(results[0]);
    });
  });
});

function sorted(values: readonly unknown[][]): string[] {
  return values.map((value) => JSON.stringify(value)).sort();
}
