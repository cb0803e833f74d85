import type { Link, Span, SpanContext, Tracer } from '@opentelemetry/api';
import type { InterceptedRun } from '../execution/run-interceptors.js';
import { outcomeOf } from '../execution/run-outcome.js';
import type { RunEvent, TrackerEventOf } from '../execution/tracker-events.js';
import type { OpenTelemetryApi, ResolvedOpenTelemetryOptions } from './opentelemetry.options.js';
import { setError } from './span-error.js';

/** The attempt of a tracker that is retried next. */
interface FailedAttempt {
  readonly attempt: number;
  readonly slot: number | undefined;
  readonly spanContext: SpanContext;
}

/** The spans of the runs of one application. */
export class RunSpans {
  private readonly tracer: Tracer;
  /** by the run's id in the history */
  private readonly open = new Map<number, Span>();
  /** by tracker */
  private readonly retried = new Map<string, FailedAttempt>();

  constructor(
    private readonly api: OpenTelemetryApi,
    private readonly options: ResolvedOpenTelemetryOptions,
  ) {
    this.tracer = options.tracer ?? api.trace.getTracer('nestjs-trackstats');
  }

  /** Does the work of a run while its span is active. */
  during<T>(run: InterceptedRun, work: () => Promise<T>): Promise<T> {
    const { context, trace, ROOT_CONTEXT } = this.api;
    // a scheduled run belongs to no request, but its timer may have been set in one that registered the tracker
    const parent = run.slot === null ? context.active() : ROOT_CONTEXT;
    const span = this.tracer.startSpan(
      'trackstats.run',
      { startTime: run.begunAt, attributes: attributesOf(run), links: this.linksOf(run) },
      parent,
    );
    this.open.set(run.runId, span);
    return context.with(trace.setSpan(parent, span), work);
  }

  end(event: TrackerEventOf<'finished' | 'failed'>): void {
    const span = this.open.get(event.runId);
    if (span === undefined) return;
    this.open.delete(event.runId);
    span.setAttribute('trackstats.run.outcome', outcomeOf(event));
    if (event.type === 'finished') setResult(span, event);
    else this.setError(span, event);
    span.end();
  }

  private linksOf({ tracker, slot, attempt }: RunEvent): Link[] {
    const failed = this.retried.get(tracker);
    if (failed?.attempt !== attempt - 1 || failed.slot !== slot?.getTime()) return [];
    this.retried.delete(tracker);
    return [{ context: failed.spanContext }];
  }

  private setError(span: Span, event: TrackerEventOf<'failed'>): void {
    const { tracker, slot, attempt, error, willRetry } = event;
    if (willRetry) this.retried.set(tracker, { attempt, slot: slot?.getTime(), spanContext: span.spanContext() });
    // that a run was cancelled is nobody's error
    if (outcomeOf(event) === 'cancelled') return;
    setError(this.api, this.options, span, error);
  }
}

function attributesOf({ tracker, slot, runId, attempt }: RunEvent): Record<string, string | number> {
  return {
    'trackstats.tracker': tracker,
    'trackstats.run.id': runId,
    'trackstats.run.attempt': attempt,
    ...(slot === null ? {} : { 'trackstats.run.slot': slot.toISOString() }),
  };
}

function setResult(span: Span, { result }: TrackerEventOf<'finished'>): void {
  span.setAttributes({
    'trackstats.run.from': result.from,
    'trackstats.run.through': result.through,
    'trackstats.run.rows_written': result.written,
    'trackstats.run.rows_removed': result.removed,
  });
}
