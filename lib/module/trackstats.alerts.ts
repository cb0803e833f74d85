import { Logger } from '@nestjs/common';
import type { DiscoveryService } from '@nestjs/core';
import type { MetricService } from '../catalog/metric.service.js';
import type { Alert } from '../alerts/alert.js';
import { AlertState, prepareAlertTable } from '../alerts/alert.entity.js';
import {
  type DeclaredAlert,
  defaultAlertName,
  exploreAlerts,
  minifiedAlerts,
  unprovidedAlerts,
} from '../alerts/alert.explorer.js';
import type { AlertRegistry } from '../alerts/alert.registry.js';
import type { AlertScheduler } from '../alerts/alert.scheduler.js';
import { type AlertContext, defineAlert } from '../alerts/define-alert.js';
import type { Database } from '../database/database.js';
import { checkTables } from '../database/table-check.js';
import { InvalidAlertError } from '../errors/alert.error.js';
import { MissingEntityError } from '../errors/database.error.js';
import { TrackstatsError } from '../errors/trackstats.error.js';
import type { LeaseService } from '../execution/lease.service.js';
import type { RunHistory } from '../execution/run-history.js';
import type { TrackerOverview } from '../execution/tracker-overview.js';
import { ObjectLabels } from '../statistics/filter/object-labels.js';
import type { ObjectTypes } from '../statistics/filter/object-types.js';
import type { StatisticService } from '../statistics/statistic.service.js';
import type { StatisticOwners } from '../statistics/tables/owners.js';
import type { TrackerRegistry } from '../tracking/definition/tracker.registry.js';
import type { ResolvedOptions } from '../trackstats.options.js';
import type { Clock } from '../trackstats.tokens.js';

/** Finds and checks the alerts of the application. An application without alerts needs nothing of theirs. */
export class TrackstatsAlerts {
  private readonly logger = new Logger('Trackstats');
  private declared: readonly DeclaredAlert[] = [];

  constructor(
    private readonly discovery: DiscoveryService,
    private readonly database: Database,
    private readonly registry: AlertRegistry,
    private readonly scheduler: AlertScheduler,
    private readonly metrics: MetricService,
    private readonly statistics: StatisticService,
    private readonly owners: StatisticOwners,
    private readonly objectTypes: ObjectTypes,
    private readonly trackers: TrackerRegistry,
    private readonly overview: TrackerOverview,
    private readonly history: RunHistory,
    private readonly leases: LeaseService,
    private readonly clock: Clock,
    private readonly options: ResolvedOptions,
  ) {}

  /**
   * Registers the alerts. Call it when the trackers are known.
   *
   * @throws InvalidAlertError, MissingEntityError, MissingTableError
   */
  async define(): Promise<void> {
    const declared = exploreAlerts(this.discovery);
    if (declared.length > 0) await this.checkTable();
    const context = this.context();
    const alerts: Alert[] = [];
    for (const one of declared) alerts.push(await this.checked(context, one));
    this.registry.fill(alerts);
    this.declared = declared;
    this.warnOfMinified();
  }

  start(): void {
    this.warnOfUnprovided();
    this.scheduler.start();
  }

  stop(): void {
    this.scheduler.stop();
  }

  private warnOfMinified(): void {
    const names = minifiedAlerts(this.declared);
    if (names.length === 0) return;
    this.logger.warn(
      `The names of these alerts look minified: ${names.join(', ')}. Their state is stored under the name, and the next ` +
        `build may give it to another alert. Name each in its decorator, @OnStatistic({ name: 'few orders', … }), or let ` +
        `the bundler keep class names (docs/bundling.md).`,
    );
  }

  private warnOfUnprovided(): void {
    const names = unprovidedAlerts(this.discovery, this.declared);
    if (names.length === 0) return;
    this.logger.warn(
      `@OnStatistic and @OnTracker have no effect on ${names.join(', ')}: no module of this application provides the class. ` +
        `Add it to the providers of a module. You can ignore this if another application of this process has it.`,
    );
  }

  private async checkTable(): Promise<void> {
    const { database } = this;
    if (!database.dataSource.hasMetadata(AlertState)) throw new MissingEntityError([AlertState.name], database.name);
    await checkTables(database, [AlertState]);
    await prepareAlertTable(database);
  }

  private context(): AlertContext {
    const { metrics, statistics, owners, objectTypes, trackers: registry, overview, history, leases, clock } = this;
    const runs = { registry, overview, history, leases, clock, startedAt: clock() };
    const labels = new ObjectLabels(this.options.alerts.label ?? null, this.logger);
    return { metrics, statistics, owners, labels, objectTypes, runs };
  }

  private async checked(context: AlertContext, declared: DeclaredAlert): Promise<Alert> {
    try {
      const alert = defineAlert(context, declared);
      for (const warning of await alert.watch.check()) this.logger.warn(`Alert ${alert.name}: ${warning}`);
      return alert;
    } catch (error) {
      // the errors of a metric, a period and an object do not say where they were given
      if (!(error instanceof TrackstatsError) || error instanceof InvalidAlertError) throw error;
      throw new InvalidAlertError(defaultAlertName(declared), error.message, error);
    }
  }
}
