import type { Database } from '../database/database.js';
import { shown } from '../errors/trackstats.error.js';
import { builtInTable, type StatisticKey, type StatisticTable, statisticTablesOf } from '../statistics/index.js';
import type { OptionalPackage } from '../execution/optional-parts.js';

const NEEDED = ['metric', 'period', 'date', 'value'];
const OPTIONAL = ['domain_name', 'metric_name', 'unit', 'start'];

/** A column of a key beside metric, period and date. */
export interface KeyColumn {
  readonly name: string;
  readonly key: StatisticKey;
}

/** The contents of the first line of a CSV file. */
export interface CsvColumns {
  /** in the order of the file */
  readonly names: readonly (string | null)[];
  readonly table: StatisticTable;
  readonly keys: readonly KeyColumn[];
}

/** The columns of a statistic's other keys: a custom statistic's say which one it is, as `orders_by_region.country`. */
export function keyColumns({ kind, table, keys }: StatisticTable): readonly KeyColumn[] {
  const nameOf = ({ property }: StatisticKey): string => {
    if (kind === 'custom') return `${table.metadata.tableNameWithoutPrefix}.${property}`;
    return property === 'objectType' ? 'object_type' : 'object_id';
  };
  return keys.map((key) => ({ name: nameOf(key), key }));
}

/** Finds the kind of statistic that a file holds by its columns. */
export function columnsOf(
  database: Database,
  names: readonly (string | null)[],
): CsvColumns | { readonly problem: string } {
  const given = names.filter((name) => !NEEDED.includes(name ?? '') && !OPTIONAL.includes(name ?? ''));
  const table = tablesOf(database).find((one) => isSame(keyColumns(one), given));
  // the start of a bucket says its date
  const missing = NEEDED.filter((name) => !names.includes(name) && !(name === 'date' && names.includes('start')));
  if (missing.length > 0) return { problem: `The first line lacks the columns ${missing.join(', ')}.` };
  const twice = names.find((name, place) => names.indexOf(name) !== place);
  if (twice !== undefined) return { problem: `The column ${shown(twice)} is there twice.` };
  if (table !== undefined) return { names, table, keys: keyColumns(table) };
  const expected = tablesOf(database).map((one) => keyColumns(one).map(({ name }) => name));
  return {
    problem:
      `Beside ${[...NEEDED, ...OPTIONAL].join(', ')} there are ${given.map(shown).join(', ')}. Expected none for totals, ` +
      `or those of one of the statistics that are registered here: ${expected.filter(({ length }) => length > 0).join(' | ')}.`,
  };
}

function tablesOf(database: Database): readonly StatisticTable[] {
  const builtIn = (['total', 'object'] as const).map((kind) => builtInTable(database, kind, 'date'));
  return [...builtIn, ...statisticTablesOf(database).filter(({ kind }) => kind === 'custom')];
}

function isSame(columns: readonly KeyColumn[], given: readonly (string | null)[]): boolean {
  return columns.length === given.length && columns.every(({ name }) => given.includes(name));
}

/** Loaded when CSV is first read or written, so that TransferService works without these packages for JSON Lines. */
export function csvPackage(name: 'csv-parse' | 'csv-stringify'): OptionalPackage {
  return { part: 'CSV, unlike JSON Lines,', name, install: 'csv-parse csv-stringify' };
}

/**
 * Text that a spreadsheet would run: OWASP's list for CSV injection, also after white space, and the full-width forms
 * that some spreadsheets treat the same.
 */
const RUNS = /^(?:[\t\r\n]|\s*[=+\-@＝＋－＠])/;

/**
 * Text as a cell: an apostrophe in front makes a spreadsheet take it for text. Text that begins with one gets another,
 * and empty text is an apostrophe alone, so that `restored` gives back exactly what was there.
 */
export function defused(text: string): string {
  return text === '' || text.startsWith("'") || RUNS.test(text) ? `'${text}` : text;
}

/** The text of a cell; null for an empty one. */
export function restored(cell: string): string | null {
  if (cell === '') return null;
  return cell.startsWith("'") ? cell.slice(1) : cell;
}
