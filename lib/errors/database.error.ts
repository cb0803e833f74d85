import { shown, TrackstatsError } from './trackstats.error.js';

/** Thrown if statistics cannot be stored in a data source of this type. */
export class UnsupportedDatabaseError extends TrackstatsError {
  readonly code = 'TRACKSTATS_UNSUPPORTED_DATABASE';
  readonly kind = 'setup';

  constructor(type: string, supported: readonly string[]) {
    super(
      `The data source is of type "${type}"; statistics can be kept in ${supported.join(', ')}. ` +
        `Keep them in a data source of one of these types and name it: TrackstatsModule.forRoot({ dataSource: 'name' }).`,
    );
  }
}

/** Thrown if a call names more metrics, objects or dimension values than one statement can bind. */
export class TooManyValuesError extends TrackstatsError {
  readonly code = 'TRACKSTATS_TOO_MANY_VALUES';
  readonly kind = 'unusable';

  constructor(values: number, limit: number, database: string) {
    super(
      `The call needs a statement with ${String(values)} bound values; on ${database} a statement takes at most ${String(limit)}. ` +
        `Name fewer metrics, objects or dimension values in one call, or all of them: objectType, or dimensions left out.`,
    );
  }
}

/**
 * Thrown if a call waited longer than `connectionTimeout` for a connection: the pool has none free, or SQLite's only
 * one is in an open transaction of the application.
 */
export class ConnectionBusyError extends TrackstatsError {
  readonly code = 'TRACKSTATS_CONNECTION_BUSY';
  readonly kind = 'unavailable';

  /** @param pool the data source whose pool has no free connection; null: SQLite's only connection is in use */
  constructor(waitedMs: number, pool: string | null) {
    const [busy, remedy] =
      pool === null
        ? [
            'the SQLite connection, on which a transaction of the application is still open',
            "it waited for itself, because SQLite has one connection for all: pass the transaction's EntityManager to it " +
              '({ …, manager }, which record, recordMany, increment and remove take), or await it after the transaction has ' +
              'ended. Otherwise commit that transaction, or roll it back, sooner.',
          ]
        : [
            `a connection of the data source ${shown(pool)}: all connections of its pool are in use`,
            'that transaction kept its connection meanwhile: pass its EntityManager to the call ({ …, manager }, which record, ' +
              'recordMany, increment and remove take), await the call after the transaction has ended, or give the data source ' +
              'a pool (poolSize) larger than the number of such transactions at one time.',
          ];
    super(
      `Waited ${String(Math.round(waitedMs))} ms for ${busy}. Nothing was written. If this call was awaited inside a ` +
        `transaction of the application, ${remedy} The option connectionTimeout of TrackstatsModule sets how long calls wait.`,
    );
  }
}

/**
 * Thrown if a call waited longer than `connectionTimeout` for rows that another transaction has locked. It may be the
 * transaction that awaits the call.
 */
export class RowsLockedError extends TrackstatsError {
  readonly code = 'TRACKSTATS_ROWS_LOCKED';
  readonly kind = 'unavailable';

  constructor(waitedMs: number, options: { cause: unknown }) {
    super(
      `Waited ${String(Math.round(waitedMs))} ms for rows that another transaction has locked. Nothing was written. If this ` +
        `call was awaited inside a transaction of the application that writes the same statistics, it waited for itself: ` +
        `pass the transaction's EntityManager to every such call ({ …, manager }). Otherwise end transactions that write ` +
        `statistics sooner. The option connectionTimeout of TrackstatsModule sets how long calls wait.`,
      options,
    );
  }
}

/** Thrown if the `manager` of a call has no open transaction, or is of another data source than the statistics. */
export class InvalidManagerError extends TrackstatsError {
  readonly code = 'TRACKSTATS_INVALID_MANAGER';
  readonly kind = 'invalid';

  constructor(call: string, reason: string) {
    super(
      `${call}: ${reason} Nothing was written. Expected the EntityManager of an open transaction on the data source of the ` +
        `statistics, as dataSource.transaction(async (manager) => …) gives it. Without manager the call has a transaction ` +
        `of its own.`,
    );
  }
}

/**
 * Thrown if the database did not answer in time, because packets are lost or the server is stuck. The connection was
 * closed.
 */
export class DatabaseNotRespondingError extends TrackstatsError {
  readonly code = 'TRACKSTATS_DATABASE_NOT_RESPONDING';
  readonly kind = 'unavailable';

  constructor(dataSource: string, waitedMs: number) {
    super(
      `The database of the data source ${shown(dataSource)} did not answer within ${String(Math.round(waitedMs))} ms, and ` +
        `the connection was closed. The server rolls back what was not committed. Check that the server runs, and ` +
        `that nothing between it and this process drops packets.`,
    );
  }
}

/** Thrown if the data source of the statistics is not initialized when the application starts. */
export class UninitializedDataSourceError extends TrackstatsError {
  readonly code = 'TRACKSTATS_UNINITIALIZED_DATA_SOURCE';
  readonly kind = 'setup';

  constructor(dataSource: string) {
    super(
      `The data source ${shown(dataSource)} is not initialized when the application starts, and the statistics are kept in ` +
        `it. With manualInitialization: true, call (await app.get(DataSource).initialize()) between NestFactory.create and ` +
        `app.listen (in a test, between compile() and init()). Or remove that option: then TypeOrmModule does it.`,
    );
  }
}

/** Thrown if an entity is not registered with the data source. */
export class MissingEntityError extends TrackstatsError {
  readonly code = 'TRACKSTATS_MISSING_ENTITY';
  readonly kind = 'setup';

  /** @param custom true for a statistic of the application's own */
  constructor(
    entities: readonly string[],
    dataSource: string,
    { custom = false }: { custom?: boolean | undefined } = {},
  ) {
    const names = entities.join(', ');
    const fix = custom
      ? `Import TrackstatsModule.forFeature([${names}]) in the module that uses it, with autoLoadEntities: true in its ` +
        `TypeOrmModule.forRoot options, or add it to their entities.`
      : `Add autoLoadEntities: true to its TypeOrmModule.forRoot options, or spread the entities: ` +
        `entities: [...TRACKSTATS_ENTITIES, /* your own */].`;
    super(`The data source "${dataSource}" does not know ${names}. ${fix}`);
  }
}

/** Thrown if tables are missing in the database, or are those of an earlier version. Run the migrations. */
export class MissingTableError extends TrackstatsError {
  readonly code = 'TRACKSTATS_MISSING_TABLE';
  readonly kind = 'setup';

  /** @param missing tables, and columns as `table.column` */
  constructor(missing: readonly string[], dataSource: string, options: { cause: unknown }) {
    super(
      `The database of the data source ${shown(dataSource)} lacks ${missing.join(', ')}. Give the data source ` +
        `migrations: [...trackstatsMigrations, /* your own */] and run them before the application starts (migrationsRun: ` +
        `true, or typeorm migration:run), or synchronize: true. The table of a custom statistic needs a migration of your ` +
        `own: typeorm migration:generate.`,
      options,
    );
  }
}

/** Thrown if another table already has the name of one that a migration creates. */
export class TableConflictError extends TrackstatsError {
  readonly code = 'TRACKSTATS_TABLE_CONFLICT';
  readonly kind = 'setup';

  constructor(table: string, missing: readonly string[], migration: string) {
    super(
      `${migration}: the table ${shown(table)} is there already, without ${missing.join(', ')}. Nothing was changed in it. ` +
        `If it is a table of your own, rename it, or give the data source an entityPrefix or a schema; if it was made for ` +
        `trackstats and altered, add these columns, then run the migrations again.`,
    );
  }
}

/** Thrown at start where a setting of the database's sessions would make statistics wrong, or keep them from being stored. */
export class SessionSettingError extends TrackstatsError {
  readonly code = 'TRACKSTATS_SESSION_SETTING';
  readonly kind = 'setup';

  /**
   * @param setting with its value, as the server writes it
   * @param reason what goes wrong with it
   * @param expected the value that it must have
   */
  constructor(dataSource: string, setting: string, reason: string, expected: string) {
    super(
      `The sessions of the data source ${shown(dataSource)} have ${setting}: ${reason}. Expected ${expected}. Set it in the ` +
        `configuration of the server, or on each connection that this application opens.`,
    );
  }
}

/** Thrown at start where the database user lacks a right that runs need. */
export class MissingPrivilegeError extends TrackstatsError {
  readonly code = 'TRACKSTATS_MISSING_PRIVILEGE';
  readonly kind = 'setup';

  /** @param grant the statement that gives the right */
  constructor(dataSource: string, privilege: string, grant: string, options: { cause?: unknown } = {}) {
    super(
      `The user of the data source ${shown(dataSource)} lacks the right ${privilege}, which runs need for their ` +
        `intermediate results. Execute "${grant}" as an administrator, then start the application again.`,
      options,
    );
  }
}
