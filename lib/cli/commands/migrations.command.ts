import { MigrationExecutor } from 'typeorm';
import { trackstatsMigrations } from '../../migrations/trackstats-migrations.js';
import type { CommandTask } from '../command.context.js';
import { SUCCESS } from '../exit-code.js';
import { table } from '../output.js';

/** Lists the library's migrations, whether the data source has them and has run them, and what to do next. */
export const migrations: CommandTask = async (context) => {
  const dataSource = await context.dataSource();
  const known = new Set(dataSource.migrations.map((migration) => migration.name ?? migration.constructor.name));
  const executed = await context.unlessStopped(new MigrationExecutor(dataSource).getExecutedMigrations());
  const applied = new Set(executed.map(({ name }) => name));
  const rows = trackstatsMigrations.map(({ name }) => ({
    name,
    configured: known.has(name),
    applied: applied.has(name),
  }));
  const isSynchronized = dataSource.options.synchronize === true;
  await context.output.result({ synchronize: isSynchronized, migrations: rows }, () =>
    [
      table(
        ['MIGRATION', 'CONFIGURED', 'APPLIED'],
        rows.map(({ name, configured, applied: isApplied }) => [name, yesOrNo(configured), yesOrNo(isApplied)]),
      ),
      ...whatToDo(rows, isSynchronized),
    ].join('\n\n'),
  );
  return SUCCESS;
};

function whatToDo(rows: readonly { configured: boolean; applied: boolean }[], isSynchronized: boolean): string[] {
  if (isSynchronized) return ['The data source has synchronize: true, which makes the tables without migrations.'];
  if (rows.every(({ applied }) => applied)) return [];
  const configure = rows.every(({ configured }) => configured)
    ? []
    : [`Add them to the data source: migrations: [...trackstatsMigrations, …], from 'nestjs-trackstats'.`];
  return [
    ...configure,
    'Apply them as those of the application: typeorm migration:run, or migrationsRun: true in the data source.',
    'Tables of custom statistics are the application’s: typeorm migration:generate writes their migrations.',
  ];
}

function yesOrNo(truth: boolean): string {
  return truth ? 'yes' : 'no';
}
