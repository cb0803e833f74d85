import { above, below, changed, InvalidArgumentError } from 'nestjs-trackstats';
import { conditionText, judge } from '../../lib/alerts/condition.js';

const value = (given: number | null) => ({ value: given, change: null });
const change = (given: number | null) => ({ value: 1, change: given });

describe('a condition', () => {
  it.each([
    [below(10), value(9.99), 'met'],
    [below(10), value(10), 'recovered'],
    [below(10, { recoveryThreshold: 15 }), value(10), 'between'],
    [below(10, { recoveryThreshold: 15 }), value(14.9), 'between'],
    [below(10, { recoveryThreshold: 15 }), value(15), 'recovered'],
    [below(0), value(-0), 'recovered'],
    [above(10), value(10.01), 'met'],
    [above(10), value(10), 'recovered'],
    [above(10, { recoveryThreshold: -5 }), value(-4), 'between'],
    [above(10, { recoveryThreshold: -5 }), value(-5), 'recovered'],
    [below(10), value(null), 'between'],
    [above(10), value(null), 'between'],
    [changed({ by: 0.3 }), change(0.3), 'met'],
    [changed({ by: 0.3 }), change(-0.3), 'met'],
    [changed({ by: 0.3 }), change(-0.29), 'recovered'],
    [changed({ by: 0.3, recoveryThreshold: 0.1 }), change(0.2), 'between'],
    [changed({ by: 0.3, recoveryThreshold: 0.1 }), change(0.1), 'recovered'],
    [changed({ by: 0.3, direction: 'up' }), change(-0.9), 'recovered'],
    [changed({ by: 0.3, direction: 'down' }), change(-0.9), 'met'],
    [changed({ by: 0.3, direction: 'down' }), change(0.9), 'recovered'],
    [changed({ by: 0.3 }), change(null), 'between'],
  ] as const)('%j of %j is %s', (condition, measured, verdict) => {
    expect(judge(condition, measured)).toBe(verdict);
  });

  it.each([
    [below(10), 'below 10'],
    [above(-1.5), 'above -1.5'],
    [changed({ by: 0.07, with: 'weekdays' }), 'changed by 7 % or more from 52 weeks earlier'],
    [changed({ by: 2, direction: 'down' }), 'down by 200 % or more from the value before'],
  ])('is in words', (condition, words) => {
    expect(conditionText(condition)).toBe(words);
  });

  it.each([
    [() => below(Number.NaN), 'below: threshold is NaN. Expected a finite number.'],
    [() => above('5' as never), 'above: threshold is "5". Expected a finite number.'],
    [() => below(10, { recoveryThreshold: 9 }), 'below: recoveryThreshold is 9. The alert ends on the other side'],
    [() => above(10, { recoveryThreshold: 11 }), 'Expected 10 or less.'],
    [() => below(10, { recovery: 9 } as never), 'below: recovery is 9. This option does not exist here.'],
    [() => changed({ by: 0 }), 'changed: by is 0. Expected a share greater than 0: 0.3 for 30 %.'],
    [() => changed({ by: 0.3, with: 'day' as never }), `changed: with is "day". Expected 'previous' or 'week'`],
    [() => changed({ by: 0.3, direction: 'left' as never }), `Expected 'up' or 'down'.`],
    [
      () => changed({ by: 0.3, recoveryThreshold: 0.4 }),
      'changed: recoveryThreshold is 0.4. Expected a share from 0 to',
    ],
    [() => changed(undefined as never), 'changed: by is undefined.'],
  ])('is refused where it makes no sense', (make, message) => {
    expect(make).toThrow(InvalidArgumentError);
    expect(make).toThrow(message);
  });
});
