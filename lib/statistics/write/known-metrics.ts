import { join, type Sql } from 'sql-template-tag';
import type { MetricTarget } from '../../catalog/definitions.js';
import { Metric } from '../../catalog/metric.entity.js';
import type { StoredCoverage } from '../../coverage/coverage.js';
import type { Additions } from '../../database/dialects/dialect.js';
import type { Database } from '../../database/database.js';
import { withConstantText } from '../../database/work.js';
import { TrackstatsError } from '../../errors/trackstats.error.js';

/** The metrics of a write, with all their coverages. */
export interface MetricsToWrite {
  readonly metrics: ReadonlyMap<MetricTarget, Metric | TrackstatsError>;
  readonly coverages: readonly StoredCoverage[];
}

/** A metric as an earlier write has read it, with all its coverages. */
export interface KnownMetric {
  readonly metric: Metric;
  readonly coverages: readonly StoredCoverage[];
}

const MOST_KNOWN = 1_000;
/** Conditions of one statement. A write with more is a transaction, which reads them. */
const MOST_CONDITIONS = 20;
/** Conditions of a statement that the server may keep: what is written most often, by few metrics, has few. */
const MOST_KEPT = 4;

/**
 * The metrics that writes have read. Nothing relies on it alone: a statement that writes by it has the condition that
 * everything is still as it was read.
 */
export class KnownMetrics {
  private readonly known = new Map<MetricTarget, KnownMetric>();

  /** Remembers the metrics that are stored. */
  remember({ metrics, coverages }: MetricsToWrite): void {
    if (this.known.size >= MOST_KNOWN) this.known.clear();
    for (const [target, metric] of metrics) {
      if (metric instanceof TrackstatsError) continue;
      // an entity is found by its id, and each call may bring its own
      if (target instanceof Metric) continue;
      this.known.set(target, { metric, coverages: coverages.filter(({ metricId }) => metricId === metric.id) });
    }
  }

  /** Returns the metrics of targets, or null if one of them was not read, or one statement has no room for their conditions. */
  allOf(targets: readonly MetricTarget[]): ReadonlyMap<MetricTarget, KnownMetric> | null {
    const all = new Map<MetricTarget, KnownMetric>();
    for (const target of targets) {
      if (all.has(target)) continue;
      const one = this.known.get(target);
      if (one === undefined) return null;
      all.set(target, one);
      if (all.size > MOST_CONDITIONS) return null;
    }
    return conditionsOf([...all.values()]) > MOST_CONDITIONS ? null : all;
  }
}

/** Returns one statement that writes rows of metrics that are known, under conditions; null if the database has none. */
export function writeTogether(
  database: Database,
  known: ReadonlyMap<MetricTarget, KnownMetric>,
  { conditions, ...additions }: Omit<Additions, 'condition' | 'lockTimeout'> & { readonly conditions: readonly Sql[] },
): Sql | null {
  if (!database.commitsAlone) return null;
  const statement = database.dialect.addTogether({
    ...additions,
    condition: join(conditions, ' AND '),
    lockTimeout: Math.max(1, Math.round(database.connectionTimeout)),
  });
  if (statement === null || conditionsOf([...known.values()]) > MOST_KEPT) return statement;
  return withConstantText(statement);
}

function conditionsOf(known: readonly KnownMetric[]): number {
  return known.reduce((sum, { coverages }) => sum + 1 + coverages.length, 0);
}
