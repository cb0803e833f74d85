import { jest } from '@jest/globals';
import { Injectable } from '@nestjs/common';
import { Test, type TestingModule } from '@nestjs/testing';
import * as api from '@opentelemetry/api';
import { context, propagation, ROOT_CONTEXT, SpanStatusCode, trace, type Tracer } from '@opentelemetry/api';
import { AsyncLocalStorageContextManager } from '@opentelemetry/context-async-hooks';
import {
  BasicTracerProvider,
  InMemorySpanExporter,
  SimpleSpanProcessor,
  type ReadableSpan,
} from '@opentelemetry/sdk-trace-base';
import {
  defineDomain,
  defineMetric,
  LeaseLostError,
  type MixedWritesError,
  StatisticService,
  Track,
  TrackerService,
  type TrackContext,
} from 'nestjs-trackstats';
import {
  InvalidPartOptionError,
  MissingModuleError,
  TrackstatsOpenTelemetryModule,
  type TrackstatsOpenTelemetryOptions,
} from 'nestjs-trackstats/opentelemetry';
import { DataSource } from 'typeorm';
import { TrackerWorker } from '../../lib/execution/tracker.worker.js';
import { IncrementSpans } from '../../lib/opentelemetry/increment-spans.js';
import { NothingWritten } from '../../lib/statistics/index.js';
import { TrackerRegistry } from '../../lib/tracking/definition/tracker.registry.js';
import { closeApplications, QUIET, start } from '../module/application.js';
import { gate } from '../support/gate.js';

const SHOP = defineDomain({ ref: 'shop' });
const VISITS = defineMetric({ domain: SHOP, ref: 'visits' });
const VIEWS = defineMetric({ domain: SHOP, ref: 'views' });
const SLOT = new Date('2026-10-31T11:45:00Z');

let visits: (context: TrackContext) => number | Promise<number> = () => 1;

@Injectable()
class Counters {
  @Track({ metric: VISITS, every: '15 minutes', name: 'visits', retries: 2 })
  visits(context: TrackContext): number | Promise<number> {
    return visits(context);
  }
}

const exporter = new InMemorySpanExporter();
const provider = new BasicTracerProvider({ spanProcessors: [new SimpleSpanProcessor(exporter)] });
const contexts = new AsyncLocalStorageContextManager();

beforeAll(() => {
  trace.setGlobalTracerProvider(provider);
  context.setGlobalContextManager(contexts);
});
afterAll(() => {
  trace.disable();
  context.disable();
});
beforeEach(() => {
  visits = () => 1;
  exporter.reset();
});
afterEach(closeApplications);

function shop(options: TrackstatsOpenTelemetryOptions = {}): Promise<TestingModule> {
  return start({
    providers: [Counters],
    imports: [TrackstatsOpenTelemetryModule.forRoot(options)],
    trackstats: { scheduling: { enabled: false, retryDelay: 1 } },
  });
}

/** Runs the tracker for a slot, with retries, as the scheduler does. */
function runSlot(module: TestingModule): Promise<unknown> {
  const tracker = module.get(TrackerRegistry, { strict: false }).get('visits', 'test');
  return module.get(TrackerWorker, { strict: false }).runScheduled(tracker, { slot: SLOT, nextSlot: null });
}

/** The spans of runs that have ended, or others by their name. */
function spans(wanted = 'trackstats.run'): ReadableSpan[] {
  return exporter.getFinishedSpans().filter(({ name }) => name === wanted);
}

describe('the span of a run', () => {
  it('says which tracker ran, for which slot, and what it wrote', async () => {
    const before = Date.now();
    await runSlot(await shop());
    const [span, ...others] = spans();
    expect(others).toEqual([]);
    expect(span).toMatchObject({
      instrumentationScope: { name: 'nestjs-trackstats' },
      status: { code: SpanStatusCode.UNSET },
      links: [],
      events: [],
      ended: true,
    });
    expect(span!.attributes).toEqual({
      'trackstats.tracker': 'visits',
      'trackstats.run.id': 1,
      'trackstats.run.attempt': 1,
      'trackstats.run.slot': SLOT.toISOString(),
      'trackstats.run.outcome': 'succeeded',
      'trackstats.run.from': '2026-10-31',
      'trackstats.run.through': '2026-10-31',
      'trackstats.run.rows_written': 1,
      'trackstats.run.rows_removed': 0,
    });
    const [begun, ended] = [milliseconds(span!.startTime), milliseconds(span!.endTime)];
    expect(begun).toBeGreaterThanOrEqual(before);
    expect(ended).toBeGreaterThanOrEqual(begun);
    expect(ended).toBeLessThanOrEqual(Date.now() + 1);
  });

  it('is active while the run works, and a child of the span that called run', async () => {
    const module = await shop();
    const tracer = trace.getTracer('shop');
    visits = async () => {
      await Promise.resolve();
      tracer.startSpan('query').end();
      return 1;
    };
    const request = tracer.startSpan('request');
    await context.with(trace.setSpan(ROOT_CONTEXT, request), () => module.get(TrackerService).run('visits'));
    const [run] = spans();
    const query = exporter.getFinishedSpans().find(({ name }) => name === 'query');
    expect(query?.parentSpanContext?.spanId).toBe(run?.spanContext().spanId);
    expect(run?.parentSpanContext?.spanId).toBe(request.spanContext().spanId);
    expect(run?.attributes).not.toHaveProperty(['trackstats.run.slot']);
  });

  it('of a schedule is a root, whatever was active when its timer was set', async () => {
    const module = await shop();
    let baggage: unknown = 'not run';
    visits = () => {
      baggage = propagation.getActiveBaggage();
      return 1;
    };
    const stranger = propagation.setBaggage(
      trace.setSpan(ROOT_CONTEXT, trace.getTracer('shop').startSpan('request')),
      propagation.createBaggage({ user: { value: 'anna' } }),
    );
    await context.with(stranger, () => runSlot(module));
    expect(spans()[0]?.parentSpanContext).toBeUndefined();
    expect(baggage).toBeUndefined();
  });

  it('has the code of the error with which the run failed, and the exception', async () => {
    const module = await shop();
    visits = () => NaN;
    await expect(module.get(TrackerService).run('visits')).rejects.toThrow();
    const error = await module
      .get(TrackerService)
      .run('visits')
      .catch((thrown: unknown) => thrown as Error & { code: string });
    const [span] = spans();
    expect(error).toMatchObject({ code: expect.stringMatching(/^TRACKSTATS_/) as string });
    const { code, message } = error as Error & { code: string };
    expect(span).toMatchObject({
      status: { code: SpanStatusCode.ERROR, message: code },
      attributes: { 'error.type': code, 'trackstats.run.outcome': 'failed' },
      events: [{ name: 'exception', attributes: { 'exception.message': message } }],
    });
  });

  it('leaves out the exception if it is told to', async () => {
    const module = await shop({ recordExceptions: false });
    visits = () => {
      throw new TypeError('secret of customer 42');
    };
    await expect(module.get(TrackerService).run('visits')).rejects.toThrow('secret');
    expect(spans()).toMatchObject([{ events: [], attributes: { 'error.type': 'TypeError' } }]);
    expect(JSON.stringify([spans()[0]!.attributes, spans()[0]!.status])).not.toContain('secret');
  });

  it.each([
    ['an Error', new Error('no answer'), 'Error'],
    ['no Error', 'no answer' as unknown as Error, '_OTHER'],
  ])('of a run that threw %s is an error', async (_, thrown, type) => {
    const module = await shop();
    visits = () => Promise.reject(thrown);
    await expect(module.get(TrackerService).run('visits')).rejects.toBeDefined();
    expect(spans()).toMatchObject([
      {
        attributes: { 'error.type': type },
        status: { code: SpanStatusCode.ERROR, message: type },
        events: [{ name: 'exception', attributes: { 'exception.message': 'no answer' } }],
      },
    ]);
  });

  it('of a retry links to the attempt before', async () => {
    const module = await shop();
    let calls = 0;
    visits = () => {
      if (++calls < 3) throw new Error('no answer');
      return 1;
    };
    await runSlot(module);
    const [first, second, third] = spans();
    expect(spans().map(({ attributes }) => attributes['trackstats.run.outcome'])).toEqual([
      'retried',
      'retried',
      'succeeded',
    ]);
    expect(spans().map(({ attributes }) => attributes['trackstats.run.attempt'])).toEqual([1, 2, 3]);
    expect(first!.links).toEqual([]);
    expect(second!.links).toMatchObject([{ context: { spanId: first!.spanContext().spanId } }]);
    expect(third!.links).toMatchObject([{ context: { spanId: second!.spanContext().spanId } }]);
    await module.get(TrackerService).run('visits');
    expect(spans()[3]!.links).toEqual([]);
  });

  it('ends when the run is cancelled, which is no error', async () => {
    const module = await shop();
    const abort = new AbortController();
    visits = ({ signal }) => {
      abort.abort();
      signal.throwIfAborted();
      return 1;
    };
    await expect(module.get(TrackerService).run('visits', { signal: abort.signal })).rejects.toThrow();
    expect(spans()).toMatchObject([
      { attributes: { 'trackstats.run.outcome': 'cancelled' }, status: { code: SpanStatusCode.UNSET }, events: [] },
    ]);
  });

  it('ends when another process takes the run over', async () => {
    const module = await shop();
    visits = () => {
      throw new LeaseLostError('visits');
    };
    await expect(module.get(TrackerService).run('visits')).rejects.toThrow(LeaseLostError);
    expect(spans()).toMatchObject([
      {
        attributes: { 'trackstats.run.outcome': 'lost', 'error.type': new LeaseLostError('visits').code },
        status: { code: SpanStatusCode.ERROR },
        ended: true,
      },
    ]);
  });

  it('is missing if the run is skipped', async () => {
    const module = await shop();
    const [{ opened, open }, began] = [gate(), gate()];
    visits = async () => {
      began.open();
      await opened;
      return 1;
    };
    const first = runSlot(module);
    await began.opened;
    expect(await runSlot(module)).toMatchObject({ kind: 'skipped', reason: 'busy' });
    open();
    await first;
    expect(await runSlot(module)).toMatchObject({ kind: 'skipped', reason: 'done' });
    expect(spans()).toHaveLength(1);
  });
});

describe('the span of increments', () => {
  const ORDERS = defineMetric({ domain: SHOP, ref: 'orders' });

  /** Makes calls within a span of their own. */
  async function request(calls: () => Promise<unknown>): Promise<string> {
    const span = trace.getTracer('shop').startSpan('request');
    await context.with(trace.setSpan(ROOT_CONTEXT, span), calls);
    return span.spanContext().spanId;
  }

  it('is a child of the span that made all of its calls, and says of which metrics they are', async () => {
    const statistics = (await shop()).get(StatisticService);
    const caller = await request(() =>
      Promise.all([ORDERS, VIEWS, ORDERS].map((metric) => statistics.increment({ metric }))),
    );
    expect(spans('trackstats.increment')).toMatchObject([
      {
        attributes: { 'trackstats.increment.calls': 3, 'trackstats.increment.metrics': ['shop/orders', 'shop/views'] },
        links: [],
        parentSpanContext: { spanId: caller },
        status: { code: SpanStatusCode.UNSET },
      },
    ]);
  });

  it('links to the spans of its calls if there are several, also of a batch that waited for another one', async () => {
    const statistics = (await shop()).get(StatisticService);
    const [first, second, third] = await Promise.all([
      request(() => statistics.increment({ metric: ORDERS })),
      request(() => statistics.increment({ metric: ORDERS })),
      request(async () => {
        await Promise.resolve().then(() => undefined);
        await statistics.increment({ metric: ORDERS });
      }),
      statistics.increment({ metric: ORDERS }),
    ]);
    const [together, later] = spans('trackstats.increment');
    expect(together?.parentSpanContext).toBeUndefined();
    expect(together?.links.map((link) => link.context.spanId)).toEqual([first, second]);
    expect(together?.attributes['trackstats.increment.calls']).toBe(3);
    expect(later).toMatchObject({ parentSpanContext: { spanId: third }, links: [] });
  });

  it('is active while its batch is written, in the transaction of the application too', async () => {
    const module = await shop();
    const [statistics, dataSource] = [module.get(StatisticService), module.get(DataSource)];
    await statistics.increment({ metric: ORDERS });
    exporter.reset();
    const active: (string | undefined)[] = [];
    jest.spyOn(dataSource.logger, 'logQuery').mockImplementation((text) => {
      if (text.includes('INSERT')) active.push(trace.getActiveSpan()?.spanContext().spanId);
    });
    await statistics.increment({ metric: ORDERS });
    const caller = await request(() =>
      dataSource.transaction((manager) => statistics.increment({ metric: ORDERS, manager })),
    );
    jest.restoreAllMocks();
    const [alone, within] = spans('trackstats.increment');
    expect(new Set(active)).toEqual(new Set([alone, within].map((span) => span?.spanContext().spanId)));
    expect(within?.parentSpanContext?.spanId).toBe(caller);
  });

  it('counts what was refused, and has the error with which nothing was written', async () => {
    const module = await shop();
    const statistics = module.get(StatisticService);
    await statistics.record({ metric: VIEWS, value: 1 });
    const settled = await Promise.allSettled([
      statistics.increment({ metric: ORDERS }),
      statistics.increment({ metric: VIEWS }),
    ]);
    expect(settled.map(({ status }) => status)).toEqual(['fulfilled', 'rejected']);
    expect(spans('trackstats.increment')).toMatchObject([
      { attributes: { 'trackstats.increment.calls': 2, 'trackstats.increment.refused': 1 }, events: [] },
    ]);
    exporter.reset();
    const { code } = (await module
      .get(DataSource)
      .transaction((manager) => statistics.increment({ metric: VIEWS, manager }))
      .catch((error: unknown) => error)) as MixedWritesError;
    expect(code).toBe('TRACKSTATS_MIXED_WRITES');
    expect(spans('trackstats.increment')).toMatchObject([
      {
        attributes: { 'error.type': code },
        status: { code: SpanStatusCode.ERROR, message: code },
        events: [{ name: 'exception' }],
      },
    ]);
  });

  it('has the error of the database with which a batch was refused', async () => {
    const incrementSpans = new IncrementSpans(api, { tracer: undefined, recordExceptions: true });
    const refused = new NothingWritten(new TypeError('refused'));
    const batch = { metrics: ['shop/orders'], callers: [ROOT_CONTEXT] };
    await expect(incrementSpans.during(batch, () => Promise.reject(refused))).rejects.toBe(refused);
    expect(spans('trackstats.increment')).toMatchObject([
      {
        attributes: { 'error.type': 'TypeError' },
        events: [{ name: 'exception', attributes: { 'exception.message': 'refused' } }],
      },
    ]);
  });
});

describe('TrackstatsOpenTelemetryModule', () => {
  it('keeps the spans of two applications apart, whose runs have the same ids', async () => {
    const own = new InMemorySpanExporter();
    const ownProvider = new BasicTracerProvider({ spanProcessors: [new SimpleSpanProcessor(own)] });
    const [first, second] = [await shop(), await shop({ tracer: ownProvider.getTracer('own') })];
    const [{ opened, open }, began] = [gate(), gate()];
    visits = async () => {
      began.open();
      await opened;
      return 1;
    };
    const run = first.get(TrackerService).run('visits');
    await began.opened;
    visits = () => {
      throw new Error('no answer');
    };
    await expect(second.get(TrackerService).run('visits')).rejects.toThrow('no answer');
    open();
    await run;
    expect(spans().map(({ attributes }) => attributes['trackstats.run.outcome'])).toEqual(['succeeded']);
    expect(own.getFinishedSpans().map(({ attributes }) => attributes['trackstats.run.outcome'])).toEqual(['failed']);
    expect(own.getFinishedSpans()[0]?.attributes['trackstats.run.id']).toBe(
      spans()[0]?.attributes['trackstats.run.id'],
    );
  });

  it('works without an SDK, and makes no spans then', async () => {
    trace.disable();
    context.disable();
    try {
      expect(await (await shop()).get(TrackerService).run('visits')).toMatchObject({ written: 1 });
      expect(spans()).toEqual([]);
    } finally {
      trace.setGlobalTracerProvider(provider);
      context.setGlobalContextManager(contexts);
    }
  });

  it.each([
    ['a tracer that is none', { tracer: {} as Tracer }, /tracer is .* Expected a Tracer of OpenTelemetry/],
    ['a flag that is none', { recordExceptions: 'no' as never }, /recordExceptions is "no"/],
    ['an unknown option', { tracers: 1 } as never, /tracers/],
  ])('refuses %s', (_, options: TrackstatsOpenTelemetryOptions, message) => {
    expect(() => TrackstatsOpenTelemetryModule.forRoot(options)).toThrow(InvalidPartOptionError);
    expect(() => TrackstatsOpenTelemetryModule.forRoot(options)).toThrow(message);
  });

  it('says what is missing', async () => {
    const compiled = await Test.createTestingModule({ imports: [TrackstatsOpenTelemetryModule.forRoot()] })
      .setLogger(QUIET)
      .compile();
    await expect(compiled.init()).rejects.toThrow(MissingModuleError);
  });
});

function milliseconds([seconds, nanoseconds]: readonly [number, number]): number {
  return seconds * 1000 + nanoseconds / 1e6;
}
