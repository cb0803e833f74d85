import { shown, TrackstatsError } from './trackstats.error.js';

/** A property path of a tracker leads nowhere, or where it may not lead. */
export class InvalidPropertyPathError extends TrackstatsError {
  readonly code = 'TRACKSTATS_INVALID_PROPERTY_PATH';

  constructor(option: string, path: string, entity: string, problem: string) {
    super(`${option}: ${shown(path)} of ${entity} ${problem}`);
  }
}

/** What was given as the source of a tracker cannot be counted. */
export class InvalidSourceError extends TrackstatsError {
  readonly code = 'TRACKSTATS_INVALID_SOURCE';
}
