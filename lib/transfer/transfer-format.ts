import { UnknownFormatError } from '../errors/transfer.error.js';

/**
 * A format of exports and imports. `csv`: for spreadsheets and people. `jsonl`: JSON Lines, which also contain
 * descriptions and coverage.
 */
export type TransferFormat = 'csv' | 'jsonl';

/** Gives the content type and the file extension of each format. */
export const TRANSFER_FORMATS: Readonly<
  Record<TransferFormat, { readonly contentType: string; readonly extension: string }>
> = Object.freeze({
  csv: Object.freeze({ contentType: 'text/csv; charset=utf-8', extension: 'csv' }),
  jsonl: Object.freeze({ contentType: 'application/x-ndjson; charset=utf-8', extension: 'jsonl' }),
});

/**
 * Checks the format in the options of a call.
 *
 * @throws UnknownFormatError
 */
export function checkFormat(format: unknown): TransferFormat {
  const formats = Object.keys(TRANSFER_FORMATS);
  if (typeof format === 'string' && formats.includes(format)) return format as TransferFormat;
  throw new UnknownFormatError(format, formats);
}
