import { isMetricDefinition, type MetricTarget } from '../../catalog/definitions.js';
import { derivedOf, storedParts, unstoredMetric } from '../../catalog/derived.js';
import type { Metric } from '../../catalog/metric.entity.js';
import { inOrderOf, unknownMetric } from '../../catalog/metric.query.js';
import type { Work } from '../../database/work.js';
import { Period, type WeekStart } from '../../time/period.js';
import { localDateAt } from '../../time/time-zone.js';
import { type StoredCoverage, zoneIn } from '../../coverage/coverage.js';
import { type CoveredMetrics, coveredMetrics } from '../../coverage/covered-metrics.query.js';
import type { Calendar } from './date-range.js';
import type { NormalFilter } from './filter.js';
import type { LiveStatistics } from './live-source.js';
import { type FilterContext, possibleScopes } from './scope-filter.js';
import type { StatisticOwners } from '../tables/owners.js';

/** The options of the module that statistics need. */
export interface StatisticOptions {
  /** IANA name of the time zone for dates if no tracker has one */
  readonly timeZone: string;
  /** first day of a CALENDAR_WEEK */
  readonly weekStart: WeekStart;
  /** number of days for which the keys of increments are kept. @default KEEP_KEYS */
  readonly keepKeys?: number | undefined;
}

/** The context of every read and write of statistics. */
export interface StatisticContext extends FilterContext {
  readonly owners: StatisticOwners;
  readonly options: StatisticOptions;
  /** in a live read: statistics as a run now would leave them */
  readonly live?: LiveStatistics | undefined;
  /** the metrics of the filter with their coverage in its period, if an earlier statement of the same read has read them */
  readonly known?: CoveredMetrics | undefined;
}

/** The metrics of a read, as stored, with their coverage. */
export interface ReadMetrics {
  /** in the order of the call, with derived ones; null for a definition that is not stored yet, which has no rows */
  readonly asked: readonly (Metric | null)[];
  /** those that are stored, and the stored parts of derived ones */
  readonly stored: readonly Metric[];
  readonly coverages: readonly StoredCoverage[];
}

/**
 * Reads metrics and their coverage.
 *
 * @param period null for the coverage of every period
 * @throws UnknownMetricError for text and entities that are not stored
 */
export function* readMetrics(
  { database, live, known }: StatisticContext,
  targets: readonly MetricTarget[],
  period: Period | null,
): Work<ReadMetrics> {
  const parts = targets.map(storedParts);
  const covered = live?.covered ?? known;
  const { asked: found, coverages } =
    covered === undefined
      ? yield* coveredMetrics(database, parts.flat(), period)
      : metricsAmong(covered, parts.flat(), period);
  const unknown = parts.flat().find((target, place) => found[place] === null && !isMetricDefinition(target));
  if (unknown !== undefined) throw yield* unknownMetric(database, unknown);
  let next = 0;
  const asked = targets.map((target, place) => {
    const first = found[next] ?? null;
    next += parts[place]?.length ?? 0;
    const derived = derivedOf(target);
    return derived === null ? first : unstoredMetric(derived);
  });
  return { asked, stored: found.filter((metric) => metric !== null), coverages };
}

/** Returns some of the metrics that were read before, and their coverage in a period. */
function metricsAmong(
  covered: CoveredMetrics,
  targets: readonly MetricTarget[],
  period: Period | null,
): CoveredMetrics {
  const found = covered.asked.filter((metric) => metric !== null);
  const coverages = covered.coverages.filter((one) => period === null || one.period === period);
  return { asked: inOrderOf(targets, found), coverages };
}

/** The metrics of a filter, with the scopes that their coverage can have and the calendar of their dates. */
export interface FilterMetrics extends ReadMetrics {
  readonly scopes: readonly string[];
  readonly calendar: Calendar;
}

/**
 * Reads the metrics of a filter in one statement.
 *
 * @throws UnknownMetricError for text and entities that are not stored
 */
export function* readFilterMetrics(context: StatisticContext, filter: NormalFilter, now: Date): Work<FilterMetrics> {
  const { metrics, period, scope } = filter;
  const { asked, stored, coverages } = yield* readMetrics(context, metrics, period);
  const scopes = possibleScopes(scope);
  const calendar = calendarOf(context, now, stored, coverages, period ?? Period.DAY, scopes);
  // written out: a spread takes longer than the rest
  return { asked, stored, coverages, scopes, calendar };
}

/** Returns the calendar of some metrics: that of their coverage, or else the module's. */
export function calendarOf(
  { options }: StatisticContext,
  now: Date,
  metrics: readonly Metric[],
  coverages: readonly StoredCoverage[],
  period: Period,
  scopes: readonly string[],
): Calendar {
  const timeZone = zoneIn(coverages, metrics, period, scopes) ?? options.timeZone;
  return { timeZone, today: localDateAt(now, timeZone), weekStart: options.weekStart };
}

/** Returns the calendar of the module. */
export function moduleCalendar({ options }: Pick<StatisticContext, 'options'>, now: Date): Calendar {
  return { timeZone: options.timeZone, today: localDateAt(now, options.timeZone), weekStart: options.weekStart };
}
