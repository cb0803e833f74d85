export { TrackstatsPrometheusModule } from './prometheus.module.js';
export type { TrackstatsPrometheusOptions, WatchedStatistic } from './prometheus.options.js';

export type { RunOutcome } from '../execution/run-outcome.js';
export { MissingModuleError } from '../errors/module.error.js';
export { InvalidPartOptionError, MissingPackageError } from '../errors/optional-part.error.js';
