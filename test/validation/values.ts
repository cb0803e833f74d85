/**
 * One value of each kind. The signatures say which of them a parameter takes: the others have to be refused. Each type
 * is the value's own, so nothing here is annotated.
 */
export const VALUES = {
  undefined: undefined,
  null: null,
  number: 5,
  text: 'surprising',
  true: true,
  bigint: 10n,
  symbol: Symbol('surprising'),
  function: (): void => undefined,
  object: { surprising: 1 },
  empty: {},
  array: [1],
  date: new Date('2026-10-31T12:00:00Z'),
  regexp: /surprising/,
  map: new Map([[1, 1]]),
  promise: Promise.resolve(1),
};
