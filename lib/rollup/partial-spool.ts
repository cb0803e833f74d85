import { createHash } from 'node:crypto';
import sql, { join, raw, type Sql } from 'sql-template-tag';
import type { Database } from '../database/database.js';
import type { Dialect, KeyKind, NumericColumn, StagedType } from '../database/dialects/dialect.js';
import type { WaitOptions } from '../database/dialects/driver.js';
import { Spool } from '../database/spool.js';
import { execute, executeAll, type Row, type Work } from '../database/work.js';
import { exactValue } from '../statistics/tables/exact-value.js';
import { partialColumns } from './aggregate-sql.js';
import { BUCKET, partialsQuery, storedKeys } from './rollup-sql.js';
import type { RollupEntry, RollupSpec, SourceKey, SourceScan } from './rollup-spec.js';

/** The scan of a partial, and its columns as text that every database reads, in the order of `spooledColumns`. */
type SpooledPartial = [number, ...(string | null)[]];

interface SpooledColumn {
  readonly name: string;
  readonly type: StagedType;
  /** the column of the source whose exact numbers it has; null if it has none */
  readonly numeric: NumericColumn | null;
}

/** Carries the partials of a source to the data source of the statistics, if that is another one. */
export class PartialSpool {
  private readonly partials = new Spool<SpooledPartial>();

  /** @param columns of each scan */
  private constructor(private readonly columns: readonly (readonly SpooledColumn[])[]) {}

  /** Reads the partials of scans from the source's database, in one statement and so from one snapshot. */
  static async from(
    source: Database,
    scans: readonly SourceScan[],
    options: Pick<WaitOptions, 'cancellation'> = {},
  ): Promise<PartialSpool> {
    const spool = new PartialSpool(scans.map((scan) => spooledColumns(source.dialect, scan)));
    try {
      const add = (rows: readonly Row[]): void => {
        for (const row of rows) spool.partials.add(spool.spooled(row));
      };
      await source.each(spooledQuery(source.dialect, scans, spool.columns), add, options);
      return spool;
    } catch (error) {
      spool.remove();
      throw error;
    }
  }

  /** Creates the temporary tables of the partials in the statistics' database. */
  *stage(dialect: Dialect, scans: readonly SourceScan[]): Work<void> {
    const batches = scans.map((scan, place) => {
      const columns = this.columns[place] ?? [];
      return {
        scan,
        columns,
        rows: [] as SpooledPartial[],
        size: Math.min(250, Math.floor(dialect.maxParameters / columns.length)),
      };
    });
    for (const { scan, columns } of batches) yield* executeAll(dialect.stageTable(scan.partials, columns));
    for (const partial of this.partials.items()) {
      const batch = batches[partial[0]];
      if (batch === undefined) continue;
      batch.rows.push(partial);
      if (batch.rows.length < batch.size) continue;
      yield* execute(insertPartials(dialect, batch));
      batch.rows = [];
    }
    for (const batch of batches) if (batch.rows.length > 0) yield* execute(insertPartials(dialect, batch));
  }

  remove(): void {
    this.partials.remove();
  }

  private spooled(row: Row): SpooledPartial {
    const place = Number(row['part']);
    const values = (this.columns[place] ?? []).map(({ name, type }, index) => {
      const value = row[columnName(place, index).sql];
      if (value === null || value === undefined) return null;
      if (type === 'decimal') return exactValue(value);
      const text = `${value as string | number}`;
      // a distinct value is only compared, and its column has 2,000 bytes
      return name === 'u' && text.length > 255 ? createHash('sha256').update(text).digest('hex') : text;
    });
    return [place, ...values];
  }
}

function insertPartials(
  dialect: Dialect,
  { scan, columns, rows }: { scan: SourceScan; columns: readonly SpooledColumn[]; rows: readonly SpooledPartial[] },
): Sql {
  const names = columns.map(({ name }) => raw(name));
  const tuples = rows.map(
    ([, ...values]) => sql`(${join(columns.map((column, index) => bound(dialect, column, values[index] ?? null)))})`,
  );
  return sql`INSERT INTO ${raw(scan.partials)} (${join(names)}) VALUES ${join(tuples)}`;
}

function bound(dialect: Dialect, { type, numeric }: SpooledColumn, value: string | null): Sql {
  if (value === null) return raw('NULL');
  switch (type) {
    case 'integer':
    case 'bigint':
      return sql`${Number(value)}`;
    case 'date':
      return dialect.date(value);
    case 'decimal': {
      const decimal = dialect.decimal(value);
      return numeric === null ? decimal : dialect.asAddend(dialect.numeric(decimal), numeric);
    }
    default:
      return sql`${value}`;
  }
}

/** Returns the spec of spooled partials. Their keys are already text as it is stored. */
export function spooledSpec(spec: RollupSpec): RollupSpec {
  return { ...spec, entries: spec.entries.map((entry) => ({ ...entry, keys: storedKinds(entry) })) };
}

function storedKinds({ keys, statistic }: RollupEntry): SourceKey[] {
  return keys.map((key) => {
    const type = statistic.keys.find(({ property }) => property === key.property)?.type ?? 'varchar';
    const kind: KeyKind = type === 'varchar' ? 'text' : type === 'date' ? 'date' : 'integer';
    return { ...key, kind };
  });
}

/** The columns of `partialsQuery`, in its order. */
function spooledColumns(dialect: Dialect, scan: SourceScan): SpooledColumn[] {
  const { source, statistic } = scan;
  const keys = source.keys.map(({ property }, index): SpooledColumn => {
    const type = statistic.keys.find((key) => key.property === property)?.type ?? 'varchar';
    const staged = type === 'varchar' ? 'text' : type === 'date' ? 'date' : 'integer';
    return { name: `k${String(index)}`, type: staged, numeric: null };
  });
  const values: SpooledColumn[] = source.distinct === null ? [] : [{ name: 'u', type: 'text', numeric: null }];
  const totals = source.measures.flatMap((measure) =>
    partialColumns(dialect, measure).map(({ name, holds }): SpooledColumn => ({
      name: name.sql,
      // numbers of rows too: a staged integer has 32 bits on PostgreSQL
      type: 'decimal',
      numeric: holds === 'numbers' ? measure.numeric : null,
    })),
  );
  const buckets: SpooledColumn[] = scan.bucket === null ? [] : [{ name: BUCKET.sql, type: 'bigint', numeric: null }];
  return [...keys, ...values, { name: 'day', type: 'integer', numeric: null }, ...buckets, ...totals];
}

/** The partials of scans with every column as text or a number that loses nothing: `part`, then `v0_0`, `v0_1`, … */
function spooledQuery(
  dialect: Dialect,
  scans: readonly SourceScan[],
  columns: readonly (readonly SpooledColumn[])[],
): Sql {
  const isOnly = scans.length === 1;
  const queries = scans.map((scan, place) => {
    const values = spooledValues(dialect, scan, columns[place] ?? [], isOnly);
    // columns of its own for each scan: those of two scans may have other collations
    const selected = columns.flatMap((own, other) =>
      own.map(
        (_, index) => sql`${(other === place ? values[index] : null) ?? raw('NULL')} AS ${columnName(other, index)}`,
      ),
    );
    return sql`SELECT ${raw(String(place))} AS part, ${join(selected)} FROM (${partialsQuery(dialect, scan)}) p`;
  });
  return join(queries, '\nUNION ALL\n');
}

function columnName(place: number, index: number): Sql {
  return raw(`v${String(place)}_${String(index)}`);
}

function spooledValues(dialect: Dialect, scan: SourceScan, columns: readonly SpooledColumn[], isOnly: boolean): Sql[] {
  const { distinct } = scan.source;
  const keys = storedKeys(dialect, { keys: scan.source.keys, statistic: scan.statistic });
  return columns.map(({ name, type, numeric }, index) => {
    const key = keys[index];
    const column = key ?? raw(`p.${name}`);
    if (name === 'u' && distinct !== null) {
      return dialect.keyText(dialect.storedKey(column, distinct.kind, 'varchar'), 'varchar');
    }
    switch (type) {
      case 'decimal':
        return dialect.exactText(numeric === null ? column : dialect.fromAddends(column, numeric));
      case 'date':
        return dialect.dateText(column);
      case 'text':
        return dialect.keyText(column, 'varchar');
      default:
        // text in all columns, because UNION joins them with those of other scans
        return isOnly ? column : dialect.exactText(column);
    }
  });
}
