import sql, { join, raw, type Sql } from 'sql-template-tag';
import type { Dialect } from '../database/dialects/dialect.js';
import { query, type Row, type Work } from '../database/work.js';
import { readKey } from '../statistics/statistic-table.js';
import { inRange } from './range-sql.js';
import type { RollupPeriod, RollupSpec } from './rollup-spec.js';
import { freshQuery, primaryKey } from './window-sql.js';

/** The name of the expression of the rows that should be. */
const EXPECTED = 'trackstats_expected';

/** A row that is stored and one that should be, where they are not the same. */
export interface ComparedRow extends Row {
  readonly date: string;
  /** 1 where the row is there */
  readonly is_stored: number;
  readonly is_expected: number;
  readonly stored: unknown;
  readonly expected: unknown;
}

/**
 * The rows of a period's range that are not as a fresh computation has them; keys under `k0`, `k1`, …
 *
 * @param expressions the partials, unless they are staged
 */
export function* differingRows(
  dialect: Dialect,
  spec: RollupSpec,
  period: RollupPeriod,
  expressions: readonly Sql[],
): Work<ComparedRow[]> {
  const { table, keys } = spec.statistic;
  const properties = primaryKey(spec);
  const fresh = (property: string): Sql => raw(`f.c${String(properties.indexOf(property))}`);
  const stored = (property: string): Sql => sql`s.${table.column(property)}`;
  const same = join(
    properties.map((property) => sql`${stored(property)} = ${fresh(property)}`),
    ' AND ',
  );
  const columns = (side: (property: string) => Sql): Sql[] => [
    ...keys.map(
      (key, index) =>
        sql`${dialect.keyText(readKey(dialect, key, side(key.property)), key.type)} AS ${raw(`k${String(index)}`)}`,
    ),
    sql`${dialect.dateText(side('date'))} AS date`,
  ];
  const value = table.column('value');
  return yield* query<ComparedRow>(sql`WITH ${join([...expressions, dialect.expression(EXPECTED, freshQuery(dialect, spec, period))], ',\n')}
SELECT ${join(columns(fresh))}, CASE WHEN s.${table.column('metricId')} IS NULL THEN 0 ELSE 1 END AS is_stored, 1 AS is_expected,
${dialect.exactText(sql`s.${value}`)} AS stored, ${dialect.exactText(raw('f.v'))} AS expected
FROM ${raw(EXPECTED)} f LEFT JOIN ${table.path} s ON ${same}
WHERE s.${table.column('metricId')} IS NULL OR ${dialect.differ(dialect.numeric(sql`s.${value}`), dialect.numeric(raw('f.v')))}
UNION ALL
SELECT ${join(columns(stored))}, 1 AS is_stored, 0 AS is_expected, ${dialect.exactText(sql`s.${value}`)} AS stored, NULL AS expected
FROM ${table.path} s WHERE ${inRange(dialect, spec, period, raw('s'))} AND NOT EXISTS (SELECT 1 FROM ${raw(EXPECTED)} f WHERE ${same})
ORDER BY ${join([...keys.map((_, index) => raw(`k${String(index)}`)), raw('date')])}`);
}
