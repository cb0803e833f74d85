import type { Sql } from 'sql-template-tag';

/** A row as the driver returns it. */
export type Row = Record<string, unknown>;

export interface StatementResult {
  rows: Row[];
  /** rows inserted, changed or deleted, as the driver counts them */
  affected: number;
}

/**
 * A unit of work: a generator that yields statements and receives their results. The same work can so be driven
 * asynchronously on a connection of its own (PostgreSQL, MySQL) and in one synchronous burst on the connection that
 * a SQLite application shares with us, where nothing of the application may fall between our statements.
 *
 * It may be begun again from the start after a deadlock: it must have no effect but its statements.
 */
export type Work<T> = Generator<Sql, T, StatementResult>;

const constant = new WeakSet<Sql>();

/**
 * Marks a statement whose text is one of few, and that is run often: a server may keep its plan, if its driver can tell
 * it to. Outside a transaction only.
 */
export function withConstantText(statement: Sql): Sql {
  constant.add(statement);
  return statement;
}

/** True if `withConstantText` has marked a statement. */
export function hasConstantText(statement: Sql): boolean {
  return constant.has(statement);
}

/** Runs a statement inside a unit of work and returns its rows. */
export function* query<R extends object = Row>(statement: Sql): Work<R[]> {
  const { rows } = yield statement;
  return rows as R[];
}

/** Runs a statement inside a unit of work and returns its first row. */
export function* queryOne<R extends object = Row>(statement: Sql): Work<R | undefined> {
  const rows = yield* query<R>(statement);
  return rows[0];
}

/** Runs a statement inside a unit of work and returns the number of rows that it changed. */
export function* execute(statement: Sql): Work<number> {
  const { affected } = yield statement;
  return affected;
}

/** Runs statements inside a unit of work, one after the other. */
export function* executeAll(statements: readonly Sql[]): Work<void> {
  for (const statement of statements) yield statement;
}
