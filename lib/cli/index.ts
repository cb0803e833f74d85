export { trackstatsCommands } from './trackstats-commands.js';

export { InvalidArgumentError } from '../errors/argument.error.js';
export { ApplicationNotFoundError, InterruptedError } from '../errors/cli.error.js';
export { MissingModuleError } from '../errors/module.error.js';
export { MissingPackageError } from '../errors/optional-part.error.js';
