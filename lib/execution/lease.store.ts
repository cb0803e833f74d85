import sql, { empty, join, raw, type Sql } from 'sql-template-tag';
import type { Cancellation } from '../database/cancellation.js';
import type { Database } from '../database/database.js';
import { execute, executeWithDeferred, query, queryOne, withConstantText, type Work } from '../database/work.js';
import type { LocalDate } from '../time/local-date.js';
import type { ScrubState } from '../tracking/running/tracker.scrubber.js';
import { TrackerState } from './run-tables.js';

/** A lease that was taken. Instants are milliseconds since 1970 by the database's clock. */
export interface TakenLease {
  readonly name: string;
  /** distinguishes this lease from all others of the tracker */
  readonly fence: number;
  readonly owner: string;
  readonly takenAt: number;
}

/** The state of a tracker that all replicas share, and the database's time. */
export interface SharedState {
  readonly fence: number;
  readonly owner: string | null;
  readonly until: number | null;
  readonly slot: number | null;
  /** a backfill that has not ended */
  readonly backfill: BackfillMark | null;
  /** how far its closed dates were compared with the source */
  readonly scrub: ScrubState;
  readonly now: number;
}

/** The progress of a backfill that has not ended. */
export interface BackfillMark {
  readonly from: LocalDate;
  /** null if it ends today */
  readonly to: LocalDate | null;
  /** last date that it has computed; null if none */
  readonly through: LocalDate | null;
}

export interface LeaseRequest {
  readonly name: string;
  /** a value to select in the statement that takes the lease and records a run, where that is one; null for none */
  readonly beside?: Sql | null | undefined;
  readonly owner: string;
  /** the slot to run, which must not have been run; null if there is none */
  readonly slot: number | null;
  /** milliseconds */
  readonly lockAtMostFor: number;
}

export interface LeaseEnd {
  /** milliseconds since it was taken during which nobody may take the next one */
  readonly lockAtLeastFor: number;
  /** further columns to write */
  readonly values: {
    readonly slot?: number | null;
    readonly backfill?: BackfillMark | null;
    readonly scrub?: ScrubState | undefined;
  };
}

/** A process's clock counts as right if it differs by at most this many milliseconds from the database's. */
export const CLOCK_TOLERANCE = 1000;

/**
 * Takes the lease of a tracker if it is free, by one conditional statement on the database's clock.
 *
 * @returns the state afterwards. The lease was taken if its owner is the caller
 */
export function* takeLease(database: Database, request: LeaseRequest): Work<SharedState> {
  const state = yield* takeFree(database, request);
  if (state !== undefined) return state;
  const table = database.table(TrackerState);
  yield* execute(database.dialect.insertIfAbsent(table, { name: database.dialect.text(request.name) }, ['name']));
  return (yield* takeFree(database, request)) as SharedState;
}

/**
 * Takes the lease of a tracker and records a run, in one statement.
 *
 * @param record returns the INSERT of the run, given the fence and a FROM item that has it
 * @returns the state afterwards, the id of the run and the value beside them; null if the lease is not free, or where the
 * database needs a transaction for it
 */
export async function takeAndRecord(
  database: Database,
  request: LeaseRequest,
  record: (fence: Sql, from: Sql) => RunInsert,
  cancellation: Cancellation,
): Promise<{ state: SharedState; runId: number; beside: unknown } | null> {
  if (!database.commitsAlone) return null;
  const { dialect } = database;
  const { values, identity, where } = leaseUpdate(database, request);
  const statementOf = (label: string | null): Sql => {
    const insert = (from: Sql): Sql => record(raw('fence'), from).insert;
    const { insertedId } = record(raw('fence'), empty);
    const returning = stateColumns(database);
    return dialect.changeAndInsert({
      table: database.table(TrackerState),
      values,
      identity,
      where,
      returning,
      insert,
      insertedId,
      beside: request.beside ?? null,
      label,
    });
  };
  const rows = await database.commitAlone((label) => withConstantText(statementOf(label)), { cancellation });
  const [row] = (rows ?? []) as unknown as (StateRow & { inserted: unknown; beside?: unknown })[];
  return row === undefined ? null : { state: stateOf(row), runId: Number(row.inserted), beside: row.beside };
}

/** An INSERT that records a run, and the column of the run's id. */
export interface RunInsert {
  readonly insert: Sql;
  readonly insertedId: Sql;
}

/** The change of a tracker's row that takes its lease, and the condition that it is free and the slot is due. */
function leaseUpdate(
  database: Database,
  { name, owner, slot, lockAtMostFor }: LeaseRequest,
): { values: Readonly<Record<string, Sql>>; identity: Sql; where: Sql } {
  const { dialect } = database;
  const table = database.table(TrackerState);
  const column = (property: string): Sql => table.column(property);
  const due =
    slot === null
      ? empty
      : sql` AND (${column('slot')} IS NULL OR ${column('slot')} < ${slot}) AND ${dialect.now} >= ${slot - CLOCK_TOLERANCE}`;
  const identity = sql`${column('name')} = ${dialect.text(name)}`;
  return {
    identity,
    values: {
      fence: sql`${column('fence')} + 1`,
      owner: dialect.text(owner),
      until: sql`${dialect.now} + ${lockAtMostFor}`,
    },
    where: sql`${identity} AND (${column('until')} IS NULL OR ${column('until')} <= ${dialect.now})${due}`,
  };
}

/** Returns the state afterwards, or undefined if there is none. */
function* takeFree(database: Database, request: LeaseRequest): Work<SharedState | undefined> {
  const { name } = request;
  const { dialect } = database;
  const table = database.table(TrackerState);
  const { values, where } = leaseUpdate(database, request);
  const set = Object.entries(values).map(([property, value]) => sql`${table.column(property)} = ${value}`);
  const take = sql`UPDATE ${table.path} SET ${join(set)} WHERE ${where}`;
  if (dialect.returnsRows) {
    const row = yield* queryOne<StateRow>(sql`${take} RETURNING ${stateColumns(database)}`);
    if (row !== undefined) return stateOf(row);
  } else yield* execute(take);
  return yield* readState(database, name);
}

/** Returns the state that replicas share about a tracker, or undefined before its first lease. */
export function* readState(database: Database, name: string): Work<SharedState | undefined> {
  const [state] = yield* readStates(database, [name]);
  return state?.[1];
}

/** Returns the state that replicas share about trackers, by name. */
export function* readStates(database: Database, names: readonly string[]): Work<[string, SharedState][]> {
  const states: [string, SharedState][] = [];
  for (let first = 0; first < names.length; first += NAMES_A_STATEMENT) {
    states.push(...(yield* readChunk(database, names.slice(first, first + NAMES_A_STATEMENT))));
  }
  return states;
}

const NAMES_A_STATEMENT = 500;

interface StateRow {
  tracker_name: string;
  fence: unknown;
  lease_owner: string | null;
  lease_until: unknown;
  last_slot: unknown;
  backfill_from: LocalDate | null;
  backfill_to: LocalDate | null;
  backfill_through: LocalDate | null;
  scrubbed_through: LocalDate | null;
  scrubbed_at: unknown;
  now_ms: unknown;
}

const COLUMNS: Readonly<Record<Exclude<keyof StateRow, 'now_ms'>, keyof TrackerState>> = {
  tracker_name: 'name',
  fence: 'fence',
  lease_owner: 'owner',
  lease_until: 'until',
  last_slot: 'slot',
  backfill_from: 'backfillFrom',
  backfill_to: 'backfillTo',
  backfill_through: 'backfillThrough',
  scrubbed_through: 'scrubbedThrough',
  scrubbed_at: 'scrubbedAt',
};

function* readChunk(database: Database, names: readonly string[]): Work<[string, SharedState][]> {
  const { dialect } = database;
  const table = database.table(TrackerState);
  const rows = yield* query<StateRow>(
    sql`SELECT ${stateColumns(database)} FROM ${table.path}
WHERE ${table.column('name')} IN (${join(names.map((name) => dialect.text(name)))})`,
  );
  return rows.map((row) => [row.tracker_name, stateOf(row)]);
}

function stateColumns(database: Database): Sql {
  const table = database.table(TrackerState);
  const columns = Object.entries(COLUMNS).map(([name, property]) => sql`${table.column(property)} AS ${raw(name)}`);
  return sql`${join(columns)}, ${database.dialect.now} AS now_ms`;
}

function stateOf(row: StateRow): SharedState {
  const { backfill_from: from, backfill_to: to, backfill_through: through } = row;
  const scrubbedAt = numberOrNull(row.scrubbed_at);
  return {
    fence: Number(row.fence),
    owner: row.lease_owner,
    until: numberOrNull(row.lease_until),
    slot: numberOrNull(row.last_slot),
    backfill: from === null ? null : { from, to, through },
    scrub: { through: row.scrubbed_through, at: scrubbedAt === null ? null : new Date(scrubbedAt) },
    now: Number(row.now_ms),
  };
}

/** Renews a lease for its full length from now on. Returns false if another process has taken over. */
export function* renewLease(
  database: Database,
  taken: TakenLease,
  lockAtMostFor: number,
  values: LeaseEnd['values'],
): Work<boolean> {
  return yield* updateTaken(database, taken, [
    ['until', sql`${database.dialect.now} + ${lockAtMostFor}`],
    ...assignmentsOf(values),
  ]);
}

/** Gives a lease back. Returns false if another process has taken over. */
export function* releaseLease(
  database: Database,
  taken: TakenLease,
  { lockAtLeastFor, values }: LeaseEnd,
): Work<boolean> {
  const { dialect } = database;
  const until =
    lockAtLeastFor === 0 ? sql`NULL` : dialect.greatest(dialect.now, sql`${taken.takenAt + lockAtLeastFor}`);
  return yield* updateTaken(database, taken, [['owner', sql`NULL`], ['until', until], ...assignmentsOf(values)]);
}

function* updateTaken(
  database: Database,
  { name, fence, owner }: TakenLease,
  set: readonly [string, Sql][],
): Work<boolean> {
  const { dialect } = database;
  const table = database.table(TrackerState);
  const assignments = set.map(([property, value]) => sql`${table.column(property)} = ${value}`);
  const changed = yield* executeWithDeferred(
    sql`UPDATE ${table.path} SET ${join(assignments)} WHERE ${table.column('name')} = ${dialect.text(name)}
AND ${table.column('fence')} = ${fence} AND ${table.column('owner')} = ${dialect.text(owner)}`,
  );
  return changed === 1;
}

function assignmentsOf({ slot, backfill, scrub }: LeaseEnd['values']): [string, Sql][] {
  return [
    ...(slot === undefined || slot === null ? [] : [['slot', sql`${slot}`] as [string, Sql]]),
    ...(backfill === undefined ? [] : markAssignments(backfill)),
    ...(scrub === undefined ? [] : scrubAssignments(scrub)),
  ];
}

function markAssignments(mark: BackfillMark | null): [string, Sql][] {
  return [
    ['backfillFrom', sql`${mark?.from ?? null}`],
    ['backfillTo', sql`${mark?.to ?? null}`],
    ['backfillThrough', sql`${mark?.through ?? null}`],
  ];
}

function scrubAssignments({ through, at }: ScrubState): [string, Sql][] {
  return [
    ['scrubbedThrough', sql`${through}`],
    ['scrubbedAt', sql`${at?.getTime() ?? null}`],
  ];
}

function numberOrNull(value: unknown): number | null {
  return value === null ? null : Number(value);
}
