import type { ServerResponse } from 'node:http';
import {
  Injectable,
  Module,
  type CanActivate,
  type DynamicModule,
  type ExecutionContext,
  type INestApplication,
  type Type,
} from '@nestjs/common';
import { FastifyAdapter } from '@nestjs/platform-fastify';
import { Test } from '@nestjs/testing';
import {
  CountObjectsByDateAndObjectTracker,
  CountObjectsByDateTracker,
  defineDomain,
  defineMetric,
  Period,
  StatisticService,
  Track,
  TrackerService,
} from 'nestjs-trackstats';
import {
  TrackstatsDashboardModule,
  type TrackstatsDashboardModuleExtras,
  type TrackstatsDashboardModuleOptions,
} from 'nestjs-trackstats/dashboard';
import { DataSource } from 'typeorm';
import { DashboardFiles } from '../../lib/dashboard/dashboard.files.js';
import { buildPage } from './page-files.js';
import { type ApplicationOptions, Customer, metadataOf, NOW, Order, QUIET } from '../module/application.js';

export const HOSTILE = '<img src=x onerror=alert(1)>';

const SHOPPING = defineDomain({ ref: 'shopping', name: 'Shopping' });
const HOSTILE_DOMAIN = defineDomain({ ref: 'z', name: `${HOSTILE}javascript:alert(2)` });
export const ORDERS = defineMetric({ domain: SHOPPING, ref: 'order_count', name: 'Number of orders' });
export const CUSTOMER_ORDERS = defineMetric({ domain: SHOPPING, ref: 'customer_orders', name: 'Orders by customer' });
export const HOSTILE_METRIC = defineMetric({
  domain: HOSTILE_DOMAIN,
  ref: 'script',
  name: `"><script>alert(3)</script>`,
  description: `${HOSTILE}{{7*7}}`,
});

const OF_ORDERS = { source: Order, dateField: 'createdAt' } as const;

@Track({ ...OF_ORDERS, metric: ORDERS, period: [Period.DAY, Period.WEEK, Period.CALENDAR_MONTH, Period.LIFETIME] })
class OrderTracker extends CountObjectsByDateTracker {}

@Track({ ...OF_ORDERS, metric: CUSTOMER_ORDERS, objectField: 'customer', period: Period.DAY, every: '1 hour' })
class CustomerTracker extends CountObjectsByDateAndObjectTracker {}

/** Admits those who name a role in a header, as a real guard reads a session. */
@Injectable()
export class ReaderGuard implements CanActivate {
  canActivate(context: ExecutionContext): boolean {
    return roleIn(context) !== undefined;
  }
}

@Injectable()
export class AdminGuard implements CanActivate {
  canActivate(context: ExecutionContext): boolean {
    return roleIn(context) === 'admin';
  }
}

function roleIn(context: ExecutionContext): unknown {
  return context.switchToHttp().getRequest<{ headers: Record<string, unknown> }>().headers['x-role'];
}

export type Platform = 'express' | 'fastify';

export interface DashboardApplication {
  readonly app: INestApplication;
  /** where the application listens, without a slash at its end */
  readonly url: string;
  close(): Promise<void>;
}

export interface DashboardApplicationOptions {
  readonly platform?: Platform;
  readonly prefix?: string;
  readonly dashboard?: TrackstatsDashboardModuleOptions & TrackstatsDashboardModuleExtras;
  /** beside those of orders */
  readonly trackers?: Type[];
  /** beside the dashboard's module */
  readonly imports?: DynamicModule[];
  readonly trackstats?: NonNullable<ApplicationOptions['trackstats']>;
  /** without orders and trackers */
  readonly isEmpty?: boolean;
  /** in place of what `dashboard` makes */
  readonly module?: DynamicModule;
  /** changes the application before it listens */
  readonly prepare?: (app: INestApplication) => void;
}

/** Gives the answers of an application the time of its clock, which stands still. */
export function answerAt(now: Date): (app: INestApplication) => void {
  return (app) => {
    app.use((_: unknown, response: ServerResponse, next: () => void) => {
      response.setHeader('Date', now.toUTCString());
      next();
    });
  };
}

/** An application with orders of a hundred days, their statistics, and a dashboard, listening. */
async function startDashboard(
  files: DashboardFiles,
  {
    platform = 'express',
    prefix,
    dashboard = { public: true },
    module: given,
    trackers = [],
    imports = [],
    trackstats,
    isEmpty = false,
    prepare,
  }: DashboardApplicationOptions = {},
): Promise<DashboardApplication> {
  @Module(
    metadataOf({
      providers: isEmpty ? [] : [OrderTracker, CustomerTracker, ...trackers],
      imports: [given ?? TrackstatsDashboardModule.forRoot({ label: namesOf, ...dashboard }), ...imports],
      ...(trackstats !== undefined && { trackstats }),
    }),
  )
  class ShopModule {}
  const module = await Test.createTestingModule({ imports: [ShopModule] })
    .overrideProvider(DashboardFiles)
    .useValue(files)
    .setLogger(QUIET)
    .compile();
  const app: INestApplication =
    platform === 'fastify' ? module.createNestApplication(new FastifyAdapter()) : module.createNestApplication();
  if (prefix !== undefined) app.setGlobalPrefix(prefix);
  prepare?.(app);
  await app.listen(0, '127.0.0.1');
  if (!isEmpty) await fill(app);
  const url = (await app.getUrl()).replace(/\/$/, '');
  return { app, url, close: () => app.close() };
}

/** Applications of a spec, of one built page. */
export class DashboardApplications {
  readonly page = buildPage();
  private readonly running: DashboardApplication[] = [];

  /** Starts one; where it listens. */
  async start(options: DashboardApplicationOptions = {}): Promise<string> {
    const application = await startDashboard(this.page.files, options);
    this.running.push(application);
    return application.url;
  }

  /** The one that was started last. */
  get last(): DashboardApplication {
    return this.running.at(-1)!;
  }

  /** Closes those that are running. */
  async stop(): Promise<void> {
    await Promise.all(this.running.splice(0).map((application) => application.close()));
  }

  async close(): Promise<void> {
    await this.stop();
    this.page.remove();
  }
}

const NAMES = ['Ada Lovelace', HOSTILE, 'javascript:alert(4)'];

function namesOf(objects: readonly { id: string }[]): Map<string, string> {
  return new Map(objects.map(({ id }) => [id, NAMES[Number(id) - 1] ?? '']));
}

/** On the nth day before today there are n % 5 + 1 orders, of the customers in turn. */
async function fill(app: INestApplication): Promise<void> {
  const dataSource = app.get(DataSource);
  const customers = await dataSource
    .getRepository(Customer)
    .save(NAMES.map((_, place) => ({ name: `customer ${place}` })));
  const orders = Array.from({ length: 100 }, (_, day) =>
    Array.from({ length: (day % 5) + 1 }, (__, order) => ({
      createdAt: new Date(NOW.getTime() - day * 86_400_000),
      customer: customers[order % customers.length]!,
    })),
  );
  await dataSource.getRepository(Order).save(orders.flat());
  const trackers = app.get(TrackerService);
  await trackers.run(OrderTracker);
  await trackers.run(CustomerTracker);
  await app.get(StatisticService).record({ metric: HOSTILE_METRIC, value: 5 });
}
