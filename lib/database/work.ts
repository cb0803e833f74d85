import { Sql } from 'sql-template-tag';

/** A row as the driver returns it. */
export type Row = Record<string, unknown>;

export interface StatementResult {
  rows: Row[];
  /** rows inserted, changed or deleted, as the driver counts them */
  affected: number;
  /** the id that the server gave an inserted row; of databases that cannot return rows (`returnsRows`) */
  insertedId?: number;
  /** rows that an INSERT was given, each counted once, whether it was inserted or changed; of the same databases */
  given?: number | null;
}

/**
 * A unit of work: a generator that yields statements and receives their results. The same work can so be driven
 * asynchronously on a connection of its own (PostgreSQL, MySQL) and in one synchronous burst on the connection that
 * a SQLite application shares with us, where nothing of the application may fall between our statements.
 *
 * It may be begun again from the start after a deadlock: it must have no effect but its statements.
 */
export type Work<T> = Generator<Sql, T, StatementResult>;

/** A statement, or a part of one, where it is passed on and not written. */
export type Statement = Sql;

const deferred = new WeakSet<Sql>();
const joining = new WeakSet<Sql>();

/**
 * Runs a statement of which nobody asks how many rows it changed. A driver may wait with it for the statements that
 * follow, and run it together with those that `executeWithDeferred` runs: they see the same rows, so none may depend on
 * another one, or change a row that another one changes.
 */
export function* executeDeferred(statement: Sql): Work<void> {
  deferred.add(statement);
  yield statement;
}

/** Runs a statement like `execute`, together with deferred ones if the database can do that in one statement. */
export function* executeWithDeferred(statement: Sql): Work<number> {
  joining.add(statement);
  return yield* execute(statement);
}

/** True if a driver may wait with a statement. */
export function isDeferred(statement: Sql): boolean {
  return deferred.has(statement);
}

/** True if a statement may be run together with deferred ones. */
export function joinsDeferred(statement: Sql): boolean {
  return joining.has(statement);
}

/** The texts of a process that are run again and again: a few that every application has, or one of many. */
export type TextKind = 'few' | 'many';

const constant = new WeakMap<Sql, TextKind>();

/**
 * Marks a statement whose text is run often: a server may keep its plan, if its driver can tell it to. Outside a
 * transaction only.
 *
 * @param kind 'many': each tracker has texts of its own. Plans of some of them are kept
 */
export function withConstantText(statement: Sql, kind: TextKind = 'few'): Sql {
  constant.set(statement, kind);
  return statement;
}

/** The texts of statements that share them, once they are known. */
const texts = new WeakMap<readonly string[], string | null>();

/** Returns a statement with the text of another one, and other values. */
export function withValues(statement: Sql, values: readonly unknown[]): Sql {
  // not by its constructor, which puts the text together again
  const other = Object.assign(Object.create(Sql.prototype) as Sql, { strings: statement.strings, values });
  if (!texts.has(statement.strings)) texts.set(statement.strings, null);
  const kind = constantText(statement);
  return kind === null ? other : withConstantText(other, kind);
}

/** Returns the text of a statement, which `make` makes once for all statements that have it. */
export function textOf({ strings }: Sql, make: () => string): string {
  const known = texts.get(strings);
  if (known === undefined) return make();
  if (known !== null) return known;
  const text = make();
  texts.set(strings, text);
  return text;
}

/** Returns the kind of text with which `withConstantText` has marked a statement, or null. */
export function constantText(statement: Sql): TextKind | null {
  return constant.get(statement) ?? null;
}

/** Returns the result of a work that runs no statement, or null if it would run one. */
export function withoutStatements<T>(work: Work<T>): { readonly result: T } | null {
  const { done, value } = work.next();
  return done === true ? { result: value } : null;
}

/** Returns the statements of a work, which goes on as if each of them had changed one row. */
export function statementsOf(work: Work<unknown>): Sql[] {
  const statements: Sql[] = [];
  for (let step = work.next(); step.done !== true; step = work.next({ rows: [], affected: 1 })) {
    statements.push(step.value);
  }
  return statements;
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
