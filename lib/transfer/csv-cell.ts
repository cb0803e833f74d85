import type { OptionalPackage } from '../execution/optional-parts.js';

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
