import type { Dialect } from '../database/dialects/dialect.js';
import type { Work } from '../database/work.js';
import { InvalidPropertyPathError } from '../errors/source.error.js';
import type { ResolvedSource } from './rollup-spec.js';

/**
 * Rejects columns whose type in the database does not fit the one that the entity declares. A migration may have made a
 * timestamptz of a declared timestamp. TypeORM does not notice, and it would be read in the zone of the session.
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
