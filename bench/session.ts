import { DataSource, type EntitySchema } from 'typeorm';
import { AbstractLogger, type LogLevel, type LogMessage } from 'typeorm';
import { Engine, TRACKSTATS_ENTITIES } from '../test/support/engine.js';
import type { BenchDatabase, DatabaseKind } from './databases.js';
import { eventSchema, generate, settle, USER_SCHEMA, type Events } from './data.js';

export interface Statement {
  readonly text: string;
  readonly parameters: readonly unknown[];
}

/** The statistic tables, and the twins of the same shape into which the hand-written SQL writes. */
export const OURS = ['trackstats_statistic_by_date', 'trackstats_statistic_by_date_and_object'] as const;
export const TWIN = { [OURS[0]]: 'hand_by_date', [OURS[1]]: 'hand_by_date_and_object' } as const;
export type StatisticTableName = (typeof OURS)[number];

/** One database of a bench: its connection, its generated tables, its engine. */
export class Session {
  private constructor(
    readonly kind: DatabaseKind,
    readonly dataSource: DataSource,
    readonly engine: Engine,
    private readonly recorder: Recorder,
  ) {}

  private readonly generated = new Set<string>();

  static async open(database: BenchDatabase, tables: readonly Events[]): Promise<Session> {
    const { kind, options } = database;
    const recorder = new Recorder();
    const entities: (EntitySchema | (new () => object))[] = [
      ...TRACKSTATS_ENTITIES,
      USER_SCHEMA,
      ...tables.map((events) => eventSchema(kind, events)),
    ];
    const dataSource = new DataSource({ ...options, entities, synchronize: true, logger: recorder, logging: ['query'] });
    await dataSource.initialize();
    const session = new Session(kind, dataSource, await Engine.on(dataSource), recorder);
    for (const table of OURS) await session.twin(table);
    return session;
  }

  close(): Promise<void> {
    return this.dataSource.destroy();
  }

  /** Fills a table, unless a case before has done so. */
  async need(...tables: readonly Events[]): Promise<void> {
    for (const events of tables) {
      if (this.generated.has(events.table)) continue;
      this.generated.add(events.table);
      await generate(this.dataSource, this.kind, events);
    }
  }

  /** Says that a case has changed a table: the next one that needs it gets it fresh. */
  async forget({ table }: Events): Promise<void> {
    this.generated.delete(table);
    await this.empty(table);
  }

  async empty(...tables: readonly string[]): Promise<void> {
    for (const table of tables) {
      await this.dataSource.query(this.kind === 'sqlite' ? `DELETE FROM ${table}` : `TRUNCATE TABLE ${table}`);
    }
  }

  /** Removes every statistic of ours, and what is known of their coverage. */
  async forgetStatistics(): Promise<void> {
    await this.empty(...OURS, 'trackstats_coverage');
  }

  settle(...tables: readonly string[]): Promise<void> {
    return settle(this.dataSource, this.kind, tables);
  }

  /** Runs statements in one transaction, as a person's program would. */
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

  async value(statement: string): Promise<number> {
    const rows: { value: unknown }[] = await this.dataSource.query(statement);
    return Number(rows[0]?.value);
  }

  /** The statements that something executes. */
  async recorded(work: () => Promise<unknown>): Promise<Statement[]> {
    this.recorder.statements = [];
    try {
      await work();
      return this.recorder.statements;
    } finally {
      this.recorder.statements = null;
    }
  }

  private async twin(table: StatisticTableName): Promise<void> {
    const twin = TWIN[table];
    const foreignKey = `ALTER TABLE ${twin} ADD FOREIGN KEY (metric_id) REFERENCES trackstats_metric (id)`;
    switch (this.kind) {
      case 'postgres':
        await this.dataSource.query(`CREATE TABLE ${twin} (LIKE ${table} INCLUDING ALL)`);
        await this.dataSource.query(foreignKey);
        return;
      case 'mariadb':
        await this.dataSource.query(`CREATE TABLE ${twin} LIKE ${table}`);
        await this.dataSource.query(foreignKey);
        return;
      case 'sqlite': {
        const made: { sql: string; name: string }[] = await this.dataSource.query(
          `SELECT sql, name FROM sqlite_master WHERE tbl_name = '${table}' AND sql IS NOT NULL ORDER BY type = 'index'`,
        );
        for (const { sql, name } of made) {
          await this.dataSource.query(sql.replaceAll(`"${table}"`, twin).replaceAll(`"${name}"`, `"${name}_${twin}"`));
        }
      }
    }
  }
}

class Recorder extends AbstractLogger {
  statements: Statement[] | null = null;

  override logQuery(text: string, parameters?: readonly unknown[]): void {
    this.statements?.push({ text, parameters: parameters ?? [] });
  }

  protected writeLog(_level: LogLevel, _message: LogMessage | LogMessage[]): void {
    // the bench has its own output
  }
}
