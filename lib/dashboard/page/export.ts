import type { MetricAddress } from './address.js';
import type { ChosenScope } from './metric.scope.js';
import type { ShownSeries, Shown } from './metric.data.js';

type Cell = string | number | boolean | null;

/** One value of what is shown, by the names of the columns. */
type Row = Readonly<Record<string, Cell>>;

/** The rows of what is shown, by line and date. Values are decimals in text, exactly as they are stored. */
export function exportRows({ metric }: MetricAddress, { period }: ChosenScope, { dates, lines, before }: Shown): Row[] {
  return lines.flatMap((line, number) =>
    dates.map((date, place) => ({
      metric,
      period: period.name,
      ...subjectOf(line),
      date,
      value: valueAt(line, place),
      complete: line.complete[place] ?? true,
      ...(before === null
        ? {}
        : { before_date: before.dates[place] ?? null, before_value: valueAt(before.lines[number], place) }),
    })),
  );
}

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

function valueAt(line: ShownSeries | undefined, place: number): string | null {
  const decimal = line?.exact?.[place] ?? null;
  if (decimal !== null) return decimal;
  const value = line?.values[place] ?? null;
  return value === null ? null : String(value);
}

function csvCell(cell: Cell): string {
  const text = cell === null ? '' : String(cell);
  const isNumber = /^-?\d+(\.\d+)?$/.test(text);
  const safe = !isNumber && /^[=+\-@\t\r]/.test(text) ? `'${text}` : text;
  return /[",\r\n]/.test(safe) ? `"${safe.replaceAll('"', '""')}"` : safe;
}
