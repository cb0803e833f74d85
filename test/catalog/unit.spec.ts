import {
  defineDomain,
  defineMetric,
  defineRatio,
  DefinitionConflictError,
  InvalidArgumentError,
  type MetricUnit,
} from 'nestjs-trackstats';
import { Metric } from '../../lib/catalog/metric.entity.js';
import { unitOfText, unitText } from '../../lib/catalog/unit.js';
import { valueWithUnit } from '../../lib/cli/value-text.js';
import { describeOnEachDatabase } from '../support/databases.js';
import { setup, type Setup } from '../statistics/setup.js';
import fc from '../support/fast-check.js';

const DOMAIN = defineDomain({ ref: 'measured' });
const EUR = { currency: 'EUR' };
const TRAFFIC = defineMetric({ domain: DOMAIN, ref: 'traffic', unit: 'bytes', better: 'down' });
const REVENUE = defineMetric({ domain: DOMAIN, ref: 'revenue', unit: EUR, better: 'up' });
const PLAIN = defineMetric({ domain: DOMAIN, ref: 'plain' });
const STOCK = defineMetric({ domain: DOMAIN, ref: 'stock', gauge: true });

describe('a unit', () => {
  let made = 0;
  const define = (unit: unknown): MetricUnit | undefined =>
    defineMetric({ domain: DOMAIN, ref: `m${++made}`, unit: unit as MetricUnit }).unit;

  it.each(['percent', 'bytes', 'seconds', 'km', '°C', 'm²', 'EUR', '€/kWh', '件', '👍', '<b>', '=1+1', 'x'.repeat(40)])(
    'may be %j',
    (unit) => {
      expect(define(unit)).toBe(unit);
    },
  );

  it.each(['EUR', 'JPY', 'KWD'])('may be the currency %s', (currency) => {
    const unit = define({ currency });
    expect(unit).toEqual({ currency });
    expect(Object.isFrozen(unit)).toBe(true);
  });

  it.each([
    '',
    ' ',
    ' km',
    'km\t',
    'a\nb',
    'a\0b',
    '\u001b[31m',
    '\u202eabc',
    'a\u200bb',
    '\u2028',
    '\ud800',
    'x'.repeat(41),
    'currency:EUR',
    null,
    5,
    true,
    [],
    ['percent'],
    {},
    { currency: 'euro' },
    { currency: 'eur' },
    { currency: 'ABC' },
    { currency: '' },
    { currency: null },
    { currency: ['EUR'] },
    { currency: 'EUR', digits: 2 },
    new Map([['currency', 'EUR']]),
    () => 'km',
  ])('is not %j', (unit) => {
    expect(() => define(unit)).toThrow(InvalidArgumentError);
    expect(() => define(unit)).toThrow(/^defineMetric: unit/);
  });

  it.each(['', 'UP', 'left', true, null])('has no direction %j', (better) => {
    expect(() => defineMetric({ domain: DOMAIN, ref: 'wrong', better: better as never })).toThrow(
      /defineMetric: better.*Expected 'up' or 'down'/,
    );
  });

  it.each(['true', 1, null, {}])('says of no gauge %j', (gauge) => {
    expect(() => defineMetric({ domain: DOMAIN, ref: 'wrong', gauge: gauge as never })).toThrow(InvalidArgumentError);
    expect(() => defineMetric({ domain: DOMAIN, ref: 'wrong', gauge: gauge as never })).toThrow(
      /^defineMetric: gauge.*Expected true or false/,
    );
  });

  it('is the same in all definitions of a metric', () => {
    expect(defineMetric({ domain: DOMAIN, ref: 'revenue', unit: { currency: 'EUR' }, better: 'up' })).toEqual(REVENUE);
    for (const other of [{}, { unit: EUR }, { better: 'up' }, { unit: { currency: 'USD' }, better: 'up' }] as const) {
      expect(() => defineMetric({ domain: DOMAIN, ref: 'revenue', ...other })).toThrow(DefinitionConflictError);
    }
    expect(defineMetric({ domain: DOMAIN, ref: 'stock', gauge: true })).toEqual(STOCK);
    for (const other of [{}, { gauge: false }]) {
      expect(() => defineMetric({ domain: DOMAIN, ref: 'stock', ...other })).toThrow(/"gauge":true/);
    }
  });

  it('belongs to derived metrics, too', () => {
    const parts = { of: REVENUE, per: TRAFFIC };
    const domain = defineDomain({ ref: 'derived_units' });
    const rate = defineRatio({ domain, ref: 'rate', ...parts, unit: '€/MB', better: 'up' });
    expect(rate).toMatchObject({ unit: '€/MB', better: 'up' });
    expect(() => defineRatio({ domain, ref: 'rate', ...parts, unit: '€/MB' })).toThrow(DefinitionConflictError);
  });

  it('belongs to them without a gauge: whether they add up follows from their parts', () => {
    const given = { domain: DOMAIN, ref: 'level', of: REVENUE, per: TRAFFIC, gauge: true };
    expect(() => defineRatio(given)).toThrow(InvalidArgumentError);
    expect(() => defineRatio(given)).toThrow(/^defineRatio: gauge is true\. The parts of a derived metric say/);
  });

  it('comes back from its text', () => {
    expect(unitOfText(unitText(EUR))).toEqual(EUR);
    fc.assert(
      fc.property(fc.string({ unit: 'binary', maxLength: 45 }), (text) => {
        let unit: MetricUnit | undefined;
        try {
          unit = define(text);
        } catch (error) {
          expect(error).toBeInstanceOf(InvalidArgumentError);
          return;
        }
        expect(unitOfText(unitText(unit as MetricUnit))).toBe(text);
      }),
    );
  });

  it.each([
    ['0.25', 'percent', '25 %'],
    ['0.00000000000000000001', 'percent', '0.000000000000000001 %'],
    ['-1', 'percent', '-100 %'],
    ['9007199254740993', 'bytes', '9007199254740993 bytes'],
    ['12.5', EUR, '12.5 EUR'],
    ['3', 'km', '3 km'],
    ['3', null, '3'],
  ] as const)('is shown with %s: %j', (decimal, unit, shown) => {
    expect(valueWithUnit(decimal, unit)).toBe(shown);
  });
});

describeOnEachDatabase('the unit of a metric', (database) => {
  let s: Setup;
  beforeEach(async () => {
    s = await setup(database);
  });

  const stored = async (): Promise<unknown[]> => {
    const gauge = 'CASE WHEN gauge = TRUE THEN 1 ELSE 0 END';
    const rows: { ref: string; unit: string | null; better: string | null; gauge: number | bigint }[] =
      await s.dataSource.query(`SELECT ref, unit, better, ${gauge} AS gauge FROM trackstats_metric ORDER BY ref`);
    return rows.map(({ ref, unit, better, gauge: isGauge }) => [ref, unit, better, Number(isGauge) === 1]);
  };

  it('is stored on first use of its definition', async () => {
    for (const metric of [TRAFFIC, REVENUE, PLAIN, STOCK])
      await s.statistics.record({ metric, value: 1, date: '2026-10-31' });
    expect(await stored()).toEqual([
      ['plain', null, null, false],
      ['revenue', 'currency:EUR', 'up', false],
      ['stock', null, null, true],
      ['traffic', 'bytes', 'down', false],
    ]);
    expect(await s.metrics.find('measured/revenue')).toMatchObject({ unit: EUR, better: 'up' });
    expect((await s.metrics.list({ domain: DOMAIN })).map(({ unit, better, gauge }) => [unit, better, gauge])).toEqual([
      [null, null, false],
      [EUR, 'up', false],
      [null, null, true],
      ['bytes', 'down', false],
    ]);
    const [statistic] = await s.statistics.find({ metric: REVENUE });
    expect(statistic).toMatchObject({ metric: { unit: EUR, better: 'up' } });
  });

  it('is read by TypeORM, as narrow does', async () => {
    await s.statistics.record({ metric: REVENUE, value: 1, date: '2026-10-31' });
    const [row] = await s.statistics.narrow({ metric: REVENUE }).getMany();
    expect(row).toMatchObject({ metric: { unit: EUR, better: 'up' } });
    await s.statistics.record({ metric: STOCK, value: 1, date: '2026-10-31' });
    expect(await s.statistics.narrow({ metric: STOCK }).getOne()).toMatchObject({ metric: { gauge: true } });
    expect(row).toMatchObject({ metric: { gauge: false } });
    const repository = s.dataSource.getRepository(Metric);
    const metric = await repository.findOneByOrFail({ ref: 'revenue' });
    await repository.save(Object.assign(metric, { unit: { currency: 'USD' } }));
    expect(await s.metrics.find(REVENUE)).toMatchObject({ unit: { currency: 'USD' } });
    await repository.save(Object.assign(metric, { unit: null, better: null }));
    expect(await s.metrics.find(REVENUE)).toMatchObject({ unit: null, better: null });
  });

  it('is registered, changed, and removed by null', async () => {
    const plain = { domain: DOMAIN, ref: 'plain' };
    expect(await s.metrics.register({ ...plain, unit: null, better: null })).toMatchObject({
      unit: null,
      better: null,
    });
    expect(await s.metrics.register({ ...plain, unit: 'km', better: 'up' })).toMatchObject({
      unit: 'km',
      better: 'up',
    });
    expect(await s.metrics.register(plain)).toMatchObject({ unit: 'km', better: 'up' });
    expect(await s.metrics.register({ ...plain, unit: EUR })).toMatchObject({ unit: EUR, better: 'up' });
    expect(await s.metrics.find('measured/plain')).toMatchObject({ unit: EUR, better: 'up' });
    const metric = await s.metrics.register({ ...plain, unit: null });
    expect(metric).toMatchObject({ unit: null, better: 'up' });
    expect(await s.metrics.find('measured/plain')).toMatchObject({ unit: null, better: 'up' });
    await expect(s.metrics.register({ ...plain, unit: 'a\nb' })).rejects.toThrow(InvalidArgumentError);
  });

  it('is beside a gauge, which is registered, changed, and removed by false', async () => {
    const plain = { domain: DOMAIN, ref: 'plain' };
    expect(await s.metrics.register(plain)).toMatchObject({ gauge: false });
    expect(await s.metrics.register({ ...plain, gauge: true })).toMatchObject({ gauge: true });
    expect(await s.metrics.register({ ...plain, unit: 'km' })).toMatchObject({ gauge: true });
    expect(await s.metrics.find('measured/plain')).toMatchObject({ unit: 'km', gauge: true });
    expect(await s.metrics.register({ ...plain, gauge: false })).toMatchObject({ gauge: false });
    expect(await s.metrics.find('measured/plain')).toMatchObject({ unit: 'km', gauge: false });
    expect(await s.metrics.register({ domain: DOMAIN, ref: 'new', gauge: true })).toMatchObject({ gauge: true });
    await expect(s.metrics.register({ ...plain, gauge: null as never })).rejects.toThrow(InvalidArgumentError);
  });
});
