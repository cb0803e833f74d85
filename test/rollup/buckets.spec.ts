import sql, { join, raw } from 'sql-template-tag';
import { query } from '../../lib/database/work.js';
import type { ClockColumn } from '../../lib/database/dialects/dialect.js';
import { BUCKET_LENGTHS, bucketAt, bucketRuns, bucketSegments } from '../../lib/time/time-bucket.js';
import { describeOnEachDatabase } from '../support/databases.js';
import type { Engine } from '../support/engine.js';
import { TRACKSTATS_ENTITIES } from '../support/engine.js';
import { COLUMNS, CONNECTIONS, Events, instantsFor, ZONES } from './date-column-cases.js';
import { engineOn } from './stored.js';

describeOnEachDatabase('buckets of a column', (database) => {
  const columns = COLUMNS[database.kind];
  const events = new Events(columns);
  const timed = Object.keys(columns).filter((name) => columns[name]?.read !== null && columns[name]?.indexed !== true);

  describe.each(CONNECTIONS[database.kind])('connection time zone %p', (timezone) => {
    let engine: Engine;

    beforeAll(async () => {
      engine = await engineOn(database, {
        entities: [...TRACKSTATS_ENTITIES, events.schema],
        ...(timezone === undefined ? {} : { timezone }),
      });
    });

    afterAll(() => database.reset());

    function clockColumn(name: string): ClockColumn {
      const { dialect, dataSource } = engine.database;
      const table = engine.database.table(events.schema);
      const expression = sql`e.${table.column(name)}`;
      const epoch = columns[name]?.tracker?.epoch;
      if (epoch !== undefined && epoch !== null)
        return { kind: epoch === 's' ? 'seconds' : 'milliseconds', storedIn: 'UTC', expression };
      const column = dataSource.getMetadata(events.schema).findColumnWithPropertyName(name);
      const clock = dialect.clockOf(dataSource.driver.normalizeType(column ?? {}), dataSource);
      if (clock === null) throw new TypeError(`${name} is no date`);
      return { ...clock, expression };
    }

    /** The first instants of the buckets of every row, in order of id: of each length. */
    async function startsOf(name: string, zone: string, instants: readonly Date[]): Promise<(number | null)[][]> {
      const { dialect } = engine.database;
      const column = clockColumn(name);
      const day = 86_400_000;
      const [first, last] = [instants[0]?.getTime() ?? 0, instants.at(-1)?.getTime() ?? 0];
      const keys = BUCKET_LENGTHS.map((length) =>
        dialect.bucketKey(
          column,
          bucketSegments({ storedIn: column.storedIn, zone, length, from: first - 2 * day, to: last + 2 * day }),
          length,
        ),
      );
      const table = engine.database.table(events.schema);
      const named = keys.map((key, index) => sql`${key} AS ${raw(`k${String(index)}`)}`);
      const starts = keys.map((_, index) => {
        const name = raw(`k${String(index)}`);
        return sql`${dialect.bucketStart(column, sql`g.${name}`)} AS ${name}`;
      });
      const rows = await engine.database.read(() =>
        query(sql`SELECT ${join(starts)} FROM (SELECT e.id, ${join(named)} FROM ${table.path} e) g ORDER BY g.id`),
      );
      return rows.map((row) => keys.map((_, index) => numberOf(row[`k${String(index)}`])));
    }

    /** The number of rows of each hour, counted by ranges about the instants. */
    async function countsByRanges(name: string, zone: string, instants: readonly Date[]): Promise<Map<number, number>> {
      const { dialect } = engine.database;
      const column = clockColumn(name);
      const runs = groupsOf(instants).flatMap(({ from, to }) =>
        bucketRuns({ storedIn: column.storedIn, zone, length: 3600, from, to }),
      );
      const table = engine.database.table(events.schema);
      const { expression } = column;
      const count = sql`SELECT COUNT(*) FROM ${table.path} e WHERE ${expression} >= r.lo AND ${expression} < r.hi`;
      const ranges = dialect.barrier(
        sql`SELECT r.bucket, (${count}) AS n FROM ${dialect.bucketRangesOf(column, runs, 3600)} r`,
      );
      const rows = await engine.database.read(() => query(sql`SELECT * FROM (${ranges}) c WHERE n > 0`));
      const counts = new Map<number, number>();
      for (const { bucket, n } of rows) counts.set(Number(bucket), (counts.get(Number(bucket)) ?? 0) + Number(n));
      return counts;
    }

    test.each([...ZONES, 'Asia/Kathmandu'])(
      'in %s begin where those of the instant that TypeORM reads begin',
      async (zone) => {
        const instants = instantsFor(zone);
        const held = await events.fill(engine.dataSource, instants, zone);
        for (const name of timed) {
          const expected = (held[name] ?? []).map((instant) =>
            BUCKET_LENGTHS.map((length) => bucketAt({ zone, length }, (instant as Date).getTime() / 1000).start),
          );
          const undated = BUCKET_LENGTHS.map(() => null);
          expect(expected).toHaveLength(instants.length);
          expect([name, await startsOf(name, zone, instants)]).toEqual([name, [undated, ...expected]]);
        }
      },
    );

    // MariaDB counts no ranges
    if (database.kind !== 'mariadb') {
      test.each([...ZONES, 'Asia/Kathmandu'])('in %s have the rows of their ranges of readings', async (zone) => {
        const held = await events.fill(engine.dataSource, instantsFor(zone), zone);
        for (const name of timed) {
          const read = held[name] as Date[];
          const expected = new Map<number, number>();
          for (const instant of read) {
            const { start } = bucketAt({ zone, length: 3600 }, instant.getTime() / 1000);
            expected.set(start, (expected.get(start) ?? 0) + 1);
          }
          expect([name, await countsByRanges(name, zone, read)]).toEqual([name, expected]);
        }
      });
    }

    test('before 1970 too, of offsets with seconds', async () => {
      const zone = 'Africa/Monrovia';
      // MariaDB's TIMESTAMP begins in 1970, and unsigned columns too
      const early = timed.filter((name) => name !== 'timestamp' || database.kind !== 'mariadb');
      const own = Object.fromEntries(
        early.filter((name) => !name.startsWith('unsigned')).map((name) => [name, columns[name]!]),
      );
      const instants = [
        '1919-02-28T23:59:59.999Z',
        '1919-03-01T00:43:08.001Z',
        '1935-06-01T12:00:00.5Z',
        '1969-12-31T23:59:59.999Z',
      ].map((text) => new Date(text));
      for (const name of Object.keys(own)) {
        const held = await events.fillSome(engine.dataSource, name, instants);
        const expected = held.map((instant) =>
          BUCKET_LENGTHS.map((length) => bucketAt({ zone, length }, instant.getTime() / 1000).start),
        );
        expect([name, await startsOf(name, zone, instants)]).toEqual([name, expected]);
      }
    });
  });
});

/** Ranges of two days more than some instants, which belong to one if they are less than four days apart. */
function groupsOf(instants: readonly Date[]): { from: number; to: number }[] {
  const days = 2 * 86_400_000;
  const groups: { from: number; to: number }[] = [];
  for (const ms of instants.map((at) => at.getTime()).sort((a, b) => a - b)) {
    const last = groups.at(-1);
    if (last !== undefined && last.to > ms - days) last.to = ms + days;
    else groups.push({ from: ms - days, to: ms + days });
  }
  return groups;
}

function numberOf(value: unknown): number | null {
  return value === null ? null : Number(value);
}
