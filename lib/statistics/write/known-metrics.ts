import { join, type Sql } from 'sql-template-tag';
import type { MetricTarget } from '../../catalog/definitions.js';
import { Metric } from '../../catalog/metric.entity.js';
import type { StoredCoverage } from '../../coverage/coverage.js';
import type { Additions, Dialect, ExpectedRows, Upsert, UpsertMode } from '../../database/dialects/dialect.js';
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
  /** the last statements that wrote it alone: most of their text is conditions, which stay the same */
  readonly written: Map<string, WrittenStatement>;
}

interface WrittenStatement {
  readonly statement: Sql;
  readonly upserts: readonly Upsert[];
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
      this.known.set(target, {
        metric,
        coverages: coverages.filter(({ metricId }) => metricId === metric.id),
        written: new Map(),
      });
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

/** A write of rows of metrics that are known. */
export interface KnownWrite {
  readonly mode: UpsertMode;
  readonly expected: () => ExpectedRows | null;
  readonly conditions: () => readonly Sql[];
  readonly fresh: Additions['fresh'];
  readonly upserts: readonly Upsert[];
}

/** Returns one statement that writes rows of metrics that are known, under conditions; null if the database has none. */
export function writeTogether(
  database: Database,
  known: ReadonlyMap<MetricTarget, KnownMetric>,
  { mode, expected, conditions, fresh, upserts }: KnownWrite,
): Sql | null {
  const { dialect } = database;
  if (!database.commitsAlone) return null;
  const [first, ...others] = known.values();
  const written = others.length === 0 && fresh === null ? first?.written : undefined;
  const name = `${mode} ${upserts.map(({ table }) => table.path.sql).join(' ')}`;
  const before = written?.get(name);
  const rebound = before === undefined ? null : dialect.rebound(before.statement, before.upserts, upserts);
  if (rebound !== null) return rebound;
  const statement = dialect.addTogether({
    expected: expected(),
    condition: join(conditions(), ' AND '),
    fresh,
    upserts,
    lockTimeout: Math.max(1, Math.round(database.connectionTimeout)),
  });
  if (statement === null) return null;
  const columns = [...(fresh?.columns ?? []), ...upserts.map(({ value }) => value)];
  const isOneText = dialect.bindsArrays || columns.every(({ values }) => values.length === 1);
  if (isOneText && conditionsOf([...known.values()]) <= MOST_KEPT) withConstantText(statement);
  if (written !== undefined) keepText(dialect, written, name, { statement, upserts });
  return statement;
}

/** Keeps a statement without its rows, which may be many. */
function keepText(
  dialect: Dialect,
  written: KnownMetric['written'],
  name: string,
  { statement, upserts }: WrittenStatement,
): void {
  const emptied = upserts.map((upsert) => ({
    ...upsert,
    keys: upsert.keys.map((key) => ({ ...key, values: [] })),
    value: { ...upsert.value, values: [] },
  }));
  const kept = dialect.rebound(statement, upserts, emptied);
  if (kept !== null) written.set(name, { statement: kept, upserts: emptied });
}

function conditionsOf(known: readonly KnownMetric[]): number {
  return known.reduce((sum, { coverages }) => sum + 1 + coverages.length, 0);
}
