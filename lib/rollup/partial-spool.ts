import { createHash } from 'node:crypto';
import sql, { join, raw, type Sql } from 'sql-template-tag';
import { meaningOf } from '../catalog/aggregates.js';
import type { Database } from '../database/database.js';
import type { Dialect, KeyKind, StagedType } from '../database/dialects/dialect.js';
import type { WaitOptions } from '../database/dialects/driver.js';
import { Spool } from '../database/spool.js';
import { execute, executeAll, type Row, type Work } from '../database/work.js';
import { exactValue } from '../statistics/tables/exact-value.js';
import { partialsQuery, storedKeys } from './rollup-sql.js';
import type { RollupSpec } from './rollup-spec.js';

/** One partial, as text that every database reads: its columns in the order of `spooledColumns`. */
type SpooledPartial = (string | null)[];

interface SpooledColumn {
  readonly name: string;
  readonly type: StagedType;
}

/** The partials of a source in another data source than the statistics, on their way there. */
export class PartialSpool {
  private readonly partials = new Spool<SpooledPartial>();

  private constructor(private readonly columns: readonly SpooledColumn[]) {}

  /** Reads the partials of a spec from the source's database. */
  static async from(
    source: Database,
    spec: RollupSpec,
    options: Pick<WaitOptions, 'cancellation'> = {},
  ): Promise<PartialSpool> {
    const spool = new PartialSpool(spooledColumns(spec));
    try {
      const add = (rows: readonly Row[]): void => {
        for (const row of rows) spool.partials.add(spool.spooled(row));
      };
      await source.each(spooledQuery(source.dialect, spec), add, options);
      return spool;
    } catch (error) {
      spool.remove();
      throw error;
    }
  }

  /** Makes the temporary table of the partials in the statistics' database. */
  *stage(dialect: Dialect, spec: RollupSpec): Work<void> {
    yield* executeAll(dialect.stageTable(spec.partials, this.columns));
    const batch = Math.min(250, Math.floor(dialect.maxParameters / this.columns.length));
    let rows: SpooledPartial[] = [];
    for (const partial of this.partials.items()) {
      rows.push(partial);
      if (rows.length < batch) continue;
      yield* execute(this.insert(dialect, spec, rows));
      rows = [];
    }
    if (rows.length > 0) yield* execute(this.insert(dialect, spec, rows));
  }

  remove(): void {
    this.partials.remove();
  }

  private spooled(row: Row): SpooledPartial {
    return this.columns.map(({ name, type }) => {
      const value = row[name];
      if (value === null || value === undefined) return null;
      if (type === 'decimal') return exactValue(value);
      const text = `${value as string | number}`;
      // a distinct value, which is only compared: the table that it goes to holds 2,000 bytes
      return name === 'u' && text.length > 255 ? createHash('sha256').update(text).digest('hex') : text;
    });
  }

  private insert(dialect: Dialect, spec: RollupSpec, rows: readonly SpooledPartial[]): Sql {
    const names = this.columns.map(({ name }) => raw(name));
    const tuples = rows.map(
      (row) => sql`(${join(row.map((value, index) => this.bound(dialect, spec, index, value)))})`,
    );
    return sql`INSERT INTO ${raw(spec.partials)} (${join(names)}) VALUES ${join(tuples)}`;
  }

  private bound(dialect: Dialect, { source: { numeric } }: RollupSpec, index: number, value: string | null): Sql {
    if (value === null) return raw('NULL');
    const column = this.columns[index];
    switch (column?.type) {
      case 'integer':
        return sql`${Number(value)}`;
      case 'date':
        return dialect.date(value);
      case 'decimal': {
        const decimal = dialect.decimal(value);
        return numeric === null || column.name !== 'a' ? decimal : dialect.asAddend(dialect.numeric(decimal), numeric);
      }
      default:
        return sql`${value}`;
    }
  }
}

/** The spec of spooled partials, whose keys have the text that is stored already. */
export function spooledSpec(spec: RollupSpec): RollupSpec {
  const { source, statistic } = spec;
  const kindOf = (property: string): KeyKind => {
    const type = statistic.keys.find((key) => key.property === property)?.type ?? 'varchar';
    return type === 'varchar' ? 'text' : type === 'date' ? 'date' : 'integer';
  };
  const keys = source.keys.map((key) => ({ ...key, kind: kindOf(key.property) }));
  return { ...spec, source: { ...source, keys } };
}

/** The columns of `partialsQuery`, in its order. */
function spooledColumns(spec: RollupSpec): SpooledColumn[] {
  const { source, statistic } = spec;
  const keys = source.keys.map(({ property }, index): SpooledColumn => {
    const type = statistic.keys.find((key) => key.property === property)?.type ?? 'varchar';
    return { name: `k${String(index)}`, type: type === 'varchar' ? 'text' : type === 'date' ? 'date' : 'integer' };
  });
  const day: SpooledColumn = { name: 'day', type: 'integer' };
  if (source.distinct !== null) return [...keys, { name: 'u', type: 'text' }, day];
  const totals = meaningOf(source.aggregate).partial.map((name): SpooledColumn => ({
    name,
    type: name === 'a' ? 'decimal' : 'integer',
  }));
  return [...keys, day, ...totals];
}

/** The partials with every column as text or a number that loses nothing. */
function spooledQuery(dialect: Dialect, spec: RollupSpec): Sql {
  const { numeric, distinct } = spec.source;
  const keys = storedKeys(dialect, spec);
  const columns = spooledColumns(spec).map(({ name, type }, index) => {
    const column = keys[index] ?? raw(`p.${name}`);
    if (name === 'u' && distinct !== null) {
      return sql`${dialect.keyText(dialect.storedKey(column, distinct.kind, 'varchar'), 'varchar')} AS u`;
    }
    switch (type) {
      case 'decimal':
        return sql`${dialect.exactText(numeric === null ? column : dialect.fromAddends(column, numeric))} AS ${raw(name)}`;
      case 'date':
        return sql`${dialect.dateText(column)} AS ${raw(name)}`;
      case 'text':
        return sql`${dialect.keyText(column, 'varchar')} AS ${raw(name)}`;
      default:
        return sql`${column} AS ${raw(name)}`;
    }
  });
  return sql`SELECT ${join(columns)} FROM (${partialsQuery(dialect, spec)}) p`;
}
