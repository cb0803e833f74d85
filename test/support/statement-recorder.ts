import type { Sql } from 'sql-template-tag';
import { PostgresDriver } from '../../lib/database/dialects/postgres.driver.js';

/** Calls back with the text of each statement that the library sends to PostgreSQL. Returns what ends it. */
export function recordStatements(onStatement: (text: string) => void): () => void {
  const driver = PostgresDriver.prototype as unknown as { statementText(statement: Sql): string };
  const original = driver.statementText;
  driver.statementText = function (statement) {
    const text = original.call(this, statement);
    onStatement(text);
    return text;
  };
  return () => {
    driver.statementText = original;
  };
}
