import { groupBy } from '../../lib/database/groups.js';

it('groups items by a key, in their order, whatever the key is', () => {
  const even = { name: 'even' };
  const odd = { name: 'odd' };
  const groups = groupBy([3, 1, 2, 5, 4], (number) => (number % 2 === 0 ? even : odd));
  expect([...groups]).toEqual([
    [odd, [3, 1, 5]],
    [even, [2, 4]],
  ]);
});

it('has no groups of nothing', () => {
  expect([...groupBy(new Set<number>(), String)]).toEqual([]);
});
