import Sqlite from 'better-sqlite3';

/** The result of a statement, as TypeORM's query runners return it. */
export interface Answer {
  readonly records: unknown[];
  readonly affected: number;
}

/** A connection of the simulated database. Each has its own, to one file: what it commits others see. */
export class SqliteSession {
  private readonly connection: Sqlite.Database;
  private readonly prepared = new Map<string, Sqlite.Statement>();

  constructor(file: string, now: () => number) {
    this.connection = new Sqlite(file, { timeout: 0 });
    this.connection.pragma('synchronous = OFF');
    this.connection.function('simulated_now', { deterministic: false }, now);
  }

  get inTransaction(): boolean {
    return this.connection.inTransaction;
  }

  execute(text: string, values: readonly unknown[] = []): Answer {
    const statement = this.prepare(text);
    if (statement.reader) return { records: statement.all(...values), affected: 0 };
    return { records: [], affected: statement.run(...values).changes };
  }

  rows<R>(text: string, ...values: unknown[]): R[] {
    return this.execute(text, values).records as R[];
  }

  rollBack(): void {
    if (this.connection.inTransaction) this.connection.exec('ROLLBACK');
  }

  close(): void {
    this.connection.close();
  }

  private prepare(text: string): Sqlite.Statement {
    let statement = this.prepared.get(text);
    if (statement === undefined) {
      statement = this.connection.prepare(text);
      this.prepared.set(text, statement);
    }
    return statement;
  }
}
