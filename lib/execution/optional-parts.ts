import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import type { InjectionToken } from '@nestjs/common';
import type { ModuleRef } from '@nestjs/core';
import { MissingModuleError } from '../errors/module.error.js';
import { MissingPackageError } from '../errors/optional-part.error.js';

/**
 * True if a package could not be loaded because it is not installed. One that is installed but broken, or whose own
 * dependency is missing, must show its error.
 */
export function isMissing(error: unknown, name: string): boolean {
  const { code, message } = Object(error) as { code?: unknown; message?: unknown };
  const isNotFound = code === 'ERR_MODULE_NOT_FOUND' || code === 'MODULE_NOT_FOUND';
  return isNotFound && typeof message === 'string' && namesMissing(message, name);
}

/** Node quotes the package in its message. Yarn PnP and bundles have texts of their own. */
function namesMissing(message: string, name: string): boolean {
  const escaped = name.replaceAll(/[.*+?^${}()|[\]\\]/g, '\\$&');
  return new RegExp(`['"\`]${escaped}(['"\`/]|$)|(tried to access|Required package:) ${escaped}(?![\\w@./-])`).test(
    message,
  );
}

/** A package that an optional part of the library needs. */
export interface OptionalPackage {
  readonly name: string;
  /** the part that needs it, as the first words of the message */
  readonly part: string;
  /** the package with its range of versions, as `npm install` takes it */
  readonly install: string;
}

/**
 * Loads an optional package of the application synchronously, for decorators and `forRoot`, which cannot await.
 *
 * @throws MissingPackageError if it is not installed
 */
export function requirePackage(optional: OptionalPackage): unknown {
  try {
    return requireFrom(homeOf(import.meta.url))(optional.name) as unknown;
  } catch (error) {
    if (!isMissing(error, optional.name)) throw error;
  }
  try {
    return requireFrom(homeOf(undefined))(optional.name) as unknown;
  } catch (error) {
    throw missingPackageOr(optional, error);
  }
}

/**
 * The error of the first import of each package, null if there was none. webpack's runtime throws once for a package that
 * is not installed, and answers all later imports with an empty module, also those that wait beside the first.
 */
const firstErrors = new Map<string, Promise<unknown>>();

/**
 * Loads an optional package of the application when it is first needed.
 *
 * @param load imports it. Write the import at the call, so that bundlers see the package's name
 * @throws MissingPackageError if it is not installed
 */
export async function importPackage<T>(optional: OptionalPackage, load: () => Promise<T>): Promise<T> {
  const first = firstErrors.get(optional.name);
  if (first !== undefined) {
    const error = await first;
    if (isMissing(error, optional.name)) throw missingPackageOr(optional, error);
  }
  const loading = load();
  if (first === undefined) {
    firstErrors.set(
      optional.name,
      loading.then(
        () => null,
        (error: unknown) => error,
      ),
    );
  }
  try {
    return await loading;
  } catch (error) {
    throw missingPackageOr(optional, error);
  }
}

function missingPackageOr({ name, part, install }: OptionalPackage, error: unknown): unknown {
  return isMissing(error, name) ? new MissingPackageError(part, name, install, error) : error;
}

/** `createRequire` is not imported, because webpack would resolve the required packages when it builds. */
function requireFrom(home: string | URL): NodeJS.Require {
  return process.getBuiltinModule('node:module').createRequire(home);
}

/**
 * In a bundle `import.meta.url` is undefined, or a path of the machine that built it. The packages are then beside the
 * main file.
 */
function homeOf(url: string | undefined): string | URL {
  return url ?? pathToFileURL(process.argv[1] ?? join(process.cwd(), 'main.js'));
}

/**
 * Returns a provider of TrackstatsModule for an optional part. It looks the provider up instead of injecting it, so
 * that it is found even if that module is not global, and so that the error can name the missing module.
 *
 * @param part the part that needs it, for the message
 * @throws MissingModuleError
 */
export function requireProvider<T>(application: Pick<ModuleRef, 'get'>, token: InjectionToken<T>, part: string): T {
  try {
    return application.get<T>(token, { strict: false });
  } catch {
    throw new MissingModuleError(part); // `get` throws if no module provides it
  }
}
