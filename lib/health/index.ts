export { TrackstatsHealthIndicator } from './health.indicator.js';
export type { TrackstatsHealthOptions, TrackstatsHealthResult } from './health.indicator.js';
export type { LateTracker } from './late-trackers.js';
export { TrackstatsHealthModule } from './health.module.js';

export { InvalidPartOptionError, PartWithoutModuleError } from '../errors/optional-part.error.js';
