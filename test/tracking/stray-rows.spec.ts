import { Column, Entity, PrimaryColumn } from 'typeorm';
import { StrayRowsError } from '../../lib/errors/run.error.js';
import { Period } from '../../lib/time/period.js';
import { dayNumber, readDayNumber } from '../../lib/time/local-date.js';
import { restAfterStrays } from '../../lib/tracking/source/stray-rows.js';
import { newMetric, rowsOf } from '../rollup/stored.js';
import { describeOnEachDatabase } from '../support/databases.js';
import { definitionOf, Engine, TRACKSTATS_ENTITIES, type OneMetric } from '../support/engine.js';

const NOW = new Date('2026-11-20T12:00:00Z');
const TODAY = '2026-11-20';

/** Every nth day of some dates. */
function days(from: string, to: string, step = 1): number[] {
  const first = dayNumber(from);
  return Array.from({ length: Math.floor((dayNumber(to) - first) / step) + 1 }, (_, index) => first + index * step);
}

describe('rows long before the rest', () => {
  const REST = days('2020-01-01', TODAY);

  test.each<[string, number[], string | null | undefined]>([
    ['the zero time of Go and .NET', [dayNumber('0001-01-01'), ...REST], '2020-01-01'],
    ['the zero of an epoch', [0, ...REST], '2020-01-01'],
    ['the evening before it, in the west', [-1, 0, ...REST], '2020-01-01'],
    ['the zeros of several programs', [dayNumber('0001-01-01'), dayNumber('1900-01-01'), 0, ...REST], '2020-01-01'],
    ['years without a digit', [...days('0020-01-01', '0026-01-01', 12), ...REST], '2020-01-01'],
    ['one row, and only one after it', [0, dayNumber('2026-11-19')], '2026-11-19'],
    ['nothing but zeros', [0], null],
    ['a source of this year', days('2026-01-01', TODAY), undefined],
    ['a history of daily rows', days('1950-01-01', TODAY), undefined],
    ['a sparse history', days('1850-01-01', TODAY, 1500), undefined],
    [
      'a sparse one with a hole of eleven years',
      [...days('1850-01-01', '1939-01-01', 1500), ...days('1950-01-01', TODAY, 1500)],
      undefined,
    ],
    [
      'a history with a hole of fifteen years',
      [...days('1990-01-01', '1995-12-31'), ...days('2011-01-01', TODAY)],
      undefined,
    ],
    ['a hole of nine years', [dayNumber('2011-02-01'), ...REST], undefined],
    ['a source that ended', days('2001-01-01', '2009-01-01'), undefined],
    ['one row of ten years ago', [dayNumber('2015-01-01')], undefined],
    ['no rows', [], undefined],
  ])('%s', (_, given, rest) => {
    const expected = typeof rest === 'string' ? dayNumber(rest) : rest;
    expect(restAfterStrays(given.map(readDayNumber), dayNumber(TODAY))).toBe(expected);
  });
});

@Entity()
class Happening {
  @PrimaryColumn({ type: 'integer' })
  id!: number;

  @Column({ type: 'date', nullable: true })
  day!: string | null;

  @Column({ type: Date, nullable: true })
  at!: Date | null;

  @Column({ type: 'bigint', nullable: true })
  seconds!: string | null;
}

describeOnEachDatabase('a source whose first rows', (database) => {
  let engine: Engine;

  beforeAll(async () => {
    engine = await Engine.on(await database.open({ entities: [...TRACKSTATS_ENTITIES, Happening] }));
  });

  const PERIODS = [Period.DAY, Period.WEEK, Period.CALENDAR_WEEK, Period.CALENDAR_QUARTER, Period.LIFETIME];
  const tracker = (dateField: string, given: Partial<OneMetric> = {}): OneMetric =>
    definitionOf({
      metric: newMetric(),
      dateField,
      periods: PERIODS,
      ...given,
      ...(dateField === 'seconds' ? { epoch: 's' } : {}),
    });

  /** Rows of two days, and some with a literal for each column. */
  async function fill(...strays: Record<string, string>[]): Promise<void> {
    const { dataSource } = engine;
    const table = dataSource.getMetadata(Happening).tableName;
    const name = (column: string): string => dataSource.driver.escape(column);
    await dataSource.query(`DELETE FROM ${name(table)}`);
    for (const [id, date] of ['2026-11-18', '2026-11-20'].entries()) {
      const at = new Date(`${date}T10:00:00Z`);
      await dataSource.getRepository(Happening).insert({ id, day: date, at, seconds: String(at.getTime() / 1000) });
    }
    for (const [index, stray] of strays.entries()) {
      await dataSource.query(
        `INSERT INTO ${name(table)} (id, ${Object.keys(stray).map(name).join(', ')}) VALUES (${index + 10}, ${Object.values(stray).join(', ')})`,
      );
    }
  }

  const EXPECTED = [
    { '2026-11-18': '1', '2026-11-20': '1' },
    { '2026-11-18': '1', '2026-11-19': '1', '2026-11-20': '2' },
    { '2026-11-16': '2' },
    { '2026-10-01': '2' },
  ];
  async function counted(definition: OneMetric): Promise<unknown[]> {
    return Promise.all(PERIODS.slice(0, 4).map((period) => rowsOf(engine, definition, period)));
  }

  // of every kind of column that the database has: what is shown, and the literals
  const FAR: [string, Record<string, string>][] = [
    ['0001-01-01', { day: `'0001-01-01'`, at: `'0001-01-01 12:00:00'`, seconds: '-62135553600' }],
    ['1970-01-01', { day: `'1970-01-01'`, at: `'1970-01-01 12:00:00'`, seconds: '0' }],
    ['1969-12-31', { day: `'1969-12-31'`, at: `'1969-12-31 12:00:00'`, seconds: '-5' }],
  ];
  const DATELESS: Record<string, string>[] =
    database.kind === 'postgres'
      ? [
          { day: `'-infinity'`, at: `'-infinity'`, seconds: '-9223372036854775808' },
          { day: `'0044-03-15 BC'`, at: `'0044-03-15 12:00:00 BC'`, seconds: '-63000000000' },
        ]
      : database.kind === 'mariadb'
        ? [{ day: `'0000-00-00'`, at: `'0000-00-00 00:00:00'`, seconds: '-63000000000' }]
        : [
            { day: `''`, at: `''`, seconds: '-63000000000' },
            { day: `'0000-00-00'`, at: `'0000-00-00 00:00:00'`, seconds: '-9223372036854775808' },
          ];

  test.each(FAR)('are of %s stop the first run, with a count and since', async (first, stray) => {
    await fill(stray, stray, stray);
    for (const dateField of Object.keys(stray)) {
      const error: unknown = await engine.run(tracker(dateField), Happening, { now: NOW }).catch((e: unknown) => e);
      expect(error).toBeInstanceOf(StrayRowsError);
      expect(error).toMatchObject({ code: 'TRACKSTATS_STRAY_ROWS', first, count: 3, rest: '2026-11-18' });
      expect((error as Error).message).toMatch(/3 rows .* since: '2026-11-18'/);
    }
  });

  test.each(DATELESS)('have no date (%p) stop the first run, whatever the rest', async (stray) => {
    await fill(stray);
    for (const dateField of Object.keys(stray)) {
      await expect(engine.run(tracker(dateField), Happening, { now: NOW })).rejects.toMatchObject({
        code: 'TRACKSTATS_STRAY_ROWS',
        count: 1,
        rest: '2026-11-18',
      });
    }
  });

  test.each([...FAR.map(([, stray]) => stray), ...DATELESS])('%p stop nothing with since', async (stray) => {
    await fill(stray, stray);
    for (const dateField of Object.keys(stray)) {
      const definition = tracker(dateField, { since: '2026-11-18' });
      await engine.run(definition, Happening, { now: NOW });
      expect(await counted(definition)).toEqual([EXPECTED[0], EXPECTED[1], {}, {}]);
      // rows before `since` count in LIFETIME
      expect(await rowsOf(engine, definition, Period.LIFETIME)).toEqual({
        '2026-11-18': '3',
        '2026-11-19': '3',
        '2026-11-20': '4',
      });
      expect(await engine.run(definition, Happening, { now: NOW })).toMatchObject({ written: 0, removed: 0 });
      expect(await engine.verify(definition, Happening)).toEqual([]);
    }
  });

  test('come later stop nothing', async () => {
    await fill();
    const definition = tracker('at');
    await engine.run(definition, Happening, { now: NOW });
    await fill(...FAR.map(([, stray]) => stray), ...DATELESS);
    await engine.run(definition, Happening, { now: NOW });
    expect(await counted(definition)).toEqual(EXPECTED);
    const strays = FAR.length + DATELESS.length;
    expect((await rowsOf(engine, definition, Period.LIFETIME))['2026-11-20']).toBe(String(2 + strays));
  });

  test('are of the first date are computed from it, where since says so', async () => {
    const now = new Date('0001-01-09T12:00:00Z');
    await fill({ day: `'0001-01-01'` }, { day: `'0001-01-03'` }, { day: `'0001-01-08'` });
    for (const [weekStart, weeks] of [
      ['monday', { '0001-01-01': '2', '0001-01-08': '1' }],
      ['sunday', { '0001-01-01': '2', '0001-01-07': '1' }],
    ] as const) {
      for (const timeZone of ['UTC', 'Asia/Kolkata', 'America/New_York']) {
        const definition = tracker('day', { since: '0001-01-01', weekStart, timeZone });
        await engine.run(definition, Happening, { now });
        expect(await counted(definition)).toEqual([
          { '0001-01-01': '1', '0001-01-03': '1', '0001-01-08': '1' },
          {
            '0001-01-01': '1',
            '0001-01-02': '1',
            '0001-01-03': '2',
            '0001-01-04': '2',
            '0001-01-05': '2',
            '0001-01-06': '2',
            '0001-01-07': '2',
            '0001-01-08': '2',
            '0001-01-09': '2',
          },
          weeks,
          { '0001-01-01': '3' },
        ]);
      }
    }
  });

  test('do not belong to a month or a day (2026-00-00) count as rows before all dates', async () => {
    if (database.kind === 'postgres') return;
    await fill(
      { day: `'2026-00-00'`, at: `'2026-00-00 00:00:00'` },
      { day: `'2026-11-00'`, at: `'2026-11-00 00:00:00'` },
    );
    for (const dateField of ['day', 'at']) {
      const definition = tracker(dateField, { since: '2026-10-01' });
      await engine.run(definition, Happening, { now: NOW });
      expect((await counted(definition)).slice(0, 1)).toEqual([EXPECTED[0]]);
      expect((await rowsOf(engine, definition, Period.LIFETIME))['2026-11-20']).toBe('4');
    }
  });
});
