import { createRequire } from 'node:module';
import type * as commander from 'commander';
import { MissingPackageError } from '../errors/optional-part.error.js';

export type Commander = typeof commander;

/**
 * The application's commander.
 *
 * @throws MissingPackageError
 */
export function requireCommander(): Commander {
  try {
    return createRequire(import.meta.url)('commander') as Commander;
  } catch (error) {
    throw new MissingPackageError('The command line of nestjs-trackstats', 'commander', `'commander@^14.0.0'`, error);
  }
}
