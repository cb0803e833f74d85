import { isMetricDefinition } from '../../catalog/definitions.js';
import { unstoredMetric } from '../../catalog/derived.js';
import type { Metric } from '../../catalog/metric.entity.js';
import type { DimensionValue } from '../tables/dimension-value.js';
import type { ObjectRef } from '../filter/object-target.js';
import { readPoints } from './reading.js';
import { type Cell, objectRefOf } from '../filter/scope-filter.js';
import type { SeriesPoint } from './series.js';
import type { Series } from './series.query.js';
import type { StatisticTable } from '../tables/statistic-table.js';

/** One of several series over the same dates. */
export interface NamedSeries {
  /** unique among the series: 'shopping/order_count', with an object 'shopping/order_count customer:5' */
  key: string;
  metric: Metric;
  object?: ObjectRef;
  dimensions?: Record<string, DimensionValue>;
  points: SeriesPoint<number | string>[];
}

/** Returns a series with its key, its metric, and its object or dimensions. */
export function nameSeries(table: StatisticTable, series: Series, exact: boolean): NamedSeries {
  const metric = series.metric ?? definedMetric(series);
  const points = readPoints(series.points, exact);
  switch (table.kind) {
    case 'total':
      return { key: metric.key, metric, points };
    case 'object': {
      const object = objectRefOf(series.cell);
      return { key: `${metric.key} ${object.type}:${object.id}`, metric, object, points };
    }
    case 'custom': {
      const dimensions = decodeDimensions(table, series.cell);
      return { key: `${metric.key} ${JSON.stringify(dimensions)}`, metric, dimensions, points };
    }
  }
}

/** Returns the dimensions of a cell as they were passed. */
export function decodeDimensions({ keys }: StatisticTable, cell: Cell): Record<string, DimensionValue> {
  return Object.fromEntries(keys.map((key) => [key.property, key.decode(cell[key.property])]));
}

/** Returns the metric of a definition that was never stored. */
function definedMetric({ target }: Series): Metric {
  if (!isMetricDefinition(target)) throw new TypeError('only a definition can be read before it is stored');
  return unstoredMetric(target);
}
