import { derivedOf, type Metric, type MetricService } from '../catalog/index.js';
import { rangeValue } from '../coverage/index.js';
import { changeOf } from '../catalog/number-text.js';
import { NotSummableError } from '../errors/statistic.error.js';
import { canCompare, type Comparison, type StatisticService } from '../statistics/index.js';
import { addDays, type LocalDate } from '../time/local-date.js';
import { Period, periodKind } from '../time/period.js';
import type { DigestEntry, ResolvedDigest } from './digest.options.js';
import type { DigestRange } from './digest.range.js';

/** A metric in a digest. */
export interface DigestLine {
  readonly name: string;
  readonly unit: Metric['unit'];
  readonly better: Metric['better'];
  /** of the range; null if nothing is known of it */
  readonly value: number | null;
  /** the date of the value, if it is that of one date and not of the range */
  readonly on: LocalDate | null;
  readonly before: number | null;
  /** a share of `before`: 0.25 for a quarter more */
  readonly change: number | null;
  /** the days of which the value is, if some of the range are not known */
  readonly partly: { readonly known: number; readonly of: number } | null;
  /** true if a date was not over when it was counted */
  readonly isOpen: boolean;
  /** its course, up to the end of the range */
  readonly course: readonly (number | null)[];
}

/** Fewer values are no course. Before a short range as many ranges are shown. */
const [LEAST_VALUES, RANGES] = [7, 12];

type Shown = Pick<Metric, 'name' | 'unit' | 'better' | 'gauge'>;

/** Reads what a digest tells. */
export class DigestReader {
  constructor(
    private readonly statistics: StatisticService,
    private readonly metrics: MetricService,
  ) {}

  async line(entry: DigestEntry, { period }: ResolvedDigest, range: DigestRange): Promise<DigestLine> {
    const metric = await this.shown(entry.metric);
    const { from, to } = range;
    // days have a course. A metric that is only kept by week, or as it stands, has no days
    for (const own of new Set([Period.DAY, period, Period.LIFETIME])) {
      const compareWith = canCompare(own, range.with) ? range.with : 'previous';
      const filter = { ...scopeOf(entry), period: own };
      const compared = await this.statistics.compare({ ...filter, from, to, with: compareWith });
      if (compared.points.every(({ value }) => value === null) && own !== Period.LIFETIME) continue;
      const figures = await this.figures(entry, metric, own, range, compared);
      return {
        name: entry.name ?? metric.name,
        unit: metric.unit,
        better: metric.better,
        ...figures,
        change: changeOf(figures.value, figures.before),
        partly: own === Period.DAY && figures.on === null && figures.value !== null ? partOf(compared) : null,
        isOpen: compared.points.some(({ value, complete }) => value !== null && !complete),
        course: await this.course(entry, own, range, compared),
      };
    }
    throw new TypeError('a digest has no period');
  }

  /** How a metric is shown. A definition that is not stored yet has no values, and is not stored here. */
  private async shown(target: DigestEntry['metric']): Promise<Shown> {
    const metric = await this.metrics.find(target);
    if (metric !== null) return metric;
    if (typeof target === 'string' || !('ref' in target)) return this.metrics.resolve(target);
    const { ref, name = ref, unit = null, better = null, gauge = false } = target;
    return { name, unit, better, gauge };
  }

  /** The value of the range if it has one, else the last one of its dates: levels and averages of days do not add up. */
  private async figures(
    entry: DigestEntry,
    metric: Shown,
    period: Period,
    { from, to }: DigestRange,
    { points, before, total }: Comparison,
  ): Promise<Pick<DigestLine, 'value' | 'before' | 'on'>> {
    if (total.value !== null) {
      // without a change, as from or to days of which some are not known, the earlier value would mislead
      return { value: total.value, before: total.absolute === null ? null : total.before, on: null };
    }
    const isLevel = derivedOf(entry.metric) === null && rangeValue(metric, undefined) === 'latest';
    if (!isLevel && period === Period.DAY) {
      const known = await this.sum(entry, from, to);
      if (known !== null) return { value: known, before: null, on: null };
    }
    const last = points.findLastIndex(({ value }) => value !== null);
    const point = points[last];
    if (point === undefined) return { value: null, before: null, on: null };
    return {
      value: point.value,
      before: before[last]?.value ?? null,
      on: periodKind(period) === 'bucket' && from === to ? null : point.date,
    };
  }

  /** The sum of the dates that are known; null if the values of dates do not add up. */
  private async sum(entry: DigestEntry, from: LocalDate, to: LocalDate): Promise<number | null> {
    try {
      return await this.statistics.total({ ...scopeOf(entry), period: Period.DAY, from, to });
    } catch (error) {
      if (error instanceof NotSummableError) return null;
      throw error;
    }
  }

  private async course(
    entry: DigestEntry,
    period: Period,
    { to, days }: DigestRange,
    { points }: Comparison,
  ): Promise<DigestLine['course']> {
    if (points.length >= LEAST_VALUES) return points.map(({ value }) => value);
    const from = addDays(to, 1 - Math.max(RANGES * days, LEAST_VALUES));
    const longer = await this.statistics.series({ ...scopeOf(entry), period, from, to });
    return longer.map(({ value }) => value);
  }
}

/** A day of which a run knows that it has no value is known. */
function partOf({ points }: Comparison): DigestLine['partly'] {
  const known = points.filter(({ value, asOf }) => value !== null || asOf !== null).length;
  return known === points.length ? null : { known, of: points.length };
}

/** The total, an object and a group are different scopes, of which overloads have one each. */
function scopeOf({ metric, object, entity, dimensions }: DigestEntry): { metric: DigestEntry['metric'] } {
  // a key of a filter that is there without a value is an error
  const scope = Object.entries({ object, entity, dimensions }).filter(([, value]) => value !== undefined);
  return { metric, ...Object.fromEntries(scope) };
}
