export { TestClock } from './test.clock.js';
export { TrackstatsTestingModule } from './testing.module.js';
export type { TrackstatsTestingOptions } from './testing.module.js';

export { InvalidPartOptionError } from '../errors/optional-part.error.js';
