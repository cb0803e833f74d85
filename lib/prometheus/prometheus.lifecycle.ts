import type { OnApplicationShutdown, OnModuleInit } from '@nestjs/common';
import type { ModuleRef } from '@nestjs/core';
import { requireProvider } from '../execution/optional-parts.js';
import { TrackerEvents } from '../execution/tracker-events.js';
import { TrackerService } from '../execution/tracker.service.js';
import { TRACKSTATS_CLOCK, type Clock } from '../trackstats.tokens.js';
import type { ResolvedPrometheusOptions } from './prometheus.options.js';
import { feedMetrics } from './shared-metrics.js';

const PART = 'TrackstatsPrometheusModule';

/** Feeds the metrics while the application is there. */
export class PrometheusLifecycle implements OnModuleInit, OnApplicationShutdown {
  private end = (): void => undefined;

  constructor(
    private readonly moduleRef: ModuleRef,
    private readonly options: ResolvedPrometheusOptions,
  ) {}

  /** Before the first tracker runs. */
  onModuleInit(): void {
    const trackers = requireProvider(this.moduleRef, TrackerService, PART);
    const clock = requireProvider<Clock>(this.moduleRef, TRACKSTATS_CLOCK, PART);
    const events = requireProvider(this.moduleRef, TrackerEvents, PART);
    this.end = feedMetrics(this.options, events, async () => ({ now: clock(), infos: await trackers.list() }));
  }

  /** When the last run has ended. */
  onApplicationShutdown(): void {
    this.end();
  }
}
