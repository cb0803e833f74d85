import { Column, Entity, PrimaryColumn } from 'typeorm';
import { newMetric, rowsOf } from '../rollup/stored.js';
import { describeOnDatabase } from '../support/databases.js';
import { definitionOf, Engine, TRACKSTATS_ENTITIES } from '../support/engine.js';
import fc from '../support/fast-check.js';

@Entity()
class Entry {
  @PrimaryColumn({ type: 'integer' })
  id!: number;

  @Column({ type: 'datetime', nullable: true })
  at!: Date | null;
}

const NOW = new Date('2026-11-20T12:30:00Z');

describeOnDatabase('sqlite', 'a datetime column', (database) => {
  let engine: Engine;

  beforeAll(async () => {
    engine = await Engine.on(await database.open({ entities: [...TRACKSTATS_ENTITIES, Entry] }));
  });
  beforeEach(() => engine.dataSource.getRepository(Entry).clear());

  const insert = (id: number, literal: string): Promise<unknown> =>
    engine.dataSource.query(`INSERT INTO entry (id, at) VALUES (${String(id)}, ${literal})`);

  test.each([
    ['ISO text', `'2026-11-20T11:00:00.000Z'`],
    ['ISO text without a zone', `'2026-11-20T11:00:00'`],
    ['an offset', `'2026-11-20 11:00:00+02:00'`],
    ['milliseconds', '1795172400000'],
    ['seconds', '1795172400'],
    ['julian days', '2461365.25'],
    ['other text', `'20.11.2026'`],
    ['a letter in the day', `'2026-11-1x 11:00:00'`],
    ['a letter in the year', `'20x6-11-20 11:00:00'`],
    ['letters in the time', `'2026-11-20 ab:cd:ef'`],
    ['an hour of none', `'2026-11-20 24:00:00'`],
    ['a minute of none', `'2026-11-20 11:60'`],
    ['milliseconds of letters', `'2026-11-20 11:00:00.12x'`],
  ])('that holds %s is refused, at the first run and later', async (_, literal) => {
    const definition = definitionOf({ metric: newMetric(), dateField: 'at', lookback: 1 });
    await insert(1, `'2026-11-19 11:00:00'`);
    await insert(2, literal);
    await expect(engine.run(definition, Entry, { now: NOW })).rejects.toMatchObject({
      code: 'TRACKSTATS_DATE_FORM',
      count: 1,
    });
    await engine.dataSource.getRepository(Entry).delete(2);
    await engine.run(definition, Entry, { now: NOW });
    // text in another form that sorts before the range is noticed by a first run only
    if (literal === `'20.11.2026'`) return;
    await insert(2, literal);
    await expect(engine.run(definition, Entry, { now: NOW })).rejects.toMatchObject({ code: 'TRACKSTATS_DATE_FORM' });
  });

  test('of any date is counted in the forms that are written, and refused in others', async () => {
    const time = fc
      .record({ h: fc.nat(23), m: fc.nat(59), s: fc.nat(59), ms: fc.nat(999) })
      .map(({ h, m, s, ms }) =>
        [h, m, s].map((part) => String(part).padStart(2, '0')).concat(String(ms + 1000).slice(1)),
      );
    const day = fc.integer({ min: Date.UTC(2000, 0, 1) / 86_400_000, max: Date.UTC(2026, 9, 31) / 86_400_000 });
    const dates = day.map((number) => new Date(number * 86_400_000).toISOString().slice(0, 10));
    await fc.assert(
      fc.asyncProperty(dates, time, fc.nat(15), async (date, [h, m, s, ms], form) => {
        const good = ['', ` ${h}:${m}`, ` ${h}:${m}:${s}`, ` ${h}:${m}:${s}.${ms}`, ` ${h}:${m}:${s}.9999996`].map(
          (rest) => date + rest,
        );
        const bad = [
          `${date}T${h}:${m}:${s}`,
          `${date} ${h}:${m}:${s}.${ms}Z`,
          `${date} ${h}:${m}:${s}+02:00`,
          `${date.slice(0, 5)}13${date.slice(7)} ${h}:${m}:${s}`,
          `${date.slice(0, 8)}32 ${h}:${m}:${s}.${ms}`,
          `${date.slice(0, 4)}-02-30 ${h}:${m}:${s}`,
          `${date.slice(0, 4)}-04-31 ${h}:${m}:${s}.${ms}`,
          `${date} 24:${m}:${s}`,
          `${date} ${h}:6${m?.slice(1) ?? ''}:${s}.${ms}`,
          `${date.slice(0, 9)}x ${h}:${m}:${s}`,
          `${date} ${h}:${m}:${s}.${ms}x`,
        ];
        await engine.dataSource.getRepository(Entry).clear();
        await insert(1, `'${[...good, ...bad][form] ?? ''}'`);
        const run = engine.run(definitionOf({ metric: newMetric(), dateField: 'at' }), Entry, { now: NOW });
        if (form < good.length) expect(await run).toMatchObject({ from: date });
        else await expect(run).rejects.toMatchObject({ code: 'TRACKSTATS_DATE_FORM' });
      }),
      { numRuns: 150 },
    );
  });

  test('of the days that a later run reads is counted, and refused if the calendar has no such day', async () => {
    // after runs at these dates: good and bad readings of the days up to then
    const days: [today: string, good: readonly string[], bad: readonly string[]][] = [
      ['2026-03-01', ['2026-02-28', '2026-03-01'], ['2026-02-29', '2026-02-30', '2026-03-32']],
      ['2028-03-01', ['2028-02-29', '2028-03-01'], ['2028-02-30', '2028-02-31', '2028-02-3x']],
      ['2026-05-01', ['2026-04-30', '2026-05-01'], ['2026-04-31', '2026-04-32', '2026-05-3x']],
      ['2026-11-20', ['2026-11-19', '2026-11-20'], ['2026-11-31', '2026-11-2x', '2026-11-3']],
      ['2027-01-01', ['2026-12-31', '2027-01-01'], ['2026-12-32', '2026-13-01', '2027-01-32']],
    ];
    const times = [' 00:00:00', ' 11:12:13', ' 00:00:00.000', ' 01:59:59.999'];
    for (const [today, good, bad] of days) {
      const now = new Date(`${today}T12:30:00Z`);
      await engine.dataSource.getRepository(Entry).clear();
      const definition = definitionOf({ metric: newMetric(), dateField: 'at', lookback: 1 });
      await engine.run(definition, Entry, { now });
      const readings = good.flatMap((date) => times.map((time) => date + time));
      for (const [id, reading] of readings.entries()) await insert(id, `'${reading}'`);
      await engine.run(definition, Entry, { now });
      expect(await rowsOf(engine, definition)).toEqual(Object.fromEntries(good.map((date) => [date, '4'])));
      for (const reading of bad.flatMap((date) => times.map((time) => date + time))) {
        await insert(100, `'${reading}'`);
        const code = await engine.run(definition, Entry, { now }).then(
          () => 'counted',
          (error: unknown) => (error as { code?: unknown }).code,
        );
        expect([reading, code]).toEqual([reading, 'TRACKSTATS_DATE_FORM']);
        await engine.dataSource.getRepository(Entry).delete(100);
      }
    }
  });

  test('that holds what SQLite and TypeORM write is counted', async () => {
    for (const [id, literal] of [
      `'2026-11-20'`,
      `'2026-11-20 11:00'`,
      `'2026-11-20 11:00:00'`,
      `'2026-11-20 11:00:00.123'`,
      `'2026-11-20 11:00:00.123456'`,
      'NULL',
    ].entries())
      await insert(id, literal);
    const definition = definitionOf({ metric: newMetric(), dateField: 'at' });
    await engine.run(definition, Entry, { now: NOW });
    expect(await rowsOf(engine, definition)).toEqual({ '2026-11-20': '5' });
  });
});
