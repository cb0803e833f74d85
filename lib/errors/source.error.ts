import { shown, TrackstatsError } from './trackstats.error.js';

/**
 * Thrown if a property path of a tracker does not exist, crosses a to-many relation, or leads to a column that cannot
 * be used.
 */
export class InvalidPropertyPathError extends TrackstatsError {
  readonly code = 'TRACKSTATS_INVALID_PROPERTY_PATH';
  readonly kind = 'setup';

  constructor(option: string, path: string, entity: string, problem: string) {
    super(`${option}: ${shown(path)} of ${entity} ${problem}`);
  }
}

/**
 * Thrown if a relation that should find one row found several, with different values of a field that the tracker reads.
 */
export class AmbiguousRelationError extends TrackstatsError {
  readonly code = 'TRACKSTATS_AMBIGUOUS_RELATION';
  readonly kind = 'data';

  /** @param value what has several values; `soughtBy` is the property by which the relation finds rows */
  constructor(
    tracker: string,
    value: { readonly option: string; readonly path: string; readonly entity: string; readonly soughtBy: string },
    key: readonly unknown[],
  ) {
    const { option, path, entity, soughtBy } = value;
    super(
      `Tracker ${tracker}: ${option}: ${shown(path)} of ${entity} has several different values for the row with the key ` +
        `${key.map(shown).join(', ')}. Rows are found by ${soughtBy}, which is not unique, and several were. Expected one, or ` +
        `the same value in all of them. Remove the others, and declare the column unique (@Unique, or @Index with unique: ` +
        `true) so that the database keeps it so.`,
    );
  }
}

/** Thrown if the source of a tracker cannot be counted. */
export class InvalidSourceError extends TrackstatsError {
  readonly code = 'TRACKSTATS_INVALID_SOURCE';
  readonly kind = 'setup';
}
