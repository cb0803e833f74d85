import sql, { join, raw, type Sql } from 'sql-template-tag';
import { resolveMetrics } from '../catalog/catalog.store.js';
import type { MetricTarget } from '../catalog/definitions.js';
import { Metric } from '../catalog/metric.entity.js';
import { isMetric, metricKeyOf, metricTables } from '../catalog/metric.query.js';
import { byText } from '../catalog/order.js';
import { batchesOf, MOST_PARTS } from '../database/batches.js';
import type { Database } from '../database/database.js';
import { query, queryOne, type Work } from '../database/work.js';
import type { Period } from '../time/period.js';
import type { CoverageKey, CoverageValues, StoredCoverage } from './coverage.js';
import type { CoverageKind } from './coverage-kind.js';
import { Coverage } from './coverage.entity.js';
import {
  coverageColumns,
  coverageFields,
  type CoverageRow,
  isCoverage,
  namedFields,
  storedCoverage,
} from './coverage.row.js';
import { insertCoverage, insertCoverages } from './coverage.store.js';

/** Locks coverages until the transaction ends. */

/** The coverages of a metric in one scope. */
export interface WantedCoverages {
  readonly metric: MetricTarget;
  readonly periods: readonly Period[];
  readonly scope: string;
  readonly kind: CoverageKind;
}

export interface LockedCoverages {
  readonly metricId: number;
  /** one for each period, the shortest first */
  readonly coverages: readonly StoredCoverage[];
}

/**
 * Locks coverages until the transaction ends, and reads them. Two runs for the same statistics thus never overlap, even in
 * two processes. Missing coverages are created empty, and a metric is stored on its first use.
 *
 * @param wanted in an order that is the same in every call, so that two runs cannot wait for each other
 * @throws the errors of `resolveMetrics`
 */
export function* lockCoverages(database: Database, wanted: readonly WantedCoverages[]): Work<LockedCoverages[]> {
  const found = yield* selectLocked(database, wanted);
  const all = allFound(wanted, found);
  if (all !== null) return all;
  const metrics = yield* resolveMetrics(
    database,
    wanted.map(({ metric }) => metric),
  );
  const missing = wanted.flatMap((each, place) => {
    const stored = new Set(found[place]?.map(({ period }) => period));
    const { id: metricId } = metrics[place] as Metric;
    return sorted(each.periods)
      .filter((period) => !stored.has(period))
      .map((period) => emptyCoverage({ metricId, period, scope: each.scope }, each.kind));
  });
  yield* insertCoverages(database, missing);
  const made = yield* selectLocked(database, wanted);
  return wanted.map(({ periods, scope, kind }, place) => {
    const { id: metricId } = metrics[place] as Metric;
    const stored = new Map(made[place]?.map((coverage) => [coverage.period, coverage]));
    const coverages = sorted(periods).map(
      (period) => stored.get(period) ?? emptyCoverage({ metricId, period, scope }, kind),
    );
    return { metricId, coverages };
  });
}

/** Returns coverages as one value of a statement, for `readCoveragesValue`: at most MOST_PARTS. */
export function coveragesValue(database: Database, wanted: readonly WantedCoverages[]): Sql {
  const { dialect } = database;
  const parts = [...wanted.entries()].map(([place, each]) => {
    const fields = [raw(String(place)), ...Object.values(coverageFields(database))];
    return sql`SELECT ${dialect.list(fields)} AS fields FROM ${wantedRows(database, each)}`;
  });
  return sql`(SELECT CONCAT('[', ${dialect.joined(raw('c.fields'))}, ']') FROM (${join(parts, ' UNION ALL ')}) c)`;
}

/** Reads what `coveragesValue` has selected. Returns null if a coverage does not exist, or the value was cut. */
export function readCoveragesValue(
  database: Database,
  wanted: readonly WantedCoverages[],
  value: string,
): LockedCoverages[] | null {
  const names = Object.keys(coverageFields(database));
  const found = wanted.map((): StoredCoverage[] => []);
  try {
    for (const [place, ...fields] of JSON.parse(value) as [number, ...unknown[]][]) {
      found[place]?.push(storedCoverage(namedFields(names, fields) as unknown as CoverageRow));
    }
  } catch {
    return null;
  }
  return allFound(
    wanted,
    found.map((coverages) => coverages.sort((a, b) => a.period - b.period)),
  );
}

function allFound(wanted: readonly WantedCoverages[], found: readonly StoredCoverage[][]): LockedCoverages[] | null {
  if (!wanted.every(({ periods }, place) => found[place]?.length === periods.length)) return null;
  return found.map((coverages) => ({ metricId: (coverages[0] as StoredCoverage).metricId, coverages }));
}

function sorted(periods: readonly Period[]): Period[] {
  return [...periods].sort((a, b) => a - b);
}

function emptyCoverage(key: CoverageKey, kind: CoverageKind): StoredCoverage {
  const dates = { from: null, through: null, computedAt: null, isWhole: false, drift: [] };
  return { ...key, ...dates, kind, timeZone: '', fingerprint: '' };
}

/**
 * Locks existing coverages of many metrics in one statement, which finds each by its key. With one condition for all of
 * them, a database might read the whole table, and MySQL would wait for the coverages of other trackers.
 */
function* selectLocked(database: Database, wanted: readonly WantedCoverages[]): Work<StoredCoverage[][]> {
  const { dialect } = database;
  const table = database.table(Coverage);
  const locked = wanted.map((): StoredCoverage[] => []);
  for (const some of batchesOf([...wanted.entries()], MOST_PARTS)) {
    const entries = some.map(
      ([
        place,
        each,
      ]) => sql`SELECT ${raw(String(place))} AS place, ${coverageColumns(database)} FROM ${wantedRows(database, each)}
ORDER BY ${table.column('period')} ${dialect.forUpdate}`,
    );
    const rows = yield* query<CoverageRow & { place: unknown }>(unionOfLocked(entries));
    for (const row of rows) locked[Number(row.place)]?.push(storedCoverage(row));
  }
  return locked;
}

/** Joins queries that lock rows: a lock is refused in a UNION itself. */
function unionOfLocked(queries: readonly Sql[]): Sql {
  const [only, ...others] = queries;
  if (only !== undefined && others.length === 0) return only;
  const parts = queries.map((each, index) => sql`SELECT * FROM (${each}) ${raw(`e${String(index)}`)}`);
  return join(parts, '\nUNION ALL\n');
}

/** A stored coverage to lock. */
export interface CoverageToLock extends CoverageKey {
  /** true if the transaction changes or removes it; false keeps others from removing it */
  readonly isChanged: boolean;
}

/**
 * Locks stored coverages until the transaction ends, each found by its key. Returns those that are still stored, as they
 * are now.
 */
export function* lockStoredCoverages(database: Database, keys: readonly CoverageToLock[]): Work<StoredCoverage[]> {
  const { dialect } = database;
  const { path } = database.table(Coverage);
  // in one order, so that two calls cannot deadlock
  const ordered = [...keys].sort((a, b) => a.metricId - b.metricId || a.period - b.period || byText(a.scope, b.scope));
  const found: StoredCoverage[] = [];
  for (const some of batchesOf(ordered, MOST_PARTS)) {
    const queries = some.map((key) => {
      const lock = key.isChanged ? dialect.forUpdate : dialect.forKeyShare;
      return sql`SELECT ${coverageColumns(database)} FROM ${path} WHERE ${isCoverage(database, key)} ${lock}`;
    });
    found.push(...(yield* query<CoverageRow>(unionOfLocked(queries))).map(storedCoverage));
  }
  return found;
}

/** The coverages of a metric in one scope, for use in FROM, with the condition that follows. */
function wantedRows(database: Database, { metric, periods, scope }: WantedCoverages): Sql {
  const { dialect } = database;
  const table = database.table(Coverage);
  const id = sql`SELECT m.${database.table(Metric).column('id')} FROM ${metricTables(database)} WHERE ${isMetric(database, metricKeyOf(metric))}`;
  const ofPeriods = join(sorted(periods).map((period) => dialect.integer(period)));
  return sql`${table.path}
WHERE ${table.column('metricId')} = (${id}) AND ${table.column('period')} IN (${ofPeriods}) AND ${table.column('scope')} = ${dialect.text(scope)}`;
}

/** Locks one coverage until the transaction ends. Creates it from `initial` first if it does not exist. */
export function* lockCoverage(
  database: Database,
  key: CoverageKey,
  initial: Partial<CoverageValues> & Pick<CoverageValues, 'kind' | 'timeZone' | 'fingerprint'>,
): Work<StoredCoverage> {
  const found = yield* selectLockedCoverage(database, key);
  if (found !== null) return found;
  yield* insertCoverage(database, key, initial);
  const made = yield* selectLockedCoverage(database, key);
  return made ?? { ...emptyCoverage(key, initial.kind), ...initial };
}

function* selectLockedCoverage(database: Database, key: CoverageKey): Work<StoredCoverage | null> {
  const { path } = database.table(Coverage);
  const row = yield* queryOne<CoverageRow>(
    sql`SELECT ${coverageColumns(database)} FROM ${path} WHERE ${isCoverage(database, key)} ${database.dialect.forUpdate}`,
  );
  return row === undefined ? null : storedCoverage(row);
}
