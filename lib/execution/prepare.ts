import type { Database } from '../database/database.js';
import { readAsStored } from '../database/stored-columns.js';
import { TrackerRunRecord } from './tracker-run.entity.js';
import { TrackerState } from './tracker-state.entity.js';

/** Makes names of trackers compare exactly, and tables of runs read the same with every setting of the driver. */
export async function prepareRunTables(database: Database): Promise<void> {
  readAsStored(database, [TrackerRunRecord, TrackerState]);
  await database.dialect.prepareKeys(database.dataSource, [
    { table: database.table(TrackerRunRecord), textKeys: ['tracker'] },
    { table: database.table(TrackerState), textKeys: ['name'] },
  ]);
}
