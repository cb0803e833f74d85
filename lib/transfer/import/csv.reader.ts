import { pipeline, Readable } from 'node:stream';
import type { CsvError } from 'csv-parse';
import type { Database } from '../../database/database.js';
import { unitOfText } from '../../catalog/index.js';
import { importPackage } from '../../execution/optional-parts.js';
import type { StatisticKey } from '../../statistics/index.js';
import { csvPackage, restored, columnsOf, type CsvColumns } from '../csv-format.js';
import type { GivenValue, ImportEntry } from './import-entry.js';
import { LONGEST_ROW } from './import-text.js';

const REASONS: Readonly<Record<string, string>> = {
  CSV_QUOTE_NOT_CLOSED: 'A quote in this row or after it is not closed.',
  CSV_MAX_RECORD_SIZE: `The row is longer than ${String(LONGEST_ROW)} bytes: is a quote not closed?`,
  CSV_INVALID_CLOSING_QUOTE: 'A quoted cell contains a single quote character. Write it twice.',
  INVALID_OPENING_QUOTE: 'A cell contains a quote character. Put the whole cell in quotes, and write the quote twice.',
};

/**
 * Yields the rows of a CSV file. It ends at the first row with wrong quotes, because the rest cannot be read reliably.
 */
export async function* csvEntries(database: Database, text: AsyncIterable<string>): AsyncGenerator<ImportEntry> {
  let columns: CsvColumns | undefined;
  for await (const { line, cells, problem } of csvRows(text)) {
    if (problem !== undefined) {
      yield { line, problem };
      return;
    }
    if (columns === undefined) {
      const found = columnsOf(database, cells.map(restored));
      if ('problem' in found) {
        yield { line, problem: found.problem };
        return;
      }
      columns = found;
    } else if (cells.length !== columns.names.length) {
      const [has, expected] = [cells.length, columns.names.length].map(String);
      yield { line, problem: `The row has ${has} cells, and the first line names ${expected} columns.` };
    } else {
      yield { line, value: valueOf(columns, cells) };
    }
  }
  if (columns === undefined) yield { line: 1, problem: 'The file is empty: its first line names the columns.' };
}

async function* csvRows(
  text: AsyncIterable<string>,
): AsyncGenerator<{ line: number; cells: readonly string[]; problem?: string }> {
  const { parse } = await importPackage(csvPackage('csv-parse'), () => import('csv-parse'));
  let broken: { after: number; problem: string } | undefined;
  const parser = parse({
    record_delimiter: ['\r\n', '\n'],
    relax_column_count: true,
    max_record_size: LONGEST_ROW,
    // an error would take along the rows before it that have not been read yet
    skip_records_with_error: true,
    on_skip: (error) => {
      broken ??= { after: recordsBefore(error), problem: REASONS[error?.code ?? ''] ?? String(error?.message) };
      return undefined;
    },
  });
  pipeline(Readable.from(text, { objectMode: false }), parser, () => {
    // an error of the text destroys the parser with it, and so ends the loop below
  });
  let line = 1;
  let records = 0;
  for await (const cells of parser as AsyncIterable<string[]>) {
    if (broken !== undefined && records >= broken.after) break;
    if (cells.length > 1 || cells[0] !== '') yield { line, cells };
    line += cells.reduce((sum, cell) => sum + lineEnds(cell), 1);
    records++;
  }
  if (broken !== undefined) yield { line, cells: [], problem: broken.problem };
}

function valueOf({ names, table, keys }: CsvColumns, cells: readonly string[]): GivenValue {
  const cell = (name: string): string | null => restored(cells[names.indexOf(name)] ?? '');
  const unit = cell('unit');
  return {
    table,
    key: cell('metric') ?? '',
    domainName: cell('domain_name') ?? undefined,
    name: cell('metric_name') ?? undefined,
    unit: unit === null ? undefined : unitOfText(unit),
    period: cell('period') ?? '',
    date: cell('date') ?? '',
    start: cell('start'),
    keys: Object.fromEntries(keys.map(({ name, key }) => [key.property, keyOf(key, cell(name))])),
    value: cell('value'),
  };
}

/** A key as its type has it; text that is none stays, and is refused where it is encoded. */
function keyOf({ type }: StatisticKey, text: string | null): unknown {
  if (type === 'integer' && text !== null && /^-?\d{1,10}$/.test(text)) return Number(text);
  if (type === 'boolean' && (text === 'true' || text === 'false')) return text === 'true';
  return text;
}

function recordsBefore(error: CsvError | undefined): number {
  return Number((error as { records?: unknown } | undefined)?.records ?? 0);
}

function lineEnds(text: string): number {
  let count = 0;
  for (let place = text.indexOf('\n'); place >= 0; place = text.indexOf('\n', place + 1)) count++;
  return count;
}
