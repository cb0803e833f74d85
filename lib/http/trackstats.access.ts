import { Inject, Injectable, type InjectionToken, type OnModuleInit } from '@nestjs/common';
import { ModuleRef } from '@nestjs/core';
import { AlertService } from '../alerts/alert.service.js';
import { MetricService } from '../catalog/index.js';
import { Database } from '../database/database.js';
import { requireProvider } from '../execution/optional-parts.js';
import { RunHistory } from '../execution/run-history.js';
import { TrackerService } from '../execution/tracker.service.js';
import type { Work } from '../database/work.js';
import {
  type LiveCall,
  type LiveSource,
  ObjectTypes,
  readLive,
  type StatisticContext,
  StatisticOwners,
  StatisticService,
} from '../statistics/index.js';
import { LiveReader } from '../tracking/live/live.reader.js';
import { TrackerRegistry } from '../tracking/definition/tracker.registry.js';
import { resolveOptions, type TrackstatsModuleOptions } from '../trackstats.options.js';
import { TRACKSTATS_CLOCK, TRACKSTATS_OPTIONS, type Clock } from '../trackstats.tokens.js';

/**
 * Gives the interface access to TrackstatsModule. It looks providers up when the application starts and does not inject
 * them. So that module need not be global, and the error names it if it is missing.
 */
@Injectable()
export class TrackstatsAccess implements OnModuleInit {
  statistics!: StatisticService;
  metrics!: MetricService;
  trackers!: TrackerService;
  alerts!: AlertService;
  context!: StatisticContext;
  clock!: Clock;
  registry!: TrackerRegistry;
  history!: RunHistory;
  /** the start of this process: a tracker that never ran is late from then on */
  startedAt!: Date;
  live!: LiveSource;

  constructor(@Inject(ModuleRef) private readonly moduleRef: ModuleRef) {}

  /** @throws MissingModuleError */
  onModuleInit(): void {
    this.statistics = this.find(StatisticService);
    this.metrics = this.find(MetricService);
    this.trackers = this.find(TrackerService);
    this.alerts = this.find(AlertService);
    this.registry = this.find(TrackerRegistry);
    this.live = this.find(LiveReader);
    this.clock = this.find(TRACKSTATS_CLOCK);
    this.history = this.find(RunHistory);
    this.startedAt = this.clock();
    this.context = {
      database: this.find(Database),
      objectTypes: this.find(ObjectTypes),
      owners: this.find(StatisticOwners),
      options: resolveOptions(this.find<TrackstatsModuleOptions>(TRACKSTATS_OPTIONS)),
    };
  }

  /**
   * Reads stored statistics, or with `isLive` the open dates as they are now.
   *
   * @param asked `inSnapshot`: all statements of the read see the same state. Those of a live read always do
   */
  read<T>(
    { isLive, inSnapshot = false, ...asked }: LiveCall & { readonly isLive: boolean; readonly inSnapshot?: boolean },
    now: Date,
    work: (context: StatisticContext, filter: LiveCall['filter']) => Work<T>,
  ): Promise<T> {
    if (isLive) return readLive(this.context, this.live, asked, now, work);
    const stored = (): Work<T> => work(this.context, asked.filter);
    const { database } = this.context;
    return inSnapshot ? database.snapshot(stored) : database.read(stored);
  }

  private find<T>(token: InjectionToken<T>): T {
    return requireProvider(this.moduleRef, token, 'TrackstatsHttpModule');
  }
}
