import { ImportRefusedError } from '../../errors/transfer.error.js';
import { TrackerOwnedError } from '../../errors/statistic.error.js';
import {
  type StatisticContext,
  rowId,
  type RowToWrite,
  type StatisticTable,
  writeRows,
} from '../../statistics/index.js';
import { Period } from '../../time/period.js';
import { EventLoopTurns } from './import-text.js';
import type { ImportEntry, ImportedMetric } from './import-entry.js';
import { ImportIntake, type SpooledItem } from './import-intake.js';
import { byText, ensureMetric, findMetrics, type Metric } from '../../catalog/index.js';
import type { Database } from '../../database/database.js';
import type { Work } from '../../database/work.js';
import { putCoverage } from './import-coverage.js';

/**
 * Imports entries, all or nothing: they are checked and spooled first, then one transaction writes them.
 *
 * @param isForced writes what a tracker of the application computes, too
 * @throws ImportRefusedError, TrackerOwnedError
 */
export async function imported(
  context: StatisticContext,
  entries: AsyncIterable<ImportEntry>,
  isForced: boolean,
): Promise<ImportResult> {
  const intake = new ImportIntake(context);
  try {
    const turns = new EventLoopTurns(512);
    for await (const entry of entries) {
      if (turns.isDue()) await turns.turn();
      intake.take(entry);
    }
    if (intake.problemCount > 0) throw new ImportRefusedError(intake.problems, intake.problemCount);
    if (intake.owned !== null && !isForced) {
      const { metric, period, tracker } = intake.owned;
      throw new TrackerOwnedError('import', metric, Period.nameOf(period), tracker);
    }
    return await context.database.transaction(() => writeImport(context.database, intake));
  } finally {
    intake.spool.remove();
  }
}

/** The result of an import. */
export interface ImportResult {
  /** number of rows of statistics that were read, and stored or found unchanged */
  readonly rows: number;
  /** number of coverages that were stored */
  readonly coverages: number;
  /** natural keys of the metrics that were created */
  readonly createdMetrics: readonly string[];
}

const BATCH = 5_000;

/**
 * Stores the contents of an intake. Existing domains and metrics keep their names.
 *
 * @throws ImportRefusedError for a coverage that contradicts the stored one
 */
export function* writeImport(database: Database, intake: ImportIntake): Work<ImportResult> {
  const { metrics, createdMetrics } = yield* ensureMetrics(database, intake.metrics);
  const batch = new Map<string, RowToWrite>();
  let [rows, coverages] = [0, 0];
  for (const item of intake.spool.items()) {
    if (Array.isArray(item)) {
      const row = rowOf(item, metrics, intake.tables);
      batch.set(rowId(row), row); // the last one of those with the same key
      rows++;
    } else {
      const problem = yield* putCoverage(database, (metrics[item.metric] as Metric).id, item.coverage);
      if (problem !== null) throw new ImportRefusedError([{ line: item.line, reason: problem }], 1);
      coverages++;
    }
    if (batch.size < BATCH) continue;
    yield* writeRows(database, batch.values(), 'replace');
    batch.clear();
  }
  yield* writeRows(database, batch.values(), 'replace');
  return { rows, coverages, createdMetrics };
}

function* ensureMetrics(
  database: Database,
  given: readonly ImportedMetric[],
): Work<{ metrics: Metric[]; createdMetrics: string[] }> {
  const keys = given.map(({ domain, ref }) => `${domain.ref}/${ref}`);
  const byKey = new Map(given.map((metric, place) => [keys[place], metric]));
  const found = yield* findMetrics(database, keys);
  const missing = keys.filter((_, place) => found[place] === null).sort(byText);
  // in one order, so that concurrent transactions do not wait for each other in a circle
  const created = new Map<string, Metric>();
  for (const key of missing) {
    const { domain, ...metric } = byKey.get(key) as ImportedMetric;
    created.set(key, yield* ensureMetric(database, domain, metric));
  }
  return { metrics: keys.map((key, place) => found[place] ?? (created.get(key) as Metric)), createdMetrics: missing };
}

function rowOf(
  item: Extract<SpooledItem, unknown[]>,
  metrics: readonly Metric[],
  tables: readonly StatisticTable[],
): RowToWrite {
  const [metric, table, period, date, value, ...keys] = item;
  const statistic = tables[table] as StatisticTable;
  return {
    table: statistic,
    metric: metrics[metric] as Metric,
    period,
    date,
    value,
    cell: Object.fromEntries(statistic.keys.map(({ property }, place) => [property, keys[place] as string | number])),
  };
}
