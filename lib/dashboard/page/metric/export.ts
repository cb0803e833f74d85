import { isLocalDate, localDateOf } from '../../../chart/moments.js';
import type { Shown, ShownSeries } from './metric.data.js';

type Cell = string | number | boolean | null;

/** One value of what is shown, by the names of the columns. */
type Row = Readonly<Record<string, Cell>>;

/** The rows of what is shown, by line and date. Values are decimals in text, exactly as they are stored. */
export function exportRows({ period, dates, lines, compared }: Exported): Row[] {
  return lines.flatMap((line) =>
    dates.map((date, place) => ({
      metric: line.metric,
      period,
      ...subjectOf(line),
      ...momentColumns('', date),
      value: valueAt(line.exact, line.values, place),
      complete: line.complete[place] ?? true,
      ...(compared === null
        ? {}
        : {
            ...momentColumns('before_', compared.dates[place] ?? null),
            before_value: valueAt(line.exactBefore ?? null, line.before ?? [], place),
          }),
    })),
  );
}

/** The date, and of a bucket of less than a day its start. */
function momentColumns(prefix: string, moment: string | null): Row {
  const date = { [`${prefix}date`]: moment === null ? null : localDateOf(moment) };
  return moment === null || isLocalDate(moment) ? date : { ...date, [`${prefix}start`]: moment };
}

export type Exported = Pick<Shown, 'period' | 'dates' | 'lines' | 'compared'>;

export function toJsonLines(rows: readonly Row[]): string {
  return rows.map((row) => `${JSON.stringify(row)}\n`).join('');
}

/** CSV as RFC 4180 has it, with text that a spreadsheet would take for a formula defused by an apostrophe. */
export function toCsv(rows: readonly Row[]): string {
  const columns = Object.keys(rows[0] ?? {});
  const lines = [columns, ...rows.map((row) => columns.map((column) => row[column] ?? null))];
  return lines.map((cells) => `${cells.map(csvCell).join(',')}\r\n`).join('');
}

function subjectOf({ object, dimensions, label }: ShownSeries): Row {
  if (object !== undefined) return { object_type: object.type, object_id: object.id, label };
  return Object.fromEntries(Object.entries(dimensions ?? {}).map(([name, value]) => [`dimension.${name}`, value]));
}

function valueAt(
  exact: readonly (string | null)[] | null,
  values: readonly (number | null)[],
  place: number,
): string | null {
  const decimal = exact?.[place] ?? null;
  if (decimal !== null) return decimal;
  const value = values[place] ?? null;
  return value === null ? null : String(value);
}

function csvCell(cell: Cell): string {
  const text = cell === null ? '' : String(cell);
  const isNumber = /^-?\d+(\.\d+)?$/.test(text);
  const safe = !isNumber && /^[=+\-@\t\r]/.test(text) ? `'${text}` : text;
  return /[",\r\n]/.test(safe) ? `"${safe.replaceAll('"', '""')}"` : safe;
}
