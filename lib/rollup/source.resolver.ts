import { isDeepStrictEqual } from 'node:util';
import { raw, type Sql } from 'sql-template-tag';
import type { DataSource, EntityMetadata, ObjectLiteral, SelectQueryBuilder } from 'typeorm';
import { type AggregateFunction, meaningOf } from '../catalog/aggregates.js';
import type { ClockColumn, Dialect } from '../database/dialects/dialect.js';
import type { AggregateSpec } from './aggregate.js';
import { presenceName } from './aggregate-sql.js';
import { joinProperty } from './property-column.js';
import type { Measure, ResolvedSource, SourceKey } from './rollup-spec.js';
import { SourceColumns } from './source-columns.js';
import {
  boundQuery,
  joinsAtMostOneRow,
  joinsMany,
  queryOf,
  refuseGrouped,
  selectsWholeTable,
  type Source,
  startQuery,
} from './source-query.js';
import type { MeasureReading, SourceReading } from './source-reading.js';
import { addJoins, applyBoth, applyWhere, type Condition, conditionOf } from './source-where.js';

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

/** The columns of a resolved source. */
type SelectedReading = Omit<ResolvedSource, 'query' | 'ambiguity' | 'text'> & {
  readonly query: SelectQueryBuilder<ObjectLiteral>;
  readonly selection: SourceColumns;
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
  const columns = new SourceColumns(dialect, dataSource, query, isDistinct);
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
