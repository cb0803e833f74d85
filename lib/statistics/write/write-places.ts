import type { Metric } from '../../catalog/metric.entity.js';
import { coverageIn, type StoredCoverage } from '../../coverage/coverage.js';
import { enclosingScope } from '../../coverage/scope.js';
import { MixedWritesError, TrackerOwnedError } from '../../errors/statistic.error.js';
import type { TrackstatsError } from '../../errors/trackstats.error.js';
import { Period } from '../../time/period.js';
import { type Calendar, storedMoment, type StoredMoment } from '../filter/date-range.js';
import { type Cell, coverageScopes } from '../filter/scope-filter.js';
import { calendarOf, type StatisticContext } from '../filter/statistic.context.js';
import type { StatisticTable } from '../tables/statistic-table.js';
import type { RowToWrite, ValueToWrite } from './write.query.js';

/** Returns the row of a value. Written out: a row that is spread together takes several times as long. */
export function rowAt(
  { moment: { date, start } }: WritePlace,
  metric: Metric,
  { table, cell, period, value }: Omit<ValueToWrite, 'metric' | 'at'>,
): RowToWrite {
  return start === undefined
    ? { table, metric, period, cell, value, date }
    : { table, metric, period, cell, value, date, start };
}

/** The part of writing that is the same for all values of a metric, period and table, and of one type of objects. */
interface WriteGroup {
  readonly problem: TrackstatsError | null;
  readonly coverage: StoredCoverage | null;
  readonly calendar: Calendar;
  readonly places: Map<string | number, WritePlace>;
}

/** Where a value is written, and the coverage of its statistics. */
export interface WritePlace {
  readonly moment: StoredMoment;
  readonly coverage: StoredCoverage | null;
  readonly timeZone: string;
}

/**
 * Finds where the values of a call are written, and checks that the call may write them. The values of one call are
 * mostly of few metrics and dates, so what they have in common is worked out once.
 */
export class WritePlaces {
  private readonly groups = new Map<StatisticTable, Map<string, WriteGroup>>();
  private readonly ofOneObject = new Map<Metric, boolean>();

  /** @param coverages of all metrics that are written */
  constructor(
    private readonly context: StatisticContext,
    private readonly call: 'record' | 'increment',
    private readonly coverages: readonly StoredCoverage[],
    private readonly now: Date,
  ) {}

  /**
   * @returns the error of a call that may not write the value
   * @throws InvalidDateError for a date that has no bucket
   */
  of(metric: Metric, value: Omit<ValueToWrite, 'metric' | 'value'>): WritePlace | TrackstatsError {
    const { problem, coverage, calendar, places } = this.groupOf(metric, value);
    if (problem !== null) return problem;
    const { period, at } = value;
    const key = typeof at === 'string' ? at : at.getTime();
    let place = places.get(key);
    if (place === undefined) {
      place = { moment: storedMoment(period, at, calendar), coverage, timeZone: calendar.timeZone };
      places.set(key, place);
    }
    return place;
  }

  private groupOf(metric: Metric, { table, cell, period }: Omit<ValueToWrite, 'metric' | 'value' | 'at'>): WriteGroup {
    if (table.kind === 'object' && this.dependsOnObject(metric)) return this.readGroup(metric, table, cell, period);
    let ofTable = this.groups.get(table);
    if (ofTable === undefined) this.groups.set(table, (ofTable = new Map<string, WriteGroup>()));
    const type = table.kind === 'object' ? String(cell['objectType']) : '';
    const key = `${String(metric.id)} ${String(period)} ${type}`;
    let group = ofTable.get(key);
    if (group === undefined) ofTable.set(key, (group = this.readGroup(metric, table, cell, period)));
    return group;
  }

  /** True if a tracker or a coverage is of one object, and not of all objects of a type. */
  private dependsOnObject(metric: Metric): boolean {
    let depends = this.ofOneObject.get(metric);
    if (depends === undefined) {
      const owned = this.context.owners.ownedOf(metric.key);
      const covered = this.coverages.filter(({ metricId }) => metricId === metric.id);
      depends = [...owned, ...covered].some(({ scope }) => enclosingScope(scope) !== null);
      this.ofOneObject.set(metric, depends);
    }
    return depends;
  }

  private readGroup(metric: Metric, table: StatisticTable, cell: Cell, period: Period): WriteGroup {
    const { context, coverages } = this;
    const scopes = coverageScopes(table, cell);
    const coverage = coverageIn(coverages, metric, period, scopes);
    return {
      problem: this.problemOf(metric, period, scopes, coverage),
      coverage,
      calendar: calendarOf(context, this.now, [metric], coverages, period, scopes),
      places: new Map(),
    };
  }

  /** Returns the error of the call if it may not write a value, or null if it may. */
  private problemOf(
    metric: Metric,
    period: Period,
    scopes: readonly string[],
    coverage: StoredCoverage | null,
  ): TrackstatsError | null {
    const { call } = this;
    const { owners } = this.context;
    const owner = scopes.map((scope) => owners.ownerOf(metric.key, period, scope)).find((name) => name !== undefined);
    const kind = coverage?.kind;
    if (owner !== undefined || (kind !== undefined && kind !== 'increment')) {
      return new TrackerOwnedError(call, metric.key, Period.nameOf(period), owner ?? null);
    }
    return call === 'record' && kind === 'increment'
      ? new MixedWritesError(call, metric.key, Period.nameOf(period))
      : null;
  }
}
