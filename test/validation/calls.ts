import { Readable } from 'node:stream';
import {
  Logger,
  type DynamicModule,
  type FactoryProvider,
  type Provider,
  type Type,
  type ValueProvider,
} from '@nestjs/common';
import type { TestingModule } from '@nestjs/testing';
import * as trackstats from 'nestjs-trackstats';
import { chartSvg } from 'nestjs-trackstats/chart';
import { trackstatsCommands } from 'nestjs-trackstats/cli';
import { TrackstatsDashboardModule } from 'nestjs-trackstats/dashboard';
import { DigestService, TrackstatsDigestModule } from 'nestjs-trackstats/digest';
import { TrackstatsHealthIndicator, TrackstatsHealthModule } from 'nestjs-trackstats/health';
import { TrackstatsHttpModule } from 'nestjs-trackstats/http';
import { TrackstatsClient } from 'nestjs-trackstats/client';
import { TrackstatsOpenTelemetryModule } from 'nestjs-trackstats/opentelemetry';
import { TrackstatsPrometheusModule } from 'nestjs-trackstats/prometheus';
import { TestClock, TrackstatsTestingModule } from 'nestjs-trackstats/testing';
import { TrackstatsWebhook, TrackstatsWebhookModule } from 'nestjs-trackstats/webhook';
import { TransferService, TrackstatsTransferModule } from 'nestjs-trackstats/transfer';
import { DataSource, Entity } from 'typeorm';
import { trace } from '@opentelemetry/api';
import { Registry } from 'prom-client';
import { defineAlert } from '../../lib/alerts/define-alert.js';
import { alertsOf, type GivenAlert } from '../../lib/alerts/alert-metadata.js';
import type { AlertMethod } from '../../lib/alerts/on-statistic.decorator.js';
import { LeaseService } from '../../lib/execution/lease.service.js';
import { RunHistory } from '../../lib/execution/run-history.js';
import { TrackerOverview } from '../../lib/execution/tracker-overview.js';
import { TrackerRegistry } from '../../lib/tracking/definition/tracker.registry.js';
import { ObjectLabels } from '../../lib/statistics/filter/object-labels.js';
import { ObjectTypes } from '../../lib/statistics/filter/object-types.js';
import { StatisticOwners } from '../../lib/statistics/tables/owners.js';
import { defineTracker } from '../../lib/tracking/definition/define-tracker.js';
import { constructorOptions, kindOf } from '../../lib/tracking/definition/tracker.js';
import { registered } from '../../lib/tracking/definition/registered-tracker.js';
import { resolveOptions } from '../../lib/trackstats.options.js';
import { Customer, NOW, Order, start } from '../module/application.js';
import type { TestDatabase } from '../support/databases.js';

const { defineDomain, defineMetric, Dimension, objectRef, Period, sum, Track } = trackstats;

const SHOP = defineDomain({ ref: 'shop' });
const metric = (ref: string) => defineMetric({ domain: SHOP, ref });
const ORDERS = metric('orders');
const TAKINGS = metric('takings');
const VISITS = metric('visits');

@Entity()
export class OrdersByCountry extends trackstats.AbstractStatistic {
  @Dimension({ type: 'varchar' }) country!: string;
}

@Entity()
export class OrdersByCountryAndTime extends trackstats.AbstractTimeStatistic {
  @Dimension({ type: 'varchar' }) country!: string;
}

@Track({ metric: ORDERS, source: Order, dateField: 'createdAt', period: Period.DAY })
class OrderTracker extends trackstats.CountObjectsByDateTracker {}

const OF_CUSTOMER = metric('of_customer');
const OF_STATUS = metric('of_status');

@Track({ metric: OF_CUSTOMER, source: Order, dateField: 'createdAt', objectField: 'customer', period: Period.DAY })
class CustomerTracker extends trackstats.CountObjectsByDateAndObjectTracker {}

@Track({
  metric: OF_STATUS,
  source: Order,
  dateField: 'createdAt',
  period: Period.DAY,
  statistic: OrdersByCountry,
  dimensions: { country: 'status' },
})
class StatusTracker extends trackstats.ObjectsByDimensionsTracker {}

/** What calls are made on. */
export interface World {
  readonly app: TestingModule;
  readonly clock: TestClock;
}

export async function makeWorld(database: TestDatabase): Promise<World> {
  const app = await start({
    database: database.options(),
    trackstats: { statistics: [OrdersByCountry, OrdersByCountryAndTime] },
    imports: [TrackstatsDigestModule, TrackstatsHealthModule, TrackstatsTransferModule],
    providers: [OrderTracker, CustomerTracker, StatusTracker],
  });
  await app
    .get(DataSource)
    .getRepository(Order)
    .save([{ createdAt: NOW }, { createdAt: NOW }]);
  const { statistics } = services({ app });
  await app.get(trackstats.DomainService).register({ ref: 'empty' });
  await app.get(trackstats.DomainService).register({ ref: 'old' });
  for (const one of [metric('empty'), metric('old')]) await app.get(trackstats.MetricService).register(one);
  await statistics.record({ metric: VISITS, value: 1, period: Period.DAY });
  return { app, clock: new TestClock(NOW) };
}

function services({ app }: Pick<World, 'app'>) {
  return {
    statistics: app.get(trackstats.StatisticService),
    domains: app.get(trackstats.DomainService),
    metrics: app.get(trackstats.MetricService),
    trackers: app.get(trackstats.TrackerService),
    events: app.get(trackstats.TrackerEvents),
    health: app.get(TrackstatsHealthIndicator, { strict: false }),
    transfer: app.get(TransferService, { strict: false }),
    digests: app.get(DigestService, { strict: false }),
  };
}

/** How a public call is made, with arguments that are right: all variants together have every option. */
export interface Example {
  readonly variants: readonly (readonly unknown[])[];
  readonly call: (world: World, ...given: never[]) => unknown;
}

type Service = keyof ReturnType<typeof services>;

function of(service: Service, method: string, ...variants: readonly unknown[][]): Example {
  const call = (world: World, ...given: unknown[]): unknown => {
    const target = services(world)[service] as unknown as Record<string, (...given: unknown[]) => unknown>;
    return target[method]!(...given);
  };
  return { variants, call };
}

function plain(call: (...given: never[]) => unknown, ...variants: readonly unknown[][]): Example {
  return { variants, call: (_world, ...given) => call(...given) };
}

const watching = { onProgress: () => undefined, signal: new AbortController().signal };
const range = { from: '2026-10-01', to: '2026-10-31' };
const object = objectRef(Customer, 1);
const entity = OrdersByCountry;
const dimensions = { country: 'NL' };
/** Every variant of what a read can name, with the dates that it takes. */
const reading = (options: object, dates: readonly object[], scopes: readonly object[]): object[] => [
  ...dates.map((date) => ({ metric: VISITS, period: Period.DAY, ...date, ...options })),
  ...scopes.map((scope) => ({ metric: VISITS, ...scope, ...options })),
];
const DATES = [{ date: '2026-10-31' }];
const AT = { period: Period.HOUR, at: '2026-10-25T02:30:00+01:00' };
const RANGES = [...DATES, range, { last: 3 }];
const CELLS = [{ object }, { entity, dimensions }];
const SCOPES = [...CELLS, { objects: [object] }, { objectType: Customer }];
const several = (filters: object[]): unknown[][] => [...filters, { metrics: [VISITS] }].map((filter) => [filter]);
const single = (filters: object[]): unknown[][] => filters.map((filter) => [filter]);

const common = {
  metric: TAKINGS,
  period: Period.DAY,
  dateField: 'createdAt',
  where: { status: 'paid' },
  timeZone: 'UTC',
  since: '2026-10-01',
  sourceKeptSince: '2026-09-01',
  lookback: 2,
  appendOnly: false,
  history: 'current',
  scrub: { days: 31, every: '1 hour' },
  density: 'daily',
  keep: { DAY: 730 },
  withDeleted: false,
};
const stored = [{ ...common }, { ...common, epoch: undefined, storedIn: 'UTC' }, { ...common, epoch: 's' }];
const aggregate = sum('total');
/** In place of the metric of its own. */
const severalMetrics = {
  metric: undefined,
  metrics: [{ metric: TAKINGS, where: { status: 'paid' }, period: [Period.DAY, Period.LIFETIME], keep: { DAY: 30 } }],
};
const BY_COUNTRY = { statistic: OrdersByCountry, dimensions: { country: 'status' } };
const BY_COUNTRY_AND_TIME = {
  ...BY_COUNTRY,
  timeStatistic: OrdersByCountryAndTime,
  period: [Period.DAY, Period.HOUR],
};
const byObject = [{ objectField: 'customer', objectEntity: Customer, withTotal: true }, { object }];

/** Makes a tracker of a class, and checks it as `track` does. */
function tracker(type: new (options: never) => object, ...more: object[]): Example {
  const variants = [
    ...stored.map((one) => ({ ...one, ...more[0] })),
    ...more.map((one) => ({ ...common, ...one })),
    { ...common, ...more[0], aggregate: undefined, ...severalMetrics },
  ];
  const call = (options: never): unknown => {
    const made = new type(options);
    // as `track` checks it
    const given = { kind: kindOf(made as never), name: null, type: type.name };
    return defineTracker(given, constructorOptions(made as never) ?? {}, { timeZone: 'UTC', weekStart: 'monday' });
  };
  return plain(call, ...variants.map((options) => [options]));
}

/** As the start of an application checks what has @Track. */
function registeredAs(type: Type, instance: object, options: unknown): unknown {
  return registered({ type, instance, method: null, module: '', options: options as never }, resolveOptions({}));
}

/** Starts what a module needs for its options, as Nest does: factories that need nothing but values. */
async function configured(module: DynamicModule): Promise<void> {
  const values = new Map<unknown, unknown>();
  const all = providersOf(module);
  for (const provider of all as ValueProvider[])
    if ('useValue' in provider) values.set(provider.provide, provider.useValue);
  for (
    let left = all.filter((one): one is FactoryProvider => ('useFactory' in one)), before = -1;
    left.length !== before;
  ) {
    before = left.length;
    for (const { provide, useFactory, inject = [] } of left) {
      if (typeof provide !== 'symbol' || !inject.every((token) => values.has(token))) continue;
      values.set(provide, await useFactory(...inject.map((token) => values.get(token))));
    }
    left = left.filter(({ provide }) => !values.has(provide));
  }
  const options = values.get(trackstats.TRACKSTATS_OPTIONS);
  if (values.has(trackstats.TRACKSTATS_OPTIONS)) resolveOptions(options as object);
}

function providersOf({ imports = [], providers = [] }: DynamicModule): Provider[] {
  const inner = (imports as DynamicModule[]).filter((one) => typeof one === 'object' && 'module' in one);
  return [...providers, ...inner.flatMap(providersOf)].filter((provider) => typeof provider === 'object');
}

function mounting(make: (options: never) => DynamicModule, ...variants: object[]): Example {
  return plain((options) => configured(make(options)), ...variants.map((options) => [options]));
}

const guard = { canActivate: () => true };
const shape = {
  path: 'statistics',
  guards: [guard],
  actionGuards: [guard],
  public: false,
  decorators: [() => undefined],
  imports: [],
};
const shown = {
  label: () => new Map<string, string>(),
  limits: { points: 1, series: 1, values: 1, rows: 1, live: 1 },
  origins: ['https://shop.example'],
};
const module = {
  alerts: { every: '1 minute', label: () => new Map<string, string>() },
  connectionTimeout: '10 seconds',
  keepKeys: 30,
  distributed: false,
  timeZone: 'UTC',
  weekStart: 'monday',
  clock: () => NOW,
  objectTypes: { customer: Customer },
  trackers: { OrderTracker: { every: '1 hour' } },
};
const scheduling = {
  enabled: true,
  concurrency: 2,
  lockAtMostFor: '30 seconds',
  lockAtLeastFor: 0,
  catchUp: true,
  catchUpJitter: 0,
  retryDelay: 10,
  shutdownGrace: 10,
  history: { days: 1, runs: 1 },
};
const extras = { isGlobal: true, dataSource: 'default', statistics: [OrdersByCountry] };

const webhook = {
  url: 'https://hooks.example.com/x',
  secret: 'whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw',
  timeout: '10 seconds',
  retries: 3,
  retryDelay: 10,
  body: () => ({}),
};

function decorated(options: never): unknown {
  class Statistic {
    declare country: string;
  }
  Dimension(options)(Statistic.prototype, 'country');
  return Statistic;
}

function tracked(options: never): unknown {
  const { objectField, statistic } = Object(options) as { objectField?: unknown; statistic?: unknown };
  const Base: Type =
    statistic !== undefined
      ? trackstats.ObjectsByDimensionsTracker
      : objectField !== undefined
        ? trackstats.ObjectsByDateAndObjectTracker
        : 'object' in Object(options)
          ? trackstats.ObjectsByDateAndObjectTracker
          : trackstats.ObjectsByDateTracker;
  class Tracked extends Base {}
  Track(options)(Tracked as never);
  return registeredAs(Tracked, new Tracked(), options);
}

/** As the start of an application checks what has @OnStatistic or @OnTracker. */
function alerted(decorator: (options: never) => AlertMethod<never>): Example['call'] {
  return ({ app }: World, options: never) => {
    class Alerts {}
    decorator(options)(Alerts.prototype, 'onAlert', {});
    return checkedAlert(app, Alerts);
  };
}

async function checkedAlert(app: TestingModule, Alerts: Type): Promise<void> {
  const context = {
    metrics: app.get(trackstats.MetricService),
    statistics: app.get(trackstats.StatisticService),
    owners: app.get(StatisticOwners, { strict: false }),
    labels: new ObjectLabels(null, new Logger()),
    objectTypes: app.get(ObjectTypes, { strict: false }),
    runs: {
      registry: app.get(TrackerRegistry, { strict: false }),
      overview: app.get(TrackerOverview, { strict: false }),
      history: app.get(RunHistory, { strict: false }),
      leases: app.get(LeaseService, { strict: false }),
      clock: () => NOW,
      startedAt: NOW,
    },
  };
  const given = [...alertsOf(Alerts).values()].flat()[0] as GivenAlert;
  await defineAlert(context, { type: Alerts, method: 'onAlert', ...given, call: () => undefined }).watch.check();
}

const schedule = {
  name: 'orders',
  runOnStart: false,
  retries: 1,
  timeout: 1000,
  source: Order,
  sourceDataSource: 'default',
};

const HEADER = '{"record":"header","format":"nestjs-trackstats","version":1}\n';

/** Every public call. One that the types have and that is not here fails the spec. */
export const EXAMPLES: Readonly<Record<string, Example>> = {
  defineDomain: plain(defineDomain, [{ ref: 'garden', name: 'Garden' }]),
  defineMetric: plain(defineMetric, [
    {
      domain: SHOP,
      ref: 'returns',
      name: 'Returns',
      description: 'What came back',
      unit: { currency: 'EUR' },
      better: 'down',
      gauge: false,
    },
  ]),
  defineRatio: plain(trackstats.defineRatio, [
    {
      domain: SHOP,
      ref: 'rate',
      name: 'Rate',
      description: 'Of visits',
      of: ORDERS,
      per: VISITS,
      unit: { currency: 'EUR' },
      better: 'up',
    },
  ]),
  defineDerived: plain(trackstats.defineDerived, [
    {
      domain: SHOP,
      ref: 'twice',
      name: 'Twice',
      description: 'Of visits',
      unit: { currency: 'EUR' },
      better: 'up',
      from: { visits: VISITS },
      value: (parts: { readonly visits: number }) => 2 * parts.visits,
    },
  ]),
  'DomainService.register': of('domains', 'register', [{ ref: 'shop', name: 'Shop' }]),
  'DomainService.find': of('domains', 'find', ['shop']),
  'DomainService.rename': of('domains', 'rename', ['old', 'new']),
  'DomainService.remove': of('domains', 'remove', ['empty']),
  'MetricService.register': of('metrics', 'register', [
    {
      domain: SHOP,
      ref: 'visits',
      name: 'Visits',
      description: 'Of pages',
      unit: { currency: 'EUR' },
      better: 'up',
      gauge: false,
    },
  ]),
  'MetricService.resolve': of('metrics', 'resolve', [VISITS]),
  'MetricService.find': of('metrics', 'find', [VISITS]),
  'MetricService.list': of('metrics', 'list', [{ domain: SHOP }]),
  'MetricService.rename': of('metrics', 'rename', ['shop/old', 'newer']),
  'MetricService.remove': of('metrics', 'remove', ['shop/empty', { statistics: true }]),
  addDays: plain(trackstats.addDays, ['2026-10-31', 1]),
  'Period.days': plain(Period.days, [90]),
  'Period.minutes': plain(Period.minutes, [15]),
  'Period.nameOf': plain(Period.nameOf, [Period.DAY]),
  'Period.parse': plain(Period.parse, ['DAY']),
  Dimension: plain(decorated, [{ type: 'varchar', length: 20, nullable: true, name: 'land' }]),
  objectRef: plain(objectRef, ['customer', 1]),
  'StatisticService.record': of('statistics', 'record', ...single(reading({ value: 1 }, DATES, CELLS)), [
    { metric: VISITS, value: 1, ...AT },
  ]),
  'StatisticService.recordMany': of('statistics', 'recordMany', [[{ metric: VISITS, value: 1 }], {}]),
  'StatisticService.increment': of(
    'statistics',
    'increment',
    ...single(reading({ metric: metric('clicks'), by: 1 }, DATES, CELLS)),
    [{ metric: metric('clicks'), key: 'event-1' }],
    [{ metric: metric('clicks'), ...AT }],
  ),
  'StatisticService.narrow': of(
    'statistics',
    'narrow',
    [{ metric: VISITS }, 's'],
    ...several(reading({}, RANGES, SCOPES)),
  ),
  'StatisticService.find': of('statistics', 'find', ...several(reading({}, RANGES, SCOPES))),
  'StatisticService.mostRecent': of('statistics', 'mostRecent', ...single(reading({}, RANGES, SCOPES))),
  'StatisticService.value': of('statistics', 'value', ...single(reading({ exact: true, live: false }, DATES, CELLS))),
  'StatisticService.point': of('statistics', 'point', ...single(reading({ exact: true, live: false }, DATES, CELLS))),
  'StatisticService.series': of(
    'statistics',
    'series',
    ...single(reading({ exact: true, live: false, fill: 'zero' }, RANGES, CELLS)),
  ),
  'StatisticService.multiSeries': of(
    'statistics',
    'multiSeries',
    ...several(reading({ exact: true, live: false, fill: 'zero' }, RANGES, SCOPES)),
  ),
  'StatisticService.top': of(
    'statistics',
    'top',
    ...single(
      reading({ exact: true, live: false, limit: 3, offset: 0, order: 'asc', objectType: Customer }, DATES, []),
    ),
    ...single(reading({}, [], SCOPES)),
  ),
  'StatisticService.compare': of(
    'statistics',
    'compare',
    ...single(reading({ exact: true, live: false, fill: 'zero', with: 'year' }, [range, { last: 3 }], CELLS)),
  ),
  'StatisticService.total': of(
    'statistics',
    'total',
    ...single(reading({ exact: true, live: false }, [range, { last: 3 }], CELLS)),
  ),
  'StatisticService.coverage': of('statistics', 'coverage', ...single(reading({}, [{}], SCOPES))),
  'StatisticService.remove': of('statistics', 'remove', ...several(reading({ force: true }, RANGES, SCOPES))),
  'StatisticService.prune': of(
    'statistics',
    'prune',
    [{ metric: VISITS, period: Period.DAY, before: '2026-01-01' }],
    [{ metrics: [VISITS], keep: 1000 }],
  ),
  'StatisticService.prunable': of(
    'statistics',
    'prunable',
    [{ metric: VISITS, period: Period.DAY, before: '2026-01-01' }],
    [{ metrics: [VISITS], keep: 1000 }],
  ),
  'StatisticService.annotate': of(
    'statistics',
    'annotate',
    [{ text: 'Sale', date: '2026-10-30', domain: SHOP, key: 'sale' }],
    [{ text: 'Version 2', at: NOW }],
  ),
  'StatisticService.annotations': of(
    'statistics',
    'annotations',
    [{ from: '2026-10-01', to: '2026-10-31', domain: SHOP }],
    [{ last: 7 }],
  ),
  'StatisticService.removeAnnotation': of('statistics', 'removeAnnotation', ['0'.repeat(32), {}]),
  'StatisticService.today': of('statistics', 'today', [VISITS]),
  ...Object.fromEntries(
    (['avg', 'countDistinct', 'max', 'min', 'sum'] as const).flatMap((name) => [
      [name, plain(trackstats[name], ['total'])],
      [`Aggregate.${name}`, plain(trackstats.Aggregate[name], ['total'])],
    ]),
  ),
  'new CountObjectsByDateTracker': tracker(trackstats.CountObjectsByDateTracker, {}),
  'new CountObjectsByDateAndObjectTracker': tracker(trackstats.CountObjectsByDateAndObjectTracker, ...byObject),
  'new ObjectsByDateTracker': tracker(trackstats.ObjectsByDateTracker, { aggregate }),
  'new ObjectsByDateAndObjectTracker': tracker(
    trackstats.ObjectsByDateAndObjectTracker,
    ...byObject.map((one) => ({ ...one, aggregate })),
  ),
  'new ObjectsByDimensionsTracker': tracker(
    trackstats.ObjectsByDimensionsTracker,
    { aggregate, ...BY_COUNTRY, withTotal: true },
    { aggregate, ...BY_COUNTRY_AND_TIME },
  ),
  Track: plain(
    tracked,
    ...[{}, { cron: '0 * * * *' }, { every: '1 hour' }, { storedIn: 'UTC' }, { epoch: 's' }, ...byObject].map((one) => [
      { ...common, ...schedule, aggregate, ...one },
    ]),
    [{ ...common, ...BY_COUNTRY }],
    [{ ...common, ...BY_COUNTRY_AND_TIME }],
    [{ ...common, ...severalMetrics }],
  ),
  below: plain(trackstats.below, [10, { recoveryThreshold: 15 }]),
  above: plain(trackstats.above, [10, { recoveryThreshold: 5 }]),
  changed: plain(trackstats.changed, [{ by: 0.3, with: 'weekdays', direction: 'down', recoveryThreshold: 0.1 }]),
  OnStatistic: {
    variants: [
      [
        {
          metric: VISITS,
          period: Period.DAY,
          object,
          when: trackstats.below(10),
          for: 2,
          complete: true,
          recovered: true,
          name: 'few visits',
        },
      ],
      [{ metric: VISITS, objectType: Customer, when: trackstats.above(10) }],
    ],
    call: alerted(trackstats.OnStatistic),
  },
  OnTracker: {
    variants: [
      [{ tracker: 'OrderTracker', when: 'late', allowance: '15 minutes', recovered: true, name: 'late' }],
      [{ when: 'failed' }],
      [{ when: 'failed', trackers: ['OrderTracker'] }],
    ],
    call: alerted(trackstats.OnTracker),
  },
  'TrackerEvents.on': of('events', 'on', ['failed', () => undefined]),
  'TrackerService.register': of(
    'trackers',
    'register',
    ...[{ cron: '0 * * * *' }, { every: '1 hour' }].map((when, place) => [
      new trackstats.CountObjectsByDateTracker({
        metric: metric(`extra${place}`),
        period: Period.DAY,
        dateField: 'createdAt',
      }),
      { ...schedule, ...when, name: `extra${place}` },
    ]),
  ),
  'TrackerService.unregister': of('trackers', 'unregister', ['extra0']),
  'TrackerService.track': of('trackers', 'track', [
    new trackstats.CountObjectsByDateTracker({ metric: TAKINGS, period: Period.DAY, dateField: 'createdAt' }),
    Order,
    { now: NOW, ...range, ...watching },
  ]),
  'TrackerService.run': of('trackers', 'run', [
    OrderTracker,
    { now: NOW, triggeredBy: 'a test', signal: watching.signal },
  ]),
  'TrackerService.backfill': of('trackers', 'backfill', [
    OrderTracker,
    { ...range, step: 31, resume: false, triggeredBy: 'a test', ...watching },
  ]),
  'TrackerService.verify': of('trackers', 'verify', ['OrderTracker', { ...range, ...watching }]),
  'TrackerService.repair': of('trackers', 'repair', [OrderTracker, { ...range, triggeredBy: 'a test', ...watching }]),
  'TrackerService.rows': of(
    'trackers',
    'rows',
    [OrderTracker, { metric: ORDERS, date: '2026-10-30', period: Period.DAY }],
    [CustomerTracker, { metric: OF_CUSTOMER, object: objectRef(Customer, 1) }],
    [StatusTracker, { metric: OF_STATUS, dimensions: { country: 'paid' } }],
  ),
  'TrackerService.history': of('trackers', 'history', [OrderTracker, { limit: 5 }]),
  'TrackstatsModule.forRoot': mounting(
    trackstats.TrackstatsModule.forRoot,
    { ...module, ...extras, scheduling },
    { ...module, trackers: { OrderTracker: { cron: '0 * * * *', timeZone: 'UTC' } } },
  ),
  'TrackstatsModule.forRootAsync': mounting(
    trackstats.TrackstatsModule.forRootAsync,
    { ...extras, imports: [], inject: [], useFactory: () => module },
    { useClass: OrderTracker },
    { useExisting: OrderTracker },
  ),
  'TrackstatsModule.forFeature': plain(trackstats.TrackstatsModule.forFeature, [[OrdersByCountry], 'default']),
  trackstatsCommands: {
    variants: [[{}]],
    call: ({ app }, given: object) => trackstatsCommands(isExample(given) ? app : (given as never)),
  },
  'TrackstatsDashboardModule.forRoot': mounting(TrackstatsDashboardModule.forRoot, {
    ...shape,
    ...shown,
    title: 'Shop',
    signInUrl: '/login',
    signOutUrl: '/logout',
    frameAncestors: ['self'],
    pageFolder: 'page',
  }),
  'TrackstatsDashboardModule.forRootAsync': mounting(TrackstatsDashboardModule.forRootAsync, {
    ...shape,
    inject: [],
    useFactory: () => shown,
  }),
  'TrackstatsHealthIndicator.isHealthy': of('health', 'isHealthy', [
    'statistics',
    { allowance: '1 hour', trackers: [OrderTracker], timeout: '5 seconds' },
  ]),
  'TrackstatsHttpModule.forRoot': mounting(TrackstatsHttpModule.forRoot, { ...shape, ...shown }),
  'TrackstatsHttpModule.forRootAsync': mounting(TrackstatsHttpModule.forRootAsync, {
    ...shape,
    inject: [],
    useFactory: () => shown,
  }),
  'TrackstatsOpenTelemetryModule.forRoot': mounting(TrackstatsOpenTelemetryModule.forRoot, {
    tracer: trace.getTracer('shop'),
    recordExceptions: false,
  }),
  'TrackstatsPrometheusModule.forRoot': mounting(TrackstatsPrometheusModule.forRoot, {
    register: new Registry(),
    prefix: 'shop_',
    buckets: [1, 2],
    statistics: [{ metric: 'shop/orders' }],
  }),
  'new TestClock': plain((now: never) => new TestClock(now), ['2026-10-31T12:00:00Z']),
  'TestClock.set': {
    variants: [[NOW]],
    call: ({ clock }, now) => {
      clock.set(now);
    },
  },
  'TestClock.advance': {
    variants: [['1 day']],
    call: ({ clock }, by) => {
      clock.advance(by);
    },
  },
  'TrackstatsTestingModule.forRoot': mounting(TrackstatsTestingModule.forRoot, {
    now: NOW,
    entities: [Order],
    database: { type: 'better-sqlite3', database: ':memory:' },
    alerts: { every: '1 minute', label: () => new Map<string, string>() },
    connectionTimeout: 1000,
    keepKeys: 30,
    distributed: false,
    timeZone: 'UTC',
    weekStart: 'monday',
    objectTypes: { customer: Customer },
    trackers: {},
    statistics: [OrdersByCountry],
  }),
  'TrackstatsWebhookModule.forRoot': mounting(TrackstatsWebhookModule.forRoot, webhook),
  'TrackstatsWebhookModule.forRootAsync': mounting(TrackstatsWebhookModule.forRootAsync, {
    imports: [],
    inject: [],
    useFactory: () => webhook,
  }),
  'new TrackstatsWebhook': plain((options: never) => new TrackstatsWebhook(options), [webhook]),
  'TransferService.export': of(
    'transfer',
    'export',
    ...[...several(reading({}, RANGES, SCOPES)).flat(), { domain: SHOP }].map((filter) => [
      filter,
      { format: 'jsonl' },
    ]),
  ),
  'TransferService.exportAnnotations': of(
    'transfer',
    'exportAnnotations',
    [{ from: '2026-10-01', to: '2026-10-31', domain: SHOP }],
    [{ last: 7 }],
  ),
  'TransferService.import': {
    variants: [[{}, { format: 'jsonl', force: false }]],
    call: ({ app }, input: unknown, options: never) =>
      services({ app }).transfer.import(isExample(input) ? Readable.from([HEADER]) : (input as never), options),
  },
  'TransferService.importDjango': {
    variants: [
      [
        {
          dataSource: {},
          contentTypes: { 'auth.user': 'user' },
          domains: { old: 'shop' },
          metrics: { 'old/orders': null },
          tables: { domain: 'd', metric: 'm', byDate: 's', byDateAndObject: 'o', contentType: 'c' },
          skipInvalid: false,
          force: false,
        },
      ],
    ],
    call: ({ app }, options: unknown) => {
      const isOne = typeof options === 'object' && options !== null && 'dataSource' in options;
      const dataSource =
        isOne && isExample(options.dataSource) ? app.get(DataSource) : isOne ? options.dataSource : null;
      return services({ app }).transfer.importDjango((isOne ? { ...options, dataSource } : options) as never);
    },
  },
  'DigestService.digest': of('digests', 'digest', [
    {
      metrics: [VISITS],
      period: Period.WEEK,
      date: '2026-10-30',
      with: 'previous',
      title: 'Shop',
      url: 'https://example.org',
      locale: 'nl',
    },
  ]),
  chartSvg: plain(
    chartSvg,
    [
      [{ date: '2026-10-31', value: 2, complete: false }],
      {
        title: 'Orders',
        description: 'Two orders',
        period: 'DAY',
        unit: 'km',
        as: 'bars',
        before: [{ value: '1.5' }],
        theme: 'auto',
        transparent: true,
        showTitle: false,
        width: 320,
        height: 160,
        locale: 'nl',
      },
    ],
    [[{ name: 'Orders', points: [{ date: '2026-10-31', value: null }] }], { title: 'Orders', period: Period.DAY }],
  ),
};

/** An empty object is replaced by what only a started application has. */
function isExample(given: unknown): boolean {
  return (
    typeof given === 'object' &&
    given !== null &&
    Object.keys(given).length === 0 &&
    Object.getPrototypeOf(given) === Object.prototype
  );
}

/** Calls that applications make of no right or wrong argument, with the reason. */
export const NOT_CHECKED: Readonly<Record<string, string>> = Object.fromEntries([
  ...[
    'CountObjectsByDateAndObjectTracker',
    'CountObjectsByDateTracker',
    'ObjectsByDateAndObjectTracker',
    'ObjectsByDateTracker',
    'ObjectsByDimensionsTracker',
  ].map((type) => [`${type}.source`, 'applications override it, and the library calls it']),
  ['TrackstatsWebhook.send', 'it sends to an address: test/webhook'],
  ['new TrackstatsClient', 'it is for browsers too, and has errors of its own: test/client'],
  ...Object.getOwnPropertyNames(TrackstatsClient.prototype)
    .filter((name) => !['constructor', 'get', 'post', 'answer'].includes(name)) // the last three are private
    .map((name) => [`TrackstatsClient.${name}`, 'the interface checks what it is sent: test/http/parameters']),
]) as Record<string, string>;
