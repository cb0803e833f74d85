import { extname } from 'node:path';
import { InvalidArgumentError } from '../../errors/argument.error.js';
import type { TransferFormat } from '../../transfer/transfer-format.js';

const FORMATS: readonly string[] = ['csv', 'jsonl'] satisfies TransferFormat[];

/** The format that is named, else that of the file's name. */
export function formatOf(format: string | undefined, file: string | null): TransferFormat {
  const found = format ?? (file === null ? '' : extname(file).slice(1).toLowerCase());
  if (FORMATS.includes(found)) return found as TransferFormat;
  throw new InvalidArgumentError(
    'The format',
    found,
    `Expected --format csv or --format jsonl, or a file named .csv or .jsonl.`,
  );
}
