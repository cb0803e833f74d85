import { naturalKey } from '../catalog/definitions.js';
import { objectsScope } from '../coverage/scope.js';
import type { OneObjectScope } from '../statistics/filter/statistic-filter.js';
import { addDays, type LocalDate, type LocalDateInput } from '../time/local-date.js';
import { bucketStart, calendarUnit, isTimePeriod, type Period } from '../time/period.js';
import type { Clock } from '../trackstats.tokens.js';
import type { DiscoveredObjects, ObservedDetail, WatchedSubject } from './alert.js';
import { LONGEST_PART } from './alert.entity.js';
import type { Observation } from './alert-progress.js';
import { isKnown } from './condition.js';
import {
  countedValues,
  countToRead,
  observationOf,
  observationsOf,
  ValueWatch,
  type WatchedPoint,
  watchedPoints,
  type WatchedSources,
  type WatchedValues,
} from './statistic.watch.js';

/** Number of objects of a type for which an alert can fire at a time. More calls tell nobody anything. */
export const MOST_OBJECTS = 200;

/** Number of past values of an object that are looked at again. There are many objects, so they are fewer than of a total. */
const LONGEST_PAUSE = 10;

/**
 * Watches each object of a type. Nobody knows all of them, and there may be millions, so it looks at those with the greatest
 * values, with `below` at those with the least: if any meet the condition, these do. With `changed` it looks at those that
 * had the greatest values before or after the change, and smaller ones that change are not noticed. Of objects that never met
 * the condition nothing is stored.
 */
export class ObjectTypeWatch extends ValueWatch {
  /** the values that were read for the evaluation that is going on */
  private looked: ReadonlyMap<string, readonly WatchedPoint[]> = new Map();

  constructor(
    sources: WatchedSources,
    watched: WatchedValues,
    private readonly objectType: string,
    private readonly clock: Clock,
  ) {
    super(sources, watched);
  }

  protected get scope(): OneObjectScope {
    return { objectType: this.objectType } as unknown as OneObjectScope;
  }

  protected get coverageScope(): string {
    return objectsScope(this.objectType);
  }

  subject(id: string): WatchedSubject {
    const { metric, period } = this.watched;
    const { objectType } = this;
    const object = id === '' ? null : { type: objectType, id };
    return { ...this.watchedCondition(), metric: naturalKey(metric), period, object, objectType };
  }

  async discover(open: readonly string[]): Promise<DiscoveredObjects> {
    const ids = [...new Set([...open, ...(await this.unlessUnknown([], () => this.candidates()))])];
    this.looked = await this.unlessUnknown(new Map(), () => this.valuesOf(ids));
    const met = ids.slice(open.length).filter((id) => this.isMet(id));
    const room = Math.max(0, MOST_OBJECTS - open.length);
    return { ids: [...open, ...met.slice(0, room)], left: Math.max(0, met.length - room) };
  }

  observe(id: string, since: string | null): Promise<readonly Observation<ObservedDetail>[]> {
    const points = this.looked.get(id) ?? [];
    const observations = observationsOf(this.watched, points, since);
    // a first look is at objects that meet the condition
    return Promise.resolve(since === null ? observations : [...observations, ...this.releaseOf(points)]);
  }

  /** Ends the alert of an object of which nothing is known any more, which would keep its place for ever. */
  private releaseOf(points: readonly WatchedPoint[]): Observation<ObservedDetail>[] {
    const latest = countedValues(this.watched, points).slice(-LONGEST_PAUSE);
    const last = latest.at(-1);
    if (last === undefined || latest.length < LONGEST_PAUSE) return [];
    return latest.some((value) => isKnown(this.watched.when, value)) ? [] : [observationOf(last, 'recovered')];
  }

  private isMet(id: string): boolean {
    const [latest] = observationsOf(this.watched, this.looked.get(id) ?? [], null);
    return latest?.verdict === 'met';
  }

  /** The objects with the greatest or least values of the dates that count. */
  private async candidates(): Promise<string[]> {
    const { metric, period, when } = this.watched;
    const { objectType } = this;
    const order = when.kind === 'below' ? 'asc' : 'desc';
    const ids: string[] = [];
    for (const date of await this.rankedDates()) {
      const filter = { metric, period, objectType, date, order, limit: MOST_OBJECTS + 1 } as const;
      ids.push(...(await this.statistics.top(filter)).map(({ object }) => object.id));
    }
    return ids.filter((id) => id !== '' && id.length <= LONGEST_PART);
  }

  /**
   * The last date or bucket that is over, and the open one if it counts. Of a change the one before these too, because an
   * object that falls has its great value there.
   */
  private async rankedDates(): Promise<readonly LocalDateInput[]> {
    const { metric, period, when, complete } = this.watched;
    const [open, over, earlier] = isTimePeriod(period)
      ? bucketsUntil(this.clock(), period)
      : datesUntil(await this.statistics.today(metric), period);
    const dates = complete ? [over] : [over, open];
    return when.kind === 'changed' && when.direction !== 'up' ? [...dates, earlier] : dates;
  }

  private async valuesOf(ids: readonly string[]): Promise<Map<string, readonly WatchedPoint[]>> {
    if (ids.length === 0) return new Map();
    const { metric, period, when } = this.watched;
    const objects = ids.map((id) => ({ type: this.objectType, id }));
    const found = await this.statistics.multiSeries({
      metric,
      period,
      objects,
      last: countToRead(this.watched, LONGEST_PAUSE),
    });
    return new Map(found.map(({ object, points }) => [object.id, watchedPoints(when, points)]));
  }
}

/** The open date, and the two before it. */
type LatestDates = readonly [LocalDateInput, LocalDateInput, LocalDateInput];

function bucketsUntil(now: Date, period: Period): LatestDates {
  const before = (count: number): Date => new Date(now.getTime() - count * period * 1000);
  return [now, before(1), before(2)];
}

function datesUntil(today: LocalDate, period: Period): LatestDates {
  const over = dateBefore(today, period);
  return [today, over, dateBefore(over, period)];
}

function dateBefore(date: LocalDate, period: Period): LocalDate {
  const unit = calendarUnit(period);
  if (unit === null) return addDays(date, -1);
  // weeks may begin on any day, and seven days before is in the week before
  return unit === 'week' ? addDays(date, -7) : addDays(bucketStart(period, date, 'monday'), -1);
}
