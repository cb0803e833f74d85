import { once } from 'node:events';
import type { Writable } from 'node:stream';
import { printable, printableJson, printableLines } from './printable.js';

/** Writes results of a command to stdout, and everything else to stderr. */
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

  /** Writes the result of a command: as JSON, or as the given text, which must be printable. */
  async result(value: unknown, text: () => string): Promise<void> {
    await this.write(`${this.isJson ? printableJson(value) : text()}\n`);
  }

  /** Writes bytes of a result. */
  async write(chunk: string | Uint8Array): Promise<void> {
    if (!this.stdout.write(chunk)) await once(this.stdout, 'drain');
  }

  /** Writes a message that is no result. */
  note(text: string): void {
    this.stderr.write(`${printableLines(text)}\n`);
  }

  /** Writes a message on a line of its own, while a progress bar may be half drawn on the one where the cursor is. */
  noteBelow(text: string): void {
    if (this.isWatched) this.stderr.write('\n');
    this.note(text);
  }

  /** Makes a name printable. */
  name(text: string): string {
    return printable(text);
  }
}

/** Returns rows as a table of text with a line of headings. */
export function table(headings: readonly string[], rows: readonly (readonly string[])[]): string {
  const lines = [headings, ...rows].map((row) => row.map(printable));
  const widths = headings.map((_, column) => Math.max(...lines.map((line) => (line[column] ?? '').length)));
  return lines
    .map((line) =>
      line
        .map((cell, column) => cell.padEnd(widths[column] ?? 0))
        .join('  ')
        .trimEnd(),
    )
    .join('\n');
}
