import { BEGIN, DAY_MS, END, type Events } from './data.js';

/** Most cases read one of these two tables: the same rows, with and without an index on the date. */
export const indexed = (rows: number): Events => ({ table: 'event', rows, begin: BEGIN, indexed: true });
export const bare = (rows: number): Events => ({ table: 'event_bare', rows, begin: BEGIN, indexed: false });

/** Rows per day of the tables with histories of different length. */
export const A_DAY = 1_400;

/** A long and a short history with the same number of rows per day, so that a run reads equally many rows of both. */
export const history = (table: string, rows: number): Events => ({
  table,
  rows,
  begin: END - Math.floor(rows / A_DAY) * DAY_MS,
  indexed: true,
});
