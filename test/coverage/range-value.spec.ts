import { rangeValue, whyNoTotal } from '../../lib/coverage/range-value.js';

describe('the value of a range', () => {
  it.each([
    [undefined, 'total', 'latest'],
    ['count', 'total', 'latest'],
    ['sum', 'total', 'latest'],
    ['increment', 'total', 'latest'],
    ['min', 'least', 'least'],
    ['max', 'greatest', 'greatest'],
    ['avg', 'none', 'none'],
    ['countDistinct', 'none', 'none'],
  ] as const)('of values that %s makes is their %s, and of levels and shares their %s', (kind, ofAmounts, ofLevels) => {
    for (const amounts of [{}, { gauge: false }, { unit: 'km' }, { unit: null }, { unit: { currency: 'EUR' } }]) {
      expect(rangeValue(amounts, kind)).toBe(ofAmounts);
      expect(whyNoTotal(amounts, kind)).toBe(ofAmounts === 'total' ? null : kind);
    }
    expect(rangeValue({ gauge: true }, kind)).toBe(ofLevels);
    expect(whyNoTotal({ gauge: true }, kind)).toBe(ofLevels === 'latest' ? 'gauge' : kind);
    expect(rangeValue({ unit: 'percent' }, kind)).toBe(ofLevels);
    expect(whyNoTotal({ unit: 'percent' }, kind)).toBe(ofLevels === 'latest' ? 'percent' : kind);
  });
});
