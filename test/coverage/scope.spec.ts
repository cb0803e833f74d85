import {
  enclosingScope,
  objectScope,
  objectsScope,
  overlap,
  readScope,
  TOTAL_SCOPE,
} from '../../lib/coverage/scope.js';
import fc from '../support/fast-check.js';

const text = fc.string({ unit: 'binary', minLength: 1, maxLength: 60 });

describe('the scope of a coverage', () => {
  it('reads as it was written', () => {
    fc.assert(
      fc.property(text, text, (type, id) => {
        expect(readScope(objectScope({ type, id }))).toEqual({ kind: 'object', objectType: type, objectId: id });
        expect(readScope(objectsScope(type))).toEqual({ kind: 'objects', objectType: type });
      }),
    );
    expect(readScope(TOTAL_SCOPE)).toEqual({ kind: 'total' });
    expect(readScope('statistic:orders_by_region')).toEqual({ kind: 'statistic', statistic: 'orders_by_region' });
  });

  it('of one object lies in that of all objects of its type, and in no other', () => {
    fc.assert(
      fc.property(text, text, text, (type, id, other) => {
        const scope = objectScope({ type, id });
        expect(enclosingScope(scope)).toBe(objectsScope(type));
        expect(overlap(scope, objectsScope(type))).toBe(true);
        expect(overlap(scope, objectsScope(other))).toBe(type === other);
        expect(overlap(scope, TOTAL_SCOPE)).toBe(false);
      }),
    );
  });

  it('that is too long is stored by its hash, and is not read', () => {
    const scope = objectScope({ type: 'customer', id: 'x'.repeat(500) });
    expect(scope).toHaveLength('object:customer:#'.length + 64);
    expect(readScope(scope)).toBeNull();
    expect(enclosingScope(scope)).toBe(objectsScope('customer'));
  });
});
