import {
  type Address,
  hrefOf,
  type MetricAddress,
  OVERVIEW,
  parseAddress,
  toMetric,
  zoomedIn,
  zoomedOut,
} from '../../lib/dashboard/page/address.js';
import fc from '../support/fast-check.js';

const METRIC = toMetric('shopping/orders');

describe('the address of a page', () => {
  it.each<[Address, string]>([
    [OVERVIEW, '?'],
    [{ ...OVERVIEW, range: '24h' }, '?range=24h'],
    [{ ...OVERVIEW, search: 'new orders', period: 'MONTH' }, '?q=new+orders&period=MONTH'],
    [
      { ...OVERVIEW, domain: 'shop', range: '12m', as: 'table', sort: 'change', order: 'desc' },
      '?domain=shop&range=12m&as=table&sort=change&order=desc',
    ],
    [
      { page: 'object', type: 'customer', id: '7', range: '30d', from: null, to: null },
      '?object_type=customer&object_id=7&range=30d',
    ],
    [
      { page: 'object', type: 'customer', id: '7', range: 'own', from: '2026-01-01', to: null },
      '?object_type=customer&object_id=7&from=2026-01-01',
    ],
    [{ page: 'trackers' }, '?view=trackers'],
    [{ page: 'tracker', tracker: 'Stock.level & more' }, '?tracker=Stock.level+%26+more'],
    [METRIC, '?metric=shopping%2Forders'],
    [
      { ...METRIC, period: 'WEEK', range: '12m', compare: 'previous' },
      '?metric=shopping%2Forders&period=WEEK&range=12m&compare=previous',
    ],
    [
      { ...METRIC, range: 'own', from: '2026-01-01', to: '2026-02-01', by: 'customer', top: 3, as: 'bars' },
      '?metric=shopping%2Forders&from=2026-01-01&to=2026-02-01&by=customer&top=3&as=bars',
    ],
    [
      { ...METRIC, with: ['shopping/visits'], hidden: ['shopping/orders'], isEmbedded: true },
      '?view=chart&metric=shopping%2Forders&metric=shopping%2Fvisits&hide=shopping%2Forders',
    ],
    [
      { ...METRIC, by: 'customer', object: '5', search: 'ada', place: 2 },
      '?metric=shopping%2Forders&by=customer&object=5&q=ada&place=2',
    ],
    [
      { ...METRIC, range: 'month', by: 'customer', compare: 'none', rank: 'change', order: 'asc' },
      '?metric=shopping%2Forders&range=month&compare=none&by=customer&sort=change&order=asc',
    ],
    [
      { ...METRIC, range: 'own', from: '2026-01-05', to: '2026-01-07', zoomedFrom: '2026-01-01/' },
      '?metric=shopping%2Forders&from=2026-01-05&to=2026-01-07&zoom=2026-01-01%2F',
    ],
    [{ ...METRIC, isLogarithmic: true }, '?metric=shopping%2Forders&axis=log'],
    [{ ...METRIC, compare: 'quarter' }, '?metric=shopping%2Forders&compare=quarter'],
    [{ ...METRIC, period: 'HOUR', range: 'yesterday' }, '?metric=shopping%2Forders&period=HOUR&range=yesterday'],
    [
      { ...METRIC, range: 'own', from: '2026-10-25T02:45:00+02:00', to: '2026-10-25T02:15:00+01:00' },
      '?metric=shopping%2Forders&from=2026-10-25T02%3A45%3A00%2B02%3A00&to=2026-10-25T02%3A15%3A00%2B01%3A00',
    ],
  ])('%j', (address, href) => {
    expect(hrefOf(address)).toBe(href);
    expect(parseAddress(href)).toEqual(address);
  });

  it.each([
    ['?metric=a/b&range=century&as=pie&top=-1&from=yesterday', { range: '', as: 'lines', top: 5, from: null }],
    ['?metric=a/b&top=1000', { top: 10 }],
    ['?metric=a/b&from=2026-02-31', { range: '' }],
    ['?metric=a/b&from=2026-02-03&to=2026-02-01', { range: '', from: null, to: null }],
    ['?metric=a/b&range=1y&compare=before', { range: '12m', compare: 'previous' }],
    ['?metric=a/b&from=2026-10-25T02:45:00+01:00&to=2026-10-25T02:15:00Z', { from: '2026-10-25T02:45:00+01:00' }],
    ['?metric=a/b&from=2026-10-25T02:15:00Z&to=2026-10-25T02:45:00%2B01:00', { range: '', from: null, to: null }],
    ['?metric=a/b&from=2026-01-05&zoom=century', { from: '2026-01-05', zoomedFrom: '' }],
    ['?metric=a/b&range=7d&zoom=30d', { range: '7d', zoomedFrom: '' }],
    ['?metric=a/b&from=2026-10-25T25:00:00Z', { range: '', from: null }],
    ['?range=25h', { page: 'overview', range: '' }],
    ['?view=nothing', { page: 'overview' }],
  ])('takes what it does not know as absent: %s', (href, part) => {
    expect(parseAddress(href)).toMatchObject(part);
  });

  it('of a part of a part leads back to the first range', () => {
    for (const part of [
      { range: '' as const, from: null, to: null },
      { range: '12m' as const, from: null, to: null },
      { range: 'own' as const, from: '2026-01-01', to: null },
      { range: 'own' as const, from: '2026-10-25T02:45:00+02:00', to: '2026-10-25T02:15:00+01:00' },
    ]) {
      const whole = { ...METRIC, ...part };
      const once = zoomedIn(whole, '2026-01-05', '2026-01-20');
      const twice = parseAddress(hrefOf(zoomedIn(once, '2026-01-07', '2026-01-08')));
      expect(twice).toMatchObject({ range: 'own', from: '2026-01-07', to: '2026-01-08' });
      expect(zoomedOut(twice as MetricAddress)).toEqual(whole);
    }
  });

  it('holds any name, and leads nowhere but to this page', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary' }), fc.string({ unit: 'binary', minLength: 1 }), (tracker, by) => {
        const addresses: Address[] = [
          { page: 'tracker', tracker: tracker === '' ? 'x' : tracker },
          { ...METRIC, by },
        ];
        for (const address of addresses) {
          expect(hrefOf(address)).toMatch(/^\?/);
          expect(new URL(hrefOf(address), 'http://here/a/b').pathname).toBe('/a/b');
          expect(parseAddress(hrefOf(address))).toEqual(address);
        }
      }),
    );
  });
});
