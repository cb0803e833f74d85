import sql from 'sql-template-tag';
import type { Metric } from '../../catalog/metric.entity.js';
import type { StoredStatistics } from '../../catalog/metric.service.js';
import type { Database } from '../../database/database.js';
import { execute, queryOne, type Work } from '../../database/work.js';
import { removeCoveragesOf } from '../../coverage/coverage.store.js';
import { IncrementKey } from './increment-key.entity.js';
import { statisticTablesOf } from './statistic-table.js';

/** Gives the catalog access to the statistics of metrics, in every table that the data source has. */
export class MetricStatistics implements StoredStatistics {
  constructor(private readonly database: Database) {}

  *exist(metric: Metric): Work<boolean> {
    for (const { table } of statisticTablesOf(this.database)) {
      const { dialect } = this.database;
      const id = dialect.integer(metric.id);
      const row = yield* queryOne(
        sql`SELECT 1 AS found FROM ${table.path} WHERE ${table.column('metricId')} = ${id} ${dialect.limit(1)}`,
      );
      if (row !== undefined) return true;
    }
    return false;
  }

  *remove(metric: Metric): Work<void> {
    for (const { table } of statisticTablesOf(this.database)) {
      const id = this.database.dialect.integer(metric.id);
      yield* execute(sql`DELETE FROM ${table.path} WHERE ${table.column('metricId')} = ${id}`);
    }
    const keys = this.database.table(IncrementKey);
    const id = this.database.dialect.integer(metric.id);
    yield* execute(sql`DELETE FROM ${keys.path} WHERE ${keys.column('metricId')} = ${id}`);
    yield* removeCoveragesOf(this.database, metric);
  }
}
