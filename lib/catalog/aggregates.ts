/** One column of an aggregate's partials. */
export interface PartialMeaning {
  /** Its content: numbers as the source has them, or a number of rows. */
  readonly holds: 'numbers' | 'rows';
  /** How those of separate rows become one. */
  readonly combine: 'add' | 'least' | 'greatest';
}

const ROWS = { holds: 'rows', combine: 'add' } as const;
const TOTAL = { holds: 'numbers', combine: 'add' } as const;
const LEAST = { holds: 'numbers', combine: 'least' } as const;
const GREATEST = { holds: 'numbers', combine: 'greatest' } as const;

/** Everything the library knows of an aggregate except its SQL, which is in `rollup/aggregate-sql.ts`. */
export interface AggregateMeaning {
  /** The value of a bucket whose rows have no values, and of a covered date without a row. */
  readonly empty: '0' | null;
  /** True if the values of separate buckets add up to the value of all of them. */
  readonly isSummable: boolean;
  /** The part of a source row that is read: its existence, a number, or a value of which equal ones count once. */
  readonly reads: 'rows' | 'numbers' | 'distinctValues';
  /** The columns of a partial. One is enough for most; an average needs its count, too. */
  readonly partial: readonly PartialMeaning[];
  /** How the columns of a partial become the value: the only one is the value, or the first is divided by the second. */
  readonly value: 'itself' | 'quotient';
  /** True if a stored LIFETIME value and the new rows make the next one, without reading the old rows. */
  readonly continues: boolean;
}

/**
 * The aggregates that a tracker can compute. After you add one here, the compiler names most places that need it. The
 * recipe in DEVELOPERS.md has the others.
 */
export const AGGREGATES = Object.freeze({
  count: { empty: '0', isSummable: true, reads: 'rows', partial: [ROWS], value: 'itself', continues: true },
  // an object in two buckets is still one object, and no stored number says which values were seen before
  countDistinct: {
    empty: '0',
    isSummable: false,
    reads: 'distinctValues',
    partial: [ROWS],
    value: 'itself',
    continues: false,
  },
  sum: { empty: '0', isSummable: true, reads: 'numbers', partial: [TOTAL], value: 'itself', continues: true },
  avg: {
    empty: null,
    isSummable: false,
    reads: 'numbers',
    partial: [TOTAL, ROWS],
    value: 'quotient',
    continues: false,
  },
  min: { empty: null, isSummable: false, reads: 'numbers', partial: [LEAST], value: 'itself', continues: true },
  max: { empty: null, isSummable: false, reads: 'numbers', partial: [GREATEST], value: 'itself', continues: true },
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
