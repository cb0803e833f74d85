import sql, { join, raw, type Sql } from 'sql-template-tag';
import type { Database } from '../database/database.js';
import { execute, query, type Work } from '../database/work.js';
import type { AlertProgress, AlertStatus } from './alert-progress.js';
import { AlertState } from './alert.entity.js';

/** The key of an alert's row. */
export interface AlertKey {
  readonly name: string;
  readonly fingerprint: string;
  /** empty for statistics */
  readonly tracker: string;
}

/** The state of an alert as it is stored. Instants are milliseconds since 1970. */
export interface StoredAlert extends AlertProgress {
  readonly version: number;
  readonly since: number | null;
  readonly observed: string | null;
  readonly crossed: string | null;
  readonly crossing: string | null;
  /** by the database's clock */
  readonly until: number | null;
  readonly attempts: number;
  readonly error: string | null;
  /** by the database's clock; null: it is not known when it was last evaluated */
  readonly seen: number | null;
  /** the database's time; until this is past `until`, the call belongs to another replica */
  readonly now: number;
}

/** True if an alert is firing, or its call has not returned. */
export function isOpen({ status, crossing }: StoredAlert): boolean {
  return status === 'firing' || crossing !== null;
}

/** Columns to write. */
export interface AlertChange {
  readonly status?: AlertStatus;
  readonly since?: number;
  readonly moment?: string | null;
  readonly observed?: string | null;
  readonly crossed?: string;
  readonly crossing?: string | null;
  /** milliseconds from the database's now on; null for none */
  readonly leaseFor?: number | null;
  readonly attempts?: number;
  readonly error?: string | null;
}

/** Returns the state of alerts by tracker, those of one name and definition. */
export function* readAlerts(
  database: Database,
  { name, fingerprint }: Omit<AlertKey, 'tracker'>,
): Work<ReadonlyMap<string, StoredAlert>> {
  const table = database.table(AlertState);
  const columns = Object.entries(COLUMNS).map(([as, property]) => sql`${table.column(property)} AS ${raw(as)}`);
  const rows = yield* query<AlertRow>(
    sql`SELECT ${join(columns)}, ${database.dialect.now} AS now_ms FROM ${table.path}
WHERE ${table.column('name')} = ${database.dialect.text(name)} AND ${table.column('fingerprint')} = ${database.dialect.text(fingerprint)}`,
  );
  return new Map(rows.map((row) => [row.alert_tracker, alertOf(row)]));
}

/** Inserts the row of an alert that has none yet. */
export function* insertAlert(database: Database, { name, fingerprint, tracker }: AlertKey): Work<void> {
  const { dialect } = database;
  const key = { name: dialect.text(name), fingerprint: dialect.text(fingerprint), tracker: dialect.text(tracker) };
  yield* execute(dialect.insertIfAbsent(database.table(AlertState), key, Object.keys(key)));
}

/**
 * Changes the state of an alert, unless another replica has changed it since it was read.
 *
 * @param version as it was read
 * @returns true if this replica changed it
 */
export function* updateAlert(database: Database, key: AlertKey, version: number, change: AlertChange): Work<boolean> {
  const { version: column } = columnsOf(database);
  const next: [Sql, Sql] = [column, sql`${column} + 1`];
  return yield* write(database, key, version, [next, ...assignmentsOf(database, change)]);
}

/** Renews the lease of a call. Returns false if another replica makes it by now. */
export function* renewCall(database: Database, key: AlertKey, version: number, leaseFor: number): Work<boolean> {
  return yield* write(database, key, version, assignmentsOf(database, { leaseFor }));
}

/** Stores that a process has an alert of this definition. Leaves its version alone: nothing of its state changes. */
export function* markSeen(database: Database, key: AlertKey): Work<void> {
  const { seen } = columnsOf(database);
  yield* execute(
    sql`UPDATE ${database.table(AlertState).path} SET ${seen} = ${database.dialect.now} WHERE ${isAlert(database, key)}`,
  );
}

/**
 * Removes the alerts that no process has evaluated for some time. Alerts of an earlier version of the library, which did
 * not store when it evaluated them, count as evaluated now.
 *
 * @param unseenFor milliseconds
 */
export function* removeUnseen(database: Database, unseenFor: number): Work<void> {
  const { path } = database.table(AlertState);
  const { seen } = columnsOf(database);
  const { now } = database.dialect;
  yield* execute(sql`DELETE FROM ${path} WHERE ${seen} < ${now} - ${unseenFor}`);
  yield* execute(sql`UPDATE ${path} SET ${seen} = ${now} WHERE ${seen} IS NULL`);
}

function* write(database: Database, key: AlertKey, version: number, set: readonly [Sql, Sql][]): Work<boolean> {
  const column = columnsOf(database);
  const assignments = set.map(([target, value]) => sql`${target} = ${value}`);
  const changed = yield* execute(
    sql`UPDATE ${database.table(AlertState).path} SET ${join(assignments)}
WHERE ${isAlert(database, key)} AND ${column.version} = ${version}`,
  );
  return changed === 1;
}

/** The condition of the row of an alert. */
function isAlert(database: Database, { name, fingerprint, tracker }: AlertKey): Sql {
  const { dialect } = database;
  const column = columnsOf(database);
  return sql`${column.name} = ${dialect.text(name)} AND ${column.fingerprint} = ${dialect.text(fingerprint)}
AND ${column.tracker} = ${dialect.text(tracker)}`;
}

function assignmentsOf(database: Database, { leaseFor, ...change }: AlertChange): [Sql, Sql][] {
  const column = columnsOf(database);
  const given = Object.entries(change) as [keyof typeof change, string | number | null][];
  return [
    ...given.map(([property, value]): [Sql, Sql] => [column[property], sql`${value}`]),
    ...(leaseFor === undefined ? [] : [[column.until, untilAfter(database, leaseFor)] as [Sql, Sql]]),
  ];
}

function untilAfter({ dialect }: Database, leaseFor: number | null): Sql {
  return leaseFor === null ? sql`NULL` : sql`${dialect.now} + ${leaseFor}`;
}

function columnsOf(database: Database): Readonly<Record<keyof AlertState, Sql>> {
  const table = database.table(AlertState);
  const names: (keyof AlertState)[] = ['name', 'fingerprint', ...Object.values(COLUMNS)];
  return Object.fromEntries(names.map((name) => [name, table.column(name)])) as Record<keyof AlertState, Sql>;
}

interface AlertRow {
  alert_tracker: string;
  alert_version: unknown;
  alert_status: AlertStatus;
  alert_since: unknown;
  alert_moment: string | null;
  alert_observed: string | null;
  alert_crossed: string | null;
  alert_crossing: string | null;
  alert_until: unknown;
  alert_attempts: unknown;
  alert_error: string | null;
  alert_seen: unknown;
  now_ms: unknown;
}

const COLUMNS: Readonly<Record<Exclude<keyof AlertRow, 'now_ms'>, keyof AlertState>> = {
  alert_tracker: 'tracker',
  alert_version: 'version',
  alert_status: 'status',
  alert_since: 'since',
  alert_moment: 'moment',
  alert_observed: 'observed',
  alert_crossed: 'crossed',
  alert_crossing: 'crossing',
  alert_until: 'until',
  alert_attempts: 'attempts',
  alert_error: 'error',
  alert_seen: 'seen',
};

function alertOf(row: AlertRow): StoredAlert {
  return {
    version: Number(row.alert_version),
    status: row.alert_status,
    since: numberOrNull(row.alert_since),
    moment: row.alert_moment,
    observed: row.alert_observed,
    crossed: row.alert_crossed,
    crossing: row.alert_crossing,
    until: numberOrNull(row.alert_until),
    attempts: Number(row.alert_attempts),
    error: row.alert_error,
    seen: numberOrNull(row.alert_seen),
    now: Number(row.now_ms),
  };
}

function numberOrNull(value: unknown): number | null {
  return value === null ? null : Number(value);
}
