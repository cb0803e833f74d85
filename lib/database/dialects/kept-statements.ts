import { type DataSource, QueryFailedError, type QueryRunner } from 'typeorm';
import type { TextKind } from '../work.js';

/** Executes a statement that a session keeps, on the driver's connection. */
export type Execute<A> = (text: string, values: unknown[]) => Promise<A>;

export interface KeptStatement {
  readonly text: string;
  readonly values: unknown[];
  readonly kind: TextKind;
}

/**
 * Statements that the server keeps in each session once it has read them, and on PostgreSQL planned: both take more time
 * than a small read. Where sessions are shared by a pooler that does not know the statements, they go on without.
 */
export abstract class KeptStatements<A> {
  private readonly texts: Readonly<Record<TextKind, Set<string>>> = { few: new Set(), many: new Set() };
  /** data sources whose sessions are not ours alone */
  private readonly without = new WeakSet<DataSource>();

  /** @param most texts that a session keeps. Each takes memory of the server */
  protected constructor(private readonly most: Readonly<Record<TextKind, number>>) {}

  /**
   * Runs a statement. Returns null if it has to be run in another way: this one goes past TypeORM's runner, whose
   * subscribers, and log of slow queries, would not see it.
   */
  async run(runner: QueryRunner, { text, values, kind }: KeptStatement): Promise<A | null> {
    const { dataSource } = runner;
    const { maxQueryExecutionTime } = dataSource.options;
    if (dataSource.subscribers.length > 0 || maxQueryExecutionTime !== undefined) return null;
    if (this.without.has(dataSource) || !this.mayKeep(text, kind)) return null;
    const execute = this.executorOn((await runner.connect()) as object);
    if (execute === null) return null;
    let answer: A;
    try {
      answer = await execute(text, values);
    } catch (error) {
      if (this.isGone(error)) this.without.add(dataSource);
      if (this.isGone(error) || this.isOutdated(error)) return null;
      dataSource.logger.logQueryError(error as Error, text, values, runner);
      throw new QueryFailedError(text, values, error as Error);
    }
    dataSource.logger.logQuery(text, values, runner);
    return answer;
  }

  private mayKeep(text: string, kind: TextKind): boolean {
    const texts = this.texts[kind];
    if (texts.has(text)) return true;
    if (texts.size >= this.most[kind]) return false;
    texts.add(text);
    return true;
  }

  /** Returns what executes statements on a driver's connection. Returns null if it cannot keep them. */
  protected abstract executorOn(connection: object): Execute<A> | null;

  /** True if an error says that the session has no such statement, or can have none. The statement has done nothing. */
  protected abstract isGone(error: unknown): boolean;

  /** True if an error says that the server must read a statement again, because its tables have changed. It has done nothing. */
  protected isOutdated(_error: unknown): boolean {
    return false;
  }
}
