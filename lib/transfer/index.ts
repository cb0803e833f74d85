export type { AllObjectsScope, ExportedMetrics, ExportFilter } from './export-filter.js';
export { TRANSFER_FORMATS } from './transfer-format.js';
export type { TransferFormat } from './transfer-format.js';
export { TrackstatsTransferModule } from './transfer.module.js';
export { TransferService } from './transfer.service.js';
export type { ExportOptions } from './transfer.service.js';

export { TransferWithoutModuleError, UnknownFormatError } from '../errors/transfer.error.js';
