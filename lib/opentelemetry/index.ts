export { TrackstatsOpenTelemetryModule } from './opentelemetry.module.js';
export type { TrackstatsOpenTelemetryOptions } from './opentelemetry.options.js';

export { MissingModuleError } from '../errors/module.error.js';
export { InvalidPartOptionError, MissingPackageError } from '../errors/optional-part.error.js';
