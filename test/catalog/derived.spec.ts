import { defineDerived, defineDomain, defineMetric, defineRatio } from 'nestjs-trackstats';
import { checkStored, deriveValue, storedParts } from '../../lib/catalog/derived.js';
import { divideDecimals } from '../../lib/database/decimal.js';
import {
  CircularMetricError,
  DefinitionConflictError,
  DerivedMetricError,
  DerivedValueError,
  InvalidDefinitionError,
  InvalidRefError,
} from '../../lib/errors/catalog.error.js';
import { InvalidArgumentError } from '../../lib/errors/argument.error.js';
import fc from '../support/fast-check.js';

const SHOP = defineDomain({ ref: 'defined' });
const A = defineMetric({ domain: SHOP, ref: 'a' });
const B = defineMetric({ domain: SHOP, ref: 'b' });
const RATIO = defineRatio({ domain: SHOP, ref: 'ratio', of: A, per: B, unit: 'percent' });

const from =
  (values: Record<string, string | null>) =>
  (part: unknown): string | null =>
    values[(part as { ref: string }).ref] ?? null;

describe('a quotient of decimals', () => {
  it.each([
    ['1', '3', '0.33333333333333333333'],
    ['2', '3', '0.66666666666666666667'],
    ['-2', '3', '-0.66666666666666666667'],
    ['10', '-4', '-2.5'],
    ['0', '7', '0'],
    ['0.1', '0.3', '0.33333333333333333333'],
    ['123456789012345678901234567890', '0.1', '1234567890123456789012345678900'],
    ['1', '0', null],
    ['0', '0.00', null],
  ])('%s / %s is %s', (a, b, quotient) => {
    expect(divideDecimals(a, b, 20)).toBe(quotient);
  });

  it('is off by half a unit of the last place at most', () => {
    fc.assert(
      fc.property(
        fc.bigInt({ min: -(10n ** 30n), max: 10n ** 30n }),
        fc.bigInt({ min: 1n, max: 10n ** 12n }),
        (a, b) => {
          const [whole = '', fraction = ''] = (divideDecimals(String(a), String(b), 20) ?? '').split('.');
          const scaled = BigInt(whole + fraction.padEnd(20, '0'));
          const error = scaled * b - a * 10n ** 20n;
          return 2n * (error < 0n ? -error : error) <= b;
        },
      ),
    );
  });
});

describe('a ratio', () => {
  it('is null where a part is unknown, or the divisor is 0', () => {
    const of = (a: string | null, b: string | null) => deriveValue(RATIO, from({ a, b }));
    expect([of('1', '4'), of('1', null), of(null, '4'), of('1', '0'), of('0', '5')]).toEqual([
      '0.25',
      null,
      null,
      null,
      '0',
    ]);
  });

  it('has a key, a unit, and parts', () => {
    expect(RATIO).toMatchObject({ key: 'defined/ratio', unit: 'percent', derivation: { kind: 'ratio' } });
    expect(storedParts(RATIO)).toEqual([A, B]);
    expect(storedParts('defined/ratio')).toEqual([A, B]);
    expect(Object.isFrozen(RATIO)).toBe(true);
  });
});

describe('a derived metric', () => {
  const derive = (ref: string, value: (parts: { a: number; b: number }) => unknown) =>
    defineDerived({ domain: SHOP, ref, from: { a: A, b: B }, value: value as () => number });

  it('is what its function returns, rounded to 20 decimals', () => {
    expect(
      deriveValue(
        derive('sum', ({ a, b }) => a + b),
        from({ a: '1.5', b: '2' }),
      ),
    ).toBe('3.5');
    expect(
      deriveValue(
        derive('third', ({ a, b }) => a / b),
        from({ a: '1', b: '3' }),
      ),
    ).toBe('0.3333333333333333');
    expect(
      deriveValue(
        derive('tiny', () => 1e-25),
        from({ a: '1', b: '3' }),
      ),
    ).toBe('0');
    expect(
      deriveValue(
        derive('none', () => null),
        from({ a: '1', b: '3' }),
      ),
    ).toBeNull();
  });

  it('does not call its function where a part is unknown', () => {
    let calls = 0;
    const counted = derive('counted', () => calls++);
    expect(deriveValue(counted, from({ a: null, b: '2' }))).toBeNull();
    expect(calls).toBe(0);
  });

  it('is null where its function divides by zero', () => {
    expect(
      deriveValue(
        derive('zero', ({ a, b }) => a / b),
        from({ a: '0', b: '0' }),
      ),
    ).toBeNull();
    expect(
      deriveValue(
        derive('infinite', ({ a, b }) => a / b),
        from({ a: '1', b: '0' }),
      ),
    ).toBeNull();
  });

  it.each([
    ['returned_nothing', () => undefined, 'returned undefined'],
    ['returned_text', () => '5', 'returned "5"'],
    ['returned_promise', () => Promise.resolve(5), 'returned'],
    [
      'threw',
      () => {
        throw new RangeError('oops');
      },
      'threw: oops',
    ],
  ])('whose function %s is named', (ref, value, problem) => {
    const wrong = derive(ref, value);
    const call = () => deriveValue(wrong, from({ a: '1', b: '2' }));
    expect(call).toThrow(DerivedValueError);
    expect(call).toThrow(`"defined/${ref}": value({"a":1,"b":2}) ${problem}`);
  });

  it('may be a part, and is computed from what is stored', () => {
    const inner = defineRatio({ domain: SHOP, ref: 'inner', of: 'defined/a', per: B });
    const outer = defineDerived({
      domain: SHOP,
      ref: 'outer',
      from: { inner, a: A },
      value: ({ inner: ratio, a }) => ratio * a,
    });
    expect(storedParts(outer)).toHaveLength(2);
    const values: Record<string, string> = { 'defined/a': '6', 'defined/b': '3' };
    expect(deriveValue(outer, (part) => values[typeof part === 'string' ? part : part.key] ?? null)).toBe('12');
  });

  it('is no part of itself', () => {
    defineRatio({ domain: SHOP, ref: 'hen', of: 'defined/egg', per: A });
    const egg = defineRatio({ domain: SHOP, ref: 'egg', of: 'defined/hen', per: A });
    expect(() => storedParts(egg)).toThrow(CircularMetricError);
    expect(() => storedParts('defined/hen')).toThrow('defined/hen → defined/egg → defined/hen');
  });

  it('is refused where only stored metrics make sense', () => {
    for (const target of [RATIO, 'defined/ratio']) {
      expect(() => {
        checkStored('record', target);
      }).toThrow(DerivedMetricError);
      expect(() => {
        checkStored('record', target);
      }).toThrow('computed from defined/a and defined/b');
    }
    checkStored('record', A);
    checkStored('record', 'defined/unknown');
  });
});

describe('definitions of one key', () => {
  it('agree', () => {
    expect(defineRatio({ domain: SHOP, ref: 'ratio', of: A, per: B, unit: 'percent' })).toMatchObject({
      key: RATIO.key,
    });
    const twice = () => defineDerived({ domain: SHOP, ref: 'twice', from: { a: A }, value: ({ a }) => 2 * a });
    expect(twice().key).toBe(twice().key);
  });

  it.each([
    ['a metric', () => defineMetric({ domain: SHOP, ref: 'ratio' })],
    ['a ratio of others', () => defineRatio({ domain: SHOP, ref: 'ratio', of: B, per: A, unit: 'percent' })],
    ['another unit', () => defineRatio({ domain: SHOP, ref: 'ratio', of: A, per: B })],
    ['another name', () => defineRatio({ domain: SHOP, ref: 'ratio', name: 'R', of: A, per: B, unit: 'percent' })],
    ['a function', () => defineDerived({ domain: SHOP, ref: 'ratio', from: { a: A }, value: ({ a }) => a })],
    ['a ratio in place of a metric', () => defineRatio({ domain: SHOP, ref: 'a', of: A, per: B })],
  ])('are not %s', (_, define) => {
    expect(define).toThrow(DefinitionConflictError);
  });
});

describe('a definition', () => {
  const ratio = (given: object) => () => defineRatio({ domain: SHOP, ref: 'wrong', of: A, per: B, ...given });
  const derived = (given: object) => () =>
    defineDerived({ domain: SHOP, ref: 'wrong', from: { a: A }, value: () => 1, ...given });

  it.each([
    ['no domain', ratio({ domain: 'shop' }), InvalidDefinitionError],
    ['a wrong ref', ratio({ ref: 'a b' }), InvalidRefError],
    ['a part that is none', ratio({ of: 5 }), InvalidDefinitionError],
    ['a part whose key is none', ratio({ per: 'orders' }), InvalidRefError],
    ['a part that is left out', ratio({ per: undefined }), InvalidDefinitionError],
    ['an unknown field', ratio({ by: B }), InvalidArgumentError],
    ['a unit that is none', ratio({ unit: 'a\nb' }), InvalidArgumentError],
    ['a currency that is none', ratio({ unit: { currency: 'euro' } }), InvalidArgumentError],
    ['no parts', derived({ from: {} }), InvalidArgumentError],
    ['parts in a list', derived({ from: [A] }), InvalidArgumentError],
    ['no function', derived({ value: undefined }), InvalidArgumentError],
  ])('with %s is refused', (_, define, error) => {
    expect(define).toThrow(error);
  });
});
