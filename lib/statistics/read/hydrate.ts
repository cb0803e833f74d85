import type { Metric } from '../../catalog/metric.entity.js';
import type { AbstractStatistic } from '../tables/abstract-statistic.js';
import type { StoredRow } from './rows.query.js';
import type { StatisticTable } from '../tables/statistic-table.js';

/** Returns a stored row as an instance of its entity, with its metric loaded. */
export function statisticOf({ entity, keys }: StatisticTable, metric: Metric, row: StoredRow): AbstractStatistic {
  return Object.assign(new entity(), {
    metricId: metric.id,
    metric,
    period: row.period,
    ...Object.fromEntries(keys.map((key) => [key.property, key.decode(row.cell[key.property])])),
    date: row.date,
    value: row.value,
  });
}
