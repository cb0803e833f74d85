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
