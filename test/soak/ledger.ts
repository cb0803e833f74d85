import {
  addDays,
  Period,
  StatisticByDate,
  StatisticByDateAndObject,
  StatisticByTime,
  TRACKSTATS_ENTITIES,
} from 'nestjs-trackstats';
import type { DataSource, EntityManager } from 'typeorm';
import { TrackerRunRecord } from '../../lib/execution/run-tables.js';
import { TrackerState } from '../../lib/execution/run-tables.js';
import { BACKFILL_STEP_DAYS, DAYS, FIRST_DAY } from './dates.js';
import { Customer, Sale } from './application/shop.js';

export const ENTITIES = [...TRACKSTATS_ENTITIES, Sale, Customer];

const CUSTOMERS = ['a', 'b', 'c', 'd', 'e', 'f', 'g', 'h'];
const DAY_MS = 86_400_000;
const UNIT = 1_000_000;
const ALL_DATES = Array.from({ length: DAYS }, (_, index) => addDays(FIRST_DAY, index));

interface StoredRow {
  readonly period: Period;
  readonly date: string;
  readonly objectId: string;
  readonly value: string | number;
}

/** Rows as they are stored or as they are worked out: the value of each key. */
type Values = ReadonlyMap<string, number>;
type Counts = Map<string, number>;

/** What the parent does to the sales, and sees in the statistics, on a connection of its own. */
export class Ledger {
  private version = 0;

  constructor(readonly dataSource: DataSource) {}

  /** @param sales so many on each day of each customer, on average */
  async fill(sales: number): Promise<void> {
    await this.dataSource.getRepository(Customer).insert(CUSTOMERS.map((id) => ({ id })));
    await this.insert(this.dataSource.manager, sales * DAYS * CUSTOMERS.length);
  }

  /**
   * Inserts, deletes and moves sales anywhere in the range, and gives all of them the amount of a new version: what is
   * computed of one state then tells of which.
   */
  async change(): Promise<void> {
    this.version++;
    // read before: SQLite refuses a transaction that begins to write after others have
    const all = await this.dataSource.getRepository(Sale).find({ select: { id: true } });
    const some = all.filter(() => Math.random() < 0.02);
    await this.dataSource.transaction(async (manager) => {
      const sales = manager.getRepository(Sale);
      const half = some.length / 2;
      if (some.length > 1) await sales.delete(some.slice(0, half).map(({ id }) => id));
      for (const { id } of some.slice(half)) await sales.update({ id }, { soldAt: someInstant() });
      await this.insert(manager, Math.floor(half) + 1);
      await sales
        .createQueryBuilder()
        .update()
        .set({ amount: UNIT + this.version })
        .execute();
    });
  }

  private async insert(manager: EntityManager, number: number): Promise<void> {
    const amount = UNIT + this.version;
    const rows = Array.from({ length: number }, () => ({ soldAt: someInstant(), amount, customer: someCustomer() }));
    for (let first = 0; first < rows.length; first += 1000) {
      await manager.getRepository(Sale).insert(rows.slice(first, first + 1000));
    }
  }

  /** What `sales`, `amounts` and `minutes` are to hold, counted in plain TypeScript. */
  async expected(): Promise<{ sales: Values; amounts: Values; times: Values; number: number }> {
    const rows = await this.dataSource.getRepository(Sale).find({ loadRelationIds: { disableMixedMap: true } });
    const [sales, amounts, times] = [0, 1, 2].map(() => new Map<string, number>()) as [Counts, Counts, Counts];
    const add = (values: Counts, key: string, by: number): void => {
      values.set(key, (values.get(key) ?? 0) + by);
    };
    for (const { soldAt, amount, customer } of rows) {
      const date = soldAt.toISOString().slice(0, 10);
      const second = Math.floor(soldAt.getTime() / 1000);
      for (const length of [60, 3600]) add(times, `${length} ${second - (second % length)}`, 1);
      add(sales, `DAY ${date}`, 1);
      add(amounts, `DAY ${customer.id} ${date}`, amount);
      for (const later of ALL_DATES.filter((each) => each >= date)) {
        add(sales, `LIFETIME ${later}`, 1);
        add(amounts, `LIFETIME ${customer.id} ${later}`, amount);
      }
    }
    return { sales, amounts, times, number: rows.length };
  }

  async storedSales(): Promise<Values> {
    const rows = await this.rows(StatisticByDate, 'sales', []);
    return new Map(rows.map(({ period, date, value }) => [`${nameOf(period)} ${date}`, Number(value)]));
  }

  /** With the values of 'changes' on each date. */
  async storedAmounts(): Promise<Values> {
    const rows = await this.rows(StatisticByDateAndObject, 'amounts', ['objectId']);
    const values = new Map<string, number>();
    const lifetimes = new Map<string, number>();
    const changes = new Map<string, StoredRow[]>();
    for (const row of rows) {
      if (row.period === Period.DAY) values.set(`DAY ${row.objectId} ${row.date}`, Number(row.value));
      else changes.set(row.date, [...(changes.get(row.date) ?? []), row]);
    }
    for (const date of ALL_DATES) {
      for (const { objectId, value } of changes.get(date) ?? []) lifetimes.set(objectId, Number(value));
      for (const [id, value] of lifetimes) values.set(`LIFETIME ${id} ${date}`, value);
    }
    return values;
  }

  /** By the length and the first second of each bucket. */
  async storedTimes(): Promise<Values> {
    const query = this.dataSource.getRepository(StatisticByTime).createQueryBuilder('s').select([]);
    for (const property of ['period', 'start', 'value']) query.addSelect(`s.${property}`, property);
    const rows = await query
      .innerJoin('s.metric', 'm', 'm.ref = :ref', { ref: 'minutes' })
      .getRawMany<{ period: number; start: string | number; value: string | number }>();
    return new Map(rows.map(({ period, start, value }) => [`${period} ${start}`, Number(value)]));
  }

  /** In one statement, which sees one state of the table. */
  private async rows(
    entity: typeof StatisticByDate | typeof StatisticByDateAndObject,
    ref: string,
    more: string[],
  ): Promise<StoredRow[]> {
    const query = this.dataSource.getRepository<StatisticByDate>(entity).createQueryBuilder('s').select([]);
    for (const property of ['period', 'value', ...more]) query.addSelect(`s.${property}`, property);
    return query
      .addSelect('CAST(s.date AS char(10))', 'date')
      .innerJoin('s.metric', 'm', 'm.ref = :ref', { ref })
      .getRawMany<StoredRow>();
  }

  async states(): Promise<ReadonlyMap<string, TrackerState>> {
    const states = await this.dataSource.getRepository(TrackerState).find();
    return new Map(states.map((state) => [state.name, state]));
  }

  runs(tracker: string): Promise<TrackerRunRecord[]> {
    return this.dataSource.getRepository(TrackerRunRecord).find({ where: { tracker }, order: { id: 'ASC' } });
  }

  /**
   * Looks at the statistics in the middle of whatever goes on: what one run, or one step of a backfill, writes is there
   * as a whole or not at all.
   *
   * @returns what is wrong
   */
  async tornRanges(): Promise<string[]> {
    const [sales, amounts] = [await this.storedSales(), await this.storedAmounts()];
    return [...tornTotals(sales), ...tornSteps(amounts), ...tornHours(await this.storedTimes())];
  }
}

/** All time is the sum of the days: `sales` only runs, over all dates. */
function tornTotals(sales: Values): string[] {
  const torn: string[] = [];
  let sum = 0;
  if (sales.size === 0) return torn;
  for (const date of ALL_DATES) {
    sum += sales.get(`DAY ${date}`) ?? 0;
    // there is none before the first sale
    const lifetime = sales.get(`LIFETIME ${date}`) ?? 0;
    if (lifetime !== sum) torn.push(`sales: LIFETIME of ${date} is ${lifetime}, the days before add up to ${sum}`);
  }
  return torn;
}

/** The minutes of an hour add up to it. */
function tornHours(times: Values): string[] {
  const [hours, sums] = [new Map<number, number>(), new Map<number, number>()];
  for (const [key, value] of times) {
    const [length = 0, start = 0] = key.split(' ').map(Number);
    const counts = length === 3600 ? hours : sums;
    const hour = start - (start % 3600);
    counts.set(hour, (counts.get(hour) ?? 0) + value);
  }
  return [...new Set([...hours.keys(), ...sums.keys()])]
    .filter((hour) => hours.get(hour) !== sums.get(hour))
    .map((hour) => `minutes: the hour ${hour} is ${hours.get(hour)}, its minutes add up to ${sums.get(hour)}`);
}

/** The days of one step of a backfill are all of one version. */
function tornSteps(amounts: Values): string[] {
  const versions = new Map<number, Map<number, string>>();
  for (const [key, value] of amounts) {
    const [period, , date] = key.split(' ');
    if (period !== 'DAY') continue;
    const step = Math.floor((Date.parse(date!) - Date.parse(FIRST_DAY)) / DAY_MS / BACKFILL_STEP_DAYS);
    const version = (value % UNIT) / Math.floor(value / UNIT);
    versions.set(step, (versions.get(step) ?? new Map<number, string>()).set(version, key));
  }
  return [...versions]
    .filter(([, seen]) => seen.size > 1)
    .map(
      ([step, seen]) => `amounts: step ${step} has versions ${[...seen].map((each) => each.join(' of ')).join(', ')}`,
    );
}

function nameOf(period: Period): string {
  return period === Period.DAY ? 'DAY' : 'LIFETIME';
}

function someInstant(): Date {
  return new Date(Date.parse(FIRST_DAY) + Math.floor(Math.random() * DAYS * DAY_MS));
}

function someCustomer(): Customer {
  return { id: CUSTOMERS[Math.floor(Math.random() * CUSTOMERS.length)]! };
}
