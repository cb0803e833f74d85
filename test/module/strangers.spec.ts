import { Injectable, Module, type ModuleMetadata } from '@nestjs/common';
import { EventEmitter2, EventEmitterModule, OnEvent } from '@nestjs/event-emitter';
import { Test, type TestingModule, type TestingModuleBuilder } from '@nestjs/testing';
import {
  CountObjectsByDateTracker,
  defineDomain,
  defineMetric,
  Period,
  Track,
  TrackerService,
  type TrackerEvent,
} from 'nestjs-trackstats';
import { TrackstatsDashboardModule } from 'nestjs-trackstats/dashboard';
import { TrackstatsHealthModule } from 'nestjs-trackstats/health';
import { TrackstatsHttpModule } from 'nestjs-trackstats/http';
import { TrackstatsOpenTelemetryModule } from 'nestjs-trackstats/opentelemetry';
import { TrackstatsPrometheusModule } from 'nestjs-trackstats/prometheus';
import { TrackstatsTransferModule } from 'nestjs-trackstats/transfer';
import { DataSource } from 'typeorm';
import { DashboardFiles } from '../../lib/dashboard/dashboard.files.js';
import { metadataOf, Order, QUIET } from './application.js';

const SHOP = defineDomain({ ref: 'shop' });
const ORDERS = defineMetric({ domain: SHOP, ref: 'orders' });

@Track({ metric: ORDERS, source: Order, dateField: 'createdAt', period: Period.DAY })
class Orders extends CountObjectsByDateTracker {}

/** Listens as an application does. */
@Injectable()
class Listener {
  readonly heard: TrackerEvent['type'][] = [];

  @OnEvent('trackstats.run.*')
  hear(event: TrackerEvent): void {
    this.heard.push(event.type);
  }
}

const running: TestingModule[] = [];

async function startWith(
  { providers = [], imports = [] }: Pick<ModuleMetadata, 'providers' | 'imports'>,
  change: (builder: TestingModuleBuilder) => TestingModuleBuilder = (builder) => builder,
): Promise<TestingModule> {
  @Module(metadataOf({ providers: [...providers, Orders, Listener], imports }))
  class ShopModule {}
  const builder = Test.createTestingModule({ imports: [ShopModule] }).setLogger(QUIET);
  const module = await change(builder).compile();
  running.push(module);
  const app = module.createNestApplication();
  await app.init();
  return module;
}

/** Runs the one tracker, and what was heard of it by then. */
async function run(module: TestingModule): Promise<TrackerEvent['type'][]> {
  await module.get(TrackerService).run(Orders);
  return module.get(Listener, { strict: false }).heard;
}

afterEach(async () => {
  for (const module of running.splice(0)) await module.close();
});

describe('providers of the application that are not ours', () => {
  /** what the library touched */
  const touched: string[] = [];
  beforeEach(() => {
    touched.length = 0;
  });

  /** A proxy that throws for whatever the library asks it, and lets Nest have what it asks. */
  function forbidden(): object {
    const traps = Object.getOwnPropertyNames(Reflect).filter((trap) => trap !== 'constructor');
    return new Proxy(
      {},
      Object.fromEntries(
        traps.map((trap) => [
          trap,
          (...given: unknown[]): unknown => {
            if (isOurs()) {
              touched.push(`${trap} ${String(given[1])}`);
              throw new Error(`${trap} ${String(given[1])} of a provider that is not ours`);
            }
            return (Reflect as unknown as Record<string, (...all: unknown[]) => unknown>)[trap]!(...given);
          },
        ]),
      ),
    );
  }

  /** Whether code of the library is on the way here, called by Nest or by itself. */
  function isOurs(): boolean {
    return /[\\/]lib[\\/][a-z-]+[\\/.]/.test((new Error().stack ?? '').replaceAll(/.*node_modules.*/g, ''));
  }

  /** An object whose properties throw when the library reads them. */
  function throwing(): object {
    const getter = {
      get: (): unknown => {
        if (!isOurs()) return undefined;
        touched.push('a getter');
        throw new Error('a getter of a provider that is not ours');
      },
    };
    const names = ['constructor', 'emit', 'emitAsync', 'onAny', 'waitFor', '@instanceof', 'options', 'entityMetadatas'];
    return Object.defineProperties({}, Object.fromEntries(names.map((name) => [name, getter])));
  }

  /** As @golevelup/ts-jest's createMock: it answers every property, each with a function. */
  function answering(): { mock: object; calls: unknown[] } {
    const calls: unknown[] = [];
    const mock = new Proxy(
      {},
      {
        get: (_target, key) => {
          const isOfNest = typeof key === 'symbol' || /^(then|on[A-Z].*|beforeApplicationShutdown)$/.test(key);
          return isOfNest && key !== 'onAny' ? undefined : (...given: unknown[]) => void calls.push([key, ...given]);
        },
        has: () => true,
      },
    );
    return { mock, calls };
  }

  const surfaces = (): NonNullable<ModuleMetadata['imports']> => [
    TrackstatsHttpModule.forRoot({ public: true }),
    TrackstatsDashboardModule.forRoot({ public: true, path: 'page' }),
    TrackstatsHealthModule,
    TrackstatsOpenTelemetryModule.forRoot(),
    TrackstatsPrometheusModule.forRoot(),
    TrackstatsTransferModule,
  ];
  const files = { hash: '', modules: [], find: () => null };

  it('are asked nothing, by no part of the library', async () => {
    class Made {}
    const providers = [
      { provide: 'proxy', useValue: forbidden() },
      { provide: 'FooDataSource', useValue: forbidden() },
      { provide: 'made', useFactory: () => forbidden() },
      { provide: Made, useFactory: () => Object.create(forbidden()) as object },
      { provide: 'getters', useValue: throwing() },
      { provide: 'from getters', useFactory: () => Object.create(throwing()) as object },
      {
        provide: 'class',
        useValue: class {
          static get prototypes(): never {
            throw new Error('static');
          }
        },
      },
      { provide: 'nothing', useValue: null },
      { provide: 'undefined', useFactory: () => undefined },
      { provide: 'text', useValue: 'text' },
      { provide: 'bare', useValue: Object.create(null) as object },
    ];
    const imports = [...surfaces(), EventEmitterModule.forRoot({ wildcard: true })];
    const module = await startWith({ providers, imports }, (builder) =>
      builder.overrideProvider(DashboardFiles).useValue(files),
    );
    expect(await run(module)).toEqual(['started', 'finished']);
    expect(touched).toEqual([]);
  });

  it('get no events, the emitter of the application does', async () => {
    const { mock, calls } = answering();
    class Bus {}
    const providers = [
      { provide: 'a mock', useValue: mock },
      { provide: Bus, useValue: mock },
    ];
    const module = await startWith({ providers, imports: [EventEmitterModule.forRoot({ wildcard: true })] });
    expect(await run(module)).toEqual(['started', 'finished']);
    expect(calls).toEqual([]);
  });

  it('unless a test puts them in the place of the emitter', async () => {
    const emitted: unknown[] = [];
    const module = await startWith({ imports: [EventEmitterModule.forRoot()] }, (builder) =>
      builder.overrideProvider(EventEmitter2).useValue({
        on: () => undefined,
        removeAllListeners: () => undefined,
        emit: (event: string) => void emitted.push(event),
      }),
    );
    await run(module);
    expect(emitted).toEqual(['trackstats.run.started', 'trackstats.run.finished']);
  });

  it('are not taken for data sources, whatever they answer', async () => {
    const { mock } = answering();
    const lookalike = new Proxy(mock, { getPrototypeOf: () => DataSource.prototype });
    const providers = [
      { provide: 'elsewhereDataSource', useValue: lookalike },
      { provide: 'ARCHIVE', useValue: lookalike },
    ];
    expect(await run(await startWith({ providers }))).toEqual([]);
    expect(await running[0]!.get(TrackerService).list()).toHaveLength(1);
  });
});
