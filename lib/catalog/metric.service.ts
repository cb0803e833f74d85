import sql from 'sql-template-tag';
import type { Database } from '../database/database.js';
import { execute, query, type Work } from '../database/work.js';
import { InvalidDefinitionError, MetricHasStatisticsError, RefTakenError } from '../errors/catalog.error.js';
import { ensureMetric, resolveMetric, updateMetric } from './catalog.store.js';
import {
  type DomainTarget,
  isDomainDefinition,
  isMetricDefinition,
  type MetricDefinition,
  type MetricTarget,
  readRegistered,
} from './definitions.js';
import { allDerived, checkStored, derivedOf, unstoredMetric } from './derived.js';
import { domainKeyOf, findDomain, isDomain, lockDomain, unknownDomain } from './domain.query.js';
import { Metric } from './metric.entity.js';
import { findMetric, metricKeyOf, selectMetrics, unknownMetric } from './metric.query.js';
import { byText } from './order.js';
import { optional, boolean, withDefault } from '../validation/check.js';
import { readCallOptions } from '../validation/options.js';
import { checkRef } from './ref.js';
import type { MetricDetails, MetricUnit } from './unit.js';

/** Gives the catalog access to statistics without depending on them. */
export interface StoredStatistics {
  /** true if a metric has any statistics */
  exist(metric: Metric): Work<boolean>;
  /** removes all statistics of a metric, and their coverage */
  remove(metric: Metric): Work<void>;
}

const LIST = { domain: optional((given: unknown) => domainKeyOf(given as DomainTarget)) };
const REMOVE = { statistics: withDefault(boolean, false) };

/** The details of a metric to register: null removes what is stored. @inline */
type RegisteredDetails = Omit<MetricDetails, 'unit' | 'better'> & {
  unit?: MetricUnit | null | undefined;
  better?: 'up' | 'down' | null | undefined;
};

/**
 * Lists, finds, registers, renames and removes the stored metrics. The domain of a returned metric is always loaded.
 */
export class MetricService {
  /** @internal the module creates it */
  constructor(
    private readonly database: Database,
    private readonly statistics: StoredStatistics,
  ) {}

  /**
   * Stores a metric, or updates the given fields of the stored one. Concurrent calls are safe. A domain given as a
   * definition is stored too; a domain given as text must exist.
   *
   * @throws InvalidRefError, InvalidNameError, InvalidDefinitionError, InvalidArgumentError
   * @throws UnknownDomainError
   * @example await metrics.register({ domain: 'shopping', ref: 'order_count', name: 'Number of orders' });
   */
  async register(m: MetricDefinition | ({ domain: DomainTarget; ref: string } & RegisteredDetails)): Promise<Metric> {
    const { domain, ...fields } = readRegistered('MetricService.register', m);
    domainKeyOf(domain);
    checkStored('register', `${domainRefOf(domain)}/${fields.ref}`);
    return this.database.transaction(() => this.store(domain, fields));
  }

  /**
   * Returns the stored metric. A definition is stored first if it is not yet.
   *
   * @throws UnknownMetricError for text and entities that are not stored. It suggests the nearest key
   * @example const metric = await metrics.resolve('shopping/order_count');
   */
  async resolve(target: MetricTarget): Promise<Metric> {
    const found = await this.find(target);
    if (found !== null) return found;
    if (!isMetricDefinition(target)) throw await this.database.read(() => unknownMetric(this.database, target));
    return this.database.transaction(() => resolveMetric(this.database, target));
  }

  /**
   * Returns the stored metric, or null. A derived metric is not stored: it is returned with id 0.
   *
   * @throws InvalidRefError, InvalidDefinitionError
   */
  async find(target: MetricTarget): Promise<Metric | null> {
    metricKeyOf(target);
    const derived = derivedOf(target);
    if (derived !== null) return unstoredMetric(derived);
    return this.database.read(() => findMetric(this.database, target));
  }

  /**
   * Returns all metrics, or those of a domain, ordered by natural key. Derived metrics, which are not stored, are among
   * them with id 0.
   */
  async list(filter: { domain?: DomainTarget | undefined } = {}): Promise<Metric[]> {
    const { domain } = readCallOptions('MetricService.list', filter, LIST);
    // a domain that is `undefined` by mistake must not list the metrics of all domains
    if ('domain' in filter && domain === undefined) throw new InvalidDefinitionError('domain', undefined);
    const condition = domain === undefined ? sql`1 = 1` : isDomain(this.database, domain);
    const stored = await this.database.read(() => selectMetrics(this.database, condition));
    const keys = new Set(stored.map(({ key }) => key));
    const derived = allDerived()
      .filter(({ key }) => !keys.has(key))
      .filter((one) => filter.domain === undefined || one.domain.ref === domainRefOf(filter.domain));
    return [...stored, ...derived.map(unstoredMetric)].sort(
      (a, b) => byText(a.domain.ref, b.domain.ref) || byText(a.ref, b.ref),
    );
  }

  /**
   * Changes the ref of a metric within its domain. Its statistics stay. Change the definition in your code, too.
   *
   * @throws UnknownMetricError, InvalidRefError
   * @throws RefTakenError if another metric of the domain has the new ref
   */
  async rename(target: MetricTarget, newRef: string): Promise<Metric> {
    const ref = checkRef(newRef);
    metricKeyOf(target);
    checkStored('rename', target);
    return this.database.transaction(() => this.updateRef(target, ref));
  }

  /**
   * Removes a metric.
   *
   * @param options `statistics: true` removes its statistics of every scope, too
   * @throws UnknownMetricError
   * @throws MetricHasStatisticsError if it has statistics, unless they are removed too
   */
  async remove(target: MetricTarget, options?: { statistics?: boolean | undefined }): Promise<void> {
    metricKeyOf(target);
    checkStored('remove', target);
    const { statistics } = readCallOptions('MetricService.remove', options, REMOVE);
    return this.database.transaction(() => this.deleteMetric(target, statistics));
  }

  private *store(target: DomainTarget, { ref, ...details }: { ref: string } & RegisteredDetails): Work<Metric> {
    const { database } = this;
    const domain = isDomainDefinition(target) ? target : yield* findDomain(database, target);
    if (domain === null) throw yield* unknownDomain(database, target);
    const metric = yield* ensureMetric(database, domain, {
      ...details,
      ref,
      unit: details.unit ?? undefined,
      better: details.better ?? undefined,
    });
    yield* updateMetric(database, metric, details);
    return metric;
  }

  private *updateRef(target: MetricTarget, ref: string): Work<Metric> {
    const metric = yield* this.lockOrThrow(target);
    if (metric.ref === ref) return metric;
    const key = `${metric.domain.ref}/${ref}`;
    if (derivedOf(key) !== null || (yield* findMetric(this.database, key)) !== null) {
      throw new RefTakenError('metric', key);
    }
    yield* updateMetric(this.database, metric, { ref });
    return metric;
  }

  private *deleteMetric(target: MetricTarget, withStatistics: boolean): Work<void> {
    const { writesInTurn } = this.database.dialect;
    if (writesInTurn !== null) yield* query(writesInTurn);
    const metric = yield* this.lockOrThrow(target);
    if (!withStatistics && (yield* this.statistics.exist(metric))) throw new MetricHasStatisticsError(metric.key);
    yield* this.statistics.remove(metric);
    const table = this.database.table(Metric);
    yield* execute(
      sql`DELETE FROM ${table.path} WHERE ${table.column('id')} = ${this.database.dialect.integer(metric.id)}`,
    );
  }

  /**
   * Returns the metric with its row locked, and its domain's row too: that lock guards creating and renaming metrics.
   */
  private *lockOrThrow(target: MetricTarget): Work<Metric> {
    const { database } = this;
    const metric = yield* findMetric(database, target);
    if (metric === null) throw yield* unknownMetric(database, target);
    yield* lockDomain(database, { id: metric.domain.id });
    const table = database.table(Metric);
    const [locked] = yield* selectMetrics(
      database,
      sql`m.${table.column('id')} = ${database.dialect.integer(metric.id)} ${database.dialect.forUpdate}`,
    );
    if (locked === undefined) throw yield* unknownMetric(database, target);
    return locked;
  }
}

function domainRefOf(domain: DomainTarget): string {
  return typeof domain === 'string' ? domain : domain.ref;
}
