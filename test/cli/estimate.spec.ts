import { durationText, Estimate } from '../../lib/cli/progress.view.js';

describe('Estimate', () => {
  it('goes by what has been done since the begin', () => {
    let now = 1000;
    const estimate = new Estimate(() => now, true);
    expect(estimate.left(0)).toBeNull();
    now = 11_000;
    expect(estimate.left(0.25)).toBe(30_000);
    now = 21_000;
    expect(estimate.left(0.8)).toBeCloseTo(5_000);
    expect(estimate.left(1)).toBe(0);
  });

  it('of what is gone on with counts nothing that was there before', () => {
    let now = 0;
    const estimate = new Estimate(() => now, false);
    expect(estimate.left(0.5)).toBeNull();
    now = 10_000;
    expect(estimate.left(0.75)).toBe(10_000);
  });
});

describe('durationText', () => {
  it.each([
    [0, '0 s'],
    [59_400, '59 s'],
    [60_000, '1 min 0 s'],
    [3_599_000, '59 min 59 s'],
    [3_600_000, '1 h 0 min'],
    [100_000_000, '27 h 46 min'],
  ])('%d ms are %s', (ms, text) => {
    expect(durationText(ms)).toBe(text);
  });
});
