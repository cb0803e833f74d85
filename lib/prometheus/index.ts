export { TrackstatsPrometheusModule } from './prometheus.module.js';
export type { TrackstatsPrometheusOptions } from './prometheus.options.js';
export type { RunOutcome } from './run-metrics.js';

export { InvalidPartOptionError, MissingPackageError, PartWithoutModuleError } from '../errors/optional-part.error.js';
