import sql, { join, raw, type Sql } from 'sql-template-tag';
import type { Dialect } from '../database/dialects/dialect.js';
import type { Row, Work } from '../database/work.js';
import { readKey, readMoment } from '../statistics/tables/statistic-table.js';
import type { RollupEntry, RollupPeriod } from './rollup-spec.js';
import { withDays } from './rollup.js';
import { type DaySlice, freshQuery, inRange, primaryKey } from './window-sql.js';

/** A stored row and the expected one, which differ. */
export interface ComparedRow extends Row {
  /** as `momentOf` reads it */
  readonly moment: unknown;
  /** 1 if the row exists */
  readonly is_stored: number;
  readonly is_expected: number;
  readonly stored: unknown;
  readonly expected: unknown;
}

/**
 * Returns the rows of some days of a period that differ from a fresh computation, in no order, with their keys as `k0`,
 * `k1`, … The partials must be staged.
 */
export function* differingRows(
  dialect: Dialect,
  entry: RollupEntry,
  period: RollupPeriod,
  slice: DaySlice,
): Work<ComparedRow[]> {
  const { table, keys, moment } = entry.statistic;
  const value = table.column('value');
  const select = (key: (property: string) => Sql, has: { stored: Sql; fresh: Sql }): Sql =>
    join([
      ...keys.map(
        (each, index) =>
          sql`${dialect.keyText(readKey(dialect, each, key(each.property)), each.type)} AS ${raw(`k${String(index)}`)}`,
      ),
      sql`${readMoment(dialect, entry.statistic, key(moment))} AS moment`,
      sql`CASE WHEN ${has.stored} THEN 1 ELSE 0 END AS is_stored, CASE WHEN ${has.fresh} THEN 1 ELSE 0 END AS is_expected`,
      sql`${dialect.exactText(sql`s.${value}`)} AS stored, ${dialect.exactText(raw('f.v'))} AS expected`,
    ]);
  const rows = yield* withDays(
    dialect,
    [{ ...period, ...slice }],
    dialect.compare({
      table,
      keys: primaryKey(entry),
      value: 'value',
      fresh: freshQuery(dialect, entry, period, slice),
      inRange: (alias) => inRange(dialect, entry, { ...period, ...slice }, alias),
      select,
    }),
  );
  return rows as ComparedRow[];
}
