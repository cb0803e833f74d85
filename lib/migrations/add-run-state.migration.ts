import { type MigrationInterface, type QueryRunner, TableIndex } from 'typeorm';
import { addColumns, type AddedColumn, dropColumns } from './added-columns.js';
import { type ColumnName, Naming, type TableName } from './naming.js';

const RUN: TableName = { entity: 'TrackstatsTrackerRun', name: 'trackstats_run' };
const TRACKER: TableName = { entity: 'TrackstatsTrackerState', name: 'trackstats_tracker' };

const ADDED: readonly (readonly [TableName, readonly AddedColumn[]])[] = [
  [RUN, [{ property: 'fence', type: 'bigint' }]],
  [
    TRACKER,
    [
      { property: 'backfillFrom', name: 'backfill_from', type: 'varchar(10)' },
      { property: 'backfillTo', name: 'backfill_to', type: 'varchar(10)' },
      { property: 'backfillThrough', name: 'backfill_through', type: 'varchar(10)' },
    ],
  ],
];

const BY_START: readonly ColumnName[] = [{ property: 'tracker' }, { property: 'startedAt', name: 'started_at' }];
const BY_ID: readonly ColumnName[] = [{ property: 'tracker' }, { property: 'id' }];

/** Adds the fence of a run's lease, and the interrupted backfill of a tracker. */
export class AddTrackstatsRunState1795564801000 implements MigrationInterface {
  readonly name = 'AddTrackstatsRunState1795564801000';

  async up(runner: QueryRunner): Promise<void> {
    for (const [table, columns] of ADDED) await addColumns(runner, table, columns);
    await replaceIndex(runner, BY_START, BY_ID);
  }

  async down(runner: QueryRunner): Promise<void> {
    await replaceIndex(runner, BY_ID, BY_START);
    for (const [table, columns] of ADDED) await dropColumns(runner, table, columns);
  }
}

async function replaceIndex(
  runner: QueryRunner,
  old: readonly ColumnName[],
  columns: readonly ColumnName[],
): Promise<void> {
  const naming = new Naming(runner.dataSource);
  const path = naming.table(RUN);
  const indices = (await runner.getTable(path))?.indices ?? [];
  const has = (some: readonly ColumnName[]): boolean => indices.some(({ name }) => name === naming.index(RUN, some));
  if (!has(columns)) {
    const columnNames = columns.map((column) => naming.column(column));
    await runner.createIndex(path, new TableIndex({ columnNames, name: naming.index(RUN, columns) }));
  }
  if (has(old)) await runner.dropIndex(path, naming.index(RUN, old));
}
