import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import type { TransferFormat } from 'nestjs-trackstats/transfer';
import { describeOnEachDatabase } from '../support/databases.js';
import type { TransferOutcome, TransferTask } from '../transfer/transfer.process.js';

const HEAP_MB = 96;

/** In a process whose heap is too small for the rows. */
async function transferred(task: TransferTask): Promise<TransferOutcome> {
  const program = ['--import', './build/typescript.js', 'test/transfer/transfer.process.ts', JSON.stringify(task)];
  const { stdout } = await promisify(execFile)(process.execPath, [
    `--max-old-space-size=${String(HEAP_MB)}`,
    ...program,
  ]);
  return JSON.parse(stdout) as TransferOutcome;
}

describeOnEachDatabase('a million rows', (database) => {
  afterEach(() => database.reset());

  it.each<TransferFormat>(['csv', 'jsonl'])(
    'go in and come out as %s, byte for byte, in memory that does not grow with them',
    async (format) => {
      const few = await transferred({ options: database.options(), format, dates: 4, objects: 5_000 });
      await database.reset();
      const many = await transferred({ options: database.options(), format, dates: 200, objects: 5_000 });
      process.stderr.write(`${database.kind} ${format}: ${JSON.stringify({ few, many })}\n`);
      expect(few).toMatchObject({ isSame: true, rows: 20_000 });
      expect(many).toMatchObject({ isSame: true, rows: 1_000_000 });
      expect(many.residentMb).toBeLessThan(few.residentMb * 1.5);
    },
  );
});
