import { Injectable } from '@nestjs/common';
import { derivedOf, findMetrics, type Metric, storedParts, naturalKey } from '../../catalog/index.js';
import { groupBy } from '../../database/groups.js';
import type { Work } from '../../database/work.js';
import {
  type CoverageScope,
  coveredRange,
  readScope,
  type StoredCoverage,
  storedCoverages,
  writeScope,
} from '../../coverage/index.js';
import {
  builtInTables,
  dimensionsOf,
  findPeriodsByType,
  readFirstDates,
  type StatisticTable,
  type StoredPeriod,
} from '../../statistics/index.js';
import type { LocalDate } from '../../time/local-date.js';
import { Period } from '../../time/period.js';
import { localDateAt } from '../../time/time-zone.js';
import type { ResolvedHttpOptions } from '../http.options.js';
import type { MetricsQuery } from '../parameters/statistic.parameters.js';
import { HttpReader } from './http.reader.js';
import { byPeriod, isoInstant, metricResource } from './statistic.resource.js';
import type { MetricsResponse, PeriodResource, ScopeResource, Page } from '../resources.js';
import { customStatistics, statisticName } from './scope.js';
import type { TrackstatsAccess } from '../trackstats.access.js';
import { UnknownDomainError } from '../../errors/catalog.error.js';
import { checkLimit } from './range.js';

/** A scope of a metric, with its periods. */
interface KnownScope {
  readonly scope: CoverageScope;
  readonly periods: Map<Period, KnownPeriod>;
}

interface KnownPeriod {
  /** null if nothing computes or counts the values */
  readonly coverage: StoredCoverage | null;
  /** the first date that is covered, or stored without a coverage; null: none is */
  readonly since: LocalDate | null;
}

const KINDS: readonly CoverageScope['kind'][] = ['total', 'objects', 'object', 'statistic'];

/** Lists the metrics, with the scopes and periods that trackers cover or that are stored. */
@Injectable()
export class MetricCatalog extends HttpReader {
  async list(query: MetricsQuery): Promise<MetricsResponse> {
    const { metrics, page } = await pageOf(this.access, query, this.options.limits);
    const known = await this.access.context.database.read(() => this.known(metrics));
    const scopes = metrics.map((metric) => sorted(known.get(metric.key) ?? new Map<string, KnownScope>()));
    const objects = scopes.flat().flatMap(({ scope }) => (scope.kind === 'object' ? [objectOf(scope)] : []));
    const labelled = (await this.labels.of(objects)).values();
    const now = this.access.clock();
    const resources = scopes.map((own, place) => own.map((one) => this.scopeResource(metrics[place], one, now)));
    for (const resource of resources.flat()) {
      if (resource.kind === 'object') resource.object = labelled.next().value ?? resource.object;
    }
    return {
      ...page,
      metrics: metrics.map((metric, place) => ({
        ...metricResource(metric),
        description: metric.description,
        ...(derivedOf(metric) !== null && { derivedFrom: storedParts(metric).map(naturalKey) }),
        today: localDateAt(now, zoneOf(scopes[place] ?? []) ?? this.access.context.options.timeZone),
        scopes: resources[place] ?? [],
      })),
    };
  }

  /** Returns the scopes of each metric by key. A derived metric has those that all of its parts have. */
  private *known(metrics: readonly Metric[]): Work<ReadonlyMap<string, ReadonlyMap<string, KnownScope>>> {
    const derived = metrics.filter((metric) => derivedOf(metric) !== null);
    const { database } = this.access.context;
    const parts = (yield* findMetrics(database, derived.flatMap(storedParts))).filter((part) => part !== null);
    const stored = [...metrics.filter((metric) => derivedOf(metric) === null), ...parts];
    const unique = [...new Map(stored.map((metric) => [metric.id, metric])).values()];
    const byId = yield* this.storedScopes(unique);
    const known = new Map(unique.map(({ id, key }) => [key, byId.get(id) ?? new Map<string, KnownScope>()]));
    const byKey = new Map(known);
    for (const metric of derived) {
      const ofParts = storedParts(metric).map((part) => byKey.get(naturalKey(part)) ?? new Map<string, KnownScope>());
      known.set(metric.key, sharedScopes(ofParts));
    }
    return known;
  }

  /** Returns the scopes of each metric by id. */
  private *storedScopes(metrics: readonly Metric[]): Work<Map<number, Map<string, KnownScope>>> {
    const { context } = this.access;
    const { database } = context;
    const known = new Map<number, Map<string, KnownScope>>();
    const periodsOf = (metricId: number, scope: CoverageScope): KnownScope['periods'] => {
      const own = known.get(metricId) ?? new Map<string, KnownScope>();
      known.set(metricId, own);
      const id = JSON.stringify(scope);
      const one = own.get(id) ?? { scope, periods: new Map<Period, KnownPeriod>() };
      own.set(id, one);
      return one.periods;
    };
    for (const coverage of yield* storedCoverages(database, metrics, null)) {
      const scope = readScope(coverage.scope);
      if (scope === null) continue;
      periodsOf(coverage.metricId, scope).set(coverage.period, { coverage, since: coverage.from });
    }
    for (const table of [...builtInTables(database), ...customStatistics(context)]) {
      const uncovered: StoredPeriod[] = [];
      for (const stored of yield* findPeriodsByType(database, table, metrics)) {
        const { metricId, period } = stored;
        const scope = scopeOfRows(table, stored);
        const isKnown = known.get(metricId)?.get(JSON.stringify(scope))?.periods.has(period) === true;
        if (!isKnown && !isOfOneObject(known.get(metricId), scope, period)) uncovered.push(stored);
      }
      const byPeriod = groupBy(uncovered, ({ period }) => period);
      for (const [period, all] of byPeriod) {
        const ids = [...new Set(all.map(({ metricId }) => metricId))].map((id) => ({ id }));
        const firsts = yield* readFirstDates(database, table, period, ids, context.options.timeZone);
        for (const stored of all) {
          const since = firsts.get(stored.metricId) ?? null;
          periodsOf(stored.metricId, scopeOfRows(table, stored)).set(period, { coverage: null, since });
        }
      }
    }
    return known;
  }

  private scopeResource(metric: Metric | undefined, { scope, periods }: KnownScope, now: Date): ScopeResource {
    const parts = this.gate.isOpen && metric !== undefined ? storedParts(metric).map(naturalKey) : [];
    const isLive = (period: Period): boolean =>
      parts.length > 0 && parts.every((part) => this.access.live.counts(part, writeScope(scope), period));
    const resources = [...periods]
      .sort(([a], [b]) => byPeriod(a, b))
      .map(([period, known]) => ({ ...periodResource(period, known, now), live: isLive(period) }));
    switch (scope.kind) {
      case 'total':
        return { kind: 'total', periods: resources };
      case 'objects':
        return { kind: 'objects', objectType: scope.objectType, periods: resources };
      case 'object':
        return { kind: 'object', object: { ...objectOf(scope), label: null }, periods: resources };
      case 'statistic': {
        const table = customStatistics(this.access.context).find((one) => statisticName(one) === scope.statistic);
        const dimensions = table === undefined ? [] : dimensionsOf(table.entity);
        return {
          kind: 'statistic',
          statistic: scope.statistic,
          dimensions: dimensions.map(({ property, type, nullable }) => ({ name: property, type, nullable })),
          periods: resources,
        };
      }
    }
  }
}

/** Returns the time zone of a metric's dates, or null if nothing computes or counts it. */
function zoneOf(scopes: readonly KnownScope[]): string | null {
  const known = scopes.flatMap(({ periods }) => [...periods.values()]);
  return known.find(({ coverage }) => coverage !== null)?.coverage?.timeZone ?? null;
}

/** Returns the scopes and periods that several metrics have in common. */
function sharedScopes([first, ...others]: readonly ReadonlyMap<string, KnownScope>[]): Map<string, KnownScope> {
  const shared = new Map<string, KnownScope>();
  for (const [id, { scope, periods }] of first ?? []) {
    const same = others.map((scopes) => scopes.get(id)?.periods ?? new Map<Period, KnownPeriod>());
    const all = [...periods].filter(([period]) => same.every((one) => one.has(period)));
    if (all.length === 0) continue;
    const known = all.map(([period, own]) => {
      const parts = [own, ...same.map((one) => one.get(period) ?? NOTHING)];
      const coverage = sharedCoverage(parts.map((one) => one.coverage));
      return [period, { coverage, since: latestOf(parts.map(({ since }) => since)) }] as const;
    });
    shared.set(id, { scope, periods: new Map(known) });
  }
  return shared;
}

const NOTHING: KnownPeriod = { coverage: null, since: null };

/** The date from which several metrics have values together; null if one of them has none. */
function latestOf(dates: readonly (LocalDate | null)[]): LocalDate | null {
  return dates.reduce((a, b) => (a === null || b === null ? null : a > b ? a : b), dates[0] ?? null);
}

function sharedCoverage(coverages: readonly (StoredCoverage | null)[]): StoredCoverage | null {
  const all = coverages.filter((coverage) => coverage !== null);
  const [first] = all;
  if (first === undefined || all.length < coverages.length) return null;
  return all.reduce(
    (shared, { from, through, computedAt }) => ({
      ...shared,
      from: shared.from === null || from === null ? null : shared.from > from ? shared.from : from,
      through: shared.through === null || (through !== null && through < shared.through) ? through : shared.through,
      computedAt:
        shared.computedAt === null || computedAt === null || shared.computedAt < computedAt
          ? shared.computedAt
          : computedAt,
    }),
    first,
  );
}

function periodResource(period: Period, { coverage, since }: KnownPeriod, now: Date): Omit<PeriodResource, 'live'> {
  return {
    name: Period.nameOf(period),
    coverage: coveredRange(coverage, now),
    since,
    computedAt: isoInstant(coverage?.computedAt ?? null),
  };
}

function scopeOfRows(table: StatisticTable, { objectType }: StoredPeriod): CoverageScope {
  if (table.kind === 'custom') return { kind: 'statistic', statistic: statisticName(table) };
  return objectType === null ? { kind: 'total' } : { kind: 'objects', objectType };
}

/** True if all rows by object belong to single objects with their own trackers. */
function isOfOneObject(known: Map<string, KnownScope> | undefined, scope: CoverageScope, period: Period): boolean {
  if (scope.kind !== 'objects') return false;
  return [...(known?.values() ?? [])].some(
    (one) => one.scope.kind === 'object' && one.scope.objectType === scope.objectType && one.periods.has(period),
  );
}

function objectOf({ objectType, objectId }: CoverageScope & { kind: 'object' }): { type: string; id: string } {
  return { type: objectType, id: objectId };
}

function sorted(scopes: ReadonlyMap<string, KnownScope>): KnownScope[] {
  return [...scopes.entries()]
    .sort(
      ([idA, { scope: a }], [idB, { scope: b }]) =>
        KINDS.indexOf(a.kind) - KINDS.indexOf(b.kind) || (idA < idB ? -1 : 1),
    )
    .map(([, scope]) => scope);
}

interface PageQuery {
  readonly domain?: string | undefined;
  /** natural keys; empty: all metrics */
  readonly metric?: readonly string[] | undefined;
  readonly limit?: number | undefined;
  readonly offset: number;
}

/**
 * Returns a page of the metrics, ordered by natural key.
 *
 * @throws TrackstatsHttpException, InvalidRefError, and UnknownDomainError where a domain has no metrics
 */
export async function pageOf(
  { metrics }: TrackstatsAccess,
  { domain, metric: keys = [], limit: asked, offset }: PageQuery,
  limits: ResolvedHttpOptions['limits'],
): Promise<{ metrics: readonly Metric[]; page: Page }> {
  const limit = asked ?? limits.rows;
  checkLimit('rows', limit, limits);
  const all = await metrics.list(domain === undefined ? {} : { domain });
  if (domain !== undefined && all.length === 0) throw new UnknownDomainError(domain, null);
  const some = keys.length === 0 ? all : all.filter(({ key }) => keys.includes(key));
  return { metrics: some.slice(offset, offset + limit), page: { total: some.length, limit, offset } };
}
