import { DataSource, type DataSourceOptions } from 'typeorm';
import { SqliteSession } from './sqlite-session.js';

/** The database of simulated worlds: one file, on which a world begins where it was saved. */
export class SimulatedDatabase {
  /** the time of the world that uses it */
  now: () => number = () => 0;
  /** what is outside of the world: it sees what is committed, and changes the source */
  readonly outside: SqliteSession;
  private readonly spare: SqliteSession[] = [];
  private readonly all: SqliteSession[] = [];
  private readonly tables: readonly string[];
  private isSaved = false;

  private constructor(readonly metadata: DataSource) {
    this.outside = this.take();
    this.outside.execute('PRAGMA foreign_keys = OFF');
    this.tables = this.outside
      .rows<{ name: string }>(
        `SELECT name FROM sqlite_master WHERE type = 'table' AND name NOT LIKE 'sqlite\\_stat%' ESCAPE '\\'`,
      )
      .map(({ name }) => name);
  }

  static async on(options: DataSourceOptions): Promise<SimulatedDatabase> {
    const metadata = await new DataSource({ ...options, enableWAL: true } as DataSourceOptions).initialize();
    return new SimulatedDatabase(metadata);
  }

  /** Returns a connection that nobody uses. */
  take(): SqliteSession {
    const known = this.spare.pop();
    if (known !== undefined) return known;
    const session = new SqliteSession(String(this.metadata.options.database), () => this.now());
    this.all.push(session);
    return session;
  }

  giveBack(session: SqliteSession): void {
    this.spare.push(session);
  }

  /** Keeps what is stored, for `restore`. */
  save(): void {
    const { outside } = this;
    if (!this.isSaved) outside.execute(`ATTACH ':memory:' AS saved`);
    this.isSaved = true;
    for (const table of this.tables) {
      outside.execute(`DROP TABLE IF EXISTS saved."${table.replace('sqlite_', '')}_copy"`);
      outside.execute(`CREATE TABLE saved."${table.replace('sqlite_', '')}_copy" AS SELECT * FROM main."${table}"`);
    }
  }

  /** Removes every row, and what was saved. */
  clear(): void {
    for (const table of this.tables) this.outside.execute(`DELETE FROM main."${table}"`);
    this.save();
  }

  /** Stores again what was saved, and nothing else; without `save`, nothing. */
  restore(): void {
    const { outside } = this;
    outside.execute('BEGIN IMMEDIATE');
    for (const table of this.tables) {
      outside.execute(`DELETE FROM main."${table}"`);
      if (this.isSaved) {
        const copy = `${table.replace('sqlite_', '')}_copy`;
        outside.execute(`INSERT INTO main."${table}" SELECT * FROM saved."${copy}"`);
      }
    }
    outside.execute('COMMIT');
  }

  async close(): Promise<void> {
    for (const session of this.all) session.close();
    await this.metadata.destroy();
  }
}
