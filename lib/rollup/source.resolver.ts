import { isDeepStrictEqual } from 'node:util';
import sql, { join, raw, type Sql } from 'sql-template-tag';
import {
  InstanceChecker,
  type DataSource,
  type EntityMetadata,
  type FindOptionsWhere,
  type ObjectLiteral,
  type Repository,
  type SelectQueryBuilder,
} from 'typeorm';
import { type AggregateFunction, meaningOf } from '../catalog/aggregates.js';
import type { ColumnClock, ClockColumn, Dialect, NumericColumn, StoredKeyType } from '../database/dialects/dialect.js';
import { columnShape, holdsKey } from '../database/key-encoding.js';
import { Table } from '../database/table.js';
import { InvalidPropertyPathError, InvalidSourceError } from '../errors/source.error.js';
import { shown } from '../errors/trackstats.error.js';
import type { EntityClass } from '../statistics/filter/object-target.js';
import { NULL_DIMENSION } from '../statistics/tables/dimension.decorator.js';
import type { StatisticTable } from '../statistics/tables/statistic-table.js';
import type { AggregateSpec } from './aggregate.js';
import { presenceName } from './aggregate-sql.js';
import { type ColumnMetadata, declaredType, isInteger, numericType } from './column-type.js';
import { joinProperty, type PropertyColumn } from './property-column.js';
import type {
  AmbiguousValue,
  Measure,
  RawKey,
  ResolvedSource,
  SourceAmbiguity,
  SourceKey,
  TypedColumn,
} from './rollup-spec.js';
import { joinsAtMostOne, soughtBy } from './unique-join.js';

/** The source of a tracker's rows: an entity, a repository, or a query with its joins, conditions and parameters. */
export type Source<E extends ObjectLiteral = ObjectLiteral> = EntityClass<E> | Repository<E> | SelectQueryBuilder<E>;

/** Conditions as `find` takes them, or a function that adds them to a query. */
export type SourceWhere =
  | FindOptionsWhere<ObjectLiteral>
  | FindOptionsWhere<ObjectLiteral>[]
  | ((query: SelectQueryBuilder<ObjectLiteral>, alias: string) => void);

/** The properties of the source that a tracker reads, whatever it computes. */
export interface SourceReading {
  readonly dateField: string;
  /** a statistic's key → property path, with the option that named it */
  readonly keys: readonly { readonly property: string; readonly path: string; readonly option: string }[];
  readonly statistic: StatisticTable;
  readonly where: SourceWhere | null;
  readonly withDeleted: boolean;
  readonly epoch: 's' | 'ms' | null;
  readonly storedIn: 'UTC' | null;
}

/** The property that a metric reads, and the rows that it counts. */
export interface MeasureReading {
  readonly aggregate: AggregateSpec;
  /** conditions in addition to those of the tracker */
  readonly where: SourceWhere | null;
}

/** True for the repository of an entity, and false where the application may have made a query of its own. */
export function isPlainSource(source: Source): boolean {
  return isRepository(source) && source === source.manager.getRepository(source.target);
}

/** Returns the data source of a repository or a query; undefined for an entity. */
export function dataSourceOf(source: Source): DataSource | undefined {
  if (isRepository(source)) return source.manager.dataSource;
  return isQuery(source) ? source.dataSource : undefined;
}

/** Returns the entity that a path of a source points to, or null if the path ends at a plain column. */
export function entityAt(dataSource: DataSource, source: Source, option: string, path: string): EntityMetadata | null {
  return joinProperty(queryOf(dataSource, source), option, path).pointsTo;
}

/**
 * Returns one query with named columns from a source and the properties that one metric reads.
 *
 * @throws InvalidSourceError, InvalidPropertyPathError
 */
export function resolveSource(
  dialect: Dialect,
  dataSource: DataSource,
  source: Source,
  reading: SourceReading,
  measure: MeasureReading,
): ResolvedSource & { readonly isOneRowEach: boolean } {
  const query = startQuery(dataSource, source, reading);
  applyBoth(query, reading.where, measure.where);
  refuseGrouped(query);
  const repeats = joinsMany(query);
  const measures = [{ aggregate: measure.aggregate, condition: null }];
  const declared = selectReading(dialect, dataSource, query.clone(), reading, measures, repeats);
  if (repeats) declared.query.distinct(true);
  // for the fingerprint, which leaves out DISTINCT: statistics that were right need no backfill
  const text = declared.query.getQuery();
  const isProven = joinsAtMostOneRow(declared.query);
  const tellsApart = !repeats && (declared.selection.isAmbiguous || (addsUp(measure.aggregate.function) && !isProven));
  const { selection, ...selected } = tellsApart
    ? selectReading(dialect, dataSource, query, reading, measures, true)
    : declared;
  const ambiguity = selection.ambiguity(() => boundQuery(dialect, dataSource, selected.query));
  if (tellsApart) selected.query.distinct(true);
  const isOneRowEach = !repeats && isProven && ambiguity === null;
  return { ...selected, query: boundQuery(dialect, dataSource, selected.query), ambiguity, text, isOneRowEach };
}

/**
 * Returns one query for several metrics of a source, in which the conditions of a metric are a column.
 * Only for metrics whose own query has each row once (`isOneRowEach`).
 *
 * @returns null if a condition cannot be a column, because it joins tables and so would change the rows of other metrics
 */
export function resolveTogether(
  dialect: Dialect,
  dataSource: DataSource,
  source: Source,
  reading: SourceReading,
  measures: readonly MeasureReading[],
): ResolvedSource | null {
  const query = startQuery(dataSource, source, reading);
  const unconditioned = query.clone();
  if (reading.where !== null) applyWhere(query, reading.where);
  refuseGrouped(query);
  const selected: SelectedMeasure[] = [];
  const known: { readonly condition: Condition; readonly text: string }[] = [];
  for (const [place, { aggregate, where }] of measures.entries()) {
    if (where === null) {
      selected.push({ aggregate, condition: null });
      continue;
    }
    const own = conditionOf(unconditioned, where, '');
    // a condition of several metrics is one column
    const same = known.find(({ condition }) => isDeepStrictEqual(condition, own));
    const condition = conditionOf(unconditioned, where, `trackstats_m${String(place)}_`);
    if (own === null || condition === null) return null;
    if (same === undefined) {
      known.push({ condition: own, text: condition.text });
      addJoins(query, condition);
      query.setParameters(condition.parameters);
    }
    selected.push({ aggregate, condition: same?.text ?? condition.text });
  }
  const { selection, ...found } = selectReading(dialect, dataSource, query, reading, selected, false);
  if (selection.isAmbiguous || joinsMany(found.query) || !joinsAtMostOneRow(found.query)) return null;
  const text = found.query.getQuery();
  return { ...found, query: boundQuery(dialect, dataSource, found.query), ambiguity: null, text };
}

/**
 * Returns the query of the rows that a metric counts, and the expressions of their date and keys.
 *
 * @param resolved the source of that metric alone
 */
export function sourceRows(
  dataSource: DataSource,
  source: Source,
  reading: SourceReading,
  { where }: MeasureReading,
  resolved: Pick<ResolvedSource, 'clock' | 'keys'>,
): { query: SelectQueryBuilder<ObjectLiteral>; clock: ClockColumn; keys: SourceKey[] } {
  const query = startQuery(dataSource, source, reading);
  applyBoth(query, reading.where, where);
  const at = (option: string, path: string): Sql => raw(joinProperty(query, option, path).expression);
  const clock = { ...resolved.clock, expression: at('dateField', reading.dateField) };
  const keys = reading.keys.flatMap(({ option, path, property }) => {
    const key = resolved.keys.find((one) => one.property === property);
    return key === undefined ? [] : [{ ...key, expression: at(option, path) }];
  });
  return { query, clock, keys };
}

function startQuery(
  dataSource: DataSource,
  source: Source,
  { withDeleted }: SourceReading,
): SelectQueryBuilder<ObjectLiteral> {
  const query = queryOf(dataSource, source);
  refuseForeign(query);
  if (withDeleted) query.withDeleted();
  return query;
}

/** The columns of a resolved source. */
type SelectedReading = Omit<ResolvedSource, 'query' | 'ambiguity' | 'text'> & {
  readonly query: SelectQueryBuilder<ObjectLiteral>;
  readonly selection: Columns;
};

interface SelectedMeasure {
  readonly aggregate: AggregateSpec;
  /** SQL that is true for the rows that count; null if all do */
  readonly condition: string | null;
}

/**
 * Selects the columns that a tracker reads.
 *
 * @param isDistinct true to select the primary key too, so that DISTINCT leaves one row for each row of the source
 */
function selectReading(
  dialect: Dialect,
  dataSource: DataSource,
  query: SelectQueryBuilder<ObjectLiteral>,
  reading: SourceReading,
  given: readonly SelectedMeasure[],
  isDistinct: boolean,
): SelectedReading {
  const columns = new Columns(dialect, dataSource, query, isDistinct);
  const clock = columns.clock(reading);
  const keys = reading.keys.map((key, index) => columns.key(reading.statistic, key, `s${String(index)}`));
  const measures = given.map(({ aggregate: { function: aggregate, field }, condition }, place): Measure => {
    const counted = condition === null ? null : columns.condition(condition);
    const numeric = field !== null && meaningOf(aggregate).reads === 'numbers' ? columns.numeric(field) : null;
    const presence = counted === null ? null : raw(presenceOf(given, condition));
    return { aggregate, numeric, counted, presence, place };
  });
  const [first] = given;
  const field =
    first !== undefined && meaningOf(first.aggregate.function).reads === 'distinctValues'
      ? first.aggregate.field
      : null;
  const distinct = field === null ? null : columns.distinct(field);
  if (isDistinct) columns.selectPrimaryKey();
  query.orderBy();
  const countsRows = given.length === 1 && first !== undefined && meaningOf(first.aggregate.function).reads === 'rows';
  const plain =
    countsRows && first.condition === null && keys.length === 0 && selectsWholeTable(query)
      ? columns.plain(reading.dateField)
      : null;
  const { typed, measured } = columns;
  return { query, selection: columns, columns: typed, clock, measures, measured, distinct, keys, plain };
}

/** Returns the column of the partials with the number of rows that meet a condition: that of a count, or an own one. */
function presenceOf(given: readonly SelectedMeasure[], condition: string | null): string {
  const same = (measure: SelectedMeasure): boolean => measure.condition === condition;
  const counting = given.findIndex((measure) => same(measure) && measure.aggregate.function === 'count');
  return counting < 0 ? presenceName(given.findIndex(same)) : `a${String(counting)}`;
}

/** True if a repeated row changes the value. Minima, maxima and distinct counts stay the same. */
function addsUp(aggregate: AggregateFunction): boolean {
  const { reads, partial } = meaningOf(aggregate);
  return reads !== 'distinctValues' && partial.some(({ combine }) => combine === 'add');
}

/** Checks the shape, as TypeORM does for its other classes, because the application may have another copy of TypeORM. */
function isRepository(source: unknown): source is Repository<ObjectLiteral> {
  if (typeof source !== 'object' || source === null) return false;
  const { manager, target, createQueryBuilder } = source as Partial<Repository<ObjectLiteral>>;
  return typeof createQueryBuilder === 'function' && manager !== undefined && target !== undefined;
}

function isQuery(source: Source): source is SelectQueryBuilder<ObjectLiteral> {
  return typeof (source as { getQueryAndParameters?: unknown } | undefined)?.getQueryAndParameters === 'function';
}

function queryOf(dataSource: DataSource, source: Source): SelectQueryBuilder<ObjectLiteral> {
  if (isQuery(source)) return source.clone();
  if (isRepository(source)) return source.createQueryBuilder(source.metadata.name);
  if (typeof source !== 'function' && !InstanceChecker.isEntitySchema(source)) {
    throw new InvalidSourceError(
      `The source of a tracker is ${shown(source)}. Expected an entity class, a repository or a query builder.`,
    );
  }
  if (!dataSource.isInitialized) {
    throw new InvalidSourceError(
      `The source of a tracker is ${shown(source)}, whose data source is not initialized. ` +
        `Call its initialize() before the application starts, or remove manualInitialization from its options.`,
    );
  }
  if (!dataSource.hasMetadata(source)) {
    throw new InvalidSourceError(
      `The source of a tracker is ${shown(source)}, which is no entity of its data source. ` +
        `Add it to the data source's entities (TypeOrmModule.forFeature([…]) with autoLoadEntities), or name the data source that has it: sourceDataSource.`,
    );
  }
  return dataSource.getRepository(source).createQueryBuilder(dataSource.getMetadata(source).name);
}

function refuseForeign({ expressionMap }: SelectQueryBuilder<ObjectLiteral>): void {
  if (expressionMap.mainAlias?.hasMetadata === true) return;
  throw new InvalidSourceError(
    'A source query selects from a subquery or a table that is no entity. Expected createQueryBuilder of an entity.',
  );
}

function refuseGrouped({ expressionMap: map }: SelectQueryBuilder<ObjectLiteral>): void {
  const limited = [map.limit, map.offset, map.take, map.skip].some((value) => value !== undefined);
  const grouped = [map.groupBys, map.havings, map.selectDistinctOn].some(({ length }) => length > 0);
  if (grouped || limited || map.lockMode !== undefined) {
    throw new InvalidSourceError(
      'A source query has GROUP BY, HAVING, DISTINCT ON, a limit, an offset or a lock. ' +
        'Expected the rows to count, ungrouped: a tracker groups them itself. Keep the joins and conditions only.',
    );
  }
}

/** Adds conditions to those of the query. Each is put into brackets, because it may contain OR. */
function applyWhere(query: SelectQueryBuilder<ObjectLiteral>, where: SourceWhere): void {
  const { expressionMap } = query;
  const own = expressionMap.wheres;
  expressionMap.wheres = [];
  if (typeof where === 'function') where(query, query.alias);
  else query.setFindOptions({ where, loadEagerRelations: false });
  expressionMap.wheres = [own, expressionMap.wheres]
    .filter(({ length }) => length > 0)
    .map((condition) => ({ type: 'and', condition: { operator: 'brackets', condition } }));
}

/** Adds the conditions of a tracker and of one of its metrics. */
function applyBoth(
  query: SelectQueryBuilder<ObjectLiteral>,
  ofTracker: SourceWhere | null,
  ofMetric: SourceWhere | null,
): void {
  const merged = mergeWhere(ofTracker, ofMetric);
  if (merged !== undefined) {
    if (merged !== null) applyWhere(query, merged);
    return;
  }
  const unconditioned = query.clone();
  if (ofTracker !== null) applyWhere(query, ofTracker);
  if (ofMetric === null) return;
  const condition = conditionOf(unconditioned, ofMetric, 'trackstats_m_');
  if (condition === null) {
    applyAfter(query, ofMetric);
    return;
  }
  addJoins(query, condition);
  query.setParameters(condition.parameters);
  query.andWhere(`(${condition.text})`);
}

/**
 * Returns two conditions as one, so that the query and the fingerprint are those of a tracker with that single condition.
 * Returns undefined if they must be applied one after the other.
 */
function mergeWhere(one: SourceWhere | null, other: SourceWhere | null): SourceWhere | null | undefined {
  if (one === null || other === null) return one ?? other;
  const isPlain = [one, other].every((where) => typeof where === 'object' && !Array.isArray(where));
  if (!isPlain || Object.keys(one).some((key) => Object.hasOwn(other, key))) return undefined;
  return { ...(one as FindOptionsWhere<ObjectLiteral>), ...(other as FindOptionsWhere<ObjectLiteral>) };
}

/** Applies the function of a metric after the tracker's own conditions, whose parameters it must not replace. */
function applyAfter(query: SelectQueryBuilder<ObjectLiteral>, where: SourceWhere): void {
  const before = { ...query.getParameters() };
  applyWhere(query, where);
  const after = query.getParameters();
  const replaced = Object.keys(before).find((name) => before[name] !== after[name]);
  if (replaced === undefined) return;
  throw new InvalidSourceError(
    `The conditions of a tracker and of one of its metrics both have a parameter :${replaced}, with different values. Give it another name in one of them.`,
  );
}

/** The conditions of one metric, apart from the query that they are for. */
interface Condition {
  readonly text: string;
  readonly parameters: ObjectLiteral;
  readonly joins: readonly { readonly property: string; readonly alias: string }[];
}

/** TypeORM's method for the text of conditions, which it declares as protected. */
interface WithConditionText {
  createWhereClausesExpression(wheres: SelectQueryBuilder<ObjectLiteral>['expressionMap']['wheres']): string;
}

/**
 * Reads the conditions that a metric's `where` adds to a query, with unique names of parameters.
 *
 * @param query without the tracker's own conditions, which may join the same relations
 * @returns null if a function joins tables: that would change the rows of other metrics
 */
function conditionOf(query: SelectQueryBuilder<ObjectLiteral>, where: SourceWhere, prefix: string): Condition | null {
  const own = query.clone();
  const { expressionMap } = own;
  const known = expressionMap.joinAttributes.length;
  expressionMap.wheres = [];
  if (typeof where === 'function') where(own, own.alias);
  else own.setFindOptions({ where, loadEagerRelations: false });
  refuseGrouped(own);
  const added = expressionMap.joinAttributes.slice(known);
  const isOwnJoin = typeof where === 'function' && added.length > 0;
  if (isOwnJoin || expressionMap.aliases.filter(({ type }) => type === 'from').length > 1) return null;
  const parameters = own.getParameters();
  const renamed: ObjectLiteral = {};
  const conditions = (own as unknown as WithConditionText).createWhereClausesExpression(expressionMap.wheres);
  const text = conditions.replace(/:(\.\.\.)?([A-Za-z0-9_.]+)/g, (whole, spread: string | undefined, name: string) => {
    if (!Object.hasOwn(parameters, name)) return whole;
    renamed[`${prefix}${name}`] = parameters[name] as unknown;
    return `:${spread ?? ''}${prefix}${name}`;
  });
  const joins = added.map(({ entityOrProperty, alias }) => ({ property: String(entityOrProperty), alias: alias.name }));
  // an inner join leaves out rows that find nothing, which other metrics would miss
  const found = added
    .filter(({ direction }) => direction === 'INNER')
    .flatMap(({ alias }) =>
      alias.metadata.primaryColumns.map((column) => `${alias.name}.${column.propertyPath} IS NOT NULL`),
    );
  return { text: [`(${text === '' ? '1 = 1' : text})`, ...found].join(' AND '), parameters: renamed, joins };
}

function addJoins(query: SelectQueryBuilder<ObjectLiteral>, { joins }: Condition): void {
  for (const { property, alias } of joins) {
    if (query.expressionMap.joinAttributes.some((join) => join.alias.name === alias)) continue;
    query.leftJoin(property, alias);
  }
}

/** True if the query itself has a join to many rows, or one without a relation that TypeORM knows. */
function joinsMany({ expressionMap }: SelectQueryBuilder<ObjectLiteral>): boolean {
  return (
    expressionMap.selectDistinct ||
    expressionMap.aliases.filter(({ type }) => type === 'from').length > 1 ||
    expressionMap.joinAttributes.some(
      ({ relation }) => relation === undefined || relation.isOneToMany || relation.isManyToMany,
    )
  );
}

/** True if every join is a relation that is proven to find at most one row. */
function joinsAtMostOneRow({ expressionMap }: SelectQueryBuilder<ObjectLiteral>): boolean {
  return expressionMap.joinAttributes.every(({ relation }) => relation !== undefined && joinsAtMostOne(relation));
}

/** True if the query returns every row of one table, once. */
function selectsWholeTable({ expressionMap }: SelectQueryBuilder<ObjectLiteral>): boolean {
  const { mainAlias, aliases, wheres, withDeleted, selectDistinct } = expressionMap;
  if (mainAlias === undefined || aliases.length > 1 || wheres.length > 0 || selectDistinct) return false;
  const { deleteDateColumn, tableType } = mainAlias.metadata;
  return tableType === 'regular' && (deleteDateColumn === undefined || withDeleted);
}

const UNTYPED = 'has no type, as a @ViewColumn has none. Declare it: @Column({ type: … }).';

/** The columns of the source query, as they are selected. */
class Columns {
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

/** Returns the query with its parameters bound in place. TypeORM reads the placeholders, and its driver writes the values. */
function boundQuery(dialect: Dialect, dataSource: DataSource, query: SelectQueryBuilder<ObjectLiteral>): Sql {
  // the text first, because TypeORM adds the parameters of common table expressions while it writes them
  const text = query.getQuery();
  const parameters = query.getParameters();
  const known = new Map<string, Sql>();
  const parts: Sql[] = [];
  let rest = 0;
  for (const match of text.matchAll(/:(?:\.\.\.)?([A-Za-z0-9_.]+)/g)) {
    const [placeholder, name = ''] = match;
    if (!Object.hasOwn(parameters, name)) continue;
    const bound = known.get(placeholder) ?? boundParameter(dialect, dataSource, placeholder, name, parameters[name]);
    known.set(placeholder, bound);
    parts.push(raw(text.slice(rest, match.index)), bound);
    rest = match.index + placeholder.length;
  }
  return join([...parts, raw(text.slice(rest))], '');
}

function boundParameter(
  dialect: Dialect,
  dataSource: DataSource,
  placeholder: string,
  name: string,
  value: unknown,
): Sql {
  const [text, values] = dataSource.driver.escapeQueryWithParameters(placeholder, {
    [name]: value,
  }) as [string, unknown[]];
  if (values.length === 0) return raw(text);
  return join(values.map((bound) => sql`${dialect.sharedParameter(bound)}`));
}
