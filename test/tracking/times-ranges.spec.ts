import { jest } from '@jest/globals';
import { Column, Entity, Index, PrimaryColumn } from 'typeorm';
import { StatisticByDate } from '../../lib/statistics/tables/statistic-by-date.entity.js';
import { StatisticByTime } from '../../lib/statistics/tables/statistic-by-time.entity.js';
import { Period } from '../../lib/time/period.js';
import { modelDate, modelStart } from '../properties/model.js';
import { insert, newMetric, vacuum } from '../rollup/stored.js';
import { describeOnEachDatabase } from '../support/databases.js';
import {
  definitionOf,
  Engine,
  IS_DISTRIBUTED,
  type OneMetric,
  TIME_ENTITIES,
  TRACKSTATS_ENTITIES,
} from '../support/engine.js';
import { Chance } from './shop.js';

const HOUR_MS = 3_600_000;
const DAYS = 34;
const PERIODS = [Period.DAY, Period.HOUR, Period.LIFETIME];

@Entity({ name: 'dense_event' })
class Dense {
  @PrimaryColumn({ type: 'integer' })
  id!: number;

  @Index()
  @Column({ type: Date, precision: 3 })
  at!: Date;
}

describeOnEachDatabase('buckets that an index counts by ranges', (database) => {
  let engine: Engine;

  beforeAll(async () => {
    engine = await Engine.on(await database.open({ entities: [...TRACKSTATS_ENTITIES, ...TIME_ENTITIES, Dense] }));
    // it would hold what VACUUM is to see
    if (database.kind === 'postgres')
      await engine.dataSource.query('ALTER TABLE dense_event SET (autovacuum_enabled = false)');
  });

  const definition = (timeZone: string, given: Partial<OneMetric> = {}): OneMetric =>
    definitionOf({ metric: newMetric(), dateField: 'at', timeZone, periods: PERIODS, ...given });

  /** Fills the source with rows of the days about a change of the clock, a third of them within three hours of it. */
  async function fill(change: number, rows: number): Promise<number[]> {
    const chance = new Chance(change % 1_000_003);
    const near = (hours: number): number => change + chance.below(2 * hours * HOUR_MS) - hours * HOUR_MS;
    const instants = Array.from({ length: rows }, (_, index) => near(index % 3 === 0 ? 3 : (DAYS / 2) * 24));
    await engine.dataSource.getRepository(Dense).clear();
    for (let first = 0; first < rows; first += 3000) {
      const some = instants.slice(first, first + 3000).map((at, index) => ({ id: first + index, at: new Date(at) }));
      await insert(engine.dataSource, Dense, some);
    }
    await vacuum(engine.dataSource, Dense);
    if (database.kind === 'postgres') await engine.dataSource.query('ANALYZE dense_event');
    // as TypeORM reads them: a column of wall clocks has one reading for both passes of an hour
    return (await engine.dataSource.getRepository(Dense).find()).map(({ at }) => at.getTime());
  }

  /** True if the statements of some work count by ranges of buckets. */
  async function countsByRanges(work: () => Promise<unknown>): Promise<boolean> {
    const statements: string[] = [];
    const watched = jest
      .spyOn(engine.dataSource.logger, 'logQuery')
      .mockImplementation((text) => void statements.push(text));
    try {
      await work();
    } finally {
      watched.mockRestore();
    }
    return statements.some((text) => text.includes('trackstats_run') || text.includes('u.buckets'));
  }

  async function storedOf({ metric }: OneMetric): Promise<Record<string, Map<string | number, number>>> {
    const where = { metric: { ref: (metric as { ref: string }).ref } };
    const [days, hours] = await Promise.all([
      engine.dataSource.getRepository(StatisticByDate).find({ where }),
      engine.dataSource.getRepository(StatisticByTime).find({ where }),
    ]);
    const ofDay = (period: Period): Map<string, number> =>
      new Map(days.filter((row) => row.period === period).map(({ date, value }) => [date, Number(value)]));
    return {
      days: ofDay(Period.DAY),
      lifetime: ofDay(Period.LIFETIME),
      hours: new Map(hours.map(({ start, value }) => [start, Number(value)])),
    };
  }

  /** Counts by hand of the rows from a date on. */
  function expectedOf(
    instants: readonly number[],
    zone: string,
    from = '',
  ): Record<string, Map<string | number, number>> {
    const [days, hours] = [new Map<string, number>(), new Map<number, number>()];
    const dated = instants.map((at) => ({ at, date: modelDate(at, zone) })).filter(({ date }) => date >= from);
    for (const { at, date } of dated) {
      days.set(date, (days.get(date) ?? 0) + 1);
      const start = modelStart(at, 3600, zone);
      hours.set(start, (hours.get(start) ?? 0) + 1);
    }
    let sum = instants.length - dated.length;
    const lifetime = [...days].sort(([a], [b]) => (a < b ? -1 : 1)).map(([date, n]) => [date, (sum += n)] as const);
    return { days, lifetime: new Map(lifetime), hours };
  }

  const isCounting = database.kind !== 'mariadb' && IS_DISTRIBUTED !== true;

  it.each([
    ['Australia/Lord_Howe', '2026-04-04T15:00:00Z'],
    // from 00:01 back to the day before
    ['America/St_Johns', '2006-10-29T02:31:00Z'],
  ])('are those that a count by hand has in %s about %s', async (zone, text) => {
    const change = Date.parse(text);
    const instants = await fill(change, 9000);
    const now = new Date(change + (DAYS / 2) * 24 * HOUR_MS);
    const first = definition(zone, { density: 'changes' });
    expect(await countsByRanges(() => engine.run(first, Dense, { now }))).toBe(isCounting);
    expect(await storedOf(first)).toEqual(expectedOf(instants, zone));
    const verify = async (): Promise<void> => {
      expect(await engine.verify(first, Dense)).toEqual([]);
    };
    expect(await countsByRanges(verify)).toBe(isCounting);

    // the rows before a range that a call asks for are counted as one
    const from = modelDate(change - 14 * 24 * HOUR_MS, zone);
    const later = definition(zone, { density: 'changes' });
    expect(await countsByRanges(() => engine.run(later, Dense, { now, from }))).toBe(isCounting);
    expect(await storedOf(later)).toEqual(expectedOf(instants, zone, from));
  });

  if (database.kind === 'sqlite') {
    it('have the dates that are written without seconds, or without a time', async () => {
      const change = Date.parse('2026-03-29T01:00:00Z');
      const now = new Date(change + (DAYS / 2) * 24 * HOUR_MS);
      const instants = await fill(change, 9000);
      await engine.dataSource.query(`UPDATE dense_event SET at = SUBSTR(at, 1, 16) WHERE id % 3 = 0`);
      await engine.dataSource.query(`UPDATE dense_event SET at = SUBSTR(at, 1, 14) || '00' WHERE id % 6 = 0`);
      await engine.dataSource.query(`UPDATE dense_event SET at = SUBSTR(at, 1, 10) WHERE id % 30 = 1`);
      const expected = instants.map((at, id) => {
        const unit = id % 30 === 1 ? 24 * HOUR_MS : id % 6 === 0 ? HOUR_MS : id % 3 === 0 ? 60_000 : 1;
        return Math.floor(at / unit) * unit;
      });
      for (const zone of ['UTC', 'Europe/Berlin', 'Asia/Kathmandu']) {
        const written = definition(zone, { density: 'changes' });
        expect(await countsByRanges(() => engine.run(written, Dense, { now }))).toBe(true);
        expect(await storedOf(written)).toEqual(expectedOf(expected, zone));
      }
    });
  }

  it('are counted by a scan where they have few rows each', async () => {
    const zone = 'Europe/Berlin';
    const change = Date.parse('2026-03-29T01:00:00Z');
    const instants = await fill(change, 900);
    const sparse = definition(zone, { density: 'changes' });
    const now = new Date(change + (DAYS / 2) * 24 * HOUR_MS);
    expect(await countsByRanges(() => engine.run(sparse, Dense, { now }))).toBe(false);
    expect(await storedOf(sparse)).toEqual(expectedOf(instants, zone));
  });
});
