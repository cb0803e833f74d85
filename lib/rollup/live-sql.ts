import sql, { empty, join, raw, type Sql } from 'sql-template-tag';
import type { Dialect } from '../database/dialects/dialect.js';
import { constantText, queryOne, withConstantText, type Work } from '../database/work.js';
import { readMoment, type StatisticTable } from '../statistics/tables/statistic-table.js';
import { fromDayNumber, shiftDay, type DayNumber, type LocalDate } from '../time/local-date.js';
import { dayRanges, startOfDay } from '../time/time-zone.js';
import { PartialsTemplate } from './partials-template.js';
import type { RollupEntry, RollupPeriod, RollupSpec } from './rollup-spec.js';
import { bindMoment, dateOfMoment, firstMoment } from './stored-rows.js';
import { freshQuery, ofPeriod, primaryKey } from './window-sql.js';

/** The names of the fresh rows of a period, as expressions before a statement that reads them. */
const FRESH = 'trackstats_live_rows';

/** A period of an entry whose open dates are computed during the read. */
interface LiveRange {
  readonly name: string;
  readonly entry: RollupEntry;
  readonly period: RollupPeriod;
}

/** The SQL of the open dates of a spec. Make it once for a plan: later reads differ only in their instant. */
export class LiveExpressions {
  readonly ranges: readonly LiveRange[];
  private readonly partials: readonly PartialsTemplate[];
  private readonly fresh: readonly Sql[];
  /** by entity the queries of `partsOf` */
  private readonly parts = new Map<unknown, readonly Sql[]>();

  /**
   * @param place of the spec among those of a read
   * @param isStaged true if the partials are in temporary tables. Otherwise they are computed in each statement
   */
  constructor(
    private readonly dialect: Dialect,
    readonly spec: RollupSpec,
    place: number,
    isStaged: boolean,
  ) {
    this.ranges = spec.entries
      .flatMap((entry) => entry.periods.map((period) => ({ entry, period })))
      .map((range, index) => ({ ...range, name: `${FRESH}${String(place)}_${String(index)}` }));
    this.partials = isStaged ? [] : spec.scans.map((scan) => new PartialsTemplate(dialect, scan));
    // a statement reads it at most twice, and databases that share expressions compute it once
    this.fresh = this.ranges.map(({ name, entry, period }) =>
      dialect.expression(name, freshQuery(dialect, entry, period)),
    );
  }

  /** Returns the common table expressions of the rows as they are at an instant, of the local date that was planned. */
  at(now: Date): readonly Sql[] {
    return [...this.partials.map((template) => template.at(now)), ...this.fresh];
  }

  /** Returns the queries of the stored and the fresh rows of a statistic; none if nothing of it is computed. */
  partsOf(statistic: StatisticTable): readonly Sql[] {
    const known = this.parts.get(statistic.entity);
    if (known !== undefined) return known;
    const parts = this.ranges
      .filter(({ entry }) => entry.statistic.entity === statistic.entity)
      .flatMap((range) => this.rowsOf(statistic, range));
    this.parts.set(statistic.entity, parts);
    return parts;
  }

  private rowsOf(statistic: StatisticTable, { name, entry, period }: LiveRange): Sql[] {
    const { table } = statistic;
    const properties = [...primaryKey({ statistic }), 'value'];
    const columns = join(properties.map((property) => sql`s.${table.column(property)}`));
    const before = this.isBefore(sql`s.${table.column(statistic.moment)}`, entry, period);
    const values = [
      ...properties.slice(0, -1).map((property, index) => this.storedAs(statistic, property, index)),
      raw('f.v'),
    ];
    const fresh = values.map((value, index) => sql`${value} AS ${table.column(properties[index] ?? '')}`);
    return [
      sql`SELECT ${columns} FROM ${table.path} s WHERE ${ofPeriod(this.dialect, entry, period, raw('s'))} AND ${before}`,
      sql`SELECT ${join(fresh)} FROM ${raw(name)} f`,
    ];
  }

  /** Returns the condition that a stored row is of an earlier moment than a range. */
  private isBefore(moment: Sql, entry: RollupEntry, { from, fromSecond }: RollupPeriod): Sql {
    const { dialect } = this;
    if (entry.statistic.moment === 'date') return sql`${moment} < ${dialect.dateOf(dialect.integer(from))}`;
    const first = fromSecond ?? startOfDay(fromDayNumber(from), entry.scan.timeZone).getTime() / 1000;
    const isEarlier = sql`${moment} < ${bindMoment(dialect, first)}`;
    if (fromSecond !== null) return isEarlier;
    // the day before comes back where its clock is set back over midnight
    const returned = dayRanges({
      storedIn: 'UTC',
      zone: entry.scan.timeZone,
      fromDay: shiftDay(from, -1),
      toDay: shiftDay(from, -1),
    })
      .map((range) => ({ from: range.from / 1000, to: range.to / 1000 }))
      .filter((range) => range.from > first)
      .map(
        (range) =>
          sql`${moment} >= ${bindMoment(dialect, range.from)} AND ${moment} < ${bindMoment(dialect, range.to)}`,
      );
    return returned.length === 0 ? isEarlier : sql`(${join([isEarlier, ...returned], ' OR ')})`;
  }

  /** Returns a column of the fresh rows with the type of the stored one, because a UNION does not convert it. */
  private storedAs({ keys }: StatisticTable, property: string, index: number): Sql {
    const column = raw(`f.c${String(index)}`);
    const key = keys.find((one) => one.property === property);
    return key === undefined ? column : this.dialect.keyText(column, key.type);
  }
}

/** A spec's open dates, and the instant up to which rows count. */
export interface LiveSpec {
  readonly expressions: LiveExpressions;
  readonly now: Date;
}

/**
 * Provides statistics as a run would leave them: stored rows before the range of each period, and rows computed from the
 * source from there on. Writes nothing.
 */
export class LiveRows {
  private readonly expressions: Sql;

  constructor(
    private readonly dialect: Dialect,
    private readonly specs: readonly LiveSpec[],
  ) {
    const expressions = specs.flatMap((spec) => spec.expressions.at(spec.now));
    this.expressions = expressions.length === 0 ? empty : sql`WITH ${join(expressions, ',\n')}\n`;
  }

  /** Returns a statistic whose table is a query of its stored and its fresh rows, for statements of `reading`. */
  tableOf(statistic: StatisticTable): StatisticTable {
    const parts = this.specs.flatMap(({ expressions }) => expressions.partsOf(statistic));
    if (parts.length === 0) return statistic;
    const { table } = statistic;
    return {
      ...statistic,
      table: table.replacedBy(join(parts, '\nUNION ALL\n')),
      parts: parts.map((part) => table.replacedBy(part)),
    };
  }

  /** Runs a work whose statements may read the tables of `tableOf`. */
  *reading<T>(work: Work<T>): Work<T> {
    let step = work.next();
    while (step.done !== true) {
      try {
        step = work.next(yield this.expressed(step.value));
      } catch (error) {
        step = work.throw(error);
      }
    }
    return step.value;
  }

  /** Returns the first day before another one on which a period of an entry has a fresh row, or null. */
  *firstFresh(entry: RollupEntry, period: RollupPeriod, before: DayNumber): Work<LocalDate | null> {
    const ranges = this.specs.flatMap(({ expressions }) => expressions.ranges);
    const range = ranges.find((one) => one.entry === entry && one.period === period);
    if (range === undefined) return null;
    const moment = raw(`f.c${String(primaryKey(entry).length - 1)}`);
    const first = readMoment(this.dialect, entry.statistic, sql`MIN(${moment})`);
    const until = bindMoment(this.dialect, firstMoment(entry, fromDayNumber(before)));
    const found = yield* queryOne<{ first: unknown }>(
      this.expressed(sql`SELECT ${first} AS first FROM ${raw(range.name)} f WHERE ${moment} < ${until}`),
    );
    return found === undefined || found.first === null ? null : dateOfMoment(entry, found.first);
  }

  private expressed(statement: Sql): Sql {
    if (!statement.strings.some((text) => text.includes(FRESH))) return statement;
    const expressed = sql`${this.expressions}${statement}`;
    const kind = constantText(statement);
    return kind === null ? expressed : withConstantText(expressed, kind);
  }
}
