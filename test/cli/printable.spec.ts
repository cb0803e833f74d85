import { PassThrough } from 'node:stream';
import { shellWord } from '../../lib/cli/arguments.js';
import { Output, table } from '../../lib/cli/output.js';
import { printable, printableJson, printableLines } from '../../lib/cli/printable.js';
import fc from '../support/fast-check.js';

const UNPRINTABLE = /[\p{Cc}\p{Cf}\p{Zl}\p{Zp}\p{Cs}]/u;
const text = fc.string({ unit: 'binary' });

it('a message that interrupts a progress bar is on a line of its own', () => {
  const written = (isTTY: boolean): string => {
    const stream = Object.assign(new PassThrough(), { isTTY });
    new Output(false, new PassThrough(), stream as never).noteBelow('Stopping.');
    return String(stream.read());
  };
  expect([written(true), written(false)]).toEqual(['\nStopping.\n', 'Stopping.\n']);
});

describe('printable', () => {
  it('leaves what can be read, and escapes what moves, colours, turns or hides', () => {
    expect(printable('Straße 道 👍 "x"')).toBe('Straße 道 👍 "x"');
    expect(printable('\u001b[31m\r\n\t\u009b\u202e\u200b\ufeff\u2028\u{e0001}')).toBe(
      String.raw`\u001b[31m\u000d\u000a\u0009\u009b\u202e\u200b\ufeff\u2028\udb40\udc01`,
    );
    expect(printableLines('one\r\ntwo\u0007')).toBe('one\ntwo\\u0007');
  });

  it('has no text that a terminal would obey', () => {
    fc.assert(
      fc.property(text, (given) => {
        expect(printable(given)).not.toMatch(UNPRINTABLE);
      }),
    );
  });

  it('is JSON of the same value', () => {
    fc.assert(
      fc.property(fc.dictionary(text, fc.array(text)), (given) => {
        const json = printableJson(given);
        expect(json.replaceAll('\n', '')).not.toMatch(UNPRINTABLE);
        expect(JSON.parse(json)).toEqual(JSON.parse(JSON.stringify(given)));
      }),
    );
  });
});

describe('table', () => {
  it('is as wide as it has to be, and one line a row', () => {
    expect(
      table(
        ['A', 'NAME'],
        [
          ['1', 'x\ny'],
          ['200', ''],
        ],
      ),
    ).toBe('A    NAME\n1    x\\u000ay\n200');
  });
});

describe('shellWord', () => {
  it.each([
    ['OrderTracker', 'OrderTracker'],
    ['Warehouse.stock', 'Warehouse.stock'],
    ['', `''`],
    ['orders of $(reboot)', `'orders of $(reboot)'`],
    [`it's`, String.raw`'it'\''s'`],
    ['a\u001bb', String.raw`'a\u001bb'`],
  ])('quotes %j', (given, word) => {
    expect(shellWord(given)).toBe(word);
  });
});
