import sql, { empty, join, raw, type Sql } from 'sql-template-tag';
import type { Table } from '../table.js';
import type { Work } from '../work.js';
import { identityOf } from './base.sql.js';
import type { LastBeforeQuery, WalkedSeries } from './dialect.js';
import { type FoundAgain, PostgresSql } from './postgres.sql.js';

/**
 * PostgreSQL whose tables may be distributed over several servers, as those of Citus are: without the plans that need a
 * table's rows or its indexes in one place. docs/scaling.md has the rules.
 */
export class DistributedPostgresSql extends PostgresSql {
  /** The points would be a subquery among the columns of a query of other tables. */
  override readonly readsPointsBeside = false;

  override readonly correlates = false;

  /** A setting of Citus. Elsewhere nothing is set. */
  override readonly writesInTurn = sql`SELECT set_config('citus.multi_shard_modify_mode', 'sequential', true)
WHERE EXISTS (SELECT 1 FROM pg_extension WHERE extname = 'citus')`;

  // eslint-disable-next-line require-yield -- it asks nothing
  override *countsByIndex(): Work<boolean> {
    return false;
  }

  /** One statement that writes several tables may write tables of several servers. */
  override addTogether(): null {
    return null;
  }

  override together(): null {
    return null;
  }

  /** By key: two rows on different servers may be in the same place of tables with the same number. */
  protected override foundAgain(table: Table, keys: readonly string[]): FoundAgain {
    const { columns, names, identity } = identityOf(table, keys);
    const isSame = columns.map((column, index) => sql`s.${column} = f.${names[index]}`);
    return { columns: empty, kept: identity, isSame: join(isSame, ' AND ') };
  }

  override deleteMatching(table: Table, keys: readonly string[], found: (identity: Sql) => Sql): Sql {
    return this.deleteByKey(table, keys, found);
  }

  /** The last date of each key is found by one join of all keys. */
  override lastBefore({ table, keys, date, before, query }: LastBeforeQuery): Sql {
    const day = table.column(date);
    const columns = keys.map(({ property }) => table.column(property));
    const same = (alias: string): Sql[] =>
      keys.map(({ value }, index) => sql`${raw(alias)}.${columns[index]} = ${value}`);
    const grouped = columns.map((column) => sql`l.${column}`);
    const last = sql`SELECT ${join([...grouped, sql`MAX(l.${day}) AS last`])}
FROM (${query}) a JOIN ${table.path} l ON ${join([...same('l'), sql`l.${day} < ${before}`], ' AND ')} GROUP BY ${join(grouped)}`;
    return sql`(${query}) a JOIN (${last}) l ON ${join(same('l'), ' AND ')}
JOIN ${table.path} s ON ${join([...columns.map((column) => sql`s.${column} = l.${column}`), sql`s.${day} = l.last`], ' AND ')}`;
  }

  override walkSeries(): WalkedSeries | null {
    return null;
  }

  override distinctKeys(): null {
    return null;
  }
}
