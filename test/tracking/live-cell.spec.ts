import { Column, type DataSource, Entity, Index, JoinColumn, ManyToOne, PrimaryColumn, type Relation } from 'typeorm';
import { defineDomain, defineMetric, type MetricDefinition } from '../../lib/catalog/definitions.js';
import { count, countDistinct } from '../../lib/rollup/aggregate.js';
import { objectRef, type ObjectTarget } from '../../lib/statistics/filter/object-target.js';
import { AbstractStatistic } from '../../lib/statistics/tables/abstract-statistic.js';
import { AbstractTimeStatistic } from '../../lib/statistics/tables/abstract-time-statistic.js';
import { Dimension } from '../../lib/statistics/tables/dimension.decorator.js';
import { Period } from '../../lib/time/period.js';
import { defineTracker } from '../../lib/tracking/definition/define-tracker.js';
import type { TrackerKind } from '../../lib/tracking/definition/option.js';
import { describeOnEachDatabase, describeOnPairs } from '../support/databases.js';
import { ObservedReads } from '../support/observed-reads.js';
import { Engine, TIME_ENTITIES, TRACKSTATS_ENTITIES } from '../support/engine.js';
import { LiveShop } from '../support/live.js';
import { Buyer, Chance, openShop } from './shop.js';

class Place {
  @Column({ type: 'varchar', length: 20, nullable: true }) country!: string | null;
}

@Entity({ name: 'live_cell_visit' })
@Index(['account', 'at'])
class Visit {
  @PrimaryColumn({ type: 'integer' }) id!: number;
  @Column({ type: Date, precision: 3 }) at!: Date;
  @Column({ type: 'uuid' }) page!: string;
  @Column({ type: 'bigint' }) account!: string;
  @Column({ type: 'date' }) day!: string;
  @Column(() => Place) place!: Place;
  @ManyToOne(() => Buyer, { createForeignKeyConstraints: false, nullable: true })
  @JoinColumn({ name: 'buyer_id' })
  buyer!: Relation<Buyer> | null;
}

@Entity({ name: 'live_cell_account' })
class Account {
  @PrimaryColumn({ type: 'bigint' }) id!: string;
}

@Entity({ name: 'live_cell_by_all' })
class VisitsByAll extends AbstractStatistic {
  @Dimension({ type: 'varchar', length: 40 }) page!: string;
  @Dimension({ type: 'date' }) day!: string;
  @Dimension({ type: 'varchar', length: 20, nullable: true }) country!: string | null;
}

@Entity({ name: 'live_cell_by_country' })
class VisitsByCountry extends AbstractTimeStatistic {
  @Dimension({ type: 'varchar', length: 20, nullable: true }) country!: string | null;
}

const domain = defineDomain({ ref: 'live_cell' });
const DEFAULTS = { timeZone: 'Europe/Amsterdam', weekStart: 'monday' } as const;
const DAYS = [Period.DAY, Period.WEEK, Period.CALENDAR_WEEK, Period.MONTH_TO_DATE, Period.LIFETIME];

function tracker(kind: TrackerKind, ref: string, period: readonly Period[], more: object) {
  const metrics = [
    { metric: defineMetric({ domain, ref }), aggregate: count() },
    { metric: defineMetric({ domain, ref: `${ref}_pages` }), aggregate: countDistinct('page') },
  ];
  const given = { dateField: 'at', period, lookback: 2, metrics, ...more };
  return { definition: defineTracker({ kind, name: null, type: 'Spec' }, given, DEFAULTS), source: Visit };
}

const BY_ACCOUNT = tracker('object', 'account', DAYS, { objectField: 'account', objectEntity: Account });
const BY_BUYER = tracker('object', 'buyer', DAYS, { objectField: 'buyer', withTotal: true, density: 'daily' });
const BY_ALL = tracker('dimensions', 'all', DAYS, {
  statistic: VisitsByAll,
  dimensions: { page: 'page', day: 'day', country: 'buyer.country' },
});
const BY_COUNTRY = tracker('dimensions', 'country', [Period.HOUR], {
  statistic: VisitsByCountry,
  dimensions: { country: 'place.country' },
});
const TRACKERS = [BY_ACCOUNT, BY_BUYER, BY_ALL, BY_COUNTRY];
const ENTITIES = [...TRACKSTATS_ENTITIES, ...TIME_ENTITIES, Buyer, Visit, Account, VisitsByAll, VisitsByCountry];

const PAGES = ['a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11', 'b0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11'];
const ACCOUNTS = ['7', '70', '9007199254740993'];
/** Of which collations take some as equal, and a character set may not have others. */
const PLACES = ['NL', 'nl', 'é', 'e', "o'", null];
const COUNTRIES = ['NL', 'BE', null, 'NL', 'DE'];

interface Row {
  readonly id: number;
  readonly at: Date;
  readonly page: string;
  readonly account: string;
  readonly day: string;
  readonly place: Place;
  readonly buyer: { id: number } | null;
}

/** Visits of some days before an instant, the local noon of a day. */
function visits(chance: Chance, first: number, number: number, until: Date, days: number): Row[] {
  return Array.from({ length: number }, (_, index) => {
    const buyer = chance.below(6);
    return {
      id: first + index,
      at: new Date(until.getTime() - chance.below(days * 24) * 3_600_000 - chance.below(3_600_000)),
      page: chance.of(...PAGES),
      account: chance.of(...ACCOUNTS),
      day: chance.of('2026-02-28', '2024-02-29'),
      place: { country: chance.of(...PLACES) },
      buyer: buyer === 0 ? null : { id: buyer },
    };
  });
}

async function insert(source: DataSource, rows: readonly Row[]): Promise<void> {
  await source.getRepository(Visit).insert(rows.map((row) => ({ ...row, place: { country: row.place.country } })));
}

/** A filter of a single cell, with the rows that it counts. */
interface Cell {
  readonly what: string;
  readonly ref: string;
  readonly filter: object;
  readonly has: (row: Row) => boolean;
}
type Found = Record<string, unknown>;
interface Asked {
  readonly metric: MetricDefinition;
  readonly period: Period;
  readonly live: boolean;
  readonly object: ObjectTarget;
}

const CELLS: readonly Cell[] = [
  ...['7', '9007199254740993', '99999999999999999999'].map((id) => ({
    what: `account ${id}`,
    ref: 'account',
    filter: { object: objectRef(Account, id) },
    has: (row: Row) => row.account === id,
  })),
  ...[2, 6].map((id) => ({
    what: `buyer ${String(id)}`,
    ref: 'buyer',
    filter: { object: objectRef(Buyer, id) },
    has: (row: Row) => row.buyer?.id === id,
  })),
  ...['NL', null].flatMap((country) =>
    [PAGES[0], 'no uuid'].map((page) => ({
      what: `page ${String(page)} of ${String(country)}`,
      ref: 'all',
      filter: { entity: VisitsByAll, dimensions: { page, day: '2024-02-29', country } },
      has: (row: Row) =>
        row.page === page &&
        row.day === '2024-02-29' &&
        (row.buyer === null ? null : (COUNTRIES[row.buyer.id - 1] ?? null)) === country,
    })),
  ),
];

async function readCell({ statistics }: LiveShop, { ref, filter }: Cell, live: boolean): Promise<Found> {
  const asked = (name: string, period: Period) =>
    ({ metric: defineMetric({ domain, ref: name }), period, live, ...filter }) as Asked;
  const found: Found = {};
  for (const period of [Period.DAY, Period.MONTH_TO_DATE, Period.LIFETIME]) {
    found[`series ${Period.nameOf(period)}`] = await statistics.series({ ...asked(ref, period), last: 9 });
  }
  found['value'] = await statistics.value(asked(ref, Period.LIFETIME));
  found['week'] = await statistics.point(asked(ref, Period.CALENDAR_WEEK));
  found['pages'] = await statistics.point(asked(`${ref}_pages`, Period.WEEK));
  return found;
}

async function readPlaces(shop: LiveShop, live: boolean): Promise<unknown[]> {
  const asked = { metric: defineMetric({ domain, ref: 'country' }), entity: VisitsByCountry, period: Period.HOUR };
  return Promise.all(
    [...PLACES, 'E'].map((country) => shop.statistics.series({ ...asked, dimensions: { country }, last: 30, live })),
  );
}

const NOON = Date.parse('2026-10-28T11:00:00Z');

/** Reads cells live, runs the trackers for the same instant, and compares what is stored. */
async function compareWithRuns(engine: Engine, cells: readonly Cell[]): Promise<void> {
  const shop = new LiveShop(engine, TRACKERS, DEFAULTS);
  const chance = new Chance(17);
  const rows: Row[] = [];
  for (const [days, number] of [
    [0, 90],
    [3, 25],
  ] as const) {
    shop.now = new Date(NOON + days * 86_400_000);
    const added = visits(chance, rows.length + 1, number, shop.now, days === 0 ? 20 : 2);
    rows.push(...added);
    await insert(engine.source, added);
    const live: Found[] = [];
    for (const cell of cells) live.push(await readCell(shop, cell, true));
    const places = await readPlaces(shop, true);
    await shop.run();
    for (const [index, cell] of cells.entries()) {
      expect([cell.what, live[index]]).toEqual([cell.what, await readCell(shop, cell, false)]);
      const own = rows.filter(cell.has);
      expect([cell.what, live[index]?.['value']]).toEqual([cell.what, own.length]);
    }
    expect(places).toEqual(await readPlaces(shop, false));
  }
}

describeOnEachDatabase('live reads of one cell', (database) => {
  afterEach(() => database.clear());

  test('are what a run at the same instant stores, and what a count finds', async () => {
    const engine = await Engine.on(await database.open({ entities: ENTITIES }));
    await openShop(engine.source);
    await compareWithRuns(engine, CELLS);
  }, 60_000);

  test('begin where a run begins because of another object', async () => {
    const engine = await Engine.on(await database.open({ entities: ENTITIES }));
    const shop = new LiveShop(engine, [BY_ACCOUNT], DEFAULTS);
    const row = { page: PAGES[0] as string, day: '2026-02-28', place: { country: null }, buyer: null };
    await insert(engine.source, [{ ...row, id: 1, account: '7', at: new Date(NOON) }]);
    shop.now = new Date(NOON);
    await shop.run();
    await insert(engine.source, [{ ...row, id: 2, account: '70', at: new Date(NOON - 86_400_000) }]);
    const read = (live: boolean) =>
      shop.statistics.series({ metric: defineMetric({ domain, ref: 'account' }), object: objectRef(Account, 7), live });
    const live = await read(true);
    expect(live.map(({ date, value }) => [date, value])).toEqual([
      ['2026-10-27', 0],
      ['2026-10-28', 1],
    ]);
    await shop.run();
    expect(live).toEqual(await read(false));
  });

  // PostgreSQL's plans are in test/database/plans.postgres.spec.ts
  if (database.kind === 'postgres') return;
  test('read the rows of the cell by an index', async () => {
    const reads = await ObservedReads.open(database, ENTITIES);
    const { dataSource } = reads;
    const engine = await Engine.on(dataSource);
    const shop = new LiveShop(engine, [BY_ACCOUNT], DEFAULTS);
    shop.now = new Date(NOON);
    const rows = visits(new Chance(3), 1, 3_000, shop.now, 9);
    await insert(
      dataSource,
      rows.map((row) => ({ ...row, account: String(row.id % 100) })),
    );
    await shop.run();
    await reads.analyse('live_cell_visit');
    for (const period of [Period.DAY, Period.LIFETIME]) {
      const read = { metric: defineMetric({ domain, ref: 'account' }), period, object: objectRef(Account, 7) };
      const value = await shop.statistics.value({ ...read, live: true });
      expect(value).toBe(await shop.statistics.value(read));
      await reads.reset();
      await shop.statistics.value({ ...read, live: true });
      const rowsRead = await reads.rowsRead();
      if (rowsRead !== null) {
        // its 30 rows, and those of small tables: of all accounts 3,000
        expect(rowsRead).toBeLessThan(500);
        continue;
      }
      const scans = await reads.stepsOf('live_cell_visit', /Visit|live_cell_visit/);
      expect(scans.length).toBeGreaterThan(0);
      for (const scan of scans) expect(scan).toMatch(/^SEARCH Visit USING .*INDEX \w+ \(account=\? AND at[<>]/);
    }
  });
});

describeOnPairs('live reads of one cell of a source in another database', (here, there) => {
  afterEach(async () => {
    await here.clear();
    await there.clear();
  });

  test('are what a run at the same instant stores', async () => {
    const source = await there.open({ entities: [Buyer, Visit, Account] });
    const own = [...TRACKSTATS_ENTITIES, ...TIME_ENTITIES, VisitsByAll, VisitsByCountry];
    const engine = await Engine.on(await here.open({ entities: own }), source);
    await openShop(source);
    await compareWithRuns(
      engine,
      CELLS.filter((_, place) => place % 3 === 0),
    );
  }, 60_000);
});
