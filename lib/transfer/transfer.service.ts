import { Readable } from 'node:stream';
import type { AnnotationRange } from '../annotations/annotation.js';
import { findAnnotations } from '../annotations/annotation.store.js';
import type { Database } from '../database/database.js';
import {
  type AbstractStatistic,
  type ObjectTypes,
  readAnnotationFilter,
  type StatisticContext,
  type StatisticOptions,
  type StatisticOwners,
} from '../statistics/index.js';
import type { Clock } from '../trackstats.tokens.js';
import { checkExport, type ExportFilter } from './export/export-filter.js';
import { boolean, iterable, withDefault, type Check } from '../validation/check.js';
import { readArgument, readCallOptions, type ChecksOf } from '../validation/options.js';
import {
  DJANGO_SOURCE,
  djangoEntries,
  type DjangoImportOptions,
  type DjangoImportResult,
} from './django/django.import.js';
import { SkippedRowCount } from './django/skipped-rows.js';
import type { SkipEntry } from './import/import-intake.js';
import { annotationText } from './export/annotation-text.js';
import { exportPlan } from './export/export-plan.js';
import { exportText, writerOf } from './export/export-text.js';
import { imported } from './import/import.js';
import { importText, type ImportInput } from './import/import-text.js';
import type { ImportResult } from './import/import.js';
import { csvEntries } from './import/csv.reader.js';
import { jsonlEntries } from './import/jsonl.reader.js';
import { checkFormat, type TransferFormat } from './transfer-format.js';

/** Options of an export. */
export interface ExportOptions {
  format: TransferFormat;
}

/** Options of an import. */
export interface ImportOptions {
  format: TransferFormat;
  /** also overwrites what a tracker of this application computes, including its coverage. @default false */
  force?: boolean | undefined;
}

/** A text may be a path, and bytes are an iterable of numbers. */
const importInput: Check<ImportInput> = (given, refuse) => {
  const refuseInput = (): never =>
    refuse('Expected a stream, as createReadStream(path), or [content] for a text or bytes that you have.');
  return typeof given === 'string' || ArrayBuffer.isView(given)
    ? refuseInput()
    : (iterable(given, refuseInput) as ImportInput);
};

const EXPORT = { format: checkFormat } satisfies ChecksOf<ExportOptions>;
const IMPORT = { format: checkFormat, force: withDefault(boolean, false) } satisfies ChecksOf<ImportOptions>;
const IMPORT_DJANGO = {
  ...DJANGO_SOURCE,
  skipInvalid: IMPORT.force,
  force: IMPORT.force,
} satisfies ChecksOf<DjangoImportOptions>;

/** Exports statistics from a database, and imports them into another. */
export class TransferService {
  private readonly context: StatisticContext;

  /** @internal the module creates it */
  constructor(
    private readonly database: Database,
    objectTypes: ObjectTypes,
    owners: StatisticOwners,
    options: StatisticOptions,
    private readonly clock: Clock,
  ) {
    this.context = { database, objectTypes, owners, options };
  }

  /**
   * Exports the stored rows of a filter as UTF-8 text: metrics by their natural keys, periods by name, exact decimals.
   * The order is the same on every database: by metric, period, date, and then the other keys byte by byte. One file
   * contains one scope: totals, by object, or one custom statistic.
   *
   * Errors in the filter are thrown before the stream begins. The stream reads page by page, in bounded memory, and
   * keeps neither a connection nor a transaction open between pages. A row that is written or removed meanwhile may be
   * in it or not; every other row is in it once.
   *
   * @throws UnknownFormatError, MissingPackageError, InvalidFilterError, UnknownMetricError, UnknownDomainError, and
   * the errors of the values in the filter
   * @example
   * ```ts
   * await pipeline(await transfer.export({ domain: 'shopping' }, { format: 'csv' }), createWriteStream('shopping.csv'));
   * ```
   */
  async export<S extends AbstractStatistic>(filter: ExportFilter<S>, options: ExportOptions): Promise<Readable> {
    const now = this.clock();
    const { format } = readCallOptions('TransferService.export', options, EXPORT);
    const checked = checkExport(this.context, filter);
    const plan = await this.database.read(() => exportPlan(this.context, checked, now));
    const writer = await writerOf(plan, format);
    return Readable.from(exportText(this.database, plan, writer), { objectMode: false });
  }

  /**
   * Exports annotations as JSON Lines, ordered as `StatisticService.annotations` returns them: the same text on every
   * database. `import` stores them in another database, with the domains that are missing there.
   *
   * @param filter as that of `StatisticService.annotations`: `from` and `to`, or `last`; `domain`. All by default
   * @throws InvalidFilterError, InvalidDateError, UnknownDomainError, InvalidRefError, InvalidDefinitionError
   * @example
   * ```ts
   * await pipeline(await transfer.exportAnnotations(), createWriteStream('annotations.jsonl'));
   * ```
   */
  async exportAnnotations(filter: AnnotationRange = {}): Promise<Readable> {
    const asked = readAnnotationFilter(this.context, 'TransferService.exportAnnotations', filter, this.clock());
    const annotations = await this.database.read(() => findAnnotations(this.database, asked));
    return Readable.from(annotationText(annotations), { objectMode: false });
  }

  /**
   * Imports what `export` and `exportAnnotations` wrote, or another file of the same form: all of it or nothing, in one transaction. Existing
   * rows are replaced; of several rows with the same key, the last one is stored. Missing domains and metrics are
   * created; existing ones keep their names, and annotations that are stored stay as they are. Memory is bounded, because checked rows wait in a temporary file. On
   * SQLite the transaction is one burst, in which the process answers nothing else.
   *
   * @param input a stream, or any other iterable of bytes or text, such as `[text]`
   * @throws ImportRefusedError with the line and the reason of the first thousand rows that cannot be stored
   * @throws TrackerOwnedError for statistics that a tracker of this application computes, unless `force` is set
   * @throws NotUtf8Error, UnknownFormatError, MissingPackageError
   * @example const { rows } = await transfer.import(createReadStream('shopping.jsonl'), { format: 'jsonl' });
   */
  async import(input: ImportInput, options: ImportOptions): Promise<ImportResult> {
    const { format, force } = readCallOptions('TransferService.import', options, IMPORT);
    const given = readArgument('TransferService.import: input', input, importInput);
    const entries = format === 'csv' ? csvEntries : jsonlEntries;
    return imported(this.context, entries(this.database, importText(given)), force);
  }

  /**
   * Imports the tables of django-trackstats, in one transaction: metrics and their domains, statistics by date, and
   * statistics by date and object. It only reads that database, page by page. Those tables have no coverage, so days
   * without a row are unknown here.
   *
   * @param options `contentTypes`: for each content type with statistics, its entity or object type here; `domains` and
   * `metrics`: refs that are others here
   * @returns also what was left out, by table, metric and reason
   * @throws UnmappedContentTypesError with the names of all content types that are missing in `contentTypes`
   * @throws MissingDjangoTableError, UnsupportedDatabaseError, InvalidObjectError, InvalidArgumentError
   * @throws ImportRefusedError for refs, periods or values that cannot be stored; TrackerOwnedError
   * @example
   * ```ts
   * await transfer.importDjango({ dataSource: django, contentTypes: { 'auth.user': User, 'shop.product': 'product' } });
   * ```
   */
  async importDjango(options: DjangoImportOptions): Promise<DjangoImportResult> {
    const call = readCallOptions('TransferService.importDjango', options, IMPORT_DJANGO);
    const { force, skipInvalid, ...source } = call;
    const skipped = new SkippedRowCount();
    const skip: SkipEntry = ({ table = '', ref = '' }, reason) => {
      skipped.add(table, ref, reason);
    };
    const entries = djangoEntries(this.context, source, skipped);
    const result = await imported(this.context, entries, force, skipInvalid ? skip : null);
    return { ...result, skipped: skipped.list() };
  }
}
