import type { CanActivate, DynamicModule, ExecutionContext, INestApplication } from '@nestjs/common';
import { Injectable, Module } from '@nestjs/common';
import { FastifyAdapter } from '@nestjs/platform-fastify';
import { Test } from '@nestjs/testing';
import {
  AbstractStatistic,
  CountObjectsByDateAndObjectTracker,
  CountObjectsByDateTracker,
  defineDomain,
  defineMetric,
  Dimension,
  Period,
  Track,
  TrackerService,
} from 'nestjs-trackstats';
import { Entity } from 'typeorm';
import { type ApplicationOptions, Customer, metadataOf, Order, QUIET } from '../module/application.js';

export const PLATFORMS = ['express', 'fastify'] as const;
export type Platform = (typeof PLATFORMS)[number];

@Entity()
export class OrdersByRegion extends AbstractStatistic {
  @Dimension({ type: 'varchar' }) country!: string;
  @Dimension({ type: 'varchar', nullable: true }) province!: string | null;
  @Dimension({ type: 'integer' }) floor!: number;
}

export const SHOP = defineDomain({ ref: 'shop', name: 'Shop' });
export const ORDERS = defineMetric({ domain: SHOP, ref: 'orders', name: 'Orders', description: 'All of them' });
export const BY_CUSTOMER = defineMetric({ domain: SHOP, ref: 'by_customer', name: 'Orders by customer' });
export const TEMPERATURE = defineMetric({
  domain: defineDomain({ ref: 'air' }),
  ref: 'temperature',
  unit: '°C',
  better: 'down',
});

@Track({ metric: ORDERS, source: Order, dateField: 'createdAt', period: [Period.DAY, Period.LIFETIME, Period.WEEK] })
export class OrderTracker extends CountObjectsByDateTracker {}

@Track({ metric: BY_CUSTOMER, source: Order, dateField: 'createdAt', period: Period.DAY, objectField: 'customer' })
export class CustomerTracker extends CountObjectsByDateAndObjectTracker {}

/** Admits those who say who they are. */
@Injectable()
export class ReaderGuard implements CanActivate {
  canActivate(context: ExecutionContext): boolean {
    const { headers } = context.switchToHttp().getRequest<{ headers: Record<string, unknown> }>();
    return ['reader', 'owner'].includes(String(headers['x-user']));
  }
}

@Injectable()
export class OwnerGuard implements CanActivate {
  canActivate(context: ExecutionContext): boolean {
    const { headers } = context.switchToHttp().getRequest<{ headers: Record<string, unknown> }>();
    return headers['x-user'] === 'owner';
  }
}

export interface Answer {
  status: number;
  headers: Headers;
  text: string;
  body: any; // eslint-disable-line @typescript-eslint/no-explicit-any -- whatever was answered
}

export interface Served {
  app: INestApplication;
  url: string;
  get(path: string, headers?: Record<string, string>): Promise<Answer>;
  post(path: string, body?: unknown, headers?: Record<string, string>): Promise<Answer>;
}

const running: INestApplication[] = [];

export interface ServeOptions extends ApplicationOptions {
  platform?: Platform;
  prepare?: (app: INestApplication) => void | Promise<void>;
  /** runs its trackers once, so that their metrics are stored. @default true */
  runs?: boolean;
}

/** Starts an application with an interface, and asks it over HTTP. */
export async function serve(interfaces: DynamicModule[], options: ServeOptions = {}): Promise<Served> {
  const { platform = 'express', prepare, runs = options.providers === undefined, ...application } = options;
  const metadata = metadataOf({
    providers: [OrderTracker, CustomerTracker],
    ...application,
    trackstats: application.trackstats ?? {
      statistics: [OrdersByRegion],
      clock: () => new Date('2026-10-31T12:00:00Z'),
    },
    entities: [Order, Customer],
    imports: [...interfaces, ...(application.imports ?? [])],
  });
  @Module(metadata)
  class ShopModule {}
  const module = await Test.createTestingModule({ imports: [ShopModule] })
    .setLogger(QUIET)
    .compile();
  const app =
    platform === 'fastify' ? module.createNestApplication(new FastifyAdapter()) : module.createNestApplication();
  running.push(app);
  await prepare?.(app);
  await app.listen(0, '127.0.0.1');
  if (runs) for (const tracker of [OrderTracker, CustomerTracker]) await app.get(TrackerService).run(tracker);
  const url = (await app.getUrl()).replace('[::1]', '127.0.0.1');
  const ask = async (path: string, init: RequestInit): Promise<Answer> => {
    const response = await fetch(`${url}/${path}`, { redirect: 'manual', ...init });
    const text = await response.text();
    const isJson = response.headers.get('content-type')?.startsWith('application/json') === true && text !== '';
    return { status: response.status, headers: response.headers, text, body: isJson ? JSON.parse(text) : undefined };
  };
  return {
    app,
    url,
    get: (path, headers = {}) => ask(path, { headers }),
    post: (path, body = {}, headers = {}) =>
      ask(path, {
        method: 'POST',
        body: JSON.stringify(body),
        headers: { 'content-type': 'application/json', 'x-trackstats-request': '1', ...headers },
      }),
  };
}

export async function closeServed(): Promise<void> {
  for (const app of running.splice(0)) await app.close();
}
