import { raw, type Sql } from 'sql-template-tag';
import type { DataSource, ObjectLiteral, SelectQueryBuilder } from 'typeorm';
import type { ColumnClock, ClockColumn, Dialect, NumericColumn, StoredKeyType } from '../database/dialects/dialect.js';
import { columnShape, holdsKey } from '../database/key-encoding.js';
import { Table } from '../database/table.js';
import { InvalidPropertyPathError, InvalidSourceError } from '../errors/source.error.js';
import { NULL_DIMENSION } from '../statistics/tables/dimension.decorator.js';
import type { StatisticTable } from '../statistics/tables/statistic-table.js';
import { type ColumnMetadata, declaredType, isInteger, numericType } from './column-type.js';
import { joinProperty, type PropertyColumn } from './property-column.js';
import type { AmbiguousValue, RawKey, ResolvedSource, SourceAmbiguity, SourceKey, TypedColumn } from './rollup-spec.js';
import type { SourceReading } from './source-reading.js';
import { soughtBy } from './unique-join.js';

const UNTYPED = 'has no type, as a @ViewColumn has none. Declare it: @Column({ type: … }).';

/** The columns of the source query, as they are selected. */
export class SourceColumns {
  readonly typed: TypedColumn[] = [];
  /** the names of the columns that measures read */
  readonly measured: Sql[] = [];
  private readonly numbers = new Map<string, NumericColumn>();
  private readonly conditions = new Map<string, Sql>();
  private readonly ambiguous: AmbiguousValue[] = [];
  private primaryKey: readonly Sql[] = [];

  constructor(
    private readonly dialect: Dialect,
    private readonly dataSource: DataSource,
    private readonly query: SelectQueryBuilder<ObjectLiteral>,
    /** the query is a SELECT DISTINCT */
    private readonly isDistinct: boolean,
  ) {
    query.select([]);
  }

  /** True if a selected value is read over a relation that may find several rows. */
  get isAmbiguous(): boolean {
    return this.ambiguous.length > 0;
  }

  /** @param query the source with one row for each row that the joins find */
  ambiguity(query: () => Sql): SourceAmbiguity | null {
    if (!this.isAmbiguous) return null;
    const isDated = this.ambiguous.some(({ option }) => option === 'dateField');
    return { query: query(), primaryKey: this.primaryKey, values: this.ambiguous, isDated };
  }

  /** Notes a value that is read over a relation that may find several rows. */
  private note({ ambiguous }: PropertyColumn, option: string, path: string, expression: Sql): void {
    if (ambiguous === null) return;
    const entity = this.query.expressionMap.mainAlias?.metadata.name ?? '';
    this.ambiguous.push({ expression, option, path, entity, soughtBy: soughtBy(ambiguous) });
  }

  clock(reading: SourceReading): ClockColumn {
    const found = joinProperty(this.query, 'dateField', reading.dateField);
    const clock = this.clockOf(found.column, reading);
    const expression = this.selected(found.expression, 'at');
    this.note(found, 'dateField', reading.dateField, expression);
    const isEpoch = reading.epoch !== null;
    this.decide(found, 'dateField', reading.dateField, expression, (stored) =>
      (isEpoch ? isInteger(stored) : this.dialect.clockOf(stored, this.dataSource)?.kind === clock.kind)
        ? null
        : 'days would be read wrongly',
    );
    return { ...clock, expression };
  }

  /** the date's table and column, for a query of that table alone */
  plain(path: string): ResolvedSource['plain'] {
    const { column } = joinProperty(this.query, 'dateField', path);
    const table = new Table(column.entityMetadata, (name) => this.query.escape(name));
    return { table, column: column.databaseName };
  }

  key(statistic: StatisticTable, key: SourceReading['keys'][number], name: string): SourceKey {
    const dimension = statistic.keys.find((candidate) => candidate.property === key.property);
    const raw = this.raw(key.option, key.path, name, dimension?.type ?? 'varchar');
    const whenNull = dimension?.nullable === true ? { sentinel: NULL_DIMENSION[dimension.type] } : 'skip';
    return { ...raw, property: key.property, whenNull };
  }

  distinct(path: string): RawKey {
    return this.raw('aggregate', path, 'u', 'varchar');
  }

  /** Returns a column that is 1 for rows that meet a condition, else NULL. */
  condition(text: string): Sql {
    const known = this.conditions.get(text);
    if (known !== undefined) return known;
    const name = `c${String(this.conditions.size)}`;
    const selected = this.selected(`CASE WHEN ${text} THEN 1 END`, name);
    this.measured.push(raw(name));
    this.conditions.set(text, selected);
    return selected;
  }

  numeric(path: string): NumericColumn {
    const known = this.numbers.get(path);
    if (known !== undefined) return known;
    const name = this.numbers.size === 0 ? 'v' : `v${String(this.numbers.size)}`;
    const column = this.numericAs(path, name);
    this.measured.push(raw(name));
    this.numbers.set(path, column);
    return column;
  }

  private numericAs(path: string, name: string): NumericColumn {
    const found = joinProperty(this.query, 'aggregate', path);
    const { column } = found;
    const declared = declaredType(this.dataSource, column);
    const type = numericType(declared);
    if (type === null) {
      const problem = `is of type ${declared}. Expected a numeric column; of others, count or countDistinct.`;
      return this.refuse('aggregate', path, declared === '' ? UNTYPED : problem);
    }
    const expression = this.selected(found.expression, name);
    this.note(found, 'aggregate', path, expression);
    return {
      expression,
      type,
      precision: column.precision ?? null,
      scale: column.scale ?? null,
    };
  }

  /** Selects every primary key. With DISTINCT, joined rows then count once. */
  selectPrimaryKey(): void {
    const { mainAlias } = this.query.expressionMap;
    if (mainAlias?.metadata.primaryColumns.length === 0) {
      throw new InvalidSourceError(
        `A source query joins ${mainAlias.metadata.name} to rows of which there may be many, and it has no primary key by which each of its rows ` +
          `could be counted once. Declare one (@PrimaryColumn), or put the condition into a subquery: whereExists.`,
      );
    }
    const alias = this.query.escape(mainAlias?.name ?? '');
    this.primaryKey = (mainAlias?.metadata.primaryColumns ?? []).map((column, index) =>
      this.selected(`${alias}.${this.query.escape(column.databaseName)}`, `p${String(index)}`),
    );
  }

  /** Notes a column that is read according to its type. */
  private decide(
    { column }: PropertyColumn,
    option: string,
    path: string,
    expression: Sql,
    wrong: (stored: string) => string | null,
  ): void {
    const declared = declaredType(this.dataSource, column);
    this.typed.push({
      option,
      path,
      entity: this.query.expressionMap.mainAlias?.metadata.name ?? '',
      expression,
      table: new Table(column.entityMetadata, (name) => this.query.escape(name)),
      column: column.databaseName,
      refusal: (stored) => {
        const reason = wrong(stored);
        return reason === null
          ? null
          : `is declared as ${declared}, and stored as ${stored}: ${reason}. Declare the type that the column has, or change the column.`;
      },
    });
  }

  private raw(option: string, path: string, name: string, stored: StoredKeyType): RawKey {
    const found = joinProperty(this.query, option, path);
    const shape = columnShape(this.dataSource, found.column);
    const encoding = this.dialect.keyEncoding(shape);
    const type = declaredType(this.dataSource, found.column);
    if ('refused' in encoding) return this.refuse(option, path, `is of type ${type}, ${encoding.refused}.`);
    if (!holdsKey(stored, encoding, shape)) this.refuseStored(option, path, type, stored);
    const compared = this.isDistinct ? this.dialect.comparable(found.expression, shape) : found.expression;
    const expression = this.selected(compared, name);
    this.note(found, option, path, this.dialect.groupKey(expression, encoding.kind, stored));
    this.decide(found, option, path, expression, (other) => {
      const isArray = other.endsWith('[]');
      const found = this.dialect.keyEncoding({ ...shape, isArray, type: isArray ? other.slice(0, -2) : other });
      const isOther = 'refused' in found || (found.kind === 'instant' && encoding.kind !== 'instant');
      return isOther ? "its text would depend on the session's time zone, or there is none" : null;
    });
    return { expression, kind: encoding.kind, format: encoding.format };
  }

  private refuseStored(option: string, path: string, type: string, stored: StoredKeyType): never {
    const clock = this.dialect.clockOf(type, this.dataSource);
    const problem =
      stored === 'date' && clock !== null
        ? `whose days depend on a time zone. Expected a column of type date for a dimension of that type.`
        : `and the dimension of type ${stored}: not each value of the one is a value of the other. ` +
          `Declare the dimension as varchar, or change the column's type.`;
    return this.refuse(option, path, `is of type ${type}, ${problem}`);
  }

  private selected(expression: string, name: string): Sql {
    this.query.addSelect(expression, name);
    return raw(`source.${name}`);
  }

  private clockOf(column: ColumnMetadata, { dateField, epoch, storedIn }: SourceReading): ColumnClock {
    const type = declaredType(this.dataSource, column);
    if (type === '') {
      return this.refuse('dateField', dateField, UNTYPED);
    }
    if (isInteger(type)) {
      if (epoch !== null) return { kind: epoch === 's' ? 'seconds' : 'milliseconds', storedIn: 'UTC' };
      return this.refuse('dateField', dateField, `is an integer. Say what it counts: epoch: 's' or 'ms'.`);
    }
    const clock = this.dialect.clockOf(type, this.dataSource);
    if (clock === null)
      return this.refuse(
        'dateField',
        dateField,
        `is of type ${type}. Expected a date, a timestamp, or an integer with epoch.`,
      );
    if (epoch !== null)
      return this.refuse('dateField', dateField, `is of type ${type}, which is no integer: leave epoch out.`);
    return storedIn === null || clock.kind !== 'wall' ? clock : { ...clock, storedIn };
  }

  private refuse(option: string, path: string, problem: string): never {
    throw new InvalidPropertyPathError(option, path, this.query.expressionMap.mainAlias?.metadata.name ?? '', problem);
  }
}
