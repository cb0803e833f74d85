import sql, { join, raw, type Sql } from 'sql-template-tag';

/** Returns expressions as the columns of a SELECT, each with its name. */
export function namedColumns(fields: Readonly<Record<string, Sql>>): Sql {
  return join(Object.entries(fields).map(([name, expression]) => sql`${expression} AS ${raw(name)}`));
}
