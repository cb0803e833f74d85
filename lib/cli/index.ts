export { trackstatsCommands } from './trackstats-commands.js';

export { InvalidArgumentError } from '../errors/argument.error.js';
export { ApplicationNotFoundError, InterruptedError } from '../errors/cli.error.js';
export { MissingPackageError, PartWithoutModuleError } from '../errors/optional-part.error.js';
