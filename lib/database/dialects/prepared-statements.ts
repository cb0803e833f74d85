import type { Answer } from './connection-use.js';
import { type Execute, KeptStatements } from './kept-statements.js';

/** The part of mysql2's connection that is used. */
interface Connection {
  execute?(text: string, values: unknown[], done: (error: Error | null | undefined, result: unknown) => void): void;
  readonly config?: { readonly typeCast?: unknown };
}

/**
 * unknown command, unknown statement, no statement of this kind, too many statements of all sessions. A proxy may give
 * each statement to another session
 */
const GONE = new Set([1047, 1243, 1295, 1461]);

/** The statements that MariaDB keeps in the session, read but not planned, and mysql2 finds by their text. */
export class PreparedStatements extends KeptStatements<Answer> {
  constructor() {
    super({ few: 100, many: 0 });
  }

  protected executorOn(connection: object): Execute<Answer> | null {
    const client = connection as Connection;
    // a function of the application would be given the bytes of numbers in place of their text
    if (!('execute' in client) || client.config?.typeCast !== true) return null;
    return (text, values) =>
      new Promise((resolve, reject) => {
        client.execute?.(text, values, (error, result) => {
          if (error == null) resolve(answerOf(result));
          else reject(error);
        });
      });
  }

  protected isGone(error: unknown): boolean {
    return GONE.has(Number((error as { errno?: unknown } | null)?.errno));
  }
}

/** Returns a result in the form of TypeORM's runner. */
function answerOf(raw: unknown): Answer {
  if (Array.isArray(raw)) return { raw, records: raw };
  const { affectedRows } = raw as { affectedRows?: number };
  return { raw, records: [], ...(affectedRows !== undefined && { affected: affectedRows }) };
}
