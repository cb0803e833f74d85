import { naturalKey } from '../../catalog/definitions.js';
import { storedParts } from '../../catalog/derived.js';
import type { Work } from '../../database/work.js';
import { LiveReadError } from '../../errors/statistic.error.js';
import { Period } from '../../time/period.js';
import type { NormalFilter } from '../filter/filter.js';
import type { LiveSource } from '../filter/live-source.js';
import type { StatisticContext } from '../filter/statistic.context.js';

type Filter = NormalFilter & { readonly period: Period };

/** A read whose open dates are computed now. */
export interface LiveCall {
  /** the call that an error names */
  readonly call: string;
  readonly filter: Filter;
  /** true if other periods are read too, because values do not add up */
  readonly readsWhole?: boolean;
}

/**
 * Runs a read in one snapshot: stored values for closed dates, and fresh ones for open dates. The parts of a derived
 * metric are computed together.
 *
 * @throws LiveReadError
 */
export function readLive<T>(
  context: StatisticContext,
  source: LiveSource | null,
  { call, filter, readsWhole }: LiveCall,
  now: Date,
  work: (context: StatisticContext, filter: Filter) => Work<T>,
): Promise<T> {
  const { period, scope } = filter;
  const parts = filter.metrics.flatMap(storedParts).map((part) => [naturalKey(part), part] as const);
  const metrics = [...new Map(parts).values()];
  if (source === null) {
    const [[key] = ['']] = parts;
    return Promise.reject(new LiveReadError(call, key, Period.nameOf(period), 'which no tracker computes'));
  }
  return source.read({ call, metrics, period, scope, readsWhole }, now, (live) =>
    work({ ...context, live }, { ...filter, scope: { ...scope, table: live.tableOf(scope.table) } }),
  );
}
