/** The `code` of an error, for programs. It stays the same when the message changes. */
export type TrackstatsErrorCode = `TRACKSTATS_${Uppercase<string>}`;

/**
 * The reason of an error, for programs that treat several alike, such as an interface that answers with a status:
 *
 * - `invalid`: an argument or an option does not exist, or is malformed.
 * - `unusable`: something is well-formed and cannot be used here. A value cannot be stored, a range does not adjoin the
 *   coverage, values do not add up.
 * - `unknown`: what was named does not exist.
 * - `conflict`: the call contradicts what is stored, defined or running.
 * - `unavailable`: the database does not answer, or the application is not started or shuts down. Try again later.
 * - `timeout`: it took longer than it may.
 * - `data`: rows of a source or of an import cannot be used.
 * - `setup`: the application, or its database, is not set up as it has to be. Most of these stop the start.
 * - `missing-package`: an optional package is not installed.
 * - `interrupted`: a signal stopped the command.
 */
export type TrackstatsErrorKind =
  | 'invalid'
  | 'unusable'
  | 'unknown'
  | 'conflict'
  | 'unavailable'
  | 'timeout'
  | 'data'
  | 'setup'
  | 'missing-package'
  | 'interrupted';

/**
 * Base class of every error that the library throws. The message says what was given, what was expected and what to do.
 * If a call throws one, nothing was written.
 *
 * @example
 * ```ts
 * try { await statistics.record({ metric: 'shop/orders', value: NaN }); }
 * catch (error) { if (error instanceof TrackstatsError) console.log(error.code); } // 'TRACKSTATS_INVALID_VALUE'
 * ```
 */
export abstract class TrackstatsError extends Error {
  abstract readonly code: TrackstatsErrorCode;
  abstract readonly kind: TrackstatsErrorKind;

  constructor(message: string, options?: { cause?: unknown }) {
    super(message, options);
    this.name = new.target.name;
  }
}

/** Formats a value for an error message: quoted, on one line, and at most 120 characters. */
export function shown(value: unknown): string {
  const text =
    typeof value === 'string'
      ? JSON.stringify(value)
      : typeof value === 'bigint'
        ? `${value}n`
        : typeof value === 'function'
          ? `class ${value.name || '(anonymous)'}`
          : value instanceof Date
            ? `Date(${Number.isNaN(value.getTime()) ? 'invalid' : value.toISOString()})`
            : Array.isArray(value)
              ? `an array of ${value.length}`
              : value !== null && typeof value === 'object'
                ? `an object with the keys ${JSON.stringify(Object.keys(value).slice(0, 8))}`
                : String(value);
  return text.length > 120 ? `${text.slice(0, 117)}...` : text;
}
