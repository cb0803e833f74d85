import { defineDomain, defineMetric, isDomainDefinition, isMetricDefinition } from '../../lib/catalog/definitions.js';
import { nearest } from '../../lib/validation/nearest.js';
import { parseKey } from '../../lib/catalog/ref.js';
import {
  DefinitionConflictError,
  InvalidDefinitionError,
  InvalidNameError,
  InvalidRefError,
} from '../../lib/errors/catalog.error.js';

describe('definitions', () => {
  const shop = defineDomain({ ref: 'shop', name: 'Shop' });

  it('need no database and carry the natural key', () => {
    const orders = defineMetric({ domain: shop, ref: 'orders', name: 'Orders', description: 'All of them' });
    expect(orders).toMatchObject({
      ref: 'orders',
      key: 'shop/orders',
      name: 'Orders',
      description: 'All of them',
      domain: shop,
    });
    expect(isMetricDefinition(orders)).toBe(true);
    expect(isDomainDefinition(shop)).toBe(true);
    expect(Object.isFrozen(orders)).toBe(true);
  });

  it('are made by the functions only', () => {
    expect(isMetricDefinition({ domain: shop, ref: 'orders', key: 'shop/orders' })).toBe(false);
    expect(() => defineMetric({ domain: { ref: 'shop' } as never, ref: 'x' })).toThrow(InvalidDefinitionError);
    expect(() => defineMetric({ domain: 'shop' as never, ref: 'x' })).toThrow(
      `Not a domain: "shop". Expected what defineDomain({ ref: 'shopping' }) returns.`,
    );
    expect(() => defineMetric({ domain: undefined as never, ref: 'x' })).toThrow(/the two files may import each other/);
  });

  it.each(['', ' ', 'a b', 'a/b', 'é', 'a\n', "x'; DROP TABLE trackstats_metric; --", 'x'.repeat(101), undefined, 5])(
    'refuse the ref %j',
    (ref) => {
      expect(() => defineDomain({ ref: ref as string })).toThrow(InvalidRefError);
      expect(() => defineMetric({ domain: shop, ref: ref as string })).toThrow(InvalidRefError);
    },
  );

  it.each(['a', 'A-Z_0.9', 'x'.repeat(100), '.', '__proto__'])('take the ref %j', (ref) => {
    expect(defineDomain({ ref }).ref).toBe(ref);
  });

  it('refuse a name that no column holds', () => {
    expect(() => defineDomain({ ref: 'a', name: 'x'.repeat(256) })).toThrow(InvalidNameError);
    expect(() => defineDomain({ ref: 'a', name: 'x\0' })).toThrow(InvalidNameError);
    expect(() => defineDomain({ ref: 'a', name: '\ud800' })).toThrow(InvalidNameError);
    expect(() => defineMetric({ domain: shop, ref: 'bad', description: 5 as never })).toThrow(InvalidNameError);
  });

  it('of one key agree', () => {
    defineMetric({ domain: shop, ref: 'twice', name: 'Twice' });
    expect(() => defineMetric({ domain: shop, ref: 'twice', name: 'Twice' })).not.toThrow();
    expect(() => defineMetric({ domain: shop, ref: 'twice', name: 'Two times' })).toThrow(DefinitionConflictError);
    expect(() => defineMetric({ domain: shop, ref: 'twice' })).toThrow(/shop\/twice/);
  });
});

describe('a natural key', () => {
  it('is read', () => {
    expect(parseKey('shop/orders')).toEqual({ domain: 'shop', metric: 'orders' });
  });
  it.each(['shop', 'shop/', '/orders', 'a/b/c', 'shop /orders', ''])('is not %j', (key) => {
    expect(() => parseKey(key)).toThrow(InvalidRefError);
  });
});

it('suggests the nearest', () => {
  const keys = ['shop/orders', 'shop/visits', 'forum/posts'];
  expect(nearest('shop/oders', keys)).toBe('shop/orders');
  expect(nearest('SHOP/ORDERS', keys)).toBe('shop/orders');
  expect(nearest('weather/temperature', keys)).toBeNull();
  expect(nearest('x', [])).toBeNull();
  expect(nearest('to', ['by', 'of'])).toBeNull();
  expect(nearest('shop/ordrs', ['shop/rr'])).toBeNull();
});
