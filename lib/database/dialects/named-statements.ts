import { createHash } from 'node:crypto';
import { type DataSource, QueryFailedError, type QueryRunner } from 'typeorm';
import type { TextKind } from '../work.js';

/** The part of pg's Client that is used. */
interface Client {
  query(config: { readonly name: string; readonly text: string; readonly values: unknown[] }): Promise<Answer>;
  /** where the client keeps the names of its statements: others that TypeORM is given for pg may have none */
  readonly connection?: { readonly parsedStatements?: object };
}

interface Answer {
  readonly rows: unknown[];
  readonly rowCount: number | null;
}

/** SQLSTATE: the statement is not there, or is already; its result has changed with its tables */
const GONE = new Set(['26000', '42P05']);
const OUTDATED = '0A000';
/** Milliseconds after which a plan may be the reason: it was made for tables that have grown since. */
const SLOW = 100;
/** Names that a session keeps. Each is a plan in the server's memory: that of a live read takes 0.2 to 0.4 MB. */
const MOST_NAMES: Readonly<Record<TextKind, number>> = { few: 100, many: 20 };

interface NamedStatement {
  readonly text: string;
  readonly values: unknown[];
  readonly kind: TextKind;
}

/**
 * Statements that the server keeps with their plans, by name, in each session: planning takes more time than a small
 * read. Where sessions are shared by a pooler that does not know the names, statements go on without one.
 */
export class NamedStatements {
  private readonly names: Readonly<Record<TextKind, Map<string, string>>> = { few: new Map(), many: new Map() };
  /** data sources whose sessions are not ours alone */
  private readonly withoutNames = new WeakSet<DataSource>();

  /**
   * Runs a statement by its name. Returns null if it has to be run without one: it goes past TypeORM's runner, whose
   * subscribers, and log of slow queries, would not see it.
   */
  async run(runner: QueryRunner, { text, values, kind }: NamedStatement): Promise<Answer | null> {
    const { dataSource } = runner;
    const { maxQueryExecutionTime } = dataSource.options;
    if (dataSource.subscribers.length > 0 || maxQueryExecutionTime !== undefined) return null;
    if (this.withoutNames.has(dataSource)) return null;
    const client = (await runner.connect()) as Client;
    const name = client.connection?.parsedStatements === undefined ? null : this.nameOf(text, kind);
    if (name === null) return null;
    const began = performance.now();
    let answer: Answer;
    try {
      answer = await client.query({ name, text, values });
    } catch (error) {
      const code = String((error as { code?: unknown } | null)?.code);
      if (GONE.has(code)) this.withoutNames.add(dataSource);
      if (GONE.has(code) || code === OUTDATED) return null;
      dataSource.logger.logQueryError(error as Error, text, values, runner);
      throw new QueryFailedError(text, values, error as Error);
    }
    dataSource.logger.logQuery(text, values, runner);
    // the statement has done its work, whatever becomes of this
    if (performance.now() - began > SLOW) await runner.query('DISCARD PLANS').catch(() => undefined);
    return answer;
  }

  private nameOf(text: string, kind: TextKind): string | null {
    const names = this.names[kind];
    let name = names.get(text);
    if (name === undefined) {
      if (names.size >= MOST_NAMES[kind]) return null;
      name = `trackstats_${createHash('sha256').update(text).digest('hex').slice(0, 32)}`;
      names.set(text, name);
    }
    return name;
  }
}
