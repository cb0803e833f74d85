/** The `code` of an error, for programs. It stays the same when the message changes. */
export type TrackstatsErrorCode = `TRACKSTATS_${Uppercase<string>}`;

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
            : value !== null && typeof value === 'object'
              ? `an object with the keys ${JSON.stringify(Object.keys(value).slice(0, 8))}`
              : String(value);
  return text.length > 120 ? `${text.slice(0, 117)}...` : text;
}
