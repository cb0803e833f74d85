import { MissingPackageError } from '../errors/optional-part.error.js';
import { isMissing } from '../execution/optional-package.js';

/**
 * csv-parse and csv-stringify are loaded when CSV is first read or written: what imports TransferService, as the HTTP
 * interface does, works without them.
 *
 * @throws MissingPackageError
 */
export const loadParse = async () => (await loaded('csv-parse', () => import('csv-parse'))).parse;

/** @throws MissingPackageError */
export const loadStringify = async () => (await loaded('csv-stringify', () => import('csv-stringify/sync'))).stringify;

/**
 * Loads an optional package.
 *
 * @throws MissingPackageError where it is not installed
 */
export async function loaded<T>(name: string, load: () => Promise<T>): Promise<T> {
  try {
    return await load();
  } catch (error) {
    throw isMissing(error, name)
      ? new MissingPackageError('CSV, unlike JSON Lines,', name, 'csv-parse csv-stringify', error)
      : error;
  }
}
