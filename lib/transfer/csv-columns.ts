import type { StatisticKey, StatisticTable } from '../statistics/statistic-table.js';

/** The names of the columns of a CSV file that are there for every kind of statistic. */
export const COMMON_COLUMNS = ['metric', 'domain_name', 'metric_name', 'period', 'date', 'value'] as const;

/** The columns of a statistic's other keys: a custom statistic's say which one it is, as `orders_by_region.country`. */
export function keyColumns({ kind, table, keys }: StatisticTable): { readonly name: string; key: StatisticKey }[] {
  return keys.map((key) => ({
    name:
      kind === 'object'
        ? key.property === 'objectType'
          ? 'object_type'
          : 'object_id'
        : `${table.metadata.tableNameWithoutPrefix}.${key.property}`,
    key,
  }));
}
