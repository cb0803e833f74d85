import { type AggregateFunction, type AggregateMeaning, AGGREGATES } from '../catalog/aggregates.js';

/** The origin of the values in a coverage: an aggregate of a tracker, or calls of `increment`. */
export type CoverageKind = AggregateFunction | 'increment';

type KindMeaning = Pick<AggregateMeaning, 'empty'>;

const MEANINGS: Readonly<Record<CoverageKind, KindMeaning>> = Object.freeze({
  ...AGGREGATES,
  increment: { empty: '0' },
});

/** Every kind, for checks and messages. */
export const COVERAGE_KINDS = Object.keys(MEANINGS) as readonly CoverageKind[];

/** Returns what an absent value of a kind means. `rangeValue` knows if its values add up, because the metric counts too. */
export function kindMeaning(kind: CoverageKind): KindMeaning {
  return MEANINGS[kind];
}
