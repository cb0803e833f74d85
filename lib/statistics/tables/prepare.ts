import { Domain } from '../../catalog/domain.entity.js';
import { Metric } from '../../catalog/metric.entity.js';
import type { Database } from '../../database/database.js';
import { readAsStored } from '../../database/stored-columns.js';
import { MissingEntityError } from '../../errors/database.error.js';
import { Coverage } from '../../coverage/coverage.entity.js';
import { StatisticByDateAndObject } from './statistic-by-date-and-object.entity.js';
import { StatisticByDate } from './statistic-by-date.entity.js';
import { statisticTablesOf } from './statistic-table.js';

const NEEDED = [Domain, Metric, Coverage, StatisticByDate, StatisticByDateAndObject];

/**
 * Checks the custom statistics of the data source, and makes sure that the text keys of the catalog and of all
 * statistics compare byte by byte. Runs once, when the application starts.
 *
 * @throws InvalidDimensionError, MissingEntityError
 */
export async function prepareStatisticTables(database: Database): Promise<void> {
  const missing = NEEDED.filter((entity) => !database.dataSource.hasMetadata(entity));
  if (missing.length > 0)
    throw new MissingEntityError(
      missing.map(({ name }) => name),
      database.name,
    );
  const tables = statisticTablesOf(database);
  readAsStored(database, [...NEEDED, ...tables.map(({ entity }) => entity)]);
  const statistics = tables.map(({ table, keys }) => ({
    table,
    textKeys: keys.filter(({ type }) => type === 'varchar').map(({ property }) => property),
  }));
  await database.dialect.prepareKeys(database.dataSource, [
    { table: database.table(Domain), textKeys: ['ref'] },
    { table: database.table(Metric), textKeys: ['ref'] },
    { table: database.table(Coverage), textKeys: ['scope'] },
    ...statistics.filter(({ textKeys }) => textKeys.length > 0),
  ]);
}
