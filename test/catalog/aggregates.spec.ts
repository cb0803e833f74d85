import { type AggregateFunction, AGGREGATES, meaningOf } from '../../lib/catalog/aggregates.js';

/** Each aggregate of the numbers of a bucket, by hand; null: no value. */
const BY_HAND: Record<AggregateFunction, (rows: readonly (number | null)[]) => number | null> = {
  count: (rows) => rows.length,
  countDistinct: (rows) => new Set(present(rows)).size,
  sum: (rows) => present(rows).reduce((a, b) => a + b, 0),
  avg: (rows) => (present(rows).length === 0 ? null : present(rows).reduce((a, b) => a + b, 0) / present(rows).length),
  min: (rows) => (present(rows).length === 0 ? null : Math.min(...present(rows))),
  max: (rows) => (present(rows).length === 0 ? null : Math.max(...present(rows))),
};

const FIRST = [3, 5, null, 5];
const SECOND = [5, 4];

describe.each(Object.keys(AGGREGATES) as AggregateFunction[])('the meaning of %s', (aggregate) => {
  const value = BY_HAND[aggregate];
  const { empty, isSummable, partial, reads, continues } = meaningOf(aggregate);
  const [first] = partial;

  it('has the value of rows without values', () => {
    const rows = reads === 'rows' ? [] : [null, null];
    expect(value(rows)?.toString() ?? null).toBe(empty);
  });

  it('adds up over buckets if it says so, and only then', () => {
    const total = (value(FIRST) ?? 0) + (value(SECOND) ?? 0);
    expect(total === value([...FIRST, ...SECOND])).toBe(isSummable);
  });

  it('goes on from a stored value if it says so, and only then', () => {
    const join = { add: (a: number, b: number) => a + b, least: Math.min, greatest: Math.max }[first?.combine ?? 'add'];
    const joined = join(value(FIRST) ?? 0, value(SECOND) ?? 0);
    expect(partial.length === 1 && joined === value([...FIRST, ...SECOND])).toBe(continues);
  });
});

function present(rows: readonly (number | null)[]): number[] {
  return rows.filter((row) => row !== null);
}
