import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { Column, Entity, JoinColumn, ManyToOne, PrimaryColumn } from 'typeorm';
import { defineDomain, defineMetric } from '../../lib/catalog/definitions.js';
import { Period } from '../../lib/time/period.js';
import { exactValue } from '../../lib/statistics/tables/exact-value.js';
import type { TrackedTarget } from '../../lib/tracking/definition/tracker-definition.js';
import { describeOnEachDatabase } from '../support/databases.js';
import { definitionOf, Engine, TRACKSTATS_ENTITIES, type OneMetric } from '../support/engine.js';

@Entity()
class User {
  @PrimaryColumn({ type: 'integer' })
  id!: number;
}

@Entity()
class Comment {
  @PrimaryColumn({ type: 'integer' })
  id!: number;

  @ManyToOne(() => User, { createForeignKeyConstraints: false })
  @JoinColumn({ name: 'user_id' })
  user!: User;

  @Column({ type: Date, precision: 3 })
  timestamp!: Date;

  @Column({ type: 'integer', nullable: true })
  score!: number | null;
}

const GOLDEN = join(import.meta.dirname, '../fixtures/golden');
const DOMAIN = defineDomain({ ref: 'golden' });
// the moment at which the peer computed
const NOW = new Date('2024-04-10T22:30:00Z');

function lines(...path: string[]): string[] {
  return readFileSync(join(GOLDEN, ...path), 'utf8')
    .trim()
    .split('\n')
    .slice(1);
}

function comments(): Record<string, unknown>[] {
  return lines('comments.csv').map((line) => {
    const [id, user, timestamp = '', score] = line.split(',');
    // milliseconds are what a Date holds: the rest is cut off, as the peers' rows were made of it
    const at = new Date(timestamp.replace(/(\.\d{3})\d+Z$/, '$1Z'));
    return { id: Number(id), user: { id: Number(user) }, timestamp: at, score: score === '' ? null : Number(score) };
  });
}

describeOnEachDatabase('the rows of the peers', (database) => {
  let engine: Engine;
  const rows = comments();

  beforeAll(async () => {
    engine = await Engine.on(await database.open({ entities: [...TRACKSTATS_ENTITIES, User, Comment] }));
    await engine.dataSource.getRepository(User).insert(Array.from({ length: 49 }, (_, index) => ({ id: index + 1 })));
    for (let i = 0; i < rows.length; i += 1000) {
      await engine.dataSource
        .createQueryBuilder()
        .insert()
        .into(Comment)
        .values(rows.slice(i, i + 1000))
        .updateEntity(false)
        .execute();
    }
  });

  const dateText = {
    sqlite: 'date',
    postgres: `to_char(date, 'YYYY-MM-DD')`,
    mariadb: `DATE_FORMAT(date, '%Y-%m-%d')`,
  }[database.kind];

  async function computed(ref: string, definition: Partial<OneMetric>): Promise<string[]> {
    const metric = defineMetric({ domain: DOMAIN, ref });
    await engine.run(definitionOf({ metric, dateField: 'timestamp', ...definition }), Comment, { now: NOW });
    const object = definition.target !== undefined;
    const table = object ? 'trackstats_statistic_by_date_and_object' : 'trackstats_statistic_by_date';
    const stored: { date: string | Date; object_id?: string; value: unknown }[] = await engine.dataSource.query(
      `SELECT ${dateText} AS date,
${object ? 'object_id,' : ''} value FROM ${table} s JOIN trackstats_metric m ON m.id = s.metric_id WHERE m.ref = '${ref}'`,
    );
    return stored
      .map(({ date, object_id, value }) => `${String(date)},${object_id ?? ''},${exactValue(value) ?? ''}`)
      .sort();
  }

  const byUser: TrackedTarget = { kind: 'objects', field: 'user', entity: null };
  const trackers: Record<string, Partial<OneMetric>> = {
    count: {},
    byuser: { target: byUser, density: 'daily' },
    user3: { target: { kind: 'object', object: { type: User, id: 3 } }, density: 'daily', where: { user: { id: 3 } } },
    users: { aggregate: { function: 'countDistinct', field: 'user' } },
  };

  describe.each(['UTC', 'Europe/Amsterdam'])('in %s', (timeZone) => {
    test.each([
      ['count', Period.DAY],
      ['count', Period.LIFETIME],
      ['byuser', Period.DAY],
      ['byuser', Period.LIFETIME],
      ['user3', Period.DAY],
      ['user3', Period.LIFETIME],
      ['users', Period.DAY],
    ])('%s %p', async (tracker, period) => {
      const name = Period.nameOf(period);
      const golden = lines('trackstats', `full.${tracker}.${name}.${timeZone.replace('/', '-')}.csv`).map((line) => {
        const [date, , object, value] = line.split(',');
        return `${date ?? ''},${object ?? ''},${value ?? ''}`;
      });
      const ref = `${tracker}_${name}_${timeZone.replace('/', '-')}`;
      expect(await computed(ref, { ...trackers[tracker], periods: [period], timeZone })).toEqual(golden.sort());
    });
  });

  const intervals: Record<string, Period> = {
    day: Period.DAY,
    week: Period.CALENDAR_WEEK,
    month: Period.CALENDAR_MONTH,
    quarter: Period.CALENDAR_QUARTER,
    year: Period.CALENDAR_YEAR,
  };
  const aggregates: Record<string, OneMetric['aggregate']> = {
    count: { function: 'count', field: null },
    users: { function: 'countDistinct', field: 'user' },
    sum: { function: 'sum', field: 'score' },
    avg: { function: 'avg', field: 'score' },
    min: { function: 'min', field: 'score' },
    max: { function: 'max', field: 'score' },
  };

  test.each(Object.keys(aggregates))('calendar buckets of %s, five periods in one run', async (name) => {
    const aggregate = aggregates[name];
    const ref = `buckets_${name}`;
    await computed(ref, {
      aggregate: aggregate ?? { function: 'count', field: null },
      periods: Object.values(intervals),
      timeZone: 'Europe/Amsterdam',
    });
    const stored: { period: number; date: string; value: unknown }[] = await engine.dataSource.query(
      `SELECT period, ${dateText} AS date, value FROM trackstats_statistic_by_date s JOIN trackstats_metric m ON m.id = s.metric_id WHERE m.ref = '${ref}'`,
    );
    const values = new Map(stored.map(({ period, date, value }) => [`${String(period)},${date}`, exactValue(value)]));
    const golden = lines('rollup', `full.${name}.Europe-Amsterdam.csv`).map((line) => line.split(','));
    expect(golden.length).toBeGreaterThan(400);
    for (const [interval = '', date = '', , value = ''] of golden) {
      const found = values.get(`${String(intervals[interval])},${date}`);
      // the peer writes a row for a bucket without source rows too: zero for counts and sums, NULL otherwise
      const expected =
        found === undefined && (value === '0' || value === '') ? undefined : value === '' ? null : Number(value);
      expect([interval, date, found === undefined || found === null ? found : Number(found)]).toEqual([
        interval,
        date,
        expected,
      ]);
    }
    expect(values.size).toBeLessThanOrEqual(golden.length);
  });
});
