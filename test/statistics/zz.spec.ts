import { DataSource } from 'typeorm';
import { Domain } from '../../lib/catalog/domain.entity.js';
import { Metric } from '../../lib/catalog/metric.entity.js';
import { StatisticByDate } from '../../lib/statistics/statistic-by-date.entity.js';
import { StatisticByDateAndObject } from '../../lib/statistics/statistic-by-date-and-object.entity.js';
import { Coverage } from '../../lib/statistics/coverage.entity.js';
it('x', async () => {
  const ds = await new DataSource({ type: 'better-sqlite3', database: ':memory:', synchronize: true, entities: [Domain, Metric, StatisticByDate, StatisticByDateAndObject, Coverage] }).initialize();
  for (const m of ds.entityMetadatas) console.log(m.name, m.columns.map((c) => c.propertyPath + ':' + c.databaseName), m.relations.map((r) => r.propertyPath));
  console.log(await ds.query("select sql from sqlite_master"));
});
