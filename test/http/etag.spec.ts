import { etagOf, isKnown } from '../../lib/http/platform/reply.js';

describe('entity tags', () => {
  it('are weak, and those of the content', () => {
    expect(etagOf('{}')).toMatch(/^W\/"[\w-]{32}"$/);
    expect(etagOf('{"value":1}')).toBe(etagOf('{"value":1}'));
    expect(etagOf('{"value":1}')).not.toBe(etagOf('{"value":2}'));
  });

  it.each([
    ['the tag', 'W/"a"', true],
    ['the tag as a strong one', '"a"', true],
    ['one of several', '"x", W/"a" ,"y"', true],
    ['any', ' * ', true],
    ['another', 'W/"b"', false],
    ['a part of it', '"', false],
    ['no quotes', 'a', false],
    ['nothing', '', false],
    ['no header', undefined, false],
    ['a header that is no text', ['W/"a"'], false],
  ])('are known by %s', (_, header, known) => {
    expect(isKnown('W/"a"', header)).toBe(known);
  });
});
