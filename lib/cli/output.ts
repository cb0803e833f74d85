import { once } from 'node:events';
import type { Writable } from 'node:stream';
import { printable, printableJson, printableLines } from './printable.js';

/** Where a command writes: results to stdout, everything else to stderr. */
export class Output {
  /** @param isJson results are written as JSON */
  constructor(
    private readonly isJson: boolean,
    private readonly stdout: Writable,
    private readonly stderr: NodeJS.WriteStream,
  ) {}

  /** True if a person watches stderr. */
  get isWatched(): boolean {
    return this.stderr.isTTY && !this.isJson;
  }

  /** The result of a command: as JSON what it is, else the text that shows it, which is printable. */
  async result(value: unknown, text: () => string): Promise<void> {
    await this.write(`${this.isJson ? printableJson(value) : text()}\n`);
  }

  /** Bytes of a result. */
  async write(chunk: string | Uint8Array): Promise<void> {
    if (!this.stdout.write(chunk)) await once(this.stdout, 'drain');
  }

  /** Something beside the result. */
  note(text: string): void {
    this.stderr.write(`${printableLines(text)}\n`);
  }

  /** Shows a name within text that is printed. */
  name(text: string): string {
    return printable(text);
  }
}
