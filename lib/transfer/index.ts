export type { AllObjectsScope, ExportedMetrics, ExportFilter } from './export/export-filter.js';
export type { DjangoImportOptions, DjangoImportResult } from './django/django.import.js';
export type { SkippedRows } from './django/skipped-rows.js';
export type { DjangoTables } from './django/django.query.js';
export { TRANSFER_FORMATS } from './transfer-format.js';
export type { TransferFormat } from './transfer-format.js';
export { TrackstatsTransferModule } from './transfer.module.js';
export { TransferService } from './transfer.service.js';
export type { ExportOptions, ImportOptions } from './transfer.service.js';
export type { ImportInput } from './import/import-text.js';
export type { ImportResult } from './import/import.js';

export {
  ImportRefusedError,
  MissingDjangoTableError,
  NotUtf8Error,
  UnknownFormatError,
  UnmappedContentTypesError,
} from '../errors/transfer.error.js';
export type { ImportProblem } from '../errors/transfer.error.js';
export { MissingModuleError } from '../errors/module.error.js';
export { MissingPackageError } from '../errors/optional-part.error.js';
