import { createHash } from 'node:crypto';
import type { QueryRunner } from 'typeorm';
import { type Execute, type KeptStatement, KeptStatements } from './kept-statements.js';

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

/** The statements that PostgreSQL keeps by name, with their plans. */
export class NamedStatements extends KeptStatements<Answer> {
  private readonly names = new Map<string, string>();

  constructor() {
    // the plan of a live read takes 0.2 to 0.4 MB
    super({ few: 100, many: 20 });
  }

  override async run(runner: QueryRunner, statement: KeptStatement): Promise<Answer | null> {
    const began = performance.now();
    const answer = await super.run(runner, statement);
    // the statement has done its work, whatever becomes of this
    if (answer !== null && performance.now() - began > SLOW) await runner.query('DISCARD PLANS').catch(() => undefined);
    return answer;
  }

  protected executorOn(connection: object): Execute<Answer> | null {
    const client = connection as Client;
    if (client.connection?.parsedStatements === undefined) return null;
    return (text, values) => client.query({ name: this.nameOf(text), text, values });
  }

  protected isGone(error: unknown): boolean {
    return GONE.has(codeOf(error));
  }

  protected override isOutdated(error: unknown): boolean {
    return codeOf(error) === OUTDATED;
  }

  private nameOf(text: string): string {
    let name = this.names.get(text);
    if (name === undefined) {
      name = `trackstats_${createHash('sha256').update(text).digest('hex').slice(0, 32)}`;
      this.names.set(text, name);
    }
    return name;
  }
}

function codeOf(error: unknown): string {
  return String((error as { code?: unknown } | null)?.code);
}
