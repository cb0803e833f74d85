import { shown, TrackstatsError } from './trackstats.error.js';

/**
 * Thrown if the type of a `@Dimension` cannot be derived from its property, or if a custom statistic has columns that
 * are not dimensions.
 */
export class InvalidDimensionError extends TrackstatsError {
  readonly code = 'TRACKSTATS_INVALID_DIMENSION';
  readonly kind = 'unusable';

  constructor(statistic: string, property: string, problem?: string) {
    super(
      problem ??
        `The type of ${statistic}.${property} cannot be told from the property: it is a union, an object, or was ` +
          `compiled without emitDecoratorMetadata. Name it: @Dimension({ type: 'varchar' | 'integer' | 'boolean' | 'date' }).`,
    );
  }
}

/**
 * Thrown if a value does not fit the type of its dimension, or if it is the value that represents NULL in the database.
 */
export class InvalidDimensionValueError extends TrackstatsError {
  readonly code = 'TRACKSTATS_INVALID_DIMENSION_VALUE';
  readonly kind = 'unusable';

  constructor(statistic: string, property: string, given: unknown, expected: string) {
    super(`Invalid value for the dimension ${property} of ${statistic}: ${shown(given)}. ${expected}`);
  }
}

/** Thrown if a call reads or writes one value of a custom statistic without naming all dimensions. */
export class IncompleteDimensionsError extends TrackstatsError {
  readonly code = 'TRACKSTATS_INCOMPLETE_DIMENSIONS';
  readonly kind = 'unusable';

  constructor(statistic: string, missing: readonly string[], all: readonly string[]) {
    super(
      `One value of ${statistic} is asked for, without its ${missing.length === 1 ? 'dimension' : 'dimensions'} ${missing.join(', ')}. ` +
        `Give each of ${all.join(', ')} one value (null where it may be null): dimensions: { ${all.map((name) => `${name}: …`).join(', ')} }. ` +
        `find, narrow, multiSeries, top and remove take some of them.`,
    );
  }
}
