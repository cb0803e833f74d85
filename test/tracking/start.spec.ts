import { Controller, Inject, Injectable, mixin, Module, Scope, type Type } from '@nestjs/common';
import { Test } from '@nestjs/testing';
import { TypeOrmModule } from '@nestjs/typeorm';
import {
  CountObjectsByDateAndObjectTracker,
  CountObjectsByDateTracker,
  defineDomain,
  defineMetric,
  MetricService,
  objectRef,
  ObjectsByDateTracker,
  Period,
  StatisticService,
  sum,
  Track,
  TrackerService,
  TrackstatsError,
} from 'nestjs-trackstats';
import { Column, DataSource, Entity, PrimaryGeneratedColumn, VirtualColumn } from 'typeorm';
import { minifiedNames } from '../../lib/tracking/definition/tracker.explorer.js';
import {
  closeApplications,
  Customer,
  MEMORY,
  metadataOf,
  NOW,
  Order,
  QUIET,
  start,
  type ApplicationOptions,
} from '../module/application.js';

const SHOP = defineDomain({ ref: 'shop' });
const metric = defineMetric({ domain: SHOP, ref: 'orders' });
const other = defineMetric({ domain: SHOP, ref: 'others' });
const options = { metric, source: Order, dateField: 'createdAt', period: Period.DAY } as const;

@Track(options)
class Orders extends CountObjectsByDateTracker {}

const EVERY_HOUR = { trackers: { Orders: { every: '1 hour' } } };

@Entity()
class Virtual {
  @PrimaryGeneratedColumn({ type: 'integer' })
  id!: number;

  @Column({ type: Date })
  createdAt!: Date;

  @VirtualColumn({ type: Date, query: () => 'SELECT MAX("createdAt") FROM "shop_order"' })
  latest!: Date;

  @VirtualColumn({ type: 'integer', query: () => 'SELECT COUNT(*) FROM "shop_order"' })
  count!: number;
}

/** Decorates as `@Track` does, whatever the types say. */
const track = Track as (options: object) => ClassDecorator & MethodDecorator;

function wrap(): MethodDecorator {
  return (_target, _key, descriptor: PropertyDescriptor) => {
    const method = descriptor.value as (...given: unknown[]) => unknown;
    return {
      ...descriptor,
      value: function (this: unknown, ...given: unknown[]) {
        return method.apply(this, given);
      },
    } as never;
  };
}

async function names(given: ApplicationOptions): Promise<string[]> {
  const module = await start(given);
  return (await module.get(TrackerService).list()).map(({ name }) => name);
}

async function refusal(...providers: NonNullable<ApplicationOptions['providers']>): Promise<TrackstatsError> {
  const error: unknown = await start({ providers, entities: [Order, Customer, Virtual] }).catch(
    (thrown: unknown) => thrown,
  );
  expect(error).toBeInstanceOf(TrackstatsError);
  return error as TrackstatsError;
}

afterEach(closeApplications);

/** What an application warns of when it starts. */
async function warnings(given: ApplicationOptions): Promise<string[]> {
  const warned: string[] = [];
  const logger = { ...QUIET, warn: (message: unknown) => void warned.push(String(message)) };
  const module = await Test.createTestingModule(metadataOf(given)).setLogger(logger).compile();
  await module.init();
  await module.close();
  return warned.filter((message) => message.startsWith('@Track'));
}

it('has its name before the errors of values that its options have', async () => {
  for (const wrong of [{ period: 'DAY' }, { timeZone: 'Mars' }, { metric: 'orders' }]) {
    class Mistaken extends CountObjectsByDateTracker {}
    track({ ...options, ...wrong })(Mistaken);
    await expect(start({ providers: [Mistaken] })).rejects.toThrow(/^Tracker Mistaken: (Invalid|Unknown) /);
  }
});

describe('names that look minified', () => {
  const named = (source: string) => {
    const type = new Function(`return ${source}`)() as Type; // eslint-disable-line @typescript-eslint/no-implied-eval -- as a bundler writes it
    return minifiedNames([{ type, method: null, instance: {}, module: '', options: {} }]);
  };

  it.each(['class e{}', 'class e extends Object{}', 'class Job extends Object{constructor(){super()}}'])(
    'are those of %s',
    (source) => {
      expect(named(source)).toHaveLength(1);
    },
  );

  it.each(['class Job extends Object {\n}', 'class Job {\n}', 'class Orders{}'])('are not those of %s', (source) => {
    expect(named(source)).toEqual([]);
  });
});

describe('a scheduled tracker that no module provides', () => {
  const every = '1 hour';

  it('is warned of, and no other', async () => {
    @Track({ ...options, every })
    class Forgotten extends CountObjectsByDateTracker {}
    class Parts {
      @Track({ metric: other, every })
      forgotten(): number {
        return 1;
      }

      @Track({ metric })
      byHand(): number {
        return 1;
      }
    }
    @Track({ ...options, every })
    class Provided extends CountObjectsByDateTracker {}
    @Track({ ...options, metric: other, every })
    class Replaced extends CountObjectsByDateTracker {}
    const Reloaded = class Provided extends CountObjectsByDateTracker {};
    track({ ...options, every })(Reloaded);
    expect([Forgotten, Parts, Reloaded]).toHaveLength(3);
    const providers = [Provided, { provide: Replaced, useValue: {} }];
    const [replaced, warning, ...others] = await warnings({ providers });
    expect(replaced).toMatch(/no effect on Replaced: an instance of Object is provided in its place/);
    expect(others).toEqual([]);
    expect(warning).toMatch(/no effect on .*Forgotten, Parts\.forgotten.*providers of a module/);
    expect(warning).not.toMatch(/Provided|Replaced|byHand|Orders\b/);
    expect(await warnings({ providers, trackstats: { scheduling: false } })).toEqual([]);
  });
});

describe('trackers are found', () => {
  it('among providers of every kind, and controllers', async () => {
    @Injectable()
    @Track({ ...options, metric: other })
    class Injected extends CountObjectsByDateTracker {}
    class Methods {
      @Track({ metric: defineMetric({ domain: SHOP, ref: 'm' }) })
      value(): number {
        return 1;
      }
    }
    @Controller('x')
    class Shop {
      @Track({ metric: defineMetric({ domain: SHOP, ref: 'c' }) })
      value(): number {
        return 1;
      }
    }
    const providers = [
      Orders,
      { provide: 'made', useFactory: () => new Injected() },
      { provide: 'value', useValue: new Methods() },
    ];
    expect(await names({ providers, controllers: [Shop] })).toEqual(
      expect.arrayContaining(['Orders', 'Injected', 'Methods.value', 'Shop.value']),
    );
  });

  it('in mixins that have names', async () => {
    const mixins = ['one', 'two'].map((name) =>
      mixin(tracker({ name, metric: defineMetric({ domain: SHOP, ref: name }) })),
    );
    expect(await names({ providers: mixins })).toEqual(['one', 'two']);
  });

  it('once, whatever aliases they have', async () => {
    expect(await names({ providers: [Orders, { provide: 'alias', useExisting: Orders }] })).toEqual(['Orders']);
  });

  it('in feature modules', async () => {
    @Module({ providers: [Orders] })
    class FeatureModule {}
    expect(await names({ imports: [FeatureModule] })).toEqual(['Orders']);
  });

  it('in the place of a tracker, where the class extends it and has no @Track of its own', async () => {
    class Faster extends Orders {}
    const module = await start({ providers: [{ provide: Orders, useClass: Faster }], trackstats: EVERY_HOUR });
    const [info] = await module.get(TrackerService).list();
    expect(info).toMatchObject({ name: 'Orders', schedule: { every: 3_600_000 } });
    expect(await module.get(TrackerService).run(Orders)).toMatchObject({ tracker: 'Orders' });
    await closeApplications();
    expect(await names({ providers: [{ provide: Orders, useFactory: () => new Faster() }] })).toEqual(['Orders']);
    await closeApplications();
    expect(await names({ providers: [{ provide: Orders, useValue: new Faster() }] })).toEqual(['Orders']);
  });

  it('on methods of base classes, as @Cron, unless they are overridden without it', async () => {
    abstract class Base {
      abstract readonly size: number;

      @Track({ metric, name: 'sizes', every: '1 hour' })
      sizes(): number {
        return this.size;
      }

      @Track({ metric: other, every: '1 hour' })
      others(): number {
        return 1;
      }
    }
    class Middle extends Base {
      readonly size: number = 3;
    }
    class Leaf extends Middle {
      override readonly size = 4;

      override others(): number {
        return 2;
      }
    }
    const module = await start({ providers: [Leaf], trackstats: { scheduling: false } });
    const trackers = module.get(TrackerService);
    expect((await trackers.list()).map(({ name }) => name)).toEqual(['sizes']);
    await trackers.run([Leaf, 'sizes']);
    expect(await module.get(StatisticService).value({ metric })).toBe(4);
    const [warning, unprovided] = await warnings({ providers: [Leaf] });
    expect(warning).toMatch(/no effect on Leaf\.others: it overrides a method with @Track/);
    expect(unprovided).not.toMatch(/Base/);
    const error = await refusal(Middle, { provide: 'two', useClass: Leaf });
    expect(error.code).toBe('TRACKSTATS_DUPLICATE_TRACKER');
  });

  it.each<[string, object]>([
    ['another class', { useClass: class Other {} }],
    ['a value', { useValue: { run: () => 1 } }],
    ['a stub of its prototype', { useFactory: () => Object.create(Orders.prototype) as object }],
    ['a mock that answers every property', { useValue: new Proxy({}, { get: () => undefined, has: () => true }) }],
  ])('replaced by %s, and said so, whatever the options say of them', async (_, by) => {
    const given = { providers: [{ provide: Orders, ...by } as never], trackstats: EVERY_HOUR };
    expect(await names(given)).toEqual([]);
    const [warning, unprovided] = await warnings(given);
    expect(warning).toMatch(/no effect on Orders: .* in its place/);
    expect(unprovided).not.toMatch(/Orders/);
  });

  it('replaced in a test, beside the option trackers', async () => {
    const module = await Test.createTestingModule(metadataOf({ providers: [Orders], trackstats: EVERY_HOUR }))
      .overrideProvider(Orders)
      .useValue({})
      .setLogger(QUIET)
      .compile();
    await module.init();
    expect(await module.get(TrackerService).list()).toEqual([]);
    await module.close();
  });

  it('on the class that has @Track, not on those that extend it', async () => {
    class Child extends Orders {}
    expect(await names({ providers: [Child] })).toEqual([]);
  });

  it('or said to be missing on a tracker class that nothing can run', async () => {
    class Child extends Orders {}
    class Bare extends CountObjectsByDateTracker {}
    const made = new CountObjectsByDateTracker({ metric: other, period: Period.DAY, dateField: 'createdAt' });
    const given = [Orders, Child, Bare, { provide: 'made', useValue: made }, { provide: 'again', useExisting: Child }];
    const [missing] = (await warnings({ providers: given })).filter((message) => message.includes('missing'));
    expect(missing).toMatch(/^@Track is missing on Child, Bare: they extend a tracker class/);
  });

  it('whichever decorator stands above or below', async () => {
    class Wrapped {
      @wrap()
      @Track({ metric })
      above(): number {
        return 1;
      }

      @Track({ metric: other })
      @wrap()
      below(): number {
        return 2;
      }
    }
    const module = await start({ providers: [Wrapped] });
    const trackers = module.get(TrackerService);
    await trackers.run('Wrapped.above');
    await trackers.run([Wrapped, 'below']);
    expect(await module.get(StatisticService).value({ metric })).toBe(1);
    expect(await module.get(StatisticService).value({ metric: other })).toBe(2);
  });

  it('with what they inject', async () => {
    @Track({ ...options, name: 'injected' })
    class Injecting extends CountObjectsByDateTracker {
      constructor(
        readonly metrics: MetricService,
        @Inject('options') private readonly options: string,
      ) {
        super();
      }

      get given(): string {
        return this.options;
      }
    }
    const module = await start({ providers: [Injecting, { provide: 'options', useValue: 'given' }] });
    expect(module.get(Injecting, { strict: false })).toMatchObject({
      given: 'given',
      metrics: expect.any(MetricService),
    });
    expect(await module.get(TrackerService).run('injected')).not.toBeNull();
  });
});

describe('the start stops at', () => {
  it.each<[string, () => NonNullable<ApplicationOptions['providers']>, string, RegExp]>([
    ['@Track twice on a class', () => [twice()], 'INVALID_TRACKER', /Twice: it has @Track 2 times/],
    ['@Track twice on a method', () => [twiceOnMethod()], 'INVALID_TRACKER', /Twice\.value: it has @Track 2 times/],
    ['@Track on a class that is no tracker', () => [plain()], 'INVALID_TRACKER', /Plain: .*extends no tracker/],
    ['options in @Track and in the constructor', () => [both()], 'INVALID_TRACKER', /Both: .*options twice/],
    ['a request-scoped tracker', () => [scoped(Scope.REQUEST)], 'TRACKER_INJECTION_SCOPE', /Scoped is REQUEST scoped/],
    ['a transient tracker', () => [scoped(Scope.TRANSIENT)], 'TRACKER_INJECTION_SCOPE', /Scoped is TRANSIENT scoped/],
    [
      'a request-scoped dependency',
      dependent,
      'TRACKER_INJECTION_SCOPE',
      /Dependent depends on a provider that is REQUEST scoped/,
    ],
    [
      'two trackers of one name',
      () => [Orders, tracker({ name: 'Orders', metric: other })],
      'DUPLICATE_TRACKER',
      /class Orders and the class Made/,
    ],
    [
      'two trackers for one total',
      () => [Orders, tracker({})],
      'DUPLICATE_TRACKER',
      /Orders and Made would write the same.*shop\/orders, DAY/,
    ],
    [
      'a method for the total of a class',
      () => [Orders, method({ metric })],
      'DUPLICATE_TRACKER',
      /Orders and Method\.value/,
    ],
    ['all objects and one of them', objects, 'DUPLICATE_TRACKER', /ByObject and OfOne.*customer/],
    ['a metric that is not stored', () => [tracker({ metric: 'shop/ordrs' })], 'UNKNOWN_METRIC', /Made.*shop\/ordrs/],
    ['text that is no metric', () => [tracker({ metric: 'orders' })], 'INVALID_REF', /orders/],
    ['a source that is no entity', () => [tracker({ source: class Nothing {} })], 'INVALID_SOURCE', /Made: .*Nothing/],
    ['no source', () => [tracker({ source: undefined })], 'MISSING_SOURCE', /Made has no source.*@Track\({ source/],
    [
      'a date field that does not exist',
      () => [tracker({ dateField: 'createdA' })],
      'INVALID_PROPERTY_PATH',
      /Made: dateField: "createdA" of Order does not exist/,
    ],
    [
      'a virtual column',
      () => [tracker({ source: Virtual, dateField: 'latest' })],
      'INVALID_PROPERTY_PATH',
      /Made: dateField: "latest" of Virtual is a @VirtualColumn: .*stored column/,
    ],
    [
      'an aggregate of a virtual column',
      () => [summing('count', Virtual)],
      'INVALID_PROPERTY_PATH',
      /aggregate: "count" of Virtual is a @VirtualColumn/,
    ],
    [
      'a date field that does not exist beside a virtual column',
      () => [tracker({ source: Virtual, dateField: 'lates' })],
      'INVALID_PROPERTY_PATH',
      /"lates" of Virtual does not exist: Virtual has id, createdAt\.$/,
    ],
    [
      'a date field that is no date',
      () => [tracker({ dateField: 'status' })],
      'INVALID_PROPERTY_PATH',
      /Expected a date/,
    ],
    [
      'an object field that does not exist',
      () => [byObject({ objectField: 'custmer' })],
      'INVALID_PROPERTY_PATH',
      /Made: objectField: "custmer"/,
    ],
    [
      'an object field that says no entity',
      () => [byObject({ objectField: 'total' })],
      'INVALID_PROPERTY_PATH',
      /objectEntity: Customer/,
    ],
    ['an aggregate of text', () => [summing('status')], 'INVALID_PROPERTY_PATH', /Expected a numeric column/],
    [
      'an unknown source data source',
      () => [tracker({ sourceDataSource: 'nowhere' })],
      'SOURCE_DATA_SOURCE',
      /"nowhere"/,
    ],
    [
      'an option that does not exist',
      () => [tracker({ timezone: 'UTC' })],
      'INVALID_TRACKER',
      /timezone is "UTC"\. This option does not exist/,
    ],
    ['an unknown zone', () => [tracker({ timeZone: 'Mars/Olympus' })], 'UNKNOWN_TIME_ZONE', /Mars\/Olympus/],
    [
      'a bad cron expression',
      () => [tracker({ cron: 'every hour' })],
      'INVALID_SCHEDULE',
      /Tracker Made: cron is "every hour"/,
    ],
    [
      'an interval that ms cannot read',
      () => [tracker({ every: '15 minuten' })],
      'INVALID_SCHEDULE',
      /Tracker Made: every/,
    ],
    ['a mixin without a name', () => [mixin(tracker({}))], 'INVALID_TRACKER', /mixin\(\) of Nest.*@Track\({ name: /],
    [
      'a method of a mixin without a name',
      () => [mixin(method({ metric }))],
      'INVALID_TRACKER',
      /value: its class has the random name that mixin\(\) of Nest/,
    ],
    ['a name that is no text', () => [tracker({ name: 7 })], 'INVALID_TRACKER', /name is 7/],
    ['retries that are no number', () => [tracker({ retries: 'often' })], 'INVALID_TRACKER', /retries is "often"/],
  ])('%s', async (_, providers, code, message) => {
    const error = await refusal(...providers());
    expect(error.code).toBe(`TRACKSTATS_${code}`);
    expect(error.message).toMatch(message);
  });

  it('a class that two modules provide, and names both', async () => {
    @Module({ providers: [Orders] })
    class BillingModule {}
    @Module({ providers: [Orders] })
    class ShippingModule {}
    await expect(start({ imports: [BillingModule, ShippingModule] })).rejects.toThrow(
      /Orders: it is provided in BillingModule and in ShippingModule/,
    );
  });

  it('a schedule for a tracker that does not exist', async () => {
    await expect(start({ providers: [Orders], trackstats: { trackers: { Order: false } } })).rejects.toMatchObject({
      code: 'TRACKSTATS_UNKNOWN_TRACKER',
      message: expect.stringMatching(/trackers of TrackstatsModule: "Order".*The only one is Orders/),
    });
  });

  it('an entity that several data sources have, unless one is named', async () => {
    const elsewhere = TypeOrmModule.forRoot({ ...MEMORY, name: 'elsewhere', entities: [Order, Customer] });
    await expect(start({ providers: [Orders], imports: [elsewhere] })).rejects.toMatchObject({
      code: 'TRACKSTATS_SOURCE_DATA_SOURCE',
      message: expect.stringMatching(/several data sources have its source Order.*sourceDataSource: 'default'/),
    });
    expect(await names({ providers: [tracker({ sourceDataSource: 'default' })], imports: [elsewhere] })).toEqual([
      'Made',
    ]);
    await closeApplications();
    expect(await names({ providers: [tracker({ sourceDataSource: 'elsewhere' })], imports: [elsewhere] })).toEqual([
      'Made',
    ]);
  });
});

describe('a tracker is told', () => {
  it('not before the application has started', async () => {
    const module = await Test.createTestingModule(metadataOf({ providers: [Orders] }))
      .setLogger(QUIET)
      .compile();
    await expect(module.get(TrackerService).run(Orders)).rejects.toMatchObject({
      code: 'TRACKSTATS_NOT_STARTED',
      message: expect.stringContaining('await moduleRef.init()'),
    });
    await module.close();
  });

  it('from onApplicationBootstrap on', async () => {
    @Injectable()
    class Seeder {
      ran: unknown;
      constructor(private readonly trackers: TrackerService) {}

      async onApplicationBootstrap(): Promise<void> {
        this.ran = await this.trackers.run(Orders);
      }
    }
    const module = await start({ providers: [Orders, Seeder] });
    expect(module.get(Seeder, { strict: false }).ran).toMatchObject({ tracker: 'Orders' });
  });

  it('by names and classes that exist and mean one', async () => {
    class Several {
      @Track({ metric: other })
      one(): number {
        return 1;
      }

      @Track({ metric: other, period: Period.LIFETIME })
      two(): number {
        return 2;
      }
    }
    const trackers = (await start({ providers: [Orders, Several] })).get(TrackerService);
    await expect(trackers.run('Ordres')).rejects.toThrow(/Unknown tracker: "Ordres".*Orders, Several.one, Several.two/);
    const alone = (await start({ providers: [Orders] })).get(TrackerService);
    await expect(alone.run('Ordres')).rejects.toThrow(/"Ordres"\. The only one is Orders\.$/);
    await expect(trackers.run(Several)).rejects.toThrow(/Several has several trackers: Several.one, Several.two/);
    await expect(trackers.history([Several, 'three'])).rejects.toThrow(/"Several.three"/);
    await expect(trackers.backfill([Several, 'one'], { from: '2026-01-01' })).rejects.toThrow(/today only/);
    expect(await trackers.run([Several, 'two'])).toMatchObject({ tracker: 'Several.two' });
  });

  it('that its statistics are its own', async () => {
    const module = await start({ providers: [Orders], trackstats: { clock: () => NOW } });
    await expect(module.get(StatisticService).record({ metric, value: 1 })).rejects.toMatchObject({
      code: 'TRACKSTATS_TRACKER_OWNED',
    });
    expect(module.get(DataSource).isInitialized).toBe(true);
  });
});

it('refuses @Track on a static method at once', () => {
  expect(() => {
    class Static {
      @track({ metric })
      static value(): number {
        return 1;
      }
    }
    return Static;
  }).toThrow(/Static.value: @Track is on a static method/);
});

function tracker(more: object): Type {
  @track({ ...options, ...more })
  class Made extends CountObjectsByDateTracker {}
  return Made;
}

function byObject(more: object): Type {
  @track({ ...options, ...more })
  class Made extends CountObjectsByDateAndObjectTracker {}
  return Made;
}

function summing(field: string, source: Type = Order): Type {
  @track({ ...options, source, aggregate: sum(field) })
  class Made extends ObjectsByDateTracker {}
  return Made;
}

function method(more: object): Type {
  class Method {
    @track(more)
    value(): number {
      return 1;
    }
  }
  return Method;
}

function objects(): Type[] {
  @Track({ ...options, objectField: 'customer' })
  class ByObject extends CountObjectsByDateAndObjectTracker {}
  @Track({ ...options, object: objectRef(Customer, 1) })
  class OfOne extends CountObjectsByDateAndObjectTracker {}
  return [ByObject, OfOne];
}

function twice(): Type {
  @track(options)
  @track({ ...options, name: 'again' })
  class Twice extends CountObjectsByDateTracker {}
  return Twice;
}

function twiceOnMethod(): Type {
  class Twice {
    @track({ metric })
    @track({ metric: other })
    value(): number {
      return 1;
    }
  }
  return Twice;
}

function plain(): Type {
  @track(options)
  class Plain {}
  return Plain;
}

function both(): Type {
  @track(options)
  class Both extends CountObjectsByDateTracker {
    constructor() {
      super({ metric, period: Period.DAY, dateField: 'createdAt' });
    }
  }
  return Both;
}

function scoped(scope: Scope): Type {
  @Injectable({ scope })
  @track(options)
  class Scoped extends CountObjectsByDateTracker {}
  return Scoped;
}

function dependent(): Type[] {
  @Injectable({ scope: Scope.REQUEST })
  class Request {}
  @Track(options)
  class Dependent extends CountObjectsByDateTracker {
    constructor(readonly request: Request) {
      super();
    }
  }
  return [Request, Dependent];
}
