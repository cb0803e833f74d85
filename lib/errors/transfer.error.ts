import { shown, TrackstatsError } from './trackstats.error.js';

/** Thrown if the format of an export or import is unknown. */
export class UnknownFormatError extends TrackstatsError {
  readonly code = 'TRACKSTATS_UNKNOWN_FORMAT';
  readonly kind = 'invalid';

  constructor(given: unknown, formats: readonly string[]) {
    super(`Unknown format: ${shown(given)}. Expected { format: '${formats.join(`' }, or { format: '`)}' }.`);
  }
}

/** The reason why one row of an import cannot be stored. */
export interface ImportProblem {
  /** the line on which the row begins, from 1 on; of a table's row its id */
  readonly line: number;
  /** the table, where rows do not come from a file */
  readonly table?: string;
  readonly reason: string;
}

/** Thrown if rows of an import cannot be stored. Nothing was imported. */
export class ImportRefusedError extends TrackstatsError {
  readonly code = 'TRACKSTATS_IMPORT_REFUSED';
  readonly kind = 'data';

  /**
   * @param problems the first thousand
   * @param total number of bad rows
   */
  constructor(
    readonly problems: readonly ImportProblem[],
    readonly total: number,
  ) {
    const some = problems.slice(0, 5).map(({ line, table, reason }) => `${table ?? 'line'} ${String(line)}: ${reason}`);
    super(
      `Nothing was imported: ${total === 1 ? 'a row' : `${String(total)} rows`} cannot be stored. ` +
        `Fix ${total === 1 ? 'it' : 'them'} and import the whole again.\n${some.join('\n')}${total > some.length ? '\n…' : ''}`,
    );
  }
}

/** Thrown if the input of an import is not UTF-8 text. */
export class NotUtf8Error extends TrackstatsError {
  readonly code = 'TRACKSTATS_NOT_UTF8';
  readonly kind = 'data';

  constructor() {
    super(
      'Nothing was imported: the input is not UTF-8 text. Save it as UTF-8 (in a spreadsheet: "CSV UTF-8"), and unpack it if it is compressed.',
    );
  }
}

/** Thrown if the database of django-trackstats does not have the tables to import. */
export class MissingDjangoTableError extends TrackstatsError {
  readonly code = 'TRACKSTATS_MISSING_DJANGO_TABLE';
  readonly kind = 'setup';

  constructor(missing: readonly string[]) {
    super(
      `Nothing was imported: the data source has no table ${missing.map(shown).join(', ')}. Give the data source of the ` +
        `Django application, and the names that tables have there where they are others: { tables: { metric: '…' } }.`,
    );
  }
}

/** Thrown if statistics of django-trackstats belong to content types that are not mapped to an object type. */
export class UnmappedContentTypesError extends TrackstatsError {
  readonly code = 'TRACKSTATS_UNMAPPED_CONTENT_TYPES';
  readonly kind = 'invalid';

  constructor(readonly contentTypes: readonly string[]) {
    super(
      `Nothing was imported: there are statistics of objects of ${contentTypes.map(shown).join(', ')}. Name the entity or ` +
        `the object type of each: { contentTypes: { ${contentTypes.map((type) => `${shown(type)}: …`).join(', ')} } }.`,
    );
  }
}
