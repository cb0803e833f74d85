import {
  Between,
  Equal,
  type FindOperator,
  In,
  IsNull,
  LessThan,
  LessThanOrEqual,
  Like,
  MoreThan,
  MoreThanOrEqual,
  Not,
} from 'typeorm';
import fc from '../../support/fast-check.js';
import type { SchemaTables, Values } from './drawn-schema.js';

const PROPERTIES = ['amount', 'kind', 'owner.country', 'owner.rank'] as const;
const COMPARISONS = { MoreThan, LessThan, MoreThanOrEqual, LessThanOrEqual, Equal } as const;

/** A condition on one property, for values that are drawn before the types of the columns are known. */
export const drawnPredicate = fc.record({
  property: fc.constantFrom(...PROPERTIES),
  operator: fc.constantFrom(
    ...(Object.keys(COMPARISONS) as (keyof typeof COMPARISONS)[]),
    'In' as const,
    'Between' as const,
    'Like' as const,
    'plain' as const,
  ),
  isNegated: fc.boolean(),
  values: fc.tuple(fc.integer({ min: -3, max: 3 }), fc.integer({ min: -3, max: 3 })),
});

export type DrawnPredicate = typeof drawnPredicate extends fc.Arbitrary<infer T> ? T : never;

/** The rows for which a condition is true, those for which it is false, and those for which it is neither. */
export interface Ternary {
  readonly met: Values;
  readonly notMet: Values;
  readonly unknown: Values;
}

/** A condition as `find` takes it, its opposite, and the one of the rows that have no value. */
export function ternaryOf(tables: SchemaTables, predicate: DrawnPredicate): Ternary {
  const { property } = predicate;
  const operator = operatorOf(tables, predicate);
  const [yes, no] = [operator, Not(operator)];
  const [met, notMet] = predicate.isNegated ? [no, yes] : [yes, no];
  const plain = predicate.operator === 'plain' && !predicate.isNegated ? operator.value : met;
  return {
    met: at(tables, property, plain),
    notMet: at(tables, property, notMet),
    unknown: at(tables, property, IsNull()),
  };
}

function at(tables: SchemaTables, property: (typeof PROPERTIES)[number], value: unknown): Values {
  const path = property === 'amount' ? tables.amountField : property;
  return path
    .split('.')
    .reverse()
    .reduce<unknown>((inner, name) => ({ [name]: inner }), value) as Values;
}

function operatorOf(tables: SchemaTables, predicate: DrawnPredicate): FindOperator<unknown> {
  const { property, operator, values } = predicate;
  const [one, other] = values.map((value) => valueOf(tables, property, value));
  const isText = property === 'owner.country' || (property === 'kind' && tables.drawn.kind === 'text');
  const isOrdered = property === 'amount' || property === 'owner.rank' || isText;
  switch (operator) {
    case 'In':
      return In([one, other]);
    case 'Between':
      return isOrdered ? Between(one, other) : Equal(one);
    case 'Like':
      return isText ? Like(`${String(one).slice(0, 1)}%`) : Equal(one);
    case 'plain':
      return Equal(one);
    default:
      return isOrdered ? COMPARISONS[operator](one) : Equal(one);
  }
}

function valueOf(tables: SchemaTables, property: (typeof PROPERTIES)[number], value: number): unknown {
  switch (property) {
    case 'amount':
      return tables.amountValue(tables.hundredths(value * 40));
    case 'kind':
      return tables.kindValue(value + 3);
    case 'owner.country':
      return ['NL', 'nl', 'BE', "d'Or", '', 'N', 'x'][value + 3];
    case 'owner.rank':
      return value;
  }
}
