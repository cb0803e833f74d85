import { existsSync, readFileSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import { pathToFileURL } from 'node:url';
import type { DynamicModule, Type } from '@nestjs/common';
import { ApplicationNotFoundError } from '../errors/cli.error.js';
import { shown } from '../errors/trackstats.error.js';
import { messageOf } from '../errors/error-message.js';

export type ApplicationModule = Type<unknown> | DynamicModule;

export interface ApplicationPlace {
  /** the compiled file that exports the application's root module */
  readonly module?: string | undefined;
  /** the name of the export. @default 'AppModule' */
  readonly export?: string | undefined;
}

/**
 * Loads the application's root module, which the command line or `"trackstats"` of the nearest package.json names.
 *
 * @throws ApplicationNotFoundError
 */
export async function loadApplication(given: ApplicationPlace, directory: string): Promise<ApplicationModule> {
  const configured = given.module === undefined ? configuredIn(directory) : null;
  const file = given.module === undefined ? configured?.module : resolve(directory, given.module);
  if (file === undefined) {
    throw new ApplicationNotFoundError(
      `Which application? Name the compiled file of its root module: --module ./dist/app.module.js, or in package.json: ` +
        `"trackstats": { "module": "./dist/app.module.js" }.`,
    );
  }
  if (!existsSync(file)) {
    throw new ApplicationNotFoundError(
      `There is no file ${shown(file)}. Build the application first, and name the compiled file of its root module.`,
    );
  }
  return exportOf(await imported(file), given.export ?? configured?.export ?? 'AppModule', file);
}

function configuredIn(directory: string): { module: string; export?: string } | null {
  for (let place = directory; ; place = dirname(place)) {
    const file = join(place, 'package.json');
    if (existsSync(file)) return configurationOf(file, place);
    if (dirname(place) === place) return null;
  }
}

function configurationOf(file: string, place: string): { module: string; export?: string } | null {
  const { trackstats } = JSON.parse(readFileSync(file, 'utf8')) as { trackstats?: ApplicationPlace };
  if (trackstats?.module === undefined) return null;
  return {
    module: resolve(place, trackstats.module),
    ...(trackstats.export === undefined ? {} : { export: trackstats.export }),
  };
}

async function imported(file: string): Promise<Record<string, unknown>> {
  try {
    return (await import(pathToFileURL(file).href)) as Record<string, unknown>;
  } catch (error) {
    const reason = messageOf(error);
    throw new ApplicationNotFoundError(`${shown(file)} cannot be loaded: ${reason}`, error);
  }
}

/** Returns an export. Those of a CommonJS file are properties of its default export. */
function exportOf(namespace: Record<string, unknown>, name: string, file: string): ApplicationModule {
  const inner = (namespace.default ?? {}) as Record<string, unknown>;
  const found = namespace[name] ?? inner[name];
  if (typeof found === 'function' || (typeof found === 'object' && found !== null && 'module' in found))
    return found as ApplicationModule;
  const names = [...new Set([...Object.keys(namespace), ...Object.keys(inner)])].filter((key) => key !== 'default');
  throw new ApplicationNotFoundError(
    `${shown(file)} exports no module ${shown(name)}; it exports ${names.map(shown).join(', ') || 'nothing'}. ` +
      `Name the right one with --export, or as "export" beside "module" in package.json.`,
  );
}
