import type { DataSource, DataSourceOptions } from 'typeorm';
import type { TestDatabase } from './databases.js';

/** A data source that tells what its statements read: on SQLite by their plans, on MariaDB by the counters of its session. */
export class ObservedReads {
  private constructor(
    readonly dataSource: DataSource,
    private readonly isMariadb: boolean,
    /** on SQLite, with their values */
    private readonly statements: string[],
  ) {}

  static async open(
    database: TestDatabase,
    entities: NonNullable<DataSourceOptions['entities']>,
  ): Promise<ObservedReads> {
    const isMariadb = database.kind === 'mariadb';
    const statements: string[] = [];
    const dataSource = await database.open({
      entities,
      // all statements in one session, which counts what it reads
      ...(isMariadb
        ? { extra: { connectionLimit: 1 } }
        : { verbose: (statement: unknown) => statements.push(String(statement)) }),
    });
    return new ObservedReads(dataSource, isMariadb, statements);
  }

  /** Tells the planner how many rows a table has. */
  async analyse(table: string): Promise<void> {
    await this.dataSource.query(this.isMariadb ? `ANALYZE TABLE ${table}` : 'ANALYZE');
  }

  /** Forgets what was read until now. */
  async reset(): Promise<void> {
    this.statements.length = 0;
    if (this.isMariadb) await this.dataSource.query('FLUSH STATUS');
  }

  /** Returns the number of rows and index entries that were read; null on SQLite. */
  async rowsRead(): Promise<number | null> {
    if (!this.isMariadb) return null;
    const counters: { Value: string }[] = await this.dataSource.query(`SHOW SESSION STATUS LIKE 'Handler_read%'`);
    return counters.reduce((sum, { Value }) => sum + Number(Value), 0);
  }

  /** Returns the statements on SQLite that name a table. */
  statementsOf(table: string): string[] {
    return this.statements.filter((text) => text.includes(table));
  }

  /** Returns the steps of their plans that read something of a name. */
  async stepsOf(table: string, name: RegExp): Promise<string[]> {
    const steps: string[] = [];
    for (const statement of this.statementsOf(table)) {
      const plan: { detail: string }[] = await this.dataSource.query(`EXPLAIN QUERY PLAN ${statement}`);
      steps.push(...plan.map(({ detail }) => detail).filter((detail) => name.test(detail)));
    }
    return steps;
  }
}
