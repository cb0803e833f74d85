import { appendFileSync, closeSync, mkdtempSync, openSync, readSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

const CHUNK = 1 << 16;

/**
 * Items on their way to a transaction: a temporary file, since a transaction on SQLite can wait for nothing, and one
 * that is begun again needs them again. However many there are, only a chunk of them is in memory.
 */
export class Spool<Item> {
  private readonly directory = mkdtempSync(join(tmpdir(), 'trackstats-'));
  private readonly path = join(this.directory, 'items');
  private readonly file = openSync(this.path, 'w', 0o600);
  private waiting: string[] = [];
  private waitingLength = 0;

  add(item: Item): void {
    const text = JSON.stringify(item);
    this.waiting.push(text);
    this.waitingLength += text.length;
    if (this.waitingLength > CHUNK) this.flush();
  }

  /** Yields all items from the first on. */
  *items(): Generator<Item> {
    this.flush();
    const file = openSync(this.path, 'r');
    const buffer = Buffer.alloc(CHUNK);
    let rest: Buffer = Buffer.alloc(0);
    try {
      for (let read = readSync(file, buffer); read > 0; read = readSync(file, buffer)) {
        const bytes = Buffer.concat([rest, buffer.subarray(0, read)]);
        const end = bytes.lastIndexOf(10) + 1;
        for (const line of bytes.toString('utf8', 0, end).split('\n')) {
          if (line !== '') yield JSON.parse(line) as Item;
        }
        rest = bytes.subarray(end);
      }
    } finally {
      closeSync(file);
    }
  }

  remove(): void {
    closeSync(this.file);
    rmSync(this.directory, { recursive: true, force: true });
  }

  private flush(): void {
    if (this.waiting.length === 0) return;
    appendFileSync(this.file, `${this.waiting.join('\n')}\n`);
    this.waiting = [];
    this.waitingLength = 0;
  }
}
