/** Everything the library knows of an aggregate except its SQL, which is in `rollup/aggregate-sql.ts`. */
export interface AggregateMeaning {
  /** The value of a bucket whose rows have no values, and of a covered date without a row. */
  readonly empty: '0' | null;
  /** True if the values of separate buckets add up to the value of all of them. */
  readonly isSummable: boolean;
  /** The part of a source row that is read: its existence, a number, or a value to distinguish from others. */
  readonly reads: 'rows' | 'numbers' | 'values';
  /** How two partials of separate rows become one. */
  readonly combine: 'add' | 'least' | 'greatest';
  /** The columns of a partial: `a`, and `b` where one number is not enough (an average needs its count). */
  readonly partial: readonly ['a'] | readonly ['a', 'b'];
  /** True if a stored LIFETIME value and the new rows make the next one, without reading the old rows. */
  readonly continues: boolean;
}

/**
 * The aggregates that a tracker can compute. After you add one here, the compiler names every other place that needs
 * it.
 */
export const AGGREGATES = Object.freeze({
  count: { empty: '0', isSummable: true, reads: 'rows', combine: 'add', partial: ['a'], continues: true },
  // an object in two buckets is still one object, and no stored number says which values were seen before
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

/** Returns the meaning of an aggregate, without the literal types of `AGGREGATES`. */
export function meaningOf(aggregate: AggregateFunction): AggregateMeaning {
  return AGGREGATES[aggregate];
}
