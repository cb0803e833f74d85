import { ImportRefusedError } from '../../errors/transfer.error.js';
import { TrackerOwnedError } from '../../errors/statistic.error.js';
import {
  type StatisticContext,
  rowId,
  type RowToWrite,
  type StatisticTable,
  writeRows,
} from '../../statistics/index.js';
import { enclosingScope, type StoredCoverage, storedCoverages } from '../../coverage/index.js';
import { Period } from '../../time/period.js';
import { localDateAt } from '../../time/time-zone.js';
import { EventLoopTurns } from './import-text.js';
import { type ImportEntry, type ImportedMetric, startProblem } from './import-entry.js';
import { ImportIntake, type SkipEntry, type SpooledItem } from './import-intake.js';
import { byText, ensureMetric, findMetrics, type Metric } from '../../catalog/index.js';
import type { Database } from '../../database/database.js';
import type { Work } from '../../database/work.js';
import { putAnnotation } from './import-annotation.js';
import { putCoverage } from './import-coverage.js';

/**
 * Imports entries, all or nothing: they are checked and spooled first, then one transaction writes them.
 *
 * @param isForced writes what a tracker of the application computes, too
 * @param skip takes entries that cannot be stored. Without it, one of them is enough to refuse the import
 * @throws ImportRefusedError, TrackerOwnedError
 */
export async function imported(
  context: StatisticContext,
  entries: AsyncIterable<ImportEntry>,
  isForced: boolean,
  skip: SkipEntry | null = null,
): Promise<ImportResult> {
  const intake = new ImportIntake(context, skip);
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
    return await context.database.transaction(() => writeImport(context, intake));
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
  /** number of annotations that were read, and stored or found there */
  readonly annotations: number;
  /** natural keys of the metrics that were created */
  readonly createdMetrics: readonly string[];
}

const BATCH = 5_000;

/**
 * Stores the contents of an intake. Existing domains and metrics keep their names.
 *
 * @throws ImportRefusedError for a coverage that contradicts the stored one, and for a start within a bucket
 */
export function* writeImport(context: StatisticContext, intake: ImportIntake): Work<ImportResult> {
  const { database } = context;
  const { metrics, createdMetrics } = yield* ensureMetrics(database, intake.metrics);
  const zones = yield* zonesOfTimes(context, intake, metrics);
  const batch = new Map<string, RowToWrite>();
  let [rows, coverages, annotations] = [0, 0, 0];
  for (const item of intake.spool.items()) {
    if (Array.isArray(item)) {
      const row = rowOf(item, metrics, intake.tables, zones);
      batch.set(rowId(row), row); // the last one of those with the same key
      rows++;
    } else if ('annotation' in item) {
      yield* putAnnotation(database, item.annotation);
      annotations++;
    } else {
      const problem = yield* putCoverage(database, (metrics[item.metric] as Metric).id, item.coverage);
      if (problem !== null) throw new ImportRefusedError([{ line: item.line, reason: problem }], 1);
      coverages++;
    }
    if (batch.size < BATCH) continue;
    yield* writeRows(database, batch, 'replace');
    batch.clear();
  }
  yield* writeRows(database, batch, 'replace');
  return { rows, coverages, annotations, createdMetrics };
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

/** The time zone of the buckets of a metric's scope in a period. */
type ZoneOf = (metric: number, period: Period, scope: string) => string;

/**
 * Returns the time zones of the rows of less than a day: of the coverage in the file or here, or else the module's. Checks
 * that each row is the first instant of a bucket there.
 *
 * @throws ImportRefusedError
 */
function* zonesOfTimes(
  { database, options }: StatisticContext,
  intake: ImportIntake,
  metrics: readonly Metric[],
): Work<ZoneOf> {
  if (intake.timeMetrics.size === 0) return () => options.timeZone;
  const own = [...intake.timeMetrics].map((place) => metrics[place] as Metric);
  const given: Pick<StoredCoverage, 'metricId' | 'period' | 'scope' | 'timeZone'>[] = [];
  for (const item of intake.spool.items()) {
    if (!Array.isArray(item) && 'coverage' in item)
      given.push({ ...item.coverage, metricId: (metrics[item.metric] as Metric).id });
  }
  const coverages = [...given, ...(yield* storedCoverages(database, own, null))];
  const storedZone = (metricId: number | undefined, period: Period, scope: string): string | undefined => {
    const scopes = [scope, enclosingScope(scope) ?? scope];
    const covered = coverages.find(
      (one) => one.metricId === metricId && one.period === period && scopes.includes(one.scope),
    );
    return covered?.timeZone;
  };
  // once for each scope and not for each of its rows
  const known = new Map<string, string>();
  const zoneOf: ZoneOf = (place, period, scope) => {
    const id = `${place} ${period} ${scope}`;
    let zone = known.get(id);
    if (zone === undefined) known.set(id, (zone = storedZone(metrics[place]?.id, period, scope) ?? options.timeZone));
    return zone;
  };
  for (const item of intake.spool.items()) {
    if (!Array.isArray(item) || typeof item[3] === 'string') continue;
    const [metric, , period, at] = item;
    const problem = startProblem(period, at, zoneOf(metric, period, at.scope));
    if (problem !== null) intake.refuse(at.place, problem);
  }
  if (intake.problemCount > 0) throw new ImportRefusedError(intake.problems, intake.problemCount);
  return zoneOf;
}

function rowOf(
  item: Extract<SpooledItem, unknown[]>,
  metrics: readonly Metric[],
  tables: readonly StatisticTable[],
  zoneOf: ZoneOf,
): RowToWrite {
  const [metric, table, period, at, value, ...keys] = item;
  const moment =
    typeof at === 'string'
      ? { date: at }
      : { date: localDateAt(new Date(at.start * 1000), zoneOf(metric, period, at.scope)), start: at.start };
  const statistic = tables[table] as StatisticTable;
  return {
    table: statistic,
    metric: metrics[metric] as Metric,
    period,
    ...moment,
    value,
    cell: Object.fromEntries(statistic.keys.map(({ property }, place) => [property, keys[place] as string | number])),
  };
}
