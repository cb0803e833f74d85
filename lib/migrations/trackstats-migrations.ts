import type { MigrationInterface } from 'typeorm';
import { AddTrackstatsAnnotations1795564806000 } from './add-annotations.migration.js';
import { AddTrackstatsAlertCrossing1795564809000 } from './add-alert-crossing.migration.js';
import { AddTrackstatsAlertSeen1795564810000 } from './add-alert-seen.migration.js';
import { AddTrackstatsAlerts1795564807000 } from './add-alerts.migration.js';
import { AddTrackstatsIncrementKeys1795564802000 } from './add-increment-keys.migration.js';
import { AddTrackstatsMetricGauge1795564811000 } from './add-metric-gauge.migration.js';
import { AddTrackstatsMetricUnit1795564803000 } from './add-metric-unit.migration.js';
import { AddTrackstatsHistory1795564804000 } from './add-history.migration.js';
import { AddTrackstatsRunState1795564801000 } from './add-run-state.migration.js';
import { AddTrackstatsRunTrigger1795564808000 } from './add-run-trigger.migration.js';
import { AddTrackstatsTimeStatistics1795564805000 } from './add-time-statistics.migration.js';
import { CreateTrackstatsTables1795564800000 } from './create-tables.migration.js';

/**
 * Lists the migrations that create the library's tables, for an application without `synchronize`. They run on every
 * database, under the data source's `schema`, `entityPrefix` and naming strategy. They do not create the tables of
 * custom statistics.
 *
 * @example
 * ```ts
 * TypeOrmModule.forRoot({ type: 'postgres', migrations: [...trackstatsMigrations], migrationsRun: true })
 * ```
 */
export const trackstatsMigrations: (new () => MigrationInterface)[] = [
  CreateTrackstatsTables1795564800000,
  AddTrackstatsRunState1795564801000,
  AddTrackstatsIncrementKeys1795564802000,
  AddTrackstatsMetricUnit1795564803000,
  AddTrackstatsHistory1795564804000,
  AddTrackstatsTimeStatistics1795564805000,
  AddTrackstatsAnnotations1795564806000,
  AddTrackstatsAlerts1795564807000,
  AddTrackstatsRunTrigger1795564808000,
  AddTrackstatsAlertCrossing1795564809000,
  AddTrackstatsAlertSeen1795564810000,
  AddTrackstatsMetricGauge1795564811000,
];
