import type { Context, Link, Span, Tracer } from '@opentelemetry/api';
import { type IncrementInterceptor, type InterceptedBatch, NothingWritten } from '../statistics/index.js';
import type { OpenTelemetryApi, ResolvedOpenTelemetryOptions } from './opentelemetry.options.js';
import { setError } from './span-error.js';

type Outcomes = Awaited<ReturnType<IncrementInterceptor['during']>>;

/** The spans of the batches in which increments are written. */
export class IncrementSpans implements IncrementInterceptor {
  private readonly tracer: Tracer;

  constructor(
    private readonly api: OpenTelemetryApi,
    private readonly options: ResolvedOpenTelemetryOptions,
  ) {
    this.tracer = options.tracer ?? api.trace.getTracer('nestjs-trackstats');
  }

  enter(): Context {
    return this.api.context.active();
  }

  async during({ metrics, callers }: InterceptedBatch, write: () => Promise<Outcomes>): Promise<Outcomes> {
    const { parent, links } = this.callersOf(callers as readonly Context[]);
    const attributes = { 'trackstats.increment.calls': callers.length, 'trackstats.increment.metrics': [...metrics] };
    const span = this.tracer.startSpan('trackstats.increment', { attributes, links }, parent);
    try {
      const outcomes = await this.api.context.with(this.api.trace.setSpan(parent, span), write);
      setRefused(span, outcomes);
      return outcomes;
    } catch (error) {
      setError(this.api, this.options, span, error instanceof NothingWritten ? error.cause : error);
      throw error;
    } finally {
      span.end();
    }
  }

  /** Calls of one span are its child. Those of several are linked: a span has one parent. */
  private callersOf(callers: readonly Context[]): { parent: Context; links: Link[] } {
    const { trace, ROOT_CONTEXT } = this.api;
    const bySpan = new Map(callers.map((caller) => [trace.getSpanContext(caller)?.spanId, caller]));
    const [only, ...others] = bySpan.values();
    if (only !== undefined && others.length === 0) return { parent: only, links: [] };
    const spanContexts = [...bySpan.values()].map((caller) => trace.getSpanContext(caller));
    return {
      parent: ROOT_CONTEXT,
      links: spanContexts.flatMap((context) => (context === undefined ? [] : [{ context }])),
    };
  }
}

function setRefused(span: Span, outcomes: Outcomes): void {
  const refused = outcomes.filter((problem) => problem !== null).length;
  if (refused > 0) span.setAttribute('trackstats.increment.refused', refused);
}
