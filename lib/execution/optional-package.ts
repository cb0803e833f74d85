import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { MissingPackageError } from '../errors/optional-part.error.js';

/**
 * True if a package could not be loaded because it is not installed. A package that is installed and broken, or that
 * lacks a package of its own, is an error to see.
 */
export function isMissing(error: unknown, name: string): boolean {
  const { code, message } = Object(error) as { code?: unknown; message?: unknown };
  const isNotFound = code === 'ERR_MODULE_NOT_FOUND' || code === 'MODULE_NOT_FOUND';
  return isNotFound && typeof message === 'string' && namesMissing(message, name);
}

/** Node quotes what it looked for; Yarn PnP says who tried to access it, and a bundle the file that it was left out of. */
function namesMissing(message: string, name: string): boolean {
  const escaped = name.replaceAll(/[.*+?^${}()|[\]\\]/g, '\\$&');
  return new RegExp(`['"\`]${escaped}(['"\`/]|$)|(tried to access|Required package:) ${escaped}(?![\\w@./-])`).test(
    message,
  );
}

/** A package that an optional part of the library needs. */
export interface OptionalPackage {
  readonly name: string;
  /** what needs it, as the sentence begins */
  readonly part: string;
  /** what to install, as npm takes it, in the range that the library works with */
  readonly install: string;
}

/**
 * Loads an optional package of the application at once: where a decorator or forRoot cannot wait for an import.
 *
 * @throws MissingPackageError if it is not installed
 */
export function requirePackage(wanted: OptionalPackage): unknown {
  try {
    return requireFrom(homeOf(import.meta.url))(wanted.name) as unknown;
  } catch (error) {
    if (!isMissing(error, wanted.name)) throw error;
  }
  try {
    return requireFrom(homeOf(undefined))(wanted.name) as unknown;
  } catch (error) {
    throw missing(wanted, error);
  }
}

/**
 * Loads an optional package of the application when it is first needed.
 *
 * @param load imports it. The import is the caller's, so that bundlers see its name
 * @throws MissingPackageError if it is not installed
 */
export async function importPackage<T>(wanted: OptionalPackage, load: () => Promise<T>): Promise<T> {
  try {
    return await load();
  } catch (error) {
    throw missing(wanted, error);
  }
}

function missing({ name, part, install }: OptionalPackage, error: unknown): unknown {
  return isMissing(error, name) ? new MissingPackageError(part, name, install, error) : error;
}

/** Not imported: webpack would resolve what is required when it builds. */
function requireFrom(home: string | URL): NodeJS.Require {
  return process.getBuiltinModule('node:module').createRequire(home);
}

/** In a bundle a module's own place is none, or one of the machine that built it: packages are beside the main file. */
function homeOf(url: string | undefined): string | URL {
  return url ?? pathToFileURL(process.argv[1] ?? join(process.cwd(), 'main.js'));
}
