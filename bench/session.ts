import { readFile } from 'node:fs/promises';
import { Logger, Module, type INestApplicationContext, type Type } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { TypeOrmModule } from '@nestjs/typeorm';
import { AbstractLogger, DataSource, type LogLevel, type LogMessage } from 'typeorm';
import { StatisticService, TrackerService, TRACKSTATS_ENTITIES, TrackstatsModule } from '../lib/index.js';
import { eventSchema, generate, settle, USER, ZONE, type Events } from './data.js';
import type { BenchDatabase, DatabaseKind } from './databases.js';

export interface Statement {
  readonly text: string;
  readonly parameters: readonly unknown[];
}

/** The statistic tables, and the twins of the same shape into which the hand-written SQL writes. */
export const BY_DATE = 'trackstats_statistic_by_date';
export const BY_OBJECT = 'trackstats_statistic_by_date_and_object';
export const BY_TIME = 'trackstats_statistic_by_time';
export const TWIN = {
  [BY_DATE]: 'hand_by_date',
  [BY_OBJECT]: 'hand_by_date_and_object',
  [BY_TIME]: 'hand_by_time',
} as const;
export type StatisticTableName = keyof typeof TWIN;
const OURS = [BY_DATE, BY_OBJECT, BY_TIME] as const;

/** An application on one database, with its generated tables. */
export class Session {
  readonly dataSource: DataSource;
  readonly trackers: TrackerService;
  readonly statistics: StatisticService;
  private readonly generated = new Set<string>();

  private constructor(
    readonly database: BenchDatabase,
    private readonly app: INestApplicationContext,
    private readonly recorder: Recorder,
  ) {
    this.dataSource = app.get(DataSource);
    this.trackers = app.get(TrackerService);
    this.statistics = app.get(StatisticService);
  }

  /** Stops the application's clock at an instant, or lets it go on. */
  stopClock: (at: Date | null) => void = () => undefined;

  static async open(database: BenchDatabase, tables: readonly Events[], providers: readonly Type[]): Promise<Session> {
    const recorder = new Recorder();
    let stopped: Date | null = null;
    const clock = (): Date => stopped ?? new Date();
    const entities = [...TRACKSTATS_ENTITIES, USER, ...tables.map((events) => eventSchema(database.kind, events))];
    const options = { ...database.options, entities, synchronize: true, logger: recorder, retryAttempts: 0 };

    @Module({
      imports: [TypeOrmModule.forRoot(options), TrackstatsModule.forRoot({ timeZone: ZONE, scheduling: false, clock })],
      providers: [...providers],
    })
    class BenchModule {}

    Logger.overrideLogger(['error', 'fatal']);
    const app = await NestFactory.createApplicationContext(BenchModule, { abortOnError: false });
    const session = new Session(database, app, recorder);
    session.stopClock = (at) => {
      stopped = at;
    };
    for (const table of OURS) await session.makeTwin(table);
    return session;
  }

  get kind(): DatabaseKind {
    return this.database.kind;
  }

  /** A provider of the application. */
  get<T>(type: Type<T>): T {
    return this.app.get(type);
  }

  close(): Promise<void> {
    return this.app.close();
  }

  /** Fills a table, unless a case before has done so. */
  async need(...tables: readonly Events[]): Promise<void> {
    for (const events of tables) {
      if (this.generated.has(events.table)) continue;
      this.generated.add(events.table);
      await generate(this.dataSource, this.kind, events);
    }
  }

  async empty(...tables: readonly string[]): Promise<void> {
    for (const table of tables) {
      await this.dataSource.query(this.kind === 'sqlite' ? `DELETE FROM ${table}` : `TRUNCATE TABLE ${table}`);
    }
  }

  /** Removes all statistics and coverages. */
  async forgetStatistics(): Promise<void> {
    await this.empty(...OURS, ...OURS.map((table) => TWIN[table]), 'trackstats_coverage');
  }

  /** Returns the processor time of this process and of the database's for it, in milliseconds; null if it runs elsewhere. */
  async processorTime(): Promise<number | null> {
    let total = 0;
    try {
      for (const { id } of await this.serverThreads()) {
        // nanoseconds on a processor
        total += Number((await readFile(`/proc/${id}/schedstat`, 'utf8')).split(' ')[0]) / 1e6;
      }
    } catch {
      return null;
    }
    const { user, system } = process.cpuUsage();
    return total + (user + system) / 1000;
  }

  /** The threads or processes of the server that work for the bench. */
  private async serverThreads(): Promise<readonly { readonly id: number }[]> {
    switch (this.kind) {
      case 'sqlite':
        return [];
      case 'postgres':
        return this.dataSource.query('SELECT pid AS id FROM pg_stat_activity WHERE datname = CURRENT_DATABASE()');
      case 'mariadb':
        return this.dataSource.query('SELECT tid AS id FROM information_schema.processlist WHERE db = DATABASE()');
    }
  }

  settle(...tables: readonly string[]): Promise<void> {
    return settle(this.dataSource, this.kind, tables);
  }

  /** Runs statements in one transaction, as an application would. */
  async transaction(statements: readonly string[]): Promise<void> {
    const runner = this.dataSource.createQueryRunner();
    try {
      await runner.startTransaction(this.kind === 'sqlite' ? undefined : 'READ COMMITTED');
      for (const statement of statements) await runner.query(statement);
      await runner.commitTransaction();
    } finally {
      await runner.release();
    }
  }

  /** Returns the column `value` of a query's only row. */
  async number(statement: string): Promise<number> {
    const rows: { value: unknown }[] = await this.dataSource.query(statement);
    return Number(rows[0]?.value);
  }

  /** Returns the statements that some work executes. */
  async recorded(work: () => Promise<unknown>): Promise<Statement[]> {
    this.recorder.statements = [];
    try {
      await work();
      return this.recorder.statements;
    } finally {
      this.recorder.statements = null;
    }
  }

  private async makeTwin(table: StatisticTableName): Promise<void> {
    const twin = TWIN[table];
    if (this.kind === 'sqlite') {
      const made: { sql: string; name: string }[] = await this.dataSource.query(
        `SELECT sql, name FROM sqlite_master WHERE tbl_name = '${table}' AND sql IS NOT NULL ORDER BY type = 'index'`,
      );
      for (const { sql, name } of made) {
        await this.dataSource.query(sql.replaceAll(`"${table}"`, twin).replaceAll(`"${name}"`, `"${name}_${twin}"`));
      }
      return;
    }
    const like = this.kind === 'postgres' ? `(LIKE ${table} INCLUDING ALL)` : `LIKE ${table}`;
    await this.dataSource.query(`CREATE TABLE ${twin} ${like}`);
    await this.dataSource.query(
      `ALTER TABLE ${twin} ADD FOREIGN KEY (metric_id) REFERENCES trackstats_metric (id) ON DELETE RESTRICT`,
    );
  }
}

class Recorder extends AbstractLogger {
  statements: Statement[] | null = null;

  constructor() {
    super(['query']);
  }

  override logQuery(text: string, parameters?: readonly unknown[]): void {
    this.statements?.push({ text, parameters: parameters ?? [] });
  }

  protected writeLog(_level: LogLevel, _message: LogMessage | LogMessage[]): void {
    // the bench writes its own output
  }
}
