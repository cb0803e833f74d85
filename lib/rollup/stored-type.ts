import type { Dialect } from '../database/dialects/dialect.js';
import type { Work } from '../database/work.js';
import { InvalidPropertyPathError } from '../errors/source.error.js';
import type { ResolvedSource } from './rollup-spec.js';

/**
 * Refuses columns whose type in the database is one that the entity's cannot stand for: a timestamptz that is declared as
 * timestamp, as migrations make it and TypeORM does not notice, would be read in the zone of the session.
 *
 * @throws InvalidPropertyPathError
 */
export function* refuseOtherTypes(dialect: Dialect, { query, columns }: ResolvedSource): Work<void> {
  const stored = yield* dialect.storedTypes(query, columns);
  for (const [index, { option, path, entity, refusal }] of columns.entries()) {
    const type = stored[index];
    const problem = type === undefined || type === null ? null : refusal(type.toLowerCase());
    if (problem !== null) throw new InvalidPropertyPathError(option, path, entity, problem);
  }
}
