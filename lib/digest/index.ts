export { TrackstatsDigestModule } from './digest.module.js';
export { DigestService } from './digest.service.js';
export type { Digest } from './digest.service.js';
export type { DigestEntry, DigestOptions } from './digest.options.js';

export { InvalidArgumentError } from '../errors/argument.error.js';
export { MissingModuleError } from '../errors/module.error.js';
