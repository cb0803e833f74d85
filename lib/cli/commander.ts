import type * as commander from 'commander';
import { MissingPackageError } from '../errors/optional-part.error.js';
import { isMissing, requirePackage } from '../execution/optional-package.js';

export type Commander = typeof commander;

/**
 * The application's commander.
 *
 * @throws MissingPackageError
 */
export function requireCommander(): Commander {
  try {
    return requirePackage('commander') as Commander;
  } catch (error) {
    if (!isMissing(error, 'commander')) throw error;
    throw new MissingPackageError('The command line of nestjs-trackstats', 'commander', `'commander@^14.0.0'`, error);
  }
}
