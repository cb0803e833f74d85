import { shown, TrackstatsError } from './trackstats.error.js';

/** A `@Dimension` whose type cannot be told, or a custom statistic that has other columns than dimensions. */
export class InvalidDimensionError extends TrackstatsError {
  readonly code = 'TRACKSTATS_INVALID_DIMENSION';

  constructor(statistic: string, property: string, problem?: string) {
    super(
      problem ??
        `The type of ${statistic}.${property} cannot be told from the property: it is a union, an object, or was ` +
          `compiled without emitDecoratorMetadata. Name it: @Dimension({ type: 'varchar' | 'integer' | 'boolean' | 'date' }).`,
    );
  }
}

/** The value of a dimension does not fit its type, or is the one that stands for NULL in the database. */
export class InvalidDimensionValueError extends TrackstatsError {
  readonly code = 'TRACKSTATS_INVALID_DIMENSION_VALUE';

  constructor(statistic: string, property: string, given: unknown, expected: string) {
    super(`Invalid value for the dimension ${property} of ${statistic}: ${shown(given)}. ${expected}`);
  }
}

/** A call that reads or writes one value of a custom statistic does not name all of its dimensions. */
export class IncompleteDimensionsError extends TrackstatsError {
  readonly code = 'TRACKSTATS_INCOMPLETE_DIMENSIONS';

  constructor(statistic: string, missing: readonly string[], all: readonly string[]) {
    super(
      `One value of ${statistic} is asked for, without its ${missing.length === 1 ? 'dimension' : 'dimensions'} ${missing.join(', ')}. ` +
        `Give each of ${all.join(', ')} one value (null where it may be null): dimensions: { ${all.map((name) => `${name}: …`).join(', ')} }. ` +
        `find, narrow, multiSeries, top and remove take some of them.`,
    );
  }
}
