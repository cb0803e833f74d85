import { Column, CreateDateColumn, Entity, PrimaryColumn } from 'typeorm';
import { naturalKey } from '../../lib/catalog/definitions.js';
import { InvalidPropertyPathError } from '../../lib/errors/source.error.js';
import { StatisticByTime } from '../../lib/statistics/tables/statistic-by-time.entity.js';
import { Period } from '../../lib/time/period.js';
import { setInputDatesAsUtc } from '../support/connection-settings.js';
import { describeOnDatabase, describeOnEachDatabase } from '../support/databases.js';
import { definitionOf, Engine, TIME_ENTITIES, TRACKSTATS_ENTITIES, type OneMetric } from '../support/engine.js';
import { isStart, offsetsByIntl } from '../time/bucket-model.js';
import { COLUMNS, CONNECTIONS, Events, type Held, HOUR, instantsFor, ZONES } from './date-column-cases.js';
import { engineOn, intlDate, newMetric, ran, rowsOf, tally } from './stored.js';

/** The dates, up to today, of what has come by now, as Intl has them. */
function datesBy(now: Date, held: readonly Held[], zone: string, today = intlDate(now, zone)): string[] {
  return held
    .filter((value) => typeof value === 'string' || value <= now)
    .map((value) => (typeof value === 'string' ? value : intlDate(value, zone)))
    .filter((date) => date <= today);
}

const LENGTHS = [Period.HOUR, Period.minutes(15)];
/** by zone, length and instant */
const starts = new Map<string, number>();

/** The first second of the bucket of an instant, by a walk back second by second. */
function startOf(zone: string, length: number, at: Date): number {
  const second = Math.floor(at.getTime() / 1000);
  const known = starts.get(`${zone} ${length} ${second}`);
  if (known !== undefined) return known;
  const offsets = offsetsByIntl(zone);
  let start = second;
  while (!isStart(offsets, length, start)) start -= 1;
  starts.set(`${zone} ${length} ${second}`, start);
  return start;
}

describeOnEachDatabase('date columns', (database) => {
  const columns = COLUMNS[database.kind];
  const events = new Events(columns);

  describe.each(CONNECTIONS[database.kind])('connection time zone %p', (timezone) => {
    let engine: Engine;

    beforeAll(async () => {
      engine = await engineOn(database, {
        entities: [...TRACKSTATS_ENTITIES, ...TIME_ENTITIES, events.schema],
        ...(timezone === undefined ? {} : { timezone }),
      });
    });

    afterAll(() => database.reset());

    function definitionFor(column: string, timeZone: string): OneMetric {
      const tracker = columns[column]?.tracker;
      return definitionOf({ metric: newMetric(), dateField: column, timeZone, ...tracker });
    }

    test.each(timezone === 'Z' || timezone === '+05:30' ? ZONES.slice(0, 2) : ZONES)('days of %s', async (zone) => {
      const instants = instantsFor(zone);
      const held = await events.fill(engine.dataSource, instants, zone);
      const now = new Date('2024-12-31T12:00:00Z');
      for (const column of Object.keys(columns)) {
        const definition = definitionFor(column, zone);
        await engine.run(definition, events.schema, { now });
        const dates = datesBy(now, held[column] ?? [], zone);
        expect(dates).toHaveLength(instants.length);
        expect([column, await rowsOf(engine, definition)]).toEqual([column, tally(dates)]);
      }
    });

    // whatever the column holds, a row is in the bucket of the instant that TypeORM reads
    test.each(['Australia/Lord_Howe', 'Pacific/Apia'])('hours and quarters of %s', async (zone) => {
      const held = await events.fill(engine.dataSource, instantsFor(zone), zone);
      const now = new Date('2024-12-31T12:00:00Z');
      for (const [column, { read, indexed }] of Object.entries(columns)) {
        if (indexed === true) continue;
        const definition = { ...definitionFor(column, zone), periods: LENGTHS };
        const run = engine.run(definition, events.schema, { now });
        if (read === null) {
          await expect(run).rejects.toThrow(/column of dates, which have no time of day/);
          continue;
        }
        await run;
        // the rows of this column alone: those of all the columns before it took most of the time
        const [, ref] = naturalKey(definition.metric).split('/');
        const own = await engine.dataSource.getRepository(StatisticByTime).findBy({ metric: { ref: ref! } });
        for (const length of LENGTHS) {
          const found = own.filter(({ period }) => period === length);
          const expected = tally((held[column] as Date[]).map((at) => String(startOf(zone, length, at))));
          const counts = Object.fromEntries(found.map(({ start, exactValue }) => [String(start), exactValue]));
          expect([column, length, counts]).toEqual([column, length, expected]);
        }
      }
    });

    // of the process and of a zone that skips a day
    test.each([
      ['America/St_Johns', ['2006-10-29T02:30:59.999Z', '2006-10-29T02:31:00Z', '2023-11-05T04:29:59.999Z']],
      ['Pacific/Apia', ['2011-12-30T10:00:00Z', '2023-11-05T04:30:00Z']],
    ])('days of %s, as time passes', async (zone, nows) => {
      const held = await events.fill(engine.dataSource, instantsFor(zone), zone);
      // at an instant that a row has, just before it, in an hour that the process's clock repeats
      for (const column of Object.keys(columns).filter((name) => columns[name]?.indexed !== true)) {
        const definition = definitionFor(column, zone);
        let latest = '';
        for (const now of nows.map((text) => new Date(text))) {
          await engine.run(definition, events.schema, { now });
          // in St_Johns the second run's today is the day before that of the first one, whose rows stay
          latest = [latest, intlDate(now, zone)].sort()[1] ?? '';
          const dates = datesBy(now, held[column] ?? [], zone, latest);
          expect([column, now, await rowsOf(engine, definition)]).toEqual([column, now, tally(dates)]);
        }
      }
    });
  });
});

describeOnDatabase('postgres', 'pg.defaults.parseInputDatesAsUTC', (database) => {
  test('writes timestamps in UTC, and they are counted so', async () => {
    const before = setInputDatesAsUtc(true);
    try {
      const engine = await engineOn(database, { entities: [...TRACKSTATS_ENTITIES, Row] });
      // 2 May in UTC, 1 May in New York, and the process in St_Johns is 2.5 hours behind UTC
      const at = new Date('2024-05-02T01:00:00Z');
      const row = { int: 1, text: '', flag: true, decimal: '1', date: '2024-05-01', datetime: at };
      await engine.dataSource.getRepository(Row).insert([
        { ...row, id: 1 },
        { ...row, id: 2, datetime: new Date('2024-05-01T23:30:00Z') },
      ]);
      const days = async (timeZone: string): Promise<unknown> =>
        (await ran(engine, Row, '2024-05-02T01:00:00Z', { dateField: 'datetime', timeZone })).rows();
      expect(await days('UTC')).toEqual({ '2024-05-01': '1', '2024-05-02': '1' });
      expect(await days('America/New_York')).toEqual({ '2024-05-01': '2' });
    } finally {
      setInputDatesAsUtc(before);
    }
  });
});

describeOnDatabase('mariadb', 'a timezone of the driver', (database) => {
  const at = new Date('2024-05-02T01:00:00Z');
  const row = { id: 1, int: 1, text: '', flag: true, decimal: '1', date: '2024-05-01', datetime: at };

  afterEach(() => database.reset());

  test.each([
    ['in extra', { timezone: 'Z', extra: { timezone: '-04:00' } }],
    ['of no colon, for which the driver takes UTC', { timezone: '+0530' }],
    ['of a name, for which the driver takes UTC', { timezone: 'Asia/Kolkata' }],
    ['of a space for a plus, as of an address', { timezone: ' 05:30' }],
  ])('%s is read as the driver does', async (_, options) => {
    const engine = await Engine.on(await database.open({ ...options, entities: [...TRACKSTATS_ENTITIES, Row] }));
    await engine.dataSource.getRepository(Row).insert(row);
    const { rows } = await ran(engine, Row, at, { dateField: 'datetime', timeZone: 'America/New_York' });
    expect(await rows()).toEqual({ '2024-05-01': '1' });
    const utc = await ran(engine, Row, at, { dateField: 'datetime' });
    expect(await utc.rows()).toEqual({ '2024-05-02': '1' });
  });
});

@Entity()
class Row {
  @PrimaryColumn({ type: 'integer' })
  id!: number;

  @CreateDateColumn()
  createdAt!: Date;

  /** filled with the wall time in UTC */
  @Column({ type: Date, precision: 3, nullable: true })
  utc!: Date | null;

  @Column({ type: 'integer' })
  int!: number;

  /** where the database knows such numbers */
  @Column({ type: 'bigint', unsigned: true, default: 0 })
  unsigned!: string;

  @Column({ type: 'varchar', length: 40 })
  text!: string;

  @Column({ type: 'boolean' })
  flag!: boolean;

  @Column({ type: 'time', nullable: true })
  time!: string | null;

  @Column({ type: 'decimal', precision: 12, scale: 3 })
  decimal!: string;

  @Column({ type: 'date' })
  date!: string;

  @Column({ type: Date })
  datetime!: Date;
}

describeOnEachDatabase('a date column', (database) => {
  let engine: Engine;
  const ROW = { int: 1, text: '2024-05-01', flag: true, decimal: '1', date: '2024-05-01', datetime: new Date(0) };

  beforeAll(async () => {
    engine = await engineOn(database, { entities: [...TRACKSTATS_ENTITIES, Row] });
  });

  beforeEach(() => engine.dataSource.getRepository(Row).clear());

  test('that the database fills is read as the repository reads it', async () => {
    const repository = engine.dataSource.getRepository(Row);
    await repository.insert([1, 2, 3].map((id) => ({ ...ROW, id })));
    const read = await repository.find();
    const now = new Date(Date.now() + 48 * HOUR);
    for (const zone of ZONES) {
      const { rows } = await ran(engine, Row, now, { dateField: 'createdAt', timeZone: zone });
      expect([zone, await rows()]).toEqual([zone, tally(read.map(({ createdAt }) => intlDate(createdAt, zone)))]);
    }
  });

  test("that holds UTC is read so, with storedIn: 'UTC'", async () => {
    const repository = engine.dataSource.getRepository(Row);
    const zone = 'Europe/Amsterdam';
    const instants = instantsFor(zone);
    await repository.insert(
      instants.map((at, id) => ({ ...ROW, id, utc: () => `'${at.toISOString().slice(0, -1).replace('T', ' ')}'` })),
    );
    for (const now of [new Date('2011-12-30T10:00:00Z'), new Date('2023-11-05T04:30:00Z'), new Date()]) {
      const { rows } = await ran(engine, Row, now, { dateField: 'utc', timeZone: zone, storedIn: 'UTC' });
      const dates = instants.filter((at) => at <= now).map((at) => intlDate(at, zone));
      expect(await rows()).toEqual(tally(dates));
    }
  });

  test('that holds 0 for nothing is of 1970, or of the day before it', async () => {
    const repository = engine.dataSource.getRepository(Row);
    await repository.insert([0, 0, 86_400].map((count, id) => ({ ...ROW, id, int: count, unsigned: String(count) })));
    for (const [timeZone, first] of [
      ['America/New_York', '1969-12-31'],
      ['Asia/Kathmandu', '1970-01-01'],
    ] as const) {
      for (const dateField of ['int', 'unsigned']) {
        const { rows } = await ran(engine, Row, new Date(), { dateField, timeZone, epoch: 's' });
        expect(Object.entries(await rows())[0]).toEqual([first, '2']);
      }
    }
  });

  test.each([
    ['least', -2147483648, 'America/New_York', '1901-12-13', '1902-01-01T00:00:00Z'],
    ['greatest', 2147483647, 'Asia/Kolkata', '2038-01-19', '2038-01-20T00:00:00Z'],
  ])('that holds the %s integer of its type in seconds', async (_, seconds, timeZone, day, now) => {
    await engine.dataSource.getRepository(Row).insert([{ ...ROW, id: 1, int: seconds }]);
    const { rows } = await ran(engine, Row, now, { dateField: 'int', timeZone, epoch: 's', since: '1901-01-01' });
    expect(await rows()).toEqual({ [day]: '1' });
  });

  test('of a day is counted on its day, in every zone, and not before it is there', async () => {
    const repository = engine.dataSource.getRepository(Row);
    await repository.insert(['2024-04-30', '2024-05-01', '2024-05-02'].map((date, id) => ({ ...ROW, id, date })));
    // 2 May in Kiritimati, 1 May in UTC, still 30 April in Honolulu
    const now = new Date('2024-05-01T09:59:00Z');
    const today = async (timeZone: string): Promise<Record<string, string | null>> => {
      const { rows } = await ran(engine, Row, now, { dateField: 'date', timeZone, periods: [Period.LIFETIME] });
      return rows();
    };
    expect(await today('Pacific/Honolulu')).toEqual({ '2024-04-30': '1' });
    expect(await today('UTC')).toEqual({ '2024-04-30': '1', '2024-05-01': '2' });
    expect(await today('Pacific/Kiritimati')).toEqual({ '2024-04-30': '1', '2024-05-01': '2' });
    expect(
      (
        await (
          await ran(engine, Row, new Date('2024-05-01T10:00:00Z'), {
            dateField: 'date',
            timeZone: 'Pacific/Kiritimati',
          })
        ).rows()
      )['2024-05-02'],
    ).toBe('1');
  });

  test.each([
    ['text', {}, /dateField: "text" of Row is of type .*Expected a date, a timestamp, or an integer with epoch/],
    ['time', {}, /dateField: "time" of Row is of type .*Expected a date, a timestamp/],
    ['decimal', { epoch: 's' as const }, /dateField: "decimal" of Row is of type .*Expected a date, a timestamp/],
    ['int', {}, /"int" of Row is an integer\. Say what it counts: epoch: 's' or 'ms'/],
    ['datetime', { epoch: 'ms' as const }, /"datetime" of Row is of type .*leave epoch out/],
    ['date', { epoch: 's' as const }, /"date" of Row is of type date.*leave epoch out/],
    ['nothing', {}, /"nothing" of Row does not exist: Row has id, createdAt/],
    ['', {}, /dateField: "" of Row does not exist/],
    ['datetime.year', {}, /"datetime.year" of Row does not exist/],
  ])('%p is refused, with the mend', async (dateField, tracker, message) => {
    const refused = ran(engine, Row, '2024-05-01T00:00:00Z', { dateField, ...tracker }).catch(
      (error: unknown) => error,
    );
    const error = await refused;
    expect(error).toBeInstanceOf(InvalidPropertyPathError);
    expect((error as Error).message).toMatch(message);
  });
});
