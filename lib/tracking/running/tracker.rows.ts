import type { ObjectLiteral, SelectQueryBuilder } from 'typeorm';
import { type MetricTarget, naturalKey } from '../../catalog/definitions.js';
import { checkStored } from '../../catalog/derived.js';
import { objectsScope } from '../../coverage/scope.js';
import type { Database } from '../../database/database.js';
import { InvalidFilterError } from '../../errors/statistic.error.js';
import type { Source } from '../../rollup/source-query.js';
import { sourceRows } from '../../rollup/source.resolver.js';
import { andWhere, type CountedBucket, type CountedDays, hasKey, isCounted } from '../../rollup/source-rows.js';
import { checkOneBucket } from '../../statistics/filter/date-range.js';
import { type Cell, readScopeFilter, requireOneCell } from '../../statistics/filter/scope-filter.js';
import type { ObjectTarget } from '../../statistics/filter/object-target.js';
import type { ObjectTypes } from '../../statistics/filter/object-types.js';
import { type CheckedDateInput, dayNumber, earlierDay, type LocalDate } from '../../time/local-date.js';
import {
  bucketEnd,
  bucketStart,
  firstCovered,
  isTimePeriod,
  Period,
  periodKind,
  type TimePeriod,
} from '../../time/period.js';
import { bucketAt } from '../../time/time-bucket.js';
import { localDateAt } from '../../time/time-zone.js';
import type { TrackerDefinition } from '../definition/tracker-definition.js';
import { type ResolvedEntry, trackerLabel, type TrackerResolver } from '../source/tracker.resolver.js';

/** The value of which the source rows are asked for. */
export interface RowsOptions {
  metric: MetricTarget;
  /** any date of the value; of a period of less than a day an instant in its bucket. @default now */
  date?: CheckedDateInput | undefined;
  /** @default Period.DAY */
  period?: Period | undefined;
  /** of a tracker by object */
  object?: ObjectTarget | undefined;
  /** of a tracker by dimensions: a value for each */
  dimensions?: Readonly<Record<string, unknown>> | undefined;
}

/** Builds the queries of the source rows that runs count. */
export class TrackerRows {
  constructor(
    private readonly database: Database,
    private readonly resolver: TrackerResolver,
    private readonly objectTypes: ObjectTypes,
  ) {}

  /**
   * Returns a query of the rows that a run at an instant counts for one value.
   *
   * @throws InvalidFilterError, DerivedMetricError, InvalidObjectError, InvalidDimensionError,
   * IncompleteDimensionsError, and the errors of `TrackerResolver.resolve`
   */
  rows(
    definition: TrackerDefinition,
    source: Source,
    options: RowsOptions,
    now: Date,
  ): SelectQueryBuilder<ObjectLiteral> {
    const { sourceDatabase, entries } = this.resolver.resolve(definition, source);
    const { entry, cell } = this.find(definition, entries, options);
    const { dialect, dataSource } = sourceDatabase;
    const { statistic, keys } = entry.resolved.target;
    const reading = { ...definition, statistic, keys };
    const {
      query,
      clock,
      keys: found,
    } = sourceRows(
      dataSource,
      source,
      reading,
      { aggregate: entry.resolved.aggregate, where: entry.where },
      entry.resolved.alone,
    );
    const ofKeys = found.flatMap((key) => {
      const encoded = cell[key.property];
      return encoded === undefined ? [] : [hasKey(dialect, statistic, key, encoded)];
    });
    const { period = Period.DAY } = options;
    const counted = isTimePeriod(period)
      ? bucketOf(definition, period, options.date ?? now)
      : daysOf(definition, options, now);
    andWhere(query, [isCounted(dialect, clock, { ...counted, now }), ...ofKeys]);
    return query;
  }

  private find(
    definition: TrackerDefinition,
    entries: readonly ResolvedEntry[],
    { metric, period = Period.DAY, object, dimensions }: RowsOptions,
  ): { entry: { resolved: ResolvedEntry; where: TrackerDefinition['where'] }; cell: Cell } {
    const label = trackerLabel(definition);
    // its type says otherwise, and JavaScript does not
    if ((metric as unknown) === undefined) throw new InvalidFilterError(noMetric(label, definition));
    checkStored('rows', metric);
    const key = naturalKey(metric);
    const named = definition.entries.find((one) => naturalKey(one.metric) === key);
    if (named === undefined) {
      const known = definition.entries.map((one) => naturalKey(one.metric)).join(', ');
      throw new InvalidFilterError(`rows: ${label} does not compute ${key}. It computes ${known}.`);
    }
    if (!named.periods.includes(period)) {
      const known = named.periods.map((one) => Period.nameOf(one)).join(', ');
      throw new InvalidFilterError(
        `rows: ${label} computes ${key} in ${known}, and not in ${Period.nameOf(period)}. Name one of its periods.`,
      );
    }
    const cell = this.cellOf(definition, label, object, dimensions);
    const isTotal = object === undefined && dimensions === undefined;
    const own = entries.filter((entry) => naturalKey(entry.metric) === key);
    const resolved = own.find(({ target }) => (target.keys.length === 0) === isTotal) ?? own[0];
    if (resolved === undefined) throw new TypeError('a metric of a tracker has no entry');
    const { objectType } = cell;
    if (objectType !== undefined && resolved.target.scope !== objectsScope(String(objectType))) {
      throw new InvalidFilterError(
        `rows: object is of the type ${String(objectType)}, and ${label} counts by objects of another type (${resolved.target.scope}).`,
      );
    }
    return { entry: { resolved, where: named.where }, cell };
  }

  private cellOf(
    { target, withTotal }: TrackerDefinition,
    label: string,
    object: ObjectTarget | undefined,
    dimensions: RowsOptions['dimensions'],
  ): Cell {
    const context = { database: this.database, objectTypes: this.objectTypes };
    const refuse = (problem: string): never => {
      throw new InvalidFilterError(`rows: ${problem}`);
    };
    if (object !== undefined && dimensions !== undefined) {
      return refuse('object and dimensions are given together. Give what the tracker groups by.');
    }
    if (object !== undefined) {
      if (target.kind !== 'objects' && target.kind !== 'object') {
        return refuse(`object is given, and ${label} does not count by object. Leave it out.`);
      }
      const { objectId = '', objectType } = requireOneCell(readScopeFilter(context, { object }, null));
      if (target.kind === 'objects') return { objectId, objectType: String(objectType) };
      const own = this.objectTypes.refOf(target.object);
      if (own.type !== objectType || own.id !== objectId) {
        return refuse(
          `object is ${String(objectType)} ${String(objectId)}, and ${label} counts for ${own.type} ${own.id} only.`,
        );
      }
      return {};
    }
    if (dimensions !== undefined) {
      if (target.kind !== 'dimensions') {
        return refuse(`dimensions are given, and ${label} does not count by dimensions. Leave them out.`);
      }
      return requireOneCell(readScopeFilter(context, { entity: target.statistic, dimensions }, null));
    }
    if (withTotal || target.kind === 'total' || target.kind === 'object') return {};
    const missing = target.kind === 'objects' ? 'object' : 'dimensions';
    return refuse(`${missing} is missing: ${label} computes no total. Name the value whose rows you want.`);
  }
}

/** The bucket of less than a day that contains an instant. */
function bucketOf(
  { timeZone, since }: TrackerDefinition,
  period: TimePeriod,
  at: CheckedDateInput,
): Omit<CountedBucket, 'now'> {
  checkOneBucket('rows', { period, range: { date: at } });
  const bucket = bucketAt({ zone: timeZone, length: period }, (at as Date).getTime() / 1000);
  const date = localDateAt(new Date(bucket.start * 1000), timeZone);
  if (since !== null && date < since) throw beforeSince(period, date, since);
  return { bucket };
}

function noMetric(label: string, { entries }: TrackerDefinition): string {
  const [first] = entries.map(({ metric }) => `'${naturalKey(metric)}'`);
  return `rows: no metric is given. Name the one of ${label} whose rows you mean: { metric: ${first} }.`;
}

function beforeSince(period: Period, at: LocalDate, since: LocalDate): InvalidFilterError {
  return new InvalidFilterError(
    `rows: the value of ${Period.nameOf(period)} at ${at} is before ${since}, the first date of the tracker (since), and is not computed.`,
  );
}

/** The days that a value at a date covers; null for all before. */
function daysOf(
  { timeZone, weekStart, since }: TrackerDefinition,
  { date, period = Period.DAY }: RowsOptions,
  now: Date,
): Omit<CountedDays, 'now'> {
  const asked: LocalDate = localDateOf(date ?? now, timeZone);
  const isBucket = periodKind(period) === 'bucket';
  const at = bucketStart(period, asked, weekStart);
  if (since !== null && at < since) throw beforeSince(period, at, since);
  const first = firstCovered(period, at, weekStart);
  const last = isBucket ? bucketEnd(period, at, weekStart) : at;
  // a bucket that is open ends today
  const through = earlierDay(dayNumber(last), dayNumber(localDateAt(now, timeZone)));
  return { timeZone, from: first === null ? null : dayNumber(first), through };
}

function localDateOf(input: CheckedDateInput, timeZone: string): LocalDate {
  return input instanceof Date ? localDateAt(input, timeZone) : input;
}
