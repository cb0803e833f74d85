import { defineDomain, defineMetric } from '../../lib/catalog/definitions.js';
import { Domain } from '../../lib/catalog/domain.entity.js';
import { Metric } from '../../lib/catalog/metric.entity.js';
import {
  DomainHasMetricsError,
  InvalidDefinitionError,
  InvalidRefError,
  MetricHasStatisticsError,
  RefTakenError,
  UnknownDomainError,
  UnknownMetricError,
} from '../../lib/errors/catalog.error.js';
import { Coverage } from '../../lib/coverage/coverage.entity.js';
import { describeOnEachDatabase } from '../support/databases.js';
import { cover, Customer, ORDERS, OrdersByRegion, services, setup, type Setup, SHOP } from '../statistics/setup.js';

describeOnEachDatabase('the catalog', (test) => {
  let s: Setup;
  beforeEach(async () => {
    s = await setup(test);
  });

  describe('domains', () => {
    it('are registered, and updated by what is given', async () => {
      const domain = await s.domains.register({ ref: 'forum' });
      expect(domain).toBeInstanceOf(Domain);
      expect(domain).toMatchObject({ ref: 'forum', name: 'forum' });
      expect(await s.domains.register({ ref: 'forum', name: "Fo'rum" })).toMatchObject({
        id: domain.id,
        ref: 'forum',
        name: "Fo'rum",
      });
      expect(await s.domains.register({ ref: 'forum' })).toMatchObject({ id: domain.id, name: "Fo'rum" });
      expect(await s.domains.find('forum')).toMatchObject({ id: domain.id, ref: 'forum', name: "Fo'rum" });
      expect(await s.domains.find('other')).toBeNull();
    });

    it('are told apart by case', async () => {
      await s.domains.register({ ref: 'a' });
      await s.domains.register({ ref: 'A' });
      expect((await s.domains.list()).map(({ ref }) => ref)).toEqual(['A', 'a']);
    });

    it('are registered once by twenty at once', async () => {
      const all = await Promise.all(
        Array.from({ length: 20 }, (_, i) => s.domains.register({ ref: 'many', name: `n${i % 2}` })),
      );
      expect(new Set(all.map(({ id }) => id)).size).toBe(1);
      expect(await s.domains.list()).toHaveLength(1);
    });

    it('are renamed, but not over another', async () => {
      const metric = await s.metrics.register({ domain: SHOP, ref: 'orders' });
      await s.domains.register({ ref: 'forum' });
      await expect(s.domains.rename('shop', 'forum')).rejects.toThrow(RefTakenError);
      expect(await s.domains.rename('shop', 'shop')).toMatchObject({ ref: 'shop' });
      expect(await s.domains.rename('shop', 'store')).toMatchObject({ id: metric.domain.id, ref: 'store' });
      expect((await s.metrics.find('store/orders'))?.id).toBe(metric.id);
      await expect(s.domains.rename('shop', 'x')).rejects.toThrow(UnknownDomainError);
      await expect(s.domains.rename('store', 'a b')).rejects.toThrow(InvalidRefError);
    });

    it('are not removed while they have metrics', async () => {
      await s.metrics.register({ domain: SHOP, ref: 'orders' });
      await expect(s.domains.remove(SHOP)).rejects.toThrow(DomainHasMetricsError);
      await s.metrics.remove('shop/orders');
      await s.domains.remove('shop');
      expect(await s.domains.list()).toEqual([]);
      await expect(s.domains.remove('shop')).rejects.toThrow(UnknownDomainError);
    });

    it('suggest the nearest', async () => {
      await s.domains.register({ ref: 'shopping' });
      await expect(s.domains.remove('shoping')).rejects.toThrow(/Did you mean "shopping"/);
    });
  });

  describe('metrics', () => {
    it('are stored on first use of their definition, with their domain', async () => {
      expect(await s.metrics.find(ORDERS)).toBeNull();
      const metric = await s.metrics.resolve(ORDERS);
      expect(metric).toBeInstanceOf(Metric);
      expect(metric).toMatchObject({
        ref: 'orders',
        name: 'Orders',
        description: null,
        domain: { ref: 'shop', name: 'Shop' },
      });
      expect(metric.domain).toBeInstanceOf(Domain);
      expect(metric.key).toBe('shop/orders');
      expect(await s.metrics.resolve('shop/orders')).toEqual(metric);
      expect(await s.metrics.resolve(metric)).toEqual(metric);
    });

    it('are registered, and updated by what is given', async () => {
      const given = { domain: SHOP, ref: 'orders', name: 'Orders', description: 'd' };
      const metric = await s.metrics.register(given);
      expect(await s.metrics.register({ domain: 'shop', ref: 'orders' })).toEqual(metric);
      expect(await s.metrics.register({ domain: metric.domain, ref: 'orders', name: 'X' })).toMatchObject({
        id: metric.id,
        name: 'X',
        description: 'd',
      });
      expect(await s.metrics.find('shop/orders')).toMatchObject({ id: metric.id, name: 'X', description: 'd' });
      await expect(s.metrics.register({ domain: 'forum', ref: 'posts' })).rejects.toThrow(UnknownDomainError);
      await expect(s.metrics.register({ domain: { ref: 'forum' } as never, ref: 'posts' })).rejects.toThrow(
        InvalidDefinitionError,
      );
    });

    it('are registered once by twenty processes at once, each a connection of its own', async () => {
      const count = test.kind === 'sqlite' ? 3 : 5;
      const others = await Promise.all(
        Array.from({ length: count }, async () =>
          services(await test.open({ entities: s.dataSource.options.entities!, synchronize: false })),
        ),
      );
      const all = await Promise.all(
        Array.from({ length: 20 }, (_, i) =>
          others[i % count]!.metrics.register({ domain: SHOP, ref: `m${i % 3}`, name: `n${i % 2}` }),
        ),
      );
      expect(new Set(all.map(({ id }) => id)).size).toBe(3);
      expect(await s.metrics.list()).toHaveLength(3);
    });

    it('are resolved once by twenty at once', async () => {
      const metric = defineMetric({ domain: defineDomain({ ref: 'race' }), ref: 'm' });
      const all = await Promise.all(Array.from({ length: 20 }, () => s.metrics.resolve(metric)));
      expect(new Set(all.map(({ id }) => id)).size).toBe(1);
    });

    it('are listed by key, all or of a domain', async () => {
      for (const [domain, ref] of [
        ['b', 'x'],
        ['a', 'z'],
        ['a', 'y'],
        ['A', 'y'],
      ] as const) {
        await s.metrics.register({ domain: defineDomain({ ref: domain }), ref });
      }
      expect((await s.metrics.list()).map(({ key }) => key)).toEqual(['A/y', 'a/y', 'a/z', 'b/x']);
      expect((await s.metrics.list({ domain: 'a' })).map(({ key }) => key)).toEqual(['a/y', 'a/z']);
      await expect(s.metrics.list({ domain: undefined as never })).rejects.toThrow(InvalidDefinitionError);
    });

    it('that are unknown suggest the nearest', async () => {
      await s.metrics.resolve(ORDERS);
      await expect(s.metrics.resolve('shop/oders')).rejects.toThrow(/"shop\/oders".*Did you mean "shop\/orders"/);
      await expect(s.metrics.resolve('nonsense')).rejects.toThrow(InvalidRefError);
      await expect(s.metrics.resolve({ ref: 'orders' } as never)).rejects.toThrow(InvalidDefinitionError);
      await expect(s.metrics.resolve(undefined as never)).rejects.toThrow(InvalidDefinitionError);
    });

    it('keep their statistics when they are renamed', async () => {
      await s.statistics.record({ metric: ORDERS, value: 3 });
      await s.metrics.register({ domain: SHOP, ref: 'visits' });
      const before = await s.metrics.resolve(ORDERS);
      await expect(s.metrics.rename(ORDERS, 'visits')).rejects.toThrow(RefTakenError);
      expect(await s.metrics.rename(ORDERS, 'sales')).toMatchObject({ id: before.id, ref: 'sales' });
      expect(await s.statistics.value({ metric: 'shop/sales' })).toBe(3);
      expect(await s.statistics.value({ metric: before })).toBe(3);
      await expect(s.metrics.rename('shop/nothing', 'x')).rejects.toThrow(UnknownMetricError);
    });

    it('are not removed while they have statistics, unless asked', async () => {
      const customer = Object.assign(new Customer(), { id: 5 });
      await s.statistics.record({ metric: ORDERS, value: 3, object: customer });
      await s.statistics.record({
        metric: ORDERS,
        value: 3,
        entity: OrdersByRegion,
        dimensions: { country: 'NL', province: null },
      });
      await s.statistics.record({ metric: 'shop/orders', value: 3 });
      await cover(s, { from: '2026-01-01', through: '2026-01-02' });
      await expect(s.metrics.remove(ORDERS)).rejects.toThrow(MetricHasStatisticsError);
      expect(await s.statistics.value({ metric: ORDERS })).toBe(3);
      await s.metrics.remove(ORDERS, { statistics: true });
      expect(await s.metrics.list()).toEqual([]);
      expect(await s.dataSource.getRepository(OrdersByRegion).count()).toBe(0);
      expect(await s.dataSource.getRepository(Coverage).count()).toBe(0);
      await expect(s.metrics.remove('shop/orders')).rejects.toThrow(UnknownMetricError);
    });

    it('are not removed while only a custom statistic has any', async () => {
      await s.statistics.record({
        metric: ORDERS,
        value: 3,
        entity: OrdersByRegion,
        dimensions: { country: 'NL', province: null },
      });
      await expect(s.metrics.remove(ORDERS)).rejects.toThrow(MetricHasStatisticsError);
    });
  });
});
