import sql, { empty, join, raw, type Sql } from 'sql-template-tag';
import type { Dialect } from '../database/dialects/dialect.js';
import { queryOne, type Work } from '../database/work.js';
import type { StatisticTable } from '../statistics/tables/statistic-table.js';
import { fromDayNumber, type DayNumber, type LocalDate } from '../time/local-date.js';
import { partials } from './rollup.js';
import type { RollupEntry, RollupPeriod, RollupSpec } from './rollup-spec.js';
import { freshQuery, ofPeriod, primaryKey } from './window-sql.js';

/** The names of the fresh rows of a period, as expressions before a statement that reads them. */
const FRESH = 'trackstats_live_rows';

/** A period of an entry whose open dates are computed while they are read. */
interface LiveRange {
  readonly name: string;
  readonly entry: RollupEntry;
  readonly period: RollupPeriod;
}

/**
 * Statistics as a run would leave them: stored rows before the range of each period, and from there on what is computed
 * of the source. Nothing is written.
 */
export class LiveRows {
  private readonly ranges: readonly LiveRange[];
  private readonly expressions: readonly Sql[];

  /** @param isStaged true if the partials are in temporary tables. Otherwise they are computed in each statement */
  constructor(
    private readonly dialect: Dialect,
    specs: readonly RollupSpec[],
    isStaged: boolean,
  ) {
    this.ranges = specs
      .flatMap(({ entries }) => entries.flatMap((entry) => entry.periods.map((period) => ({ entry, period }))))
      .map((range, place) => ({ ...range, name: `${FRESH}${String(place)}` }));
    const scans = specs.flatMap((spec) => (isStaged ? [] : spec.scans));
    this.expressions = [
      ...scans.map((scan) => partials(dialect, scan)),
      // read twice at most, and computed once where the database shares what it has computed
      ...this.ranges.map(({ name, entry, period }) => dialect.expression(name, freshQuery(dialect, entry, period))),
    ];
  }

  /** Returns a statistic whose table is a query of its stored and its fresh rows, for statements of `reading`. */
  tableOf(statistic: StatisticTable): StatisticTable {
    const { table } = statistic;
    const own = this.ranges.filter(({ entry }) => entry.statistic.entity === statistic.entity);
    if (own.length === 0) return statistic;
    const properties = [...primaryKey({ statistic }), 'value'];
    const columns = join(properties.map((property) => sql`s.${table.column(property)}`));
    const parts = own.flatMap(({ name, entry, period }) => {
      const before = sql`s.${table.column('date')} < ${this.dialect.dateOf(this.dialect.integer(period.from))}`;
      const fresh = [
        ...properties.slice(0, -1).map((property, index) => this.storedAs(statistic, property, index)),
        raw('f.v'),
      ];
      return [
        sql`SELECT ${columns} FROM ${table.path} s WHERE ${ofPeriod(this.dialect, entry, period, raw('s'))} AND ${before}`,
        sql`SELECT ${join(fresh)} FROM ${raw(name)} f`,
      ];
    });
    return { ...statistic, table: table.replacedBy(join(parts, '\nUNION ALL\n')) };
  }

  /** Does a work whose statements may read the tables of `tableOf`. */
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
    const range = this.ranges.find((one) => one.entry === entry && one.period === period);
    if (range === undefined) return null;
    const day = raw(`f.c${String(primaryKey(entry).length - 1)}`);
    const found = yield* queryOne<{ first: LocalDate | null }>(
      this.expressed(
        sql`SELECT ${this.dialect.dateText(sql`MIN(${day})`)} AS first FROM ${raw(range.name)} f WHERE ${day} < ${this.dialect.date(fromDayNumber(before))}`,
      ),
    );
    return found?.first ?? null;
  }

  /** A column of the fresh rows with the type of the statistic's: writing it would convert it, and a UNION does not. */
  private storedAs({ keys }: StatisticTable, property: string, index: number): Sql {
    const column = raw(`f.c${String(index)}`);
    const key = keys.find((one) => one.property === property);
    return key === undefined ? column : this.dialect.keyText(column, key.type);
  }

  private expressed(statement: Sql): Sql {
    if (!statement.strings.some((text) => text.includes(FRESH))) return statement;
    return sql`${this.expressions.length === 0 ? empty : sql`WITH ${join(this.expressions, ',\n')}\n`}${statement}`;
  }
}
