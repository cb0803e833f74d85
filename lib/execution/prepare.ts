import type { Database } from '../database/database.js';
import { TrackerRunRecord } from './tracker-run.entity.js';
import { TrackerState } from './tracker-state.entity.js';

/** Makes the names of trackers compare exactly, where the database does not do so by itself. */
export async function prepareRunTables(database: Database): Promise<void> {
  await database.dialect.prepareKeys(database.dataSource, [
    { table: database.table(TrackerRunRecord), textKeys: ['tracker'] },
    { table: database.table(TrackerState), textKeys: ['name'] },
  ]);
}
