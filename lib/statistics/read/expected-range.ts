import { naturalKey } from '../../catalog/definitions.js';
import type { Metric } from '../../catalog/metric.entity.js';
import type { StoredCoverage } from '../../coverage/coverage.js';
import type { Database } from '../../database/database.js';
import type { LocalDate } from '../../time/local-date.js';
import type { Period } from '../../time/period.js';
import type { NormalFilter } from '../filter/filter.js';

/**
 * The zone and the coverage that the range of a series depends on, as the last read of the same metric found them. They
 * only choose the rows to read together with the metric, which are used if the metric, as it is now, has the same range.
 */
export interface RangeBasis {
  readonly timeZone: string;
  /** the first date that is covered; null without coverage */
  readonly covered: LocalDate | null;
}

/** The basis of a metric that is stored. */
interface KeptBasis extends RangeBasis {
  readonly metricId: number;
}

/** Metrics whose basis is kept, of each database. */
const MOST_KEPT = 1_000;
/** A value is read beside each coverage of its metric: with more of them, a second statement is cheaper. */
const MOST_COVERAGES = 8;

const kept = new WeakMap<Database, Map<string, KeptBasis>>();

/** Returns the basis of the last read. Returns null if there was none, or if the metric has many coverages. */
export function expectedBasis(database: Database, filter: Filter): KeptBasis | null {
  return kept.get(database)?.get(keyOf(filter)) ?? null;
}

/** Keeps the basis of a read for the next one. */
export function keepBasis(
  database: Database,
  filter: Filter,
  { id: metricId }: Metric,
  coverages: readonly StoredCoverage[],
  { timeZone, covered }: RangeBasis,
): void {
  const all = kept.get(database) ?? new Map<string, KeptBasis>();
  kept.set(database, all);
  const key = keyOf(filter);
  const before = all.get(key);
  if (coverages.length > MOST_COVERAGES) {
    all.delete(key);
    return;
  }
  if (before?.metricId === metricId && before.timeZone === timeZone && before.covered === covered) return;
  if (all.size >= MOST_KEPT) all.clear();
  all.set(key, { metricId, timeZone, covered });
}

type Filter = Pick<NormalFilter, 'metrics' | 'scope'> & { readonly period: Period };

/** Cells of one table share a basis: most of them have the coverage of all. */
function keyOf({ metrics: [metric], period, scope }: Filter): string {
  return `${metric === undefined ? '' : naturalKey(metric)} ${String(period)} ${scope.table.entity.name}`;
}
