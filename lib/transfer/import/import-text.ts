import { TextDecoder } from 'node:util';
import { setImmediate } from 'node:timers/promises';
import { InvalidArgumentError } from '../../errors/argument.error.js';
import { NotUtf8Error } from '../../errors/transfer.error.js';

/** The input of an import: a stream, or any other iterable of bytes or text. A text alone could be a path. */
export type ImportInput = AsyncIterable<string | Uint8Array> | (Iterable<string | Uint8Array> & object);

/** The longest row that is accepted, in characters. It keeps an input without line ends from filling the memory. */
export const LONGEST_ROW = 1 << 20;

/**
 * Yields the text of an input, without its byte order mark.
 *
 * @throws NotUtf8Error because broken characters would otherwise be stored as other ones
 */
export async function* importText(input: ImportInput): AsyncGenerator<string> {
  const decoder = new TextDecoder('utf-8', { fatal: true });
  let isFirst = true;
  const turns = new EventLoopTurns(256);
  for await (const piece of input) {
    if (turns.isDue()) await turns.turn();
    if (typeof piece !== 'string' && !ArrayBuffer.isView(piece)) {
      throw new InvalidArgumentError('TransferService.import: a piece of the input', piece, 'Expected bytes or text.');
    }
    const text = typeof piece === 'string' ? piece : decoded(decoder, piece);
    if (text === '') continue;
    yield isFirst && text.startsWith('\uFEFF') ? text.slice(1) : text;
    isFirst = false;
  }
  const rest = decoded(decoder);
  if (rest !== '') yield rest;
}

/** Yields the lines of a text, without their line ends. */
export async function* linesOf(text: AsyncIterable<string>): AsyncGenerator<string> {
  // joined when the line ends: looking through all of it for each piece takes minutes for a line of 100,000 pieces
  let begun: string[] = [];
  let length = 0;
  const turns = new EventLoopTurns(512);
  for await (const piece of text) {
    let start = 0;
    for (let end = piece.indexOf('\n'); end >= 0; end = piece.indexOf('\n', start)) {
      if (turns.isDue()) await turns.turn();
      yield begun.join('') + piece.slice(start, end);
      [begun, length] = [[], 0];
      start = end + 1;
    }
    begun.push(piece.slice(start));
    length += piece.length - start;
    // given on as it is: the reader refuses it for its length
    if (length > LONGEST_ROW) break;
  }
  if (length > 0) yield begun.join('');
}

function decoded(decoder: TextDecoder, bytes?: Uint8Array): string {
  try {
    return bytes === undefined ? decoder.decode() : decoder.decode(bytes, { stream: true });
  } catch {
    throw new NotUtf8Error();
  }
}

/** Lets the event loop turn once after so many steps: awaiting what is there already does not. */
export class EventLoopTurns {
  private steps = 0;

  constructor(private readonly every: number) {}

  /** True if the next step has to wait for `turn`. */
  isDue(steps = 1): boolean {
    this.steps += steps;
    return this.steps >= this.every;
  }

  async turn(): Promise<void> {
    this.steps = 0;
    await setImmediate();
  }
}
