import sql, { empty, join, raw, type Sql } from 'sql-template-tag';
import type { Dialect } from '../database/dialects/dialect.js';
import { execute, type Work } from '../database/work.js';
import type { RollupPeriod, RollupSpec } from './rollup-spec.js';
import { ofPeriod, primaryKey } from './window-sql.js';

/**
 * A running value holds until the next row. Where a range ends before what is covered, the first date after it gets
 * a row of the value that held there, or what was recorded after the range would change with it.
 */

/** Before the range is replaced: gives every key a row on the first date after it, with the value that holds there. */
export function* holdAfter(dialect: Dialect, spec: RollupSpec, period: RollupPeriod): Work<void> {
  yield* execute(insertAfter(dialect, spec, period, sql`r.${spec.statistic.table.column('value')}`));
}

/** After the range was replaced: keys that had no row before it get one of "nothing" on the first date after it. */
export function* endNewKeys(dialect: Dialect, spec: RollupSpec, period: RollupPeriod): Work<void> {
  const { aggregate } = spec.source;
  const nothing =
    aggregate === 'avg' || aggregate === 'min' || aggregate === 'max' ? dialect.decimal(null) : dialect.decimal('0');
  yield* execute(insertAfter(dialect, spec, period, nothing));
}

/** With 'changes', a row on the first date after the range that says what the row before it says is none. */
export function* dropUnchanged(dialect: Dialect, spec: RollupSpec, period: RollupPeriod): Work<void> {
  const { table } = spec.statistic;
  const [stored, value] = [raw('s'), table.column('value')];
  const same = sql`NOT (${dialect.differ(sql`r.${value}`, sql`s.${value}`)})`;
  // a derived table: MySQL reads no table that it deletes from otherwise
  const last = sql`SELECT * FROM (${lastRows(dialect, spec, period)}) l WHERE l.position = 1`;
  yield* execute(
    dialect.deleteFrom(
      table,
      sql`${ofPeriod(dialect, spec, period, stored)} AND s.${table.column('date')} = ${dateAfter(dialect, period)}
AND EXISTS (SELECT 1 FROM (${last}) r WHERE ${sameKeys(spec, raw('r'), stored)}${same})`,
    ),
  );
}

/** The rows up to the range's end, numbered from the last one of each key. */
function lastRows(dialect: Dialect, spec: RollupSpec, period: RollupPeriod): Sql {
  const { table } = spec.statistic;
  const keys = keyColumns(spec);
  const partition = keys.length === 0 ? empty : sql`PARTITION BY ${join(keys.map((key) => sql`s.${key}`))} `;
  return sql`SELECT ${join([...keys.map((key) => sql`s.${key}`), sql`s.${table.column('value')}`, sql`ROW_NUMBER() OVER (${partition}ORDER BY s.${table.column('date')} DESC) AS position`])}
FROM ${table.path} s WHERE ${ofPeriod(dialect, spec, period, raw('s'))} AND s.${table.column('date')} < ${dateAfter(dialect, period)}`;
}

function heldAlready(dialect: Dialect, spec: RollupSpec, period: RollupPeriod, row: Sql): Sql {
  const { table } = spec.statistic;
  return sql`EXISTS (SELECT 1 FROM ${table.path} h WHERE ${sameKeys(spec, row, raw('h'))}${ofPeriod(dialect, spec, period, raw('h'))} AND h.${table.column('date')} = ${dateAfter(dialect, period)})`;
}

/** Inserts a row on the first date after the range for each key that has rows up to it and none there. */
function insertAfter(dialect: Dialect, spec: RollupSpec, period: RollupPeriod, value: Sql): Sql {
  const { table } = spec.statistic;
  const properties = primaryKey(spec);
  const columns = properties.map((property) => {
    switch (property) {
      case 'metricId':
        return dialect.integer(spec.metricId);
      case 'period':
        return dialect.integer(period.period);
      case 'date':
        return dateAfter(dialect, period);
      default:
        return spec.constants.find((key) => key.property === property)?.value ?? sql`r.${table.column(property)}`;
    }
  });
  return sql`INSERT INTO ${table.path} (${join([...properties, 'value'].map((property) => table.column(property)))})
SELECT ${join([...columns, value])} FROM (${lastRows(dialect, spec, period)}) r
WHERE r.position = 1 AND NOT ${heldAlready(dialect, spec, period, raw('r'))}`;
}

function sameKeys(spec: RollupSpec, a: Sql, b: Sql): Sql {
  return join([...keyColumns(spec).map((key) => sql`${a}.${key} = ${b}.${key}`), empty], ' AND ');
}

function keyColumns({ source, statistic }: RollupSpec): Sql[] {
  return source.keys.map(({ property }) => statistic.table.column(property));
}

function dateAfter(dialect: Dialect, { through }: RollupPeriod): Sql {
  return dialect.dateOf(dialect.integer(through + 1));
}
