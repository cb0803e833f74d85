import { shown, TrackstatsError } from './trackstats.error.js';

/** The format of an export or import is none that there is. */
export class UnknownFormatError extends TrackstatsError {
  readonly code = 'TRACKSTATS_UNKNOWN_FORMAT';

  constructor(given: unknown, formats: readonly string[]) {
    super(`Unknown format: ${shown(given)}. Expected { format: '${formats.join(`' }, or { format: '`)}' }.`);
  }
}

/** `TrackstatsTransferModule` stands in an application that has no `TrackstatsModule`. */
export class TransferWithoutModuleError extends TrackstatsError {
  readonly code = 'TRACKSTATS_TRANSFER_WITHOUT_MODULE';

  constructor() {
    super(
      'TrackstatsTransferModule needs the module itself: add TrackstatsModule.forRoot() to the imports of the ' +
        "application's root module (in a test, of the testing module).",
    );
  }
}

/** Why one row of an import cannot be stored. */
export interface ImportProblem {
  /** the line on which the row begins, from 1 on; of a table's row its id */
  readonly line: number;
  /** the table, where rows do not come from a file */
  readonly table?: string;
  readonly reason: string;
}

/** Rows of an import cannot be stored; nothing was. */
export class ImportRefusedError extends TrackstatsError {
  readonly code = 'TRACKSTATS_IMPORT_REFUSED';

  /**
   * @param problems the first thousand
   * @param total how many there are
   */
  constructor(
    readonly problems: readonly ImportProblem[],
    readonly total: number,
  ) {
    const some = problems.slice(0, 5).map(({ line, table, reason }) => `${table ?? 'line'} ${String(line)}: ${reason}`);
    super(
      `Nothing was imported: ${total === 1 ? 'a row' : `${String(total)} rows`} cannot be stored. ` +
        `Mend ${total === 1 ? 'it' : 'them'} and import the whole again.\n${some.join('\n')}${total > some.length ? '\n…' : ''}`,
    );
  }
}

/** What is to be imported is no text in UTF-8. */
export class NotUtf8Error extends TrackstatsError {
  readonly code = 'TRACKSTATS_NOT_UTF8';

  constructor() {
    super(
      'Nothing was imported: the input is not UTF-8 text. Save it as UTF-8 (in a spreadsheet: "CSV UTF-8"), and unpack it if it is compressed.',
    );
  }
}

/** The database of django-trackstats has not the tables that are to be imported. */
export class MissingDjangoTableError extends TrackstatsError {
  readonly code = 'TRACKSTATS_MISSING_DJANGO_TABLE';

  constructor(missing: readonly string[]) {
    super(
      `Nothing was imported: the data source has no table ${missing.map(shown).join(', ')}. Give the data source of the ` +
        `Django application, and the names that tables have there where they are others: { tables: { metric: '…' } }.`,
    );
  }
}

/** Statistics of django-trackstats belong to objects of content types that no object type is named for. */
export class UnmappedContentTypesError extends TrackstatsError {
  readonly code = 'TRACKSTATS_UNMAPPED_CONTENT_TYPES';

  constructor(readonly contentTypes: readonly string[]) {
    super(
      `Nothing was imported: there are statistics of objects of ${contentTypes.map(shown).join(', ')}. Name the entity or ` +
        `the object type of each: { contentTypes: { ${contentTypes.map((type) => `${shown(type)}: …`).join(', ')} } }.`,
    );
  }
}
