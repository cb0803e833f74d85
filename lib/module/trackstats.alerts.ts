import { Logger } from '@nestjs/common';
import type { DiscoveryService } from '@nestjs/core';
import type { Alert } from '../alerts/alert.js';
import { AlertState, prepareAlertTable } from '../alerts/alert.entity.js';
import { type DeclaredAlert, exploreAlerts } from '../alerts/alert.explorer.js';
import type { AlertRegistry } from '../alerts/alert.registry.js';
import type { AlertScheduler } from '../alerts/alert.scheduler.js';
import { defaultAlertName, defineAlert } from '../alerts/define-alert.js';
import type { Database } from '../database/database.js';
import { checkTables } from '../database/table-check.js';
import { InvalidAlertError } from '../errors/alert.error.js';
import { MissingEntityError } from '../errors/database.error.js';
import { TrackstatsError } from '../errors/trackstats.error.js';
import type { ObjectTypes } from '../statistics/filter/object-types.js';
import type { StatisticService } from '../statistics/statistic.service.js';
import type { StatisticOwners } from '../statistics/tables/owners.js';

/** Finds and checks the alerts of the application. An application without alerts needs nothing of theirs. */
export class TrackstatsAlerts {
  private readonly logger = new Logger('Trackstats');

  constructor(
    private readonly discovery: DiscoveryService,
    private readonly database: Database,
    private readonly registry: AlertRegistry,
    private readonly scheduler: AlertScheduler,
    private readonly statistics: StatisticService,
    private readonly owners: StatisticOwners,
    private readonly objectTypes: ObjectTypes,
  ) {}

  /**
   * Registers the alerts. Call it when the trackers are known.
   *
   * @throws InvalidAlertError, MissingEntityError, MissingTableError
   */
  async define(): Promise<void> {
    const declared = exploreAlerts(this.discovery);
    if (declared.length > 0) await this.checkTable();
    const alerts: Alert[] = [];
    for (const one of declared) alerts.push(await this.checked(one));
    this.registry.fill(alerts);
  }

  start(): void {
    this.scheduler.start();
  }

  stop(): void {
    this.scheduler.stop();
  }

  private async checkTable(): Promise<void> {
    const { database } = this;
    if (!database.dataSource.hasMetadata(AlertState)) throw new MissingEntityError([AlertState.name], database.name);
    await checkTables(database, [AlertState]);
    await prepareAlertTable(database);
  }

  private async checked(declared: DeclaredAlert): Promise<Alert> {
    const { statistics, owners, objectTypes } = this;
    try {
      const alert = defineAlert({ statistics, owners, objectTypes }, declared);
      const warning = await alert.watch.check();
      if (warning !== null) this.logger.warn(`Alert ${alert.name}: ${warning}`);
      return alert;
    } catch (error) {
      // the errors of a metric, a period and an object do not say where they were given
      if (!(error instanceof TrackstatsError) || error instanceof InvalidAlertError) throw error;
      throw new InvalidAlertError(defaultAlertName(declared), error.message, error);
    }
  }
}
