export { trackstatsCommands } from './trackstats-commands.js';

export { ApplicationNotFoundError, InterruptedError, InvalidArgumentError } from '../errors/cli.error.js';
export { MissingPackageError, PartWithoutModuleError } from '../errors/optional-part.error.js';
