import sql, { join } from 'sql-template-tag';
import type { Dialect } from '../database/dialects/dialect.js';
import type { Cell } from '../statistics/filter/scope-filter.js';
import { bindKey } from '../statistics/tables/statistic-table.js';
import type { ConstantKey, RollupEntry, RollupSpec, SourceScan } from './rollup-spec.js';
import { hasKey } from './source-rows.js';

/** Returns a scan of the rows of one cell only. Its partials have no keys. */
export function scanOfCell(dialect: Dialect, scan: SourceScan, cell: Cell): SourceScan {
  const { source, statistic } = scan;
  const conditions = source.keys.map((key) => hasKey(dialect, statistic, key, keyIn(cell, key.property)));
  const query = sql`SELECT * FROM (${source.query}) source WHERE ${join(conditions, ' AND ')}`;
  return { ...scan, source: { ...source, query, keys: [] } };
}

/**
 * Returns a spec of the statistics of one cell: the keys of its rows are constants, as those of a tracker of one object.
 *
 * @param scanOf returns the scan of the cell's rows
 */
export function specOfCell(
  dialect: Dialect,
  { scans, entries }: RollupSpec,
  cell: Cell,
  scanOf: (scan: SourceScan) => SourceScan,
): RollupSpec {
  return {
    scans: scans.map(scanOf),
    entries: entries.map((entry) => ({
      ...entry,
      scan: scanOf(entry.scan),
      constants: [...entry.constants, ...constantsOf(dialect, entry, cell)],
      keys: [],
    })),
  };
}

function constantsOf(dialect: Dialect, { keys, statistic }: RollupEntry, cell: Cell): ConstantKey[] {
  const read = new Set(keys.map(({ property }) => property));
  return statistic.keys
    .filter(({ property }) => read.has(property))
    .map((key) => ({ property: key.property, value: bindKey(dialect, key, keyIn(cell, key.property)) }));
}

function keyIn(cell: Cell, property: string): string | number {
  const encoded = cell[property];
  if (encoded === undefined) throw new TypeError(`a cell has no ${property}`);
  return encoded;
}
