import { type DataSource, Entity, type EntitySchema, type FindOptionsWhere } from 'typeorm';
import { type AggregateFunction, meaningOf } from '../../../lib/catalog/aggregates.js';
import { defineDomain, defineMetric, type MetricDefinition } from '../../../lib/catalog/definitions.js';
import { avg, count, countDistinct, max, min, sum } from '../../../lib/rollup/aggregate.js';
import type { EntityClass, ObjectRef } from '../../../lib/statistics/filter/object-target.js';
import { AbstractStatistic } from '../../../lib/statistics/tables/abstract-statistic.js';
import { AbstractTimeStatistic } from '../../../lib/statistics/tables/abstract-time-statistic.js';
import { Dimension, NULL_DIMENSION } from '../../../lib/statistics/tables/dimension.decorator.js';
import { isTimePeriod, Period, type WeekStart } from '../../../lib/time/period.js';
import { defineTracker } from '../../../lib/tracking/definition/define-tracker.js';
import type { TrackerDefinition } from '../../../lib/tracking/definition/tracker-definition.js';
import type { DatabaseKind } from '../../support/databases.js';
import type { Engine, OneMetric } from '../../support/engine.js';
import fc from '../../support/fast-check.js';
import { LiveShop } from '../../support/live.js';
import { allRowsOf, insert, vacuum } from '../../rollup/stored.js';
import { modelDate, modelRows, type ModelRow, type ModelRows, shiftDate } from '../model.js';
import { anyPeriod, beginning, modelPeriod, rounded, timePeriod } from '../payments.js';
import {
  type DrawnRow,
  type DrawnTables,
  drawnTables,
  type EntityOf,
  SchemaTables,
  type Values,
} from './drawn-schema.js';
import { type DrawnPredicate, drawnPredicate, ternaryOf } from './predicate.js';

/** A custom statistic whose dimension takes the text of any column. */
@Entity({ name: 'by text' })
export class ByText extends AbstractStatistic {
  @Dimension({ type: 'varchar', length: 255, nullable: true })
  text!: string | null;
}

/** Its counterpart for buckets of less than a day. */
@Entity({ name: 'by text and time' })
export class ByTextAndTime extends AbstractTimeStatistic {
  @Dimension({ type: 'varchar', length: 255, nullable: true })
  text!: string | null;
}

/** The ways to the same statistics that are compared with the first one. */
const WAYS = ['alone', 'split', 'incremental', 'merged', 'shifted', 'distributed'] as const;

/** A schema, a tracker of it and rows, from which every law follows. */
export interface DrawnTrial {
  readonly tables: DrawnTables;
  readonly begins: { readonly zone: string; readonly at: number };
  readonly target: 'total' | 'object' | 'dimensions';
  readonly dimension: 'kind' | 'owner.country' | 'owner';
  /** the aggregate of which the values of parts make up that of the whole */
  readonly additive: 'count' | 'sum' | 'min' | 'max';
  readonly density: 'daily' | 'changes';
  readonly weekStart: WeekStart;
  readonly period: Period;
  /** a period that days make up */
  readonly calendar: Period;
  /** a period of less than a day, if the column of dates has times; null: there is none */
  readonly time: Period | null;
  readonly withDeleted: boolean;
  readonly lookback: number;
  /** the conditions of the tracker, and of its metrics */
  readonly where: DrawnPredicate | null;
  readonly wheres: readonly [DrawnPredicate, DrawnPredicate];
  readonly way: (typeof WAYS)[number];
}

export const drawnTrial: fc.Arbitrary<DrawnTrial> = fc.record({
  tables: drawnTables,
  begins: beginning,
  target: fc.constantFrom('total', 'object', 'dimensions'),
  dimension: fc.constantFrom('kind', 'owner.country', 'owner'),
  additive: fc.constantFrom('count', 'sum', 'min', 'max'),
  calendar: fc.constantFrom<Period>(Period.CALENDAR_MONTH, Period.LIFETIME),
  density: fc.constantFrom('daily' as const, 'changes' as const),
  weekStart: fc.constantFrom<WeekStart>('monday', 'sunday', 'saturday'),
  period: anyPeriod,
  time: fc.option(timePeriod, { nil: null, freq: 2 }),
  withDeleted: fc.boolean(),
  lookback: fc.constantFrom(0, 1, 60),
  where: fc.option(drawnPredicate, { nil: null }),
  wheres: fc.tuple(drawnPredicate, drawnPredicate),
  way: fc.constantFrom(...WAYS),
});

const DOMAIN = defineDomain({ ref: 'schemas' });
const DAY = 86_400_000;
/** Nothing earlier is in the range of each column of dates. */
const EARLIEST = Date.UTC(1973, 0, 1);

/** A metric of the tracker: its aggregate, its conditions, and what the judge counts for it. */
interface Measured {
  readonly name: string;
  readonly aggregate: AggregateFunction;
  readonly field: 'amount' | 'owner' | 'kind' | null;
  readonly where: Values | Values[] | null;
}

/** The engine on one data source, and on one for the source and one for the statistics. */
export interface Engines {
  readonly one: Engine;
  /** the same with the statements of a distributed PostgreSQL; null on another database */
  readonly distributed: Engine | null;
  readonly split: () => Promise<Engine>;
}

/** Works out what modelRows does in another way; null where it cannot. */
export interface OtherJudge {
  rows(...given: Parameters<typeof modelRows>): Promise<ModelRows | null>;
}

/** A row as the judge sees it, read back through its repository. */
interface Seen {
  readonly place: number;
  readonly at: number;
  readonly row: DrawnRow;
}

/** A tracker of one drawn schema, and the laws that its statistics keep. */
export class Trial {
  readonly tables: SchemaTables;
  private readonly now: number;
  private readonly zone: string;
  private readonly measured: Measured[];
  private readonly periods: Period[];
  /** what is not one row of the owner has no object */
  private readonly target: DrawnTrial['target'];
  /** the text of each key; null of rows without one */
  private readonly keys: (string | null)[] = [];

  constructor(
    private readonly kind: DatabaseKind,
    readonly drawn: DrawnTrial,
    private readonly group: number,
    schema?: string,
    private readonly otherJudge?: OtherJudge,
  ) {
    const { tables, begins } = drawn;
    this.tables = new SchemaTables(kind, tables, group, schema);
    this.zone = drawn.way === 'shifted' ? 'UTC' : begins.zone;
    this.now = Math.max(begins.at, EARLIEST) + 12 * 3_600_000;
    const times = drawn.time === null || this.tables.dateCase.read === null ? [] : [drawn.time];
    this.periods = [...new Set([Period.DAY, drawn.period, drawn.calendar, ...times])];
    this.target = drawn.target === 'object' && tables.ownerKey === 'composite' ? 'dimensions' : drawn.target;
    this.measured = this.metrics();
  }

  get entities(): EntitySchema<Values>[] {
    return this.tables.entities;
  }

  /** Checks every law on a database that has the tables. */
  async check(engines: Engines): Promise<void> {
    const { one } = engines;
    await insert(one.source, this.tables.owner, this.tables.ownerRows());
    const seen = await this.fill(one.source, this.tables.drawn.rows);
    const found = await this.runOnce(one, 'first', { isLiveRead: true });
    await this.judge(one, 'first', seen);
    this.judgeParts(found);
    this.judgePeriods(found);
    await this.compareReads(engines, found);
    await this.compareWay(engines, seen, found);
  }

  /** Compares what is read by the statements of a distributed PostgreSQL. */
  private async compareReads({ distributed }: Engines, found: Found): Promise<void> {
    if (distributed === null) return;
    const shop = this.shopOf(distributed, [this.definition('first')]);
    shop.now = new Date(this.now);
    expect(await this.read(shop, 'first', false)).toEqual(found);
  }

  private metrics(): Measured[] {
    const { tables, drawn } = this;
    const [one, other] = drawn.wheres.map((where) => ternaryOf(tables, where));
    if (one === undefined || other === undefined) throw new TypeError('two conditions are drawn');
    const parts: [string, Values | null][] = [
      ['all', null],
      ['met', one.met],
      ['not', one.notMet],
      ['unknown', one.unknown],
    ];
    const distinct = this.target === 'object' ? 'amount' : this.hasCompositeOwner ? 'kind' : 'owner';
    const field = drawn.additive === 'count' ? null : 'amount';
    return [
      ...parts.map(([name, where]): Measured => ({ name, aggregate: drawn.additive, field, where })),
      { name: 'mean', aggregate: 'avg', field: 'amount', where: one.met },
      { name: 'distinct', aggregate: 'countDistinct', field: distinct, where: other.met },
      { name: 'either', aggregate: 'count', field: null, where: [one.met, other.met] },
      { name: 'noted', aggregate: 'sum', field: 'amount', where: { lines: { note: 'x' } } },
    ];
  }

  private get hasCompositeOwner(): boolean {
    return this.tables.drawn.ownerKey === 'composite';
  }

  private get dimension(): string {
    return this.drawn.dimension === 'owner' && this.hasCompositeOwner ? 'kind' : this.drawn.dimension;
  }

  private metricOf(tag: string, name: string): MetricDefinition {
    return defineMetric({ domain: DOMAIN, ref: `${name}_${tag}_${this.group}`.toLowerCase() });
  }

  private definition(tag: string, measured = this.measured): TrackerDefinition {
    const { drawn, tables } = this;
    const of = { amount: tables.amountField, owner: 'owner', kind: 'kind' };
    const functions = { count, countDistinct, sum, avg, min, max };
    const metrics = measured.map(({ name, aggregate, field, where }) => ({
      metric: this.metricOf(tag, name),
      aggregate: field === null ? count() : functions[aggregate](of[field]),
      ...(where === null ? {} : { where }),
    }));
    const { epoch = null, storedIn = null } = tables.dateCase.tracker ?? {};
    const targets = {
      total: {},
      object: { objectField: 'owner', withTotal: true },
      dimensions: {
        statistic: ByText,
        ...(this.periods.some(isTimePeriod) && { timeStatistic: ByTextAndTime }),
        dimensions: { text: this.dimension },
        withTotal: true,
      },
    };
    const kinds = { total: 'date', object: 'object', dimensions: 'dimensions' } as const;
    return defineTracker(
      { kind: kinds[this.target], name: null, type: 'Drawn' },
      {
        dateField: tables.dateField,
        period: this.periods,
        metrics,
        lookback: drawn.lookback,
        density: drawn.density,
        withDeleted: drawn.withDeleted,
        ...(drawn.where === null ? {} : { where: ternaryOf(tables, drawn.where).met }),
        ...(epoch === null ? {} : { epoch }),
        ...(storedIn === null ? {} : { storedIn }),
        ...targets[this.target],
      },
      { timeZone: this.zone, weekStart: drawn.weekStart },
    );
  }

  /** Makes the source have exactly these rows, and reads the instants that they have then. */
  private async fill(dataSource: DataSource, rows: readonly DrawnRow[], shift = 0): Promise<Seen[]> {
    const { tables } = this;
    for (const entity of tables.filled) await dataSource.createQueryBuilder().delete().from(entity).execute();
    const placed = this.tables.drawn.rows
      .map((row, place) => ({ row, place, at: new Date(this.now - row.second * 1000 + shift) }))
      .filter(({ row }) => rows.includes(row));
    for (const [entity, values] of tables.rowsFor(placed, this.zone)) await insert(dataSource, entity, values);
    await vacuum(dataSource, tables.filled[0] as EntityOf);
    const read = tables.dateCase.read;
    const relations = tables.drawn.isDateRelated ? { relations: { visit: true } } : {};
    const stored = await dataSource
      .getRepository(tables.filled[0] as EntityOf)
      .find({ withDeleted: true, loadEagerRelations: false, ...relations });
    return stored.map((values) => {
      const place = tables.placeOf(values, tables.drawn.rows.length);
      const { row, at } = placed.find((one) => one.place === place) as (typeof placed)[number];
      const held = (tables.drawn.isDateRelated ? (values.visit as Values) : values).at;
      return { place, row, at: read === null ? this.ofDay(at) : read(held).getTime() };
    });
  }

  /** A column of days has no instant: any of its date, and none that is to come if the date is not. */
  private ofDay(at: Date): number {
    const date = modelDate(at.getTime(), this.zone);
    return date <= modelDate(this.now, this.zone) ? Math.min(at.getTime(), this.now) : at.getTime();
  }

  /** Runs the tracker for metrics of their own, and reads what it has made. */
  private async runOnce(
    engine: Engine,
    tag: string,
    { isLiveRead = false, now = this.now }: { isLiveRead?: boolean; now?: number } = {},
  ): Promise<Found> {
    const definition = this.definition(tag);
    const shop = this.shopOf(engine, [definition]);
    shop.now = new Date(now);
    const live = isLiveRead ? await this.read(shop, tag, true) : null;
    await shop.run();
    const found = await this.read(shop, tag, false);
    if (live === null) return found;
    expect(live).toEqual(found);
    expect(await engine.verify(definition, this.tables.source)).toEqual([]);
    return found;
  }

  private shopOf(engine: Engine, definitions: readonly TrackerDefinition[]): LiveShop {
    const source = this.tables.source as EntityClass;
    return new LiveShop(
      engine,
      definitions.map((definition) => ({ definition, source })),
      { timeZone: this.zone, weekStart: this.drawn.weekStart },
    );
  }

  /** The points of each metric, period and key: of the total, and of each object or group of dimensions. */
  private async read(shop: LiveShop, tag: string, live: boolean): Promise<Found> {
    const found: Found = new Map();
    const names = new Map(this.measured.map(({ name }) => [`schemas/${this.metricOf(tag, name).ref}`, name]));
    const metrics = this.measured.map(({ name }) => this.metricOf(tag, name));
    for (const period of this.periods) {
      const last = isTimePeriod(period) ? 60 : period === Period.DAY ? 45 : 20;
      const asked = { metrics, period, last, exact: true, live } as const;
      const parts =
        this.target === 'object'
          ? await shop.statistics.multiSeries({ ...asked, objectType: this.tables.owner })
          : this.target === 'dimensions'
            ? await shop.statistics.multiSeries({ ...asked, entity: isTimePeriod(period) ? ByTextAndTime : ByText })
            : [];
      const all = [...(await shop.statistics.multiSeries(asked)), ...parts];
      for (const series of all) {
        const { metric, points } = series;
        const scope =
          'object' in series ? (series.object as ObjectRef).id : 'dimensions' in series ? series.dimensions : '';
        found.set(
          [names.get(metric.key) ?? metric.key, Period.nameOf(period), JSON.stringify(scope)].join(SEPARATOR),
          points.map(({ date, start, value }) => [start ?? date, value]),
        );
      }
    }
    return found;
  }

  /** Compares what is stored with a count of the rows that `find` returns, one date after the other. */
  private async judge(engine: Engine, tag: string, seen: readonly Seen[]): Promise<void> {
    const chosen = await this.chosenRows(engine.source, seen);
    const { weekStart, density } = this.drawn;
    for (const measured of this.measured) {
      for (const scope of this.target === 'total' ? (['total'] as const) : (['total', this.target] as const)) {
        const byUser = scope !== 'total';
        const rows = (chosen.get(measured.name) ?? []).map((one) => this.modelRow(one, measured, byUser));
        const allStored = await allRowsOf(engine, this.readable(tag, measured.name, scope));
        for (const [index, period] of this.periods.entries()) {
          const { aggregate } = measured;
          const options = { aggregate, byUser, density, zone: this.zone };
          const model = modelRows(rows, options, modelPeriod(period, weekStart), this.now);
          const other = await this.otherJudge?.rows(rows, options, modelPeriod(period, weekStart), this.now);
          if (other !== undefined && other !== null) {
            expect([measured.name, comparable([...other], aggregate)]).toEqual([
              measured.name,
              comparable([...model], aggregate),
            ]);
          }
          const label = [measured.name, Period.nameOf(period), scope].join(' ');
          const expected = [...model].map(([key, value]): [string, string | null] => {
            const [date = '', place = ''] = key.split('|');
            return [byUser ? `${date} ${this.keys[Number(place)] ?? NULL_DIMENSION.varchar}` : date, value];
          });
          expect([label, comparable(Object.entries(allStored[index] ?? {}), aggregate)]).toEqual([
            label,
            comparable(expected, aggregate),
          ]);
        }
      }
    }
  }

  /** The rows of each metric: those that `find` returns for the tracker's conditions and for its own. */
  private async chosenRows(dataSource: DataSource, seen: readonly Seen[]): Promise<Map<string, Seen[]>> {
    const { tables, drawn } = this;
    const found = async (where: Values | Values[] | null): Promise<Set<number>> => {
      const rows = await dataSource.getRepository(tables.source).find({
        withDeleted: drawn.withDeleted,
        loadEagerRelations: false,
        ...(where === null ? {} : { where: where as FindOptionsWhere<Values> }),
      });
      return new Set(rows.map((values) => tables.placeOf(values, tables.drawn.rows.length)));
    };
    const ofTracker = await found(drawn.where === null ? null : ternaryOf(tables, drawn.where).met);
    const known = new Map<Measured['where'], Set<number>>();
    const chosen = new Map<string, Seen[]>();
    for (const { name, where } of this.measured) {
      const own = known.get(where) ?? (await found(where));
      known.set(where, own);
      chosen.set(
        name,
        seen.filter(({ place }) => ofTracker.has(place) && own.has(place)),
      );
    }
    return chosen;
  }

  private modelRow({ place, at, row }: Seen, { field }: Measured, byUser: boolean): ModelRow {
    const { tables } = this;
    const values = {
      amount: row.amount === null ? null : tables.hundredths(row.amount),
      owner: row.owner,
      kind: row.kind === null ? null : tables.kindPlace(row.kind),
    };
    const value = field === null ? null : values[field];
    return { id: place, at, amount: value, user: byUser ? this.keyPlace(row) : value };
  }

  /** The number of a row's key among the keys; null if it has none and belongs to no object. */
  private keyPlace(row: DrawnRow): number | null {
    const text = this.keyText(row);
    if (text === null && this.target === 'object') return null;
    const known = this.keys.indexOf(text);
    return known < 0 ? this.keys.push(text) - 1 : known;
  }

  private keyText({ owner, kind }: DrawnRow): string | null {
    const { tables, drawn } = this;
    if (this.target === 'object' || this.dimension === 'owner') return owner === null ? null : tables.ownerText(owner);
    if (this.dimension === 'kind') return kind === null ? null : tables.kindText(kind);
    const found = owner === null ? undefined : tables.drawn.owners[owner];
    const isGone = found?.isDeleted === true && tables.drawn.isOwnerSoft && !drawn.withDeleted;
    return isGone ? null : (found?.country ?? null);
  }

  /** What the rows of a metric in one scope are found by. */
  private readable(tag: string, name: string, scope: DrawnTrial['target']): OneMetric {
    const targets = {
      total: { kind: 'total' },
      object: { kind: 'objects' },
      dimensions: { kind: 'dimensions', statistic: ByText, timeStatistic: ByTextAndTime },
    };
    return { metric: this.metricOf(tag, name), periods: this.periods, target: targets[scope] } as unknown as OneMetric;
  }

  /** What holds for a condition, its opposite and the rest is what holds without it. */
  private judgeParts(found: Found): void {
    for (const [label, points] of found) {
      const [name = '', period = '', scope = ''] = label.split(SEPARATOR);
      if (name !== 'all') continue;
      const parts = ['met', 'not', 'unknown'].map((part) => found.get([part, period, scope].join(SEPARATOR)) ?? []);
      this.expectTogether(label, points, parts);
    }
  }

  /** Days make up their month and everything, and keys the total, where each row has one. */
  private judgePeriods(found: Found): void {
    const today = modelDate(this.now, this.zone);
    const month = `${today.slice(0, 7)}-01`;
    for (const [label, points] of found) {
      const [name = '', period = '', scope = ''] = label.split(SEPARATOR);
      const aggregate = this.aggregateOf(name);
      if (aggregate === 'avg' || aggregate === 'countDistinct') continue;
      if (period === 'DAY') {
        for (const [whole, date, from] of [
          ['CALENDAR_MONTH', month, month],
          ['LIFETIME', today, ''],
        ] as const) {
          const series = found.get([name, whole, scope].join(SEPARATOR));
          if (series === undefined) continue;
          const days = points.filter(([day]) => day >= from).map(([, value]) => value);
          const value = new Map(series).get(date) ?? null;
          expect([label, whole, combined(aggregate, days)]).toEqual([label, whole, combined(aggregate, [value])]);
        }
      }
      if (scope !== TOTAL || !this.hasKeysForAll) continue;
      const start = [name, period, ''].join(SEPARATOR);
      const keyed = [...found].filter(([other]) => other !== label && other.startsWith(start));
      this.expectTogether(
        label,
        points,
        keyed.map(([, own]) => own),
      );
    }
  }

  /** The values of the parts make up those of the whole. */
  private expectTogether(label: string, whole: Points, parts: readonly Points[]): void {
    const aggregate = this.aggregateOf(label.split(SEPARATOR)[0] ?? '');
    const maps = parts.map((part) => new Map(part));
    const together = whole.map(([date]) => [
      date,
      combined(
        aggregate,
        maps.map((part) => part.get(date) ?? null),
      ),
    ]);
    expect([label, together]).toEqual([label, whole.map(([date, value]) => [date, combined(aggregate, [value])])]);
  }

  private get hasKeysForAll(): boolean {
    if (this.target === 'total') return false;
    return this.target === 'dimensions' || this.tables.drawn.rows.every(({ owner }) => owner !== null);
  }

  private aggregateOf(name: string): AggregateFunction {
    return this.measured.find((one) => one.name === name)?.aggregate ?? 'count';
  }

  /** Another way to the same statistics gives the same ones. */
  private async compareWay(engines: Engines, seen: readonly Seen[], found: Found): Promise<void> {
    const { rows } = this.tables.drawn;
    switch (this.drawn.way) {
      case 'distributed':
        if (engines.distributed !== null)
          expect(await this.runOnce(engines.distributed, 'distributed', { isLiveRead: true })).toEqual(found);
        return;
      case 'alone': {
        const definitions = this.measured.map((one) => this.definition('alone', [one]));
        const shop = this.shopOf(engines.one, definitions);
        shop.now = new Date(this.now);
        await shop.run();
        // each begins with its own first row
        expect(this.withoutCoverage(await this.read(shop, 'alone', false))).toEqual(this.withoutCoverage(found));
        return;
      }
      case 'split':
        expect(await this.runOnce(await engines.split(), 'split', { isLiveRead: true })).toEqual(found);
        return;
      case 'incremental': {
        const before = this.now - 3 * DAY;
        const early = seen.filter(({ at }) => at <= before).map(({ row }) => row);
        await this.fill(engines.one.source, early);
        await this.runOnce(engines.one, 'later', { now: before });
        const all = await this.fill(engines.one.source, rows);
        await this.runOnce(engines.one, 'later', { isLiveRead: true });
        await this.judge(engines.one, 'later', all);
        return;
      }
      case 'merged': {
        const halves: Found[] = [];
        for (const rest of [0, 1]) {
          await this.fill(
            engines.one.source,
            rows.filter((_, place) => place % 2 === rest),
          );
          halves.push(await this.runOnce(engines.one, `half${String(rest)}`));
        }
        this.compareMerged(found, halves);
        return;
      }
      case 'shifted':
        await this.compareShifted(engines.one, seen, found);
    }
  }

  /** The values with nothing on dates that are not covered. */
  private withoutCoverage(found: Found): Found {
    return new Map(
      [...found].map(([label, points]) => {
        const { empty } = meaningOf(this.aggregateOf(label.split(SEPARATOR)[0] ?? ''));
        return [label, points.map(([date, value]) => [date, value ?? empty])];
      }),
    );
  }

  private compareMerged(found: Found, halves: readonly Found[]): void {
    for (const [label, points] of found) {
      const aggregate = this.aggregateOf(label.split(SEPARATOR)[0] ?? '');
      if (aggregate === 'avg' || aggregate === 'countDistinct') continue;
      this.expectTogether(
        label,
        points,
        halves.map((half) => half.get(label) ?? []),
      );
    }
  }

  /** Everything 52 weeks earlier or later has the same statistics, apart from those of months. */
  private async compareShifted(engine: Engine, seen: readonly Seen[], found: Found): Promise<void> {
    const days = this.now < Date.UTC(2000, 0, 1) ? 364 : -364;
    const moved = await this.fill(engine.source, this.tables.drawn.rows, days * DAY);
    const was = new Map(seen.map(({ place, at }) => [place, at]));
    // a wall clock that was changed in between shows other instants
    if (this.tables.dateCase.read !== null && moved.some(({ place, at }) => at - (was.get(place) ?? 0) !== days * DAY))
      return;
    const shifted = await this.runOnce(engine, 'shifted', { now: this.now + days * DAY });
    for (const [label, points] of found) {
      if (/MONTH|QUARTER|YEAR/.test(label)) continue;
      expect([label, shifted.get(label)]).toEqual([
        label,
        points.map(([moment, value]) => [`${shiftDate(moment.slice(0, 10), days)}${moment.slice(10)}`, value]),
      ]);
    }
  }
}

/** The points of each metric, period and scope. */
type Found = Map<string, Points>;
type Points = [moment: string, value: string | null][];

const SEPARATOR = ' / ';
const TOTAL = JSON.stringify('');

/** Values of parts as that of the whole, in hundredths. Nothing counts as 0, and has no least or greatest value. */
function combined(aggregate: AggregateFunction, values: readonly (string | null)[]): number | null {
  const numbers = values.flatMap((value) => (value === null ? [] : [Math.round(Number(value) * 100)]));
  if (aggregate === 'min') return numbers.length === 0 ? null : Math.min(...numbers);
  if (aggregate === 'max') return numbers.length === 0 ? null : Math.max(...numbers);
  return numbers.reduce((one, other) => one + other, 0);
}

function comparable(
  rows: readonly (readonly [string, string | null])[],
  aggregate: AggregateFunction,
): (readonly [string, string | null])[] {
  return rows
    .map(([key, value]) => [key, rounded(value, aggregate)] as const)
    .sort(([one], [other]) => (one < other ? -1 : 1));
}
