import { hash, randomInt } from 'node:crypto';
import sql, { empty, join, type Sql } from 'sql-template-tag';
import { byText } from '../../catalog/order.js';
import type { CoverageKey } from '../../coverage/coverage.js';
import { batchesOf } from '../../database/batches.js';
import { groupBy } from '../../database/groups.js';
import type { Database } from '../../database/database.js';
import type { Additions, ColumnToWrite } from '../../database/dialects/dialect.js';
import { execute, query, type Work } from '../../database/work.js';
import { KeyConflictError } from '../../errors/statistic.error.js';
import type { TrackstatsError } from '../../errors/trackstats.error.js';
import { isTimePeriod, type Period } from '../../time/period.js';
import type { StoredMoment } from '../filter/date-range.js';
import { type Cell, coverageScopes } from '../filter/scope-filter.js';
import { cellId } from '../read/rows.query.js';
import { IncrementKey } from '../tables/increment-key.entity.js';
import type { StatisticTable } from '../tables/statistic-table.js';
import type { RowToWrite } from './write.query.js';

/** An increment with its row. */
interface Keyed {
  readonly place: number;
  readonly row: RowToWrite & {
    readonly value: string;
    /** null: it counts each time */
    readonly key: string | null;
    /** true if the call gave the date or instant; by default it is today's, which a later repetition does not have */
    readonly isDated: boolean;
  };
}

/** The increments of a batch that count, and those that repeat another one of the batch. */
export interface ClaimedKeys<K> {
  readonly counting: readonly K[];
  /** by the place of the repetition, the place of the increment that it repeats */
  readonly repetitions: ReadonlyMap<number, number>;
}

/** The increment that was counted under a key. */
interface Claim {
  readonly scope: string;
  readonly cell: string;
  /** its date, or the start of its bucket: `momentText` writes both */
  readonly moment: string;
  readonly amount: string;
}

const PRIMARY_KEY = ['metricId', 'period', 'key'] as const;
/** The number of columns of `keyColumns`. */
const COLUMNS = 9;
/** The number of keys in one condition. */
const MOST_KEYS = 1_000;
const LARGEST_BATCH = 2 ** 47;

/**
 * Stores the keys of increments and returns the increments that count: those without a key, and those whose key was not
 * stored before. A key that was stored for something else becomes the outcome of its increment.
 *
 * One statement inserts many keys. Another transaction that inserts one of them waits for this one, so that a key counts
 * once whichever process gets it.
 */
export function* claimKeys<K extends Keyed>(
  database: Database,
  placed: readonly K[],
  outcomes: (TrackstatsError | null)[],
  now: Date,
): Work<ClaimedKeys<K>> {
  const repetitions = new Map<number, number>();
  const first = new Map<string, K>();
  for (const one of placed) {
    if (one.row.key === null) continue;
    const id = idOf(one);
    const known = first.get(id);
    if (known === undefined) first.set(id, one);
    else repetitions.set(one.place, known.place);
  }
  if (first.size === 0) return { counting: placed, repetitions };
  const sorted = inKeyOrder(first);
  const batch = randomInt(LARGEST_BATCH);
  const inserted = yield* insertKeys(database, sorted, batch, now);
  const earlier = inserted === sorted.length ? null : yield* selectEarlier(database, sorted, batch);

  const skipped = new Set(repetitions.keys());
  for (const one of sorted) {
    const claim = earlier?.get(idOf(one));
    if (claim === undefined) continue;
    skipped.add(one.place);
    outcomes[one.place] = conflictOf(claim, one);
  }
  for (const one of placed.filter(({ place }) => repetitions.has(place))) {
    const claim = earlier?.get(idOf(one));
    const problem = conflictOf(claim ?? claimOf(first.get(idOf(one)) as K), one);
    outcomes[one.place] = problem;
    // its outcome is known: it does not depend on the increment that it repeats
    if (claim !== undefined || problem !== null) repetitions.delete(one.place);
  }
  return { counting: placed.filter(({ place }) => !skipped.has(place)), repetitions };
}

/** Returns the rows of the keys of increments, in one order; null if a key is given twice, or too many are given for one statement. */
export function freshKeys(
  database: Database,
  placed: readonly Keyed[],
  now: Date,
): NonNullable<Additions['fresh']> | null {
  const byId = new Map(placed.map((one) => [idOf(one), one]));
  if (byId.size < placed.length || placed.length > database.dialect.mostRows(COLUMNS)) return null;
  const columns = keyColumns(inKeyOrder(byId), randomInt(LARGEST_BATCH), now);
  return { table: database.table(IncrementKey), columns, keys: PRIMARY_KEY };
}

/** Removes the keys of increments that were refused after their keys had been stored. */
export function* releaseKeys(database: Database, refused: readonly Keyed[]): Work<void> {
  for (const some of batchesOf(
    refused.filter(({ row }) => row.key !== null),
    MOST_KEYS,
  )) {
    yield* execute(sql`DELETE FROM ${database.table(IncrementKey).path} WHERE ${keyCondition(database, some)}`);
  }
}

/** Removes the keys of a scope, as if nothing had been counted in it. */
export function* removeKeys(database: Database, { metricId, period, scope }: CoverageKey): Work<void> {
  const { dialect } = database;
  const table = database.table(IncrementKey);
  yield* execute(sql`DELETE FROM ${table.path} WHERE ${table.column('metricId')} = ${dialect.integer(metricId)}
AND ${table.column('period')} = ${dialect.integer(period)} AND ${table.column('scope')} = ${dialect.text(scope)}`);
}

/** Removes some of the keys that were counted before an instant, the oldest first. Returns their number. */
export function* pruneKeys(database: Database, before: Date, most: number): Work<number> {
  const { dialect } = database;
  const table = database.table(IncrementKey);
  const countedAt = sql`s.${table.column('countedAt')}`;
  return yield* execute(
    dialect.deleteMatching(
      table,
      PRIMARY_KEY,
      (identity) => sql`SELECT ${identity} FROM ${table.path} s WHERE ${countedAt} < ${before.getTime()}
ORDER BY ${countedAt} ${dialect.limit(most)}`,
    ),
  );
}

/** Returns increments in the order of their keys, so that concurrent batches cannot deadlock. */
function inKeyOrder<K extends Keyed>(byId: ReadonlyMap<string, K>): K[] {
  return [...byId].sort(([a], [b]) => byText(a, b)).map(([, one]) => one);
}

function* insertKeys(database: Database, sorted: readonly Keyed[], batch: number, now: Date): Work<number> {
  let inserted = 0;
  const most = database.dialect.mostRows(COLUMNS);
  for (const some of batchesOf(sorted, most)) {
    const columns = keyColumns(some, batch, now);
    inserted += yield* execute(database.dialect.insertAllIfAbsent(database.table(IncrementKey), columns, PRIMARY_KEY));
  }
  return inserted;
}

function keyColumns(some: readonly Keyed[], batch: number, now: Date): ColumnToWrite[] {
  /** by object type: all objects of a type have one */
  const scopes = new Map<unknown, string>();
  const scopeOf = ({ row: { table, cell } }: Keyed): string => {
    if (table.kind !== 'object') return claimedScope(table, cell);
    const { objectType } = cell;
    let scope = scopes.get(objectType);
    if (scope === undefined) scopes.set(objectType, (scope = claimedScope(table, cell)));
    return scope;
  };
  return [
    { property: 'metricId', type: 'integer', values: some.map(({ row }) => row.metric.id) },
    { property: 'period', type: 'integer', values: some.map(({ row }) => row.period) },
    { property: 'key', type: 'text', values: some.map(({ row }) => row.key ?? '') },
    { property: 'scope', type: 'text', values: some.map(scopeOf) },
    { property: 'cell', type: 'text', values: some.map(({ row }) => claimedCell(row)) },
    { property: 'date', type: 'text', values: some.map(({ row }) => momentText(row)) },
    { property: 'amount', type: 'text', values: some.map(({ row }) => row.value) },
    { property: 'batch', type: 'bigint', values: some.map(() => batch) },
    { property: 'countedAt', type: 'bigint', values: some.map(() => now.getTime()) },
  ];
}

/** Selects what increments were counted as whose keys another batch has stored, by id. */
function* selectEarlier(database: Database, sorted: readonly Keyed[], batch: number): Work<Map<string, Claim>> {
  const found = new Map<string, Claim & { batch: number }>();
  for (const some of batchesOf(sorted, MOST_KEYS)) yield* selectInto(found, database, some, empty);
  // a transaction of the application with an older snapshot sees these when it locks them
  const unseen = sorted.filter((one) => !found.has(idOf(one)));
  for (const some of batchesOf(unseen, MOST_KEYS)) yield* selectInto(found, database, some, database.dialect.forShare);
  return new Map([...found].filter(([, claim]) => claim.batch !== batch));
}

function* selectInto(
  found: Map<string, Claim & { batch: number }>,
  database: Database,
  some: readonly Keyed[],
  lock: Sql,
): Work<void> {
  const table = database.table(IncrementKey);
  const column = (property: string): Sql => table.column(property);
  const rows = yield* query<{
    metric_id: number;
    period: number;
    event_key: string;
    scope: string;
    cell: string;
    counted_on: string;
    amount: string;
    batch: unknown;
  }>(sql`SELECT ${column('metricId')} AS metric_id, ${column('period')} AS period, ${column('key')} AS event_key,
  ${column('scope')} AS scope, ${column('cell')} AS cell, ${column('date')} AS counted_on, ${column('amount')} AS amount,
  ${column('batch')} AS batch FROM ${table.path} WHERE ${keyCondition(database, some)} ${lock}`);
  for (const { metric_id, period, event_key, counted_on, batch, ...claim } of rows) {
    found.set(keyId(metric_id, period, event_key), { ...claim, moment: counted_on, batch: Number(batch) });
  }
}

function keyCondition(database: Database, some: readonly Keyed[]): Sql {
  const { dialect } = database;
  const table = database.table(IncrementKey);
  const groups = groupBy(some, ({ row: { metric, period } }) => `${metric.id} ${period}`);
  const conditions = [...groups.values()].map((group) => {
    const [{ row }] = group;
    const keys = group.map((one) => dialect.text(one.row.key ?? ''));
    return sql`(${table.column('metricId')} = ${dialect.integer(row.metric.id)} AND ${table.column('period')} = ${dialect.integer(row.period)}
AND ${table.column('key')} IN (${join(keys)}))`;
  });
  return sql`(${join(conditions, ' OR ')})`;
}

function claimOf({ row }: Keyed): Claim {
  const { table, cell, value } = row;
  return { scope: claimedScope(table, cell), cell: claimedCell(row), moment: momentText(row), amount: value };
}

/** All objects of a type have one. */
function claimedScope(table: StatisticTable, cell: Cell): string {
  return coverageScopes(table, cell).at(-1) ?? '';
}

function claimedCell({ table, cell }: RowToWrite): string {
  return table.keys.length === 0 ? '' : hash('sha256', cellId(table, cell), 'base64url');
}

/** The column has ten characters: a date, or the seconds of a bucket's start in base 36. */
function momentText({ date, start }: StoredMoment): string {
  return start === undefined ? date : start.toString(36);
}

function shownMoment(period: Period, moment: string): string {
  return isTimePeriod(period) ? new Date(parseInt(moment, 36) * 1000).toISOString() : moment;
}

function conflictOf(claim: Claim, one: Keyed): KeyConflictError | null {
  const { key, metric, period, isDated } = one.row;
  const given = claimOf(one);
  if (claim.scope !== given.scope || claim.cell !== given.cell) {
    return new KeyConflictError(metric.key, key ?? '', 'for another object or other dimensions', null);
  }
  if (claim.amount !== given.amount)
    return new KeyConflictError(metric.key, key ?? '', `with ${claim.amount}`, given.amount);
  if (isDated && claim.moment !== given.moment) {
    const counted = `${isTimePeriod(period) ? 'in the bucket of' : 'on'} ${shownMoment(period, claim.moment)}`;
    return new KeyConflictError(metric.key, key ?? '', counted, shownMoment(period, given.moment));
  }
  return null;
}

function idOf({ row: { metric, period, key } }: Keyed): string {
  return keyId(metric.id, period, key ?? '');
}

function keyId(metricId: number, period: number, key: string): string {
  return `${metricId} ${period} ${key}`;
}
