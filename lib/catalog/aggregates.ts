/** Everything the library knows of an aggregate but its SQL, which is in `rollup/aggregate-sql.ts`. */
export interface AggregateMeaning {
  /** The value where rows are counted and none of them has a value, and of a covered date without a row. */
  readonly empty: '0' | null;
  /** True if the values of separate buckets add up to the value of all of them. */
  readonly isSummable: boolean;
  /** The part of a source row that is read: that it exists, a number, or a value to distinguish from others. */
  readonly reads: 'rows' | 'numbers' | 'values';
  /** How two partials of separate rows become one. */
  readonly combine: 'add' | 'least' | 'greatest';
  /** The columns of a partial: `a`, and `b` where one number is not enough (an average needs its count). */
  readonly partial: readonly ['a'] | readonly ['a', 'b'];
  /** True if a stored LIFETIME value and the new rows make the next one, without reading the old rows. */
  readonly continues: boolean;
}

/**
 * The aggregates that a tracker can compute. Add one here, and the compiler names every other place that has to know
 * it.
 */
export const AGGREGATES = Object.freeze({
  count: { empty: '0', isSummable: true, reads: 'rows', combine: 'add', partial: ['a'], continues: true },
  // an object seen in two buckets is one object, and whether a value was seen before is in no stored number
  countDistinct: { empty: '0', isSummable: false, reads: 'values', combine: 'add', partial: ['a'], continues: false },
  sum: { empty: '0', isSummable: true, reads: 'numbers', combine: 'add', partial: ['a'], continues: true },
  avg: { empty: null, isSummable: false, reads: 'numbers', combine: 'add', partial: ['a', 'b'], continues: false },
  min: { empty: null, isSummable: false, reads: 'numbers', combine: 'least', partial: ['a'], continues: true },
  max: { empty: null, isSummable: false, reads: 'numbers', combine: 'greatest', partial: ['a'], continues: true },
} as const satisfies Record<string, AggregateMeaning>);

export type AggregateFunction = keyof typeof AGGREGATES;

/** The aggregates that read something of a row. */
export type AggregateReading<R extends AggregateMeaning['reads']> = {
  [F in AggregateFunction]: (typeof AGGREGATES)[F]['reads'] extends R ? F : never;
}[AggregateFunction];

/** Returns what an aggregate means, without the literal types of `AGGREGATES`. */
export function meaningOf(aggregate: AggregateFunction): AggregateMeaning {
  return AGGREGATES[aggregate];
}
