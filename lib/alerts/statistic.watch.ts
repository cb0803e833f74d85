import { isMetricDefinition, type MetricTarget, naturalKey } from '../catalog/definitions.js';
import { storedParts } from '../catalog/derived.js';
import type { MetricService } from '../catalog/metric.service.js';
import { changeOf } from '../catalog/number-text.js';
import { objectScope, overlap, readScope, TOTAL_SCOPE } from '../coverage/scope.js';
import { UnknownMetricError } from '../errors/catalog.error.js';
import type { LabelledObject, ObjectLabels } from '../statistics/filter/object-labels.js';
import type { ObjectRef } from '../statistics/filter/object-target.js';
import type { OneObjectScope } from '../statistics/filter/statistic-filter.js';
import type { SeriesPoint } from '../statistics/read/series.js';
import type { StatisticService } from '../statistics/statistic.service.js';
import type { Owned, StatisticOwners } from '../statistics/tables/owners.js';
import { Period } from '../time/period.js';
import { periodLabel } from '../time/period-text.js';
import type { AlertCall, AlertWatch, ObservedDetail, ObservedValue, WatchedSubject } from './alert.js';
import type { Observation } from './alert-progress.js';
import { type AlertCondition, conditionText, isKnown, judge, NUMBERS, unlikelyShare } from './condition.js';
import type { StatisticAlert } from './on-statistic.decorator.js';

/** The values that an alert watches, and its condition. */
export interface WatchedValues {
  readonly metric: MetricTarget;
  readonly period: Period;
  readonly when: AlertCondition;
  /** number of values in a row that have to meet the condition */
  readonly count: number;
  /** true if only complete values count */
  readonly complete: boolean;
}

/** A value of a date or bucket, with the earlier one where the condition compares. */
export type WatchedPoint = Omit<ObservedValue, 'change'>;

/**
 * Number of past values that are looked at again. After a longer pause, an alert goes on from the first of them.
 */
const LONGEST_PAUSE = 100;

/** The calls that read what alerts watch. */
export type WatchedReads = Pick<StatisticService, 'series' | 'compare' | 'coverage' | 'top' | 'multiSeries' | 'today'>;

/** The parts of the application that watched values are read from. */
export interface WatchedSources {
  readonly statistics: WatchedReads;
  readonly owners: StatisticOwners;
  readonly metrics: Pick<MetricService, 'find'>;
  readonly labels: Pick<ObjectLabels, 'of'>;
}

/** Watches the values of a metric: of the total, of one object, or of each object of a type. */
export abstract class ValueWatch implements AlertWatch {
  readonly condition: string;
  protected readonly statistics: WatchedReads;
  /** the natural keys of the metrics whose values are stored: of a derived metric its parts */
  private readonly metrics: readonly string[];

  constructor(
    private readonly sources: WatchedSources,
    protected readonly watched: WatchedValues,
  ) {
    this.statistics = sources.statistics;
    this.condition = conditionText(watched.when);
    this.metrics = storedParts(watched.metric).map(naturalKey);
  }

  /** The scope of a filter: no key for the total. */
  protected abstract readonly scope: OneObjectScope;
  /** the same as text, as coverage has it */
  protected abstract readonly coverageScope: string;

  /** @throws UnknownMetricError for the key of a metric that is neither stored nor defined in this process */
  async check(): Promise<readonly string[]> {
    const { metric, period, when } = this.watched;
    await this.statistics.coverage({ metric, period, ...this.scope });
    return [this.unownedPeriod(), unlikelyShare(when)].filter((warning) => warning !== null);
  }

  /** Returns a warning of a period or a scope of the metric that no tracker computes, or null. */
  private unownedPeriod(): string | null {
    const { period } = this.watched;
    for (const part of this.metrics) {
      const ofMetric = this.sources.owners.ownedOf(part);
      const owned = ofMetric.filter((one) => overlap(one.scope, this.coverageScope));
      const [first] = owned;
      if (first === undefined && ofMetric.length > 0) return unownedScope(part, this.coverageScope, ofMetric);
      if (first === undefined || owned.some((one) => one.period === period)) continue;
      const periods = owned.map((one) => `Period.${Period.nameOf(one.period)}`).join(', ');
      return (
        `it watches ${Period.nameOf(period)} of ${part}, which the tracker ${first.tracker} does not compute, so it looks at ` +
        `recorded values only. Expected a period of that tracker: ${periods}.`
      );
    }
    return null;
  }

  abstract subject(part: string): WatchedSubject;

  /** The part of the subject that all of them have. */
  protected watchedCondition(): Pick<WatchedSubject, 'kind' | 'when' | 'threshold' | 'recoveryThreshold'> {
    const { kind, threshold, recoveryThreshold } = this.watched.when;
    return { kind: 'statistic', when: kind, threshold, recoveryThreshold };
  }

  trackers(): readonly string[] {
    return [''];
  }

  concernedBy(tracker: string): readonly string[] {
    const isOfIt = this.metrics.some((metric) =>
      this.sources.owners.ownedOf(metric).some((owned) => owned.tracker === tracker),
    );
    return isOfIt ? this.trackers() : [];
  }

  abstract observe(part: string, since: string | null): Promise<readonly Observation<ObservedDetail>[]>;

  async lost(last: ObservedDetail): Promise<ObservedDetail | null> {
    for (const metric of this.metrics)
      if ((await this.sources.metrics.find(metric)) === null)
        return { ...last, value: null, before: null, change: null } satisfies Partial<ObservedValue>;
    return null;
  }

  async describe(
    part: string,
    observed: ObservedDetail,
    status: AlertCall['status'],
  ): Promise<Omit<StatisticAlert, Exclude<keyof AlertCall, 'text'>> & ObservedDetail> {
    const { metric, period, object, objectType, when, threshold, recoveryThreshold } = this.subject(part);
    const point = observed as unknown as ObservedValue;
    const ofType = objectType === undefined ? {} : { objectType };
    const [labelled = null] = object === null ? [] : await this.sources.labels.of([object]);
    const named = labelled === null ? {} : { label: labelled.label };
    const text = this.textOf(labelled, point, status);
    return { metric, period, object, ...named, ...ofType, when, threshold, recoveryThreshold, ...point, text };
  }

  private textOf(
    object: LabelledObject | null,
    { date, start, value, before, change }: ObservedValue,
    status: AlertCall['status'],
  ): string {
    const { metric, period, when } = this.watched;
    const name = (isMetricDefinition(metric) ? metric.name : undefined) ?? naturalKey(metric);
    const ofPeriod = period === Period.DAY ? '' : ` (${periodLabel(Period.nameOf(period)).toLowerCase()})`;
    const ofObject = object === null ? '' : ` of ${object.type} ${oneLine(object.label ?? object.id)}`;
    const write = this.writerFor(value);
    const isValue = value === null ? 'is unknown' : `is ${write(value)}`;
    const from = change === null || before === null ? '' : `, ${percent(change)} from ${write(before)}`;
    const ended = isKnown(when, { value, change }) ? 'no longer ' : 'no longer known to be ';
    const condition = `${status === 'firing' ? '' : ended}${conditionText(when, write)}`;
    return `${name}${ofPeriod}${ofObject} ${isValue} on ${momentText(start ?? date)}${from} (${condition})`;
  }

  /** A metric that was removed, or that nothing has recorded yet, has no values. */
  protected async unlessUnknown<T>(none: T, read: () => Promise<T>): Promise<T> {
    try {
      return await read();
    } catch (error) {
      if (error instanceof UnknownMetricError) return none;
      throw error;
    }
  }

  /** Values have their unit, and the digits that people read, unless the value would read as the threshold that it is beyond. */
  private writerFor(value: number | null): (value: number) => string {
    const { metric, when } = this.watched;
    const unit = isMetricDefinition(metric) ? metric.unit : undefined;
    const short = (one: number): string => NUMBERS.full(one, unit);
    if (when.kind === 'changed' || value === null || value === when.threshold) return short;
    return short(value) === short(when.threshold) ? String : short;
  }
}

/** A name may come from anybody, and the text stands in one line of a log or of the subject of a mail. */
function oneLine(name: string): string {
  return name.replace(/[\p{Cc}\p{Zl}\p{Zp}\s]+/gu, ' ').trim();
}

/** Watches the values of the total, or of one object. */
export class StatisticWatch extends ValueWatch {
  /** @param object null for the total */
  constructor(
    sources: WatchedSources,
    watched: WatchedValues,
    private readonly object: ObjectRef | null,
  ) {
    super(sources, watched);
  }

  protected get scope(): OneObjectScope {
    return (this.object === null ? {} : { object: this.object }) as OneObjectScope;
  }

  protected get coverageScope(): string {
    return this.object === null ? TOTAL_SCOPE : objectScope(this.object);
  }

  subject(): WatchedSubject {
    const { metric, period } = this.watched;
    return { ...this.watchedCondition(), metric: naturalKey(metric), period, object: this.object };
  }

  async observe(_part: string, since: string | null): Promise<readonly Observation<ObservedDetail>[]> {
    return observationsOf(this.watched, await this.readPoints(), since);
  }

  private async readPoints(): Promise<WatchedPoint[]> {
    const { metric, period, when } = this.watched;
    const filter = { metric, period, ...this.scope, last: countToRead(this.watched, LONGEST_PAUSE) };
    return this.unlessUnknown([], async () => {
      if (when.kind === 'changed' && when.with !== 'previous') {
        const { points, before } = await this.statistics.compare({ ...filter, with: when.with });
        return points.map((point, place) => watchedPoint(point, before[place]?.value ?? null));
      }
      return watchedPoints(when, await this.statistics.series(filter));
    });
  }
}

/** Returns the number of points to read for this many values that are over: with the open one, and those before the first. */
export function countToRead({ when, count }: Pick<WatchedValues, 'when' | 'count'>, values: number): number {
  return values + count + (when.kind === 'changed' && when.with === 'previous' ? 1 : 0);
}

/** Returns the points of a series, each with the one before it if the condition compares these. */
export function watchedPoints({ kind }: AlertCondition, points: readonly SeriesPoint[]): WatchedPoint[] {
  return points.map((point, place) =>
    watchedPoint(point, kind === 'changed' ? (points[place - 1]?.value ?? null) : null),
  );
}

function watchedPoint({ date, start, value, complete }: SeriesPoint, before: number | null): WatchedPoint {
  return { date, ...(start !== undefined && { start }), value, complete, before };
}

/**
 * Returns the observations of a series, from the moment of the last one on. Points without a value are none, so that a
 * value that is recorded late is still looked at.
 */
export function observationsOf(
  watched: Pick<WatchedValues, 'when' | 'count' | 'complete'>,
  points: readonly WatchedPoint[],
  since: string | null,
): Observation<ObservedDetail>[] {
  const { when, count } = watched;
  const counted = countedValues(watched, points);
  const known = counted.flatMap((point, place): Observation<ObservedDetail>[] => {
    if (point.value === null) return [];
    const row = counted.slice(Math.max(0, place + 1 - count), place + 1);
    const isMet = row.length === count && row.every((one) => judge(when, one) === 'met');
    const verdict = isMet ? 'met' : judge(when, point) === 'recovered' ? 'recovered' : 'between';
    return [observationOf(point, verdict)];
  });
  return since === null ? known.slice(-1) : known.filter(({ moment }) => moment >= since);
}

/** Returns the values of a series that count for an alert, each with its change. */
export function countedValues(
  { complete }: Pick<WatchedValues, 'complete'>,
  points: readonly WatchedPoint[],
): ObservedValue[] {
  const counted = complete ? points.filter((point) => point.complete) : points;
  return counted.map((point) => ({ ...point, change: changeBetween(point.before, point.value) }));
}

export function observationOf(value: ObservedValue, verdict: Observation['verdict']): Observation<ObservedDetail> {
  return { moment: momentOf(value), verdict, detail: { ...value } };
}

/** 0 after 0 is no change, though one from 0 has no share. It ends an alert as any other value that stays. */
function changeBetween(before: number | null, value: number | null): number | null {
  return value !== null && value === before ? 0 : changeOf(value, before);
}

/** A start is text with an offset, which does not sort by time where the clock is set back. */
function momentOf({ date, start }: WatchedPoint): string {
  return start === undefined ? date : new Date(start).toISOString();
}

function unownedScope(metric: string, watched: string, owned: readonly Owned[]): string {
  const computed = new Set(owned.map(({ scope, tracker }) => `${scopeText(scope)} (${tracker})`));
  const withTotal = watched === TOTAL_SCOPE ? ' With `withTotal: true` a tracker computes the total too.' : '';
  return (
    `it watches ${scopeText(watched)} of ${metric}, which no tracker computes, so it looks at recorded values only. ` +
    `Expected what one computes: ${[...computed].join(', ')}.${withTotal}`
  );
}

function scopeText(scope: string): string {
  const read = readScope(scope);
  switch (read?.kind) {
    case 'total':
      return 'the total';
    case 'objects':
      return `each ${read.objectType}`;
    case 'object':
      return `${read.objectType} ${read.objectId}`;
    case 'statistic':
      return `the custom statistic ${read.statistic}`;
    case undefined:
      return scope;
  }
}

/** A date, or the start of a bucket as its clock shows it: '2026-11-01 at 11:00 +05:30'. */
function momentText(moment: string): string {
  return moment.replace(/T(\d\d:\d\d(?::(?!00)\d\d)?)(?::00)?/, ' at $1 ');
}

function percent(change: number): string {
  const size = Number((Math.abs(change) * 100).toPrecision(3));
  return `${size} % ${change < 0 ? 'down' : 'up'}`;
}
