import { BEGIN, DAY_MS, END, type Events } from './data.js';

/** Most cases read one of these two: the same rows, with and without an index on the date. */
export const indexed = (rows: number): Events => ({ table: 'event', rows, begin: BEGIN, indexed: true });
export const bare = (rows: number): Events => ({ table: 'event_bare', rows, begin: BEGIN, indexed: false });

/** Rows a day of the tables whose lengths are compared. */
export const A_DAY = 1_400;

/** Rows of long and short history, as many a day: the last days, of which a run reads rows, are alike. */
export const history = (table: string, rows: number): Events => ({
  table,
  rows,
  begin: END - Math.floor(rows / A_DAY) * DAY_MS,
  indexed: true,
});
