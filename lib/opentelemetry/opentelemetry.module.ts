import { Module, type DynamicModule, type OnModuleInit } from '@nestjs/common';
import { ModuleRef } from '@nestjs/core';
import { requireProvider } from '../execution/optional-parts.js';
import { RunInterceptors } from '../execution/run-interceptors.js';
import { TrackerEvents } from '../execution/tracker-events.js';
import { IncrementInterceptors } from '../statistics/index.js';
import {
  openTelemetryApi,
  PART,
  resolveOpenTelemetryOptions,
  type ResolvedOpenTelemetryOptions,
  type TrackstatsOpenTelemetryOptions,
} from './opentelemetry.options.js';
import { IncrementSpans } from './increment-spans.js';
import { RunSpans } from './run-spans.js';

/**
 * Traces runs and increments with OpenTelemetry: one span for each attempt of a run, and one for each batch of
 * increments. Your application sets up the SDK and its exporter.
 *
 * @example
 * ```ts
 * @Module({ imports: [TrackstatsModule.forRoot(), TrackstatsOpenTelemetryModule.forRoot()] })
 * export class AppModule {}
 * ```
 */
@Module({})
export class TrackstatsOpenTelemetryModule {
  /**
   * Traces the runs and increments of the application.
   *
   * @throws MissingPackageError without @opentelemetry/api; InvalidPartOptionError
   * @throws at start: MissingModuleError if the application has no TrackstatsModule
   * @example TrackstatsOpenTelemetryModule.forRoot({ recordExceptions: false })
   */
  static forRoot(options: TrackstatsOpenTelemetryOptions = {}): DynamicModule {
    openTelemetryApi();
    const resolved = resolveOpenTelemetryOptions(options);
    return {
      module: TrackstatsOpenTelemetryModule,
      providers: [
        {
          provide: OpenTelemetryLifecycle,
          useFactory: (moduleRef: ModuleRef) => new OpenTelemetryLifecycle(moduleRef, resolved),
          inject: [ModuleRef],
        },
      ],
    };
  }
}

/** Traces the runs and increments of one application. Nothing ends it, because a run that a shutdown cancels ends late. */
export class OpenTelemetryLifecycle implements OnModuleInit {
  constructor(
    private readonly moduleRef: ModuleRef,
    private readonly options: ResolvedOpenTelemetryOptions,
  ) {}

  /** Before the first tracker runs. */
  onModuleInit(): void {
    const interceptors = requireProvider(this.moduleRef, RunInterceptors, PART);
    const events = requireProvider(this.moduleRef, TrackerEvents, PART);
    const increments = requireProvider(this.moduleRef, IncrementInterceptors, PART);
    const spans = new RunSpans(openTelemetryApi(), this.options);
    increments.use(new IncrementSpans(openTelemetryApi(), this.options));
    interceptors.add((run, work) => spans.during(run, work));
    events.on('finished', (event) => {
      spans.end(event);
    });
    events.on('failed', (event) => {
      spans.end(event);
    });
  }
}
