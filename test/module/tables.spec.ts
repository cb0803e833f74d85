import { AbstractStatistic, Dimension, MissingTableError, trackstatsMigrations } from 'nestjs-trackstats';
import { Entity } from 'typeorm';
import { EARLIER_TABLES } from '../migrations/fixtures/earlier-tables.js';
import { describeOnEachDatabase } from '../support/databases.js';
import { closeApplications, start } from './application.js';

@Entity()
class OrdersByRegion extends AbstractStatistic {
  @Dimension({ type: 'varchar' }) country!: string;
}

describeOnEachDatabase('an application', (database) => {
  const unmade = { synchronize: false };

  afterEach(async () => {
    await closeApplications();
    await database.reset();
  });

  it('does not start without its tables, and says how to make them', async () => {
    const refused = start({ database: database.options(unmade) });
    await expect(refused).rejects.toThrow(MissingTableError);
    await expect(refused).rejects.toThrow(
      /"default" lacks trackstats_domain, .*trackstats_run\. .*trackstatsMigrations/s,
    );
    await expect(refused).rejects.toThrow(/synchronize: true/);
  });

  it('does not start on tables of an earlier version', async () => {
    const dataSource = await database.open({ entities: [], ...unmade });
    for (const statement of EARLIER_TABLES[database.kind]) await dataSource.query(statement);
    const missing = [
      'trackstats_metric.unit',
      'trackstats_metric.better',
      'trackstats_metric.gauge',
      'trackstats_statistic_by_time',
      'trackstats_statistic_by_time_and_object',
      'trackstats_increment_key',
      'trackstats_coverage.is_whole',
      'trackstats_coverage.drift',
      'trackstats_annotation',
      'trackstats_tracker.backfill_from',
      'trackstats_tracker.backfill_to',
      'trackstats_tracker.backfill_through',
      'trackstats_tracker.scrubbed_through',
      'trackstats_tracker.scrubbed_at',
      'trackstats_run.fence',
      'trackstats_run.triggered_by',
    ];
    await expect(start({ database: database.options(unmade) })).rejects.toThrow(` lacks ${missing.join(', ')}. `);
  });

  it('does not start without the table of a custom statistic', async () => {
    const migrated = { ...unmade, migrations: trackstatsMigrations, migrationsRun: true };
    const refused = start({ database: database.options(migrated), trackstats: { statistics: [OrdersByRegion] } });
    await expect(refused).rejects.toThrow(/lacks orders_by_region\. .*migration:generate/s);
  });
});
