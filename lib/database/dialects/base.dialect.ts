import sql, { join, raw, type Sql } from 'sql-template-tag';
import { DataSource, type DataSourceOptions, type QueryRunner, type ReplicationMode } from 'typeorm';
import { ConnectionBusyError, DatabaseNotRespondingError, TooManyValuesError } from '../../errors/database.error.js';
import type { LocalDate } from '../../time/local-date.js';
import type { CalendarUnit, WeekStart } from '../../time/period.js';
import { processTimeZone, type ClockSegment, type DayRange } from '../../time/time-zone.js';
import type { Cancellation } from '../cancellation.js';
import { CONNECTION_TIMEOUT } from '../../trackstats.options.js';
import { remainingWait, withinTime } from '../limits.js';
import type { Table } from '../table.js';
import { execute, executeAll, query, type Row, type StatementResult, type Work } from '../work.js';
import { ConnectionUse } from './connection-use.js';
import type {
  Clock,
  ClockColumn,
  Collation,
  Comparison,
  DayPart,
  Dialect,
  ColumnShape,
  KeyEncoding,
  KeyKind,
  KeyRefusal,
  KeyTable,
  NumericColumn,
  Point,
  Replaced,
  Replacement,
  SoughtRows,
  SourceColumn,
  StagedColumn,
  StagedType,
  StoredKeyType,
  TransactionOptions,
  Upsert,
  WaitOptions,
} from './dialect.js';

const ATTEMPTS = 8;

/** Milliseconds for each step of a cancel on the server, which nobody waits for longer than its grace. */
const CANCEL_LIMIT = 5_000;

/** Where a data source is opened for a statement or two. */
const ONE_CONNECTION = {
  entities: [],
  migrations: [],
  subscribers: [],
  synchronize: false,
  migrationsRun: false,
  dropSchema: false,
  installExtensions: false,
  cache: false,
  poolSize: 1,
};

/** The first statements of a transaction, if the server needs any. */
export interface Beginning {
  /** tells the transaction from all others */
  readonly label: string | null;
  /** milliseconds after which the server may end the transaction if no statement comes */
  readonly idleLimit: number | null;
  readonly isProvisional: boolean;
}

/** A connection that is used, or a wait for one. */
interface Use {
  destroy(): void;
}

/** The common part of most databases: standard SQL, and a transaction on a connection of its own. */
export abstract class BaseDialect implements Dialect {
  abstract readonly name: string;
  abstract readonly maxParameters: number;
  readonly addsExactly: boolean = true;
  readonly returnsRows: boolean = true;
  readonly forUpdate: Sql = sql`FOR UPDATE`;
  readonly forShare: Sql = sql`FOR SHARE`;

  abstract readonly now: Sql;

  abstract isTransient(error: unknown): boolean;
  abstract isUnavailable(error: unknown): boolean;
  abstract isCancelled(error: unknown): boolean;
  abstract isOutOfRange(error: unknown): boolean;
  abstract isDuplicateKey(error: unknown): boolean;
  protected abstract statementText(statement: Sql): string;

  protected statementValues(statement: Sql): unknown[] {
    return statement.values;
  }

  async transaction<T>(
    dataSource: DataSource,
    work: () => Work<T>,
    { isProvisional = false, ...options }: TransactionOptions = {},
  ): Promise<T> {
    const { cancellation } = options;
    const idleLimit = cancellation?.idleLimit ?? null;
    return this.retrying(() => {
      cancellation?.check();
      return this.onConnection(dataSource, 'master', options, (connection) =>
        this.inTransaction(
          connection,
          this.begin({ label: connection.label, idleLimit, isProvisional }),
          () => this.drive(connection, work(), cancellation),
          cancellation,
        ),
      );
    });
  }

  protected async inTransaction<T>(
    connection: ConnectionUse,
    begin: readonly string[],
    task: () => Promise<T>,
    cancellation: Cancellation | undefined,
  ): Promise<T> {
    try {
      for (const statement of begin) await connection.query(statement);
      const result = await connection.cancellably(task);
      cancellation?.check();
      await connection.query('COMMIT');
      return result;
    } catch (error) {
      await connection.rollBack();
      throw error;
    }
  }

  /**
   * Statements that begin a transaction. READ COMMITTED: under MySQL's default an INSERT … SELECT would lock the rows
   * that it reads.
   */
  protected abstract begin(beginning: Beginning): readonly string[];

  /** Cancels, on the server, the statement that a connection executes: by another one, of which the pool may have none left. */
  private async cancelStatement(
    dataSource: DataSource,
    mode: ReplicationMode,
    connection: ConnectionUse,
  ): Promise<void> {
    const options = { ...dataSource.options, ...ONE_CONNECTION, ...this.limitedOptions(dataSource, CANCEL_LIMIT) };
    const other = new DataSource(options as DataSourceOptions);
    await other.initialize();
    const runner = other.createQueryRunner(mode);
    try {
      await connection.sendCancel(() =>
        withinTime(CANCEL_LIMIT, runner.query(this.cancellation(connection.label, connection.runner)), () => {
          this.discard(runner);
          return new DatabaseNotRespondingError(nameOf(dataSource), CANCEL_LIMIT);
        }),
      );
    } finally {
      await runner.release();
      await other.destroy();
    }
  }

  /** A statement that cancels the one that a connection is at. */
  protected abstract cancellation(label: string | null, runner: QueryRunner): string;

  inSlices(
    dataSource: DataSource,
    slices: () => Iterable<() => Work<void>>,
    options: TransactionOptions & { readonly tables: readonly string[] },
  ): Promise<void> {
    return this.transaction(dataSource, () => oneAfterTheOther(slices()), options);
  }

  /** Options of a data source whose driver gives up connecting, and its statements, after so many milliseconds. */
  protected abstract limitedOptions(dataSource: DataSource, ms: number): Readonly<Record<string, unknown>>;

  /** Closes the socket of a driver's connection without a word to the server. */
  protected abstract destroyConnection(connection: unknown): void;

  /** Closes a runner's connection, and takes it out of its pool at once: nobody else gets it while it is closing. */
  protected discard(runner: QueryRunner): void {
    this.destroyConnection((runner as unknown as { databaseConnection?: unknown }).databaseConnection);
  }

  /** The driver's connections of a data source's pools that are still being made. */
  protected abstract unconnected(dataSource: DataSource): readonly unknown[];

  /** True if calls wait because every connection of the pool is in use. */
  protected abstract isPoolBusy(dataSource: DataSource): boolean;

  read<T>(dataSource: DataSource, work: () => Work<T>, options: WaitOptions = {}): Promise<T> {
    return this.onConnection(dataSource, 'slave', options, (connection) =>
      connection.cancellably(() => this.drive(connection, work(), options.cancellation)),
    );
  }

  abstract each(
    dataSource: DataSource,
    statement: Sql,
    onRows: (rows: Row[]) => void,
    options?: WaitOptions,
  ): Promise<void>;

  disconnect(dataSource: DataSource): void {
    for (const connection of this.usesOf(dataSource)) connection.destroy();
    for (const connection of this.unconnected(dataSource)) this.destroyConnection(connection);
  }

  checkSession(_dataSource: DataSource): Promise<void> {
    return Promise.resolve();
  }

  checkPrivileges(_dataSource: DataSource): Promise<void> {
    return Promise.resolve();
  }

  prepareKeys(_dataSource: DataSource, _tables: readonly KeyTable[]): Promise<void> {
    return Promise.resolve();
  }

  exactCollation(_read: (text: string) => Promise<Row[]>): Promise<Collation | null> {
    return Promise.resolve(null);
  }

  abstract date(value: string): Sql;
  abstract decimal(value: string | null): Sql;
  abstract text(value: string): Sql;
  abstract dateText(expression: Sql): Sql;
  abstract exactText(expression: Sql): Sql;

  integer(value: number): Sql {
    return sql`CAST(${value} AS integer)`;
  }

  shared(value: unknown): unknown {
    return value;
  }

  points(query: Sql): Sql {
    return sql`SELECT ${this.dateText(raw('p.d'))} AS d, ${this.exactText(raw('p.v'))} AS v FROM (${query}) p ORDER BY p.d`;
  }

  readPoints(rows: readonly Row[]): Point[] {
    return rows.map(({ d, v }) => ({ date: d as LocalDate, value: v }));
  }

  numeric(expression: Sql): Sql {
    return expression;
  }

  binaryOrder(expression: Sql): Sql {
    return expression;
  }

  upsert({ table, keys, value, rows, mode }: Upsert): Sql {
    const keyColumns = keys.map((key) => table.column(key));
    const column = table.column(value);
    const replaced =
      mode === 'replace' ? sql`excluded.${column}` : sql`COALESCE(${table.path}.${column}, 0) + excluded.${column}`;
    return sql`INSERT INTO ${table.path} (${join([...keyColumns, column])}) VALUES ${tuples(rows)}
ON CONFLICT (${join(keyColumns)}) DO UPDATE SET ${column} = ${replaced}`;
  }

  insertIfAbsent(table: Table, values: Readonly<Record<string, Sql>>, keys: readonly string[]): Sql {
    const columns = Object.keys(values).map((property) => table.column(property));
    return sql`INSERT INTO ${table.path} (${join(columns)}) VALUES (${join(Object.values(values))})
ON CONFLICT (${join(keys.map((key) => table.column(key)))}) DO NOTHING`;
  }

  driverZone(_dataSource: DataSource): string {
    return processTimeZone();
  }

  abstract clockOf(columnType: string, dataSource: DataSource): Clock | null;
  abstract reading(clock: Clock, ms: number): Sql;
  abstract earliest(column: ClockColumn): Sql;
  abstract parseReading(clock: Clock, stored: unknown): number | null;
  // eslint-disable-next-line require-yield -- it asks nothing
  *storedTypes(_query: Sql, columns: readonly SourceColumn[]): Work<(string | null)[]> {
    return columns.map(() => null);
  }

  otherForm(_column: ClockColumn, _from: number | null): Sql | null {
    return null;
  }

  abstract dayKey(column: ClockColumn, segments: readonly ClockSegment[]): Sql;
  dayPart(_column: ClockColumn, _segments: readonly ClockSegment[]): DayPart | null {
    return null;
  }

  abstract dayNumber(clock: Clock, key: Sql): Sql;

  abstract keyEncoding(column: ColumnShape): KeyEncoding | KeyRefusal;
  abstract groupKey(expression: Sql, kind: KeyKind, stored: StoredKeyType): Sql;
  distinctKey(expression: Sql, kind: KeyKind): Sql {
    return this.groupKey(expression, kind, 'varchar');
  }

  abstract storedKey(key: Sql, kind: KeyKind, stored: StoredKeyType): Sql;

  /** The column itself refuses longer text. */
  limited(key: Sql, _length: number): Sql {
    return key;
  }

  characters(text: Sql): Sql {
    return sql`CHAR_LENGTH(${text})`;
  }

  abstract roughSum(expression: Sql): Sql;

  comparable(expression: string, _column: ColumnShape): string {
    return expression;
  }

  keyText(key: Sql, _stored: StoredKeyType): Sql {
    return key;
  }

  noNumber(_expression: Sql): Sql | null {
    return null;
  }

  addend({ expression }: NumericColumn): Sql {
    return expression;
  }

  unscaled(total: Sql, _column: NumericColumn): Sql {
    return total;
  }

  scaled(value: Sql, _column: NumericColumn): Sql {
    return value;
  }

  abstract countsByIndex(table: Table, column: string): Work<boolean>;
  abstract rangesOf(clock: Clock, ranges: readonly DayRange[]): Sql;
  abstract quotient(sum: Sql, count: Sql, column: NumericColumn): Sql;
  abstract dateOf(day: Sql): Sql;
  abstract calendarStart(unit: CalendarUnit, weekStart: WeekStart, day: Sql): Sql;

  greatest(a: Sql, b: Sql): Sql {
    return sql`GREATEST(${a}, ${b})`;
  }

  least(a: Sql, b: Sql): Sql {
    return sql`LEAST(${a}, ${b})`;
  }

  differ(a: Sql, b: Sql): Sql {
    return sql`${a} IS DISTINCT FROM ${b}`;
  }

  abstract storedValue(value: Sql): Sql;

  readonly overestimatesDays: boolean = false;

  apart(query: Sql): Sql {
    return query;
  }

  stagesFirstScan(_isKeyed: boolean): boolean {
    return false;
  }

  readonly sharesExpressions: boolean = true;

  expression(name: string, query: Sql): Sql {
    return sql`${raw(name)} AS (${query})`;
  }

  stage(name: string, query: Sql): readonly Sql[] {
    return [sql`CREATE TEMPORARY TABLE ${raw(name)} AS ${query}`];
  }

  stageTable(name: string, columns: readonly StagedColumn[]): readonly Sql[] {
    const types = this.stagedTypes;
    return [
      sql`CREATE TEMPORARY TABLE ${raw(name)} (${join(columns.map((column) => raw(`${column.name} ${types[column.type]}`)))})`,
    ];
  }

  protected abstract readonly stagedTypes: Readonly<Record<StagedType, string>>;

  unstage(name: string): Sql {
    return sql`DROP TABLE ${raw(name)}`;
  }

  stageDays(_from: number, _through: number): readonly Sql[] {
    return [];
  }

  abstract eachDay(spans: Sql): Sql;

  *replace(replacement: Replacement): Work<Replaced> {
    if (replacement.hasStored) return yield* this.replaceStored(replacement);
    const { expressions, keys, order, fresh } = replacement;
    // many keys: in the order of the primary key, where rows go beside one another instead of all over it
    const rows =
      keys.length > 3
        ? sql`SELECT ${freshColumns(keys)} FROM (${fresh}) f ORDER BY ${join(order.map((key) => raw(`f.c${String(keys.indexOf(key))}`)))}`
        : fresh;
    const written = yield* execute(sql`${insertInto(replacement)}
${withExpressions(expressions)}${rows}`);
    return { written, removed: 0 };
  }

  /** replaces a range that may hold rows, by way of a temporary table of the fresh ones */
  protected *replaceStored(replacement: Replacement): Work<Replaced> {
    const { table, keys, expressions, fresh, inRange } = replacement;
    const [stored, staged] = [raw('s'), raw(this.freshTable(replacement))];
    yield* executeAll(this.stageFresh(replacement, sql`${withExpressions(expressions)}${fresh}`));
    const removed = yield* execute(
      this.deleteFrom(
        table,
        sql`${inRange(stored)} AND NOT EXISTS (SELECT 1 FROM ${staged} f
WHERE ${sameKeys(table, keys, stored)})`,
      ),
    );
    const written = yield* this.putStaged(replacement);
    yield* execute(this.unstageFresh(replacement));
    return { written, removed };
  }

  /** by way of a table with the key, or each row would be looked for among all others */
  *compare({ select, ...comparison }: Comparison): Work<Row[]> {
    const { table, keys, value, fresh, inRange } = comparison;
    const replacement = { ...comparison, expressions: [], order: [], hasStored: true };
    const staged = raw(this.freshTable(replacement));
    const [stored, column] = [raw('s'), table.column(value)];
    const isAbsent = sql`s.${table.column(keys[0] ?? '')} IS NULL`;
    const freshKey = (key: string): Sql => raw(`f.c${String(keys.indexOf(key))}`);
    yield* executeAll(this.stageFresh(replacement, fresh));
    const expected =
      yield* query(sql`SELECT ${select(freshKey, { stored: sql`NOT (${isAbsent})`, fresh: raw('1 = 1') })}
FROM ${staged} f LEFT JOIN ${table.path} s ON ${sameKeys(table, keys, stored)}
WHERE ${isAbsent} OR ${this.differ(this.numeric(sql`s.${column}`), this.numeric(raw('f.v')))}`);
    const surplus =
      yield* query(sql`SELECT ${select((key) => sql`s.${table.column(key)}`, { stored: raw('1 = 1'), fresh: raw('1 = 0') })}
FROM ${table.path} s LEFT JOIN ${staged} f ON ${sameKeys(table, keys, stored)} WHERE ${inRange(stored)} AND f.c0 IS NULL`);
    yield* execute(this.unstageFresh(replacement));
    return [...expected, ...surplus];
  }

  /** the temporary table of the rows that a range is to hold */
  protected freshTable(_replacement: Replacement): string {
    return 'trackstats_fresh';
  }

  protected stageFresh(replacement: Replacement, query: Sql): readonly Sql[] {
    return this.stage(this.freshTable(replacement), query);
  }

  protected unstageFresh(replacement: Replacement): Sql {
    return this.unstage(this.freshTable(replacement));
  }

  deleteFrom(table: Table, condition: Sql): Sql {
    return sql`DELETE FROM ${table.path} AS s WHERE ${condition}`;
  }

  deleteFound(table: Table, keys: readonly string[], found: (identity: Sql) => Sql): Sql {
    const { columns, names, identity } = identityOf(table, keys);
    return this.deleteFrom(
      table,
      sql`(${join(columns.map((column) => sql`s.${column}`))}) IN (SELECT ${join(names)} FROM (${found(identity)}) f)`,
    );
  }

  lastBefore({ table, keys, date, before, query }: SoughtRows): Sql {
    const day = table.column(date);
    const same = (alias: Sql): Sql[] =>
      keys.map(({ property, value }) => sql`${alias}.${table.column(property)} = ${value}`);
    const last = sql`SELECT MAX(l.${day}) FROM ${table.path} l WHERE ${join([...same(raw('l')), sql`l.${day} < ${before}`], ' AND ')}`;
    return sql`(SELECT a.*, (${last}) AS last FROM (${query}) a) a JOIN ${table.path} s ON ${join([...same(raw('s')), sql`s.${day} = a.last`], ' AND ')}`;
  }

  protected abstract putStaged(replacement: Replacement): Work<number>;

  /**
   * Begins the work again after a transient failure, a little later each time.
   *
   * @param isOver true once the time for it has passed
   */
  protected async retrying<T>(attempt: () => Promise<T>, isOver: () => boolean = () => false): Promise<T> {
    for (let tries = 1; ; tries++) {
      try {
        return await attempt();
      } catch (error) {
        if (tries >= ATTEMPTS || !this.isTransient(error) || isOver()) throw error;
        await pause(2 ** tries * (1 + Math.random()));
      }
    }
  }

  protected async drive<T>(connection: ConnectionUse, work: Work<T>, cancellation?: Cancellation): Promise<T> {
    let step = work.next();
    while (step.done !== true) {
      let result: StatementResult;
      try {
        cancellation?.check();
        result = await this.run(connection, step.value);
      } catch (error) {
        step = work.throw(error);
        continue;
      }
      step = work.next(result);
    }
    return step.value;
  }

  /** @throws TooManyValuesError instead of what drivers say, which names neither the reason nor the number */
  protected checkValues({ values: { length } }: Sql): void {
    if (length > this.maxParameters) throw new TooManyValuesError(length, this.maxParameters, this.name);
  }

  private async run(connection: ConnectionUse, statement: Sql): Promise<StatementResult> {
    this.checkValues(statement);
    const result = await connection.execute(this.statementText(statement), this.statementValues(statement));
    return { rows: (result.records ?? []) as StatementResult['rows'], affected: result.affected ?? 0 };
  }

  /** Uses a connection of the pool, which gets it back however the use ends. */
  protected async onConnection<T>(
    dataSource: DataSource,
    mode: ReplicationMode,
    options: WaitOptions,
    use: (connection: ConnectionUse) => Promise<T>,
  ): Promise<T> {
    const runner = await this.connect(dataSource, mode, options);
    try {
      return await this.used(dataSource, mode, runner, options.cancellation, use);
    } catch (error) {
      options.cancellation?.signal.throwIfAborted();
      throw error;
    } finally {
      await runner.release();
    }
  }

  private async used<T>(
    dataSource: DataSource,
    mode: ReplicationMode,
    runner: QueryRunner,
    cancellation: Cancellation | undefined,
    use: (connection: ConnectionUse) => Promise<T>,
  ): Promise<T> {
    const began = performance.now();
    const connection = new ConnectionUse(runner, cancellation, {
      cancel: (at) => this.cancelStatement(dataSource, mode, at),
      destroy: () => {
        this.discard(runner);
      },
      onDestroyed: () => new DatabaseNotRespondingError(nameOf(dataSource), performance.now() - began),
    });
    const uses = this.usesOf(dataSource);
    uses.add(connection);
    try {
      return await use(connection);
    } finally {
      uses.delete(connection);
      connection.end();
    }
  }

  /** @throws ConnectionBusyError, DatabaseNotRespondingError */
  private async connect(
    dataSource: DataSource,
    mode: ReplicationMode,
    { cancellation, connectionTimeout = CONNECTION_TIMEOUT, waitingSince = performance.now() }: WaitOptions,
  ): Promise<QueryRunner> {
    const runner = dataSource.createQueryRunner(mode);
    const others = this.unconnected(dataSource);
    const connecting = runner.connect() as Promise<unknown>;
    const made = this.unconnected(dataSource).filter((connection) => !others.includes(connection));
    const waited = (): number => performance.now() - waitingSince;
    const limited = withinTime(remainingWait(connectionTimeout, waitingSince), connecting, () =>
      this.isPoolBusy(dataSource)
        ? new ConnectionBusyError(waited(), nameOf(dataSource))
        : new DatabaseNotRespondingError(nameOf(dataSource), waited()),
    );
    const uses = this.usesOf(dataSource);
    let given: Use = { destroy: () => undefined };
    const disconnected = new Promise<never>((_, reject) => {
      given = {
        destroy: () => {
          reject(new DatabaseNotRespondingError(nameOf(dataSource), waited()));
        },
      };
    });
    uses.add(given);
    try {
      const got = Promise.race([limited, disconnected]);
      await (cancellation === undefined ? got : cancellation.during(got));
      return runner;
    } catch (error) {
      // one that comes after all goes back to the pool
      connecting.then(
        () => runner.release(),
        () => undefined,
      );
      // and one that may never come must not count as one of the pool's for ever
      for (const connection of made) this.destroyConnection(connection);
      throw error;
    } finally {
      uses.delete(given);
    }
  }

  private readonly uses = new WeakMap<DataSource, Set<Use>>();

  private usesOf(dataSource: DataSource): Set<Use> {
    let uses = this.uses.get(dataSource);
    if (uses === undefined) this.uses.set(dataSource, (uses = new Set()));
    return uses;
  }
}

/** A data source's name, for messages. */
export function nameOf(dataSource: DataSource): string {
  return (dataSource.options as { name?: string }).name ?? 'default';
}

/** The encoding of a kind of key, by default without anything special. */
export function encodedAs(kind: KeyKind, special: Partial<KeyEncoding> = {}): KeyEncoding {
  return { kind, length: null, scale: null, isShortest: false, isLoose: false, format: 1, ...special };
}

function* oneAfterTheOther(slices: Iterable<() => Work<void>>): Work<void> {
  for (const slice of slices) yield* slice();
}

export function insertInto({ table, keys, value }: Replacement): Sql {
  return sql`INSERT INTO ${table.path} (${join([...keys, value].map((property) => table.column(property)))})`;
}

export function withExpressions(expressions: readonly Sql[]): Sql {
  return expressions.length === 0 ? sql`` : sql`WITH ${join(expressions, ',\n')}\n`;
}

/** The key of a row `s`, as columns `i0`, `i1`, … of a query of such rows. */
export function identityOf(
  table: Table,
  keys: readonly string[],
): { columns: readonly Sql[]; names: readonly Sql[]; identity: Sql } {
  const columns = keys.map((key) => table.column(key));
  const names = keys.map((_, index) => raw(`i${String(index)}`));
  return { columns, names, identity: join(columns.map((column, index) => sql`s.${column} AS ${names[index]}`)) };
}

/** True if a stored row and a fresh one, `f`, have the same key. */
export function sameKeys(table: Table, keys: readonly string[], stored: Sql): Sql {
  return join(
    keys.map((key, index) => sql`${stored}.${table.column(key)} = f.${raw(`c${String(index)}`)}`),
    ' AND ',
  );
}

/** the columns of a fresh row, in the order of `insertInto` */
export function freshColumns(keys: readonly string[]): Sql {
  return join([...keys.map((_, index) => raw(`f.c${String(index)}`)), raw('f.v')]);
}

function tuples(rows: readonly (readonly Sql[])[]): Sql {
  return join(rows.map((row) => sql`(${join(row)})`));
}

function pause(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}
