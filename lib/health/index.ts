export { TrackstatsHealthIndicator } from './health.indicator.js';
export type { TrackstatsHealthOptions, TrackstatsHealthResult } from './health.indicator.js';
export type { LateTracker } from '../schedule/late-trackers.js';
export type { TrackerDrift } from '../tracking/running/tracker-drift.js';
export { TrackstatsHealthModule } from './health.module.js';

export { MissingModuleError } from '../errors/module.error.js';
export { InvalidPartOptionError } from '../errors/optional-part.error.js';
