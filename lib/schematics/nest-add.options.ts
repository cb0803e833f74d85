import { SchematicError } from './schematic.error.js';

/** Options of `nest add nestjs-trackstats`, as nest-add.schema.json describes them. */
export interface NestAddOptions {
  entity?: string | undefined;
  dateField?: string | undefined;
  timeZone?: string | undefined;
  dashboard?: boolean | undefined;
  module?: string | undefined;
  skipTypeorm?: boolean | undefined;
  sourceRoot?: string | undefined;
  skipInstall?: boolean | undefined;
}

const NAMES = [
  'entity',
  'dateField',
  'timeZone',
  'dashboard',
  'module',
  'skipTypeorm',
  'sourceRoot',
  'skipInstall',
] as const satisfies (keyof NestAddOptions)[];

/** Options of the Nest CLI, which it passes on. */
const OF_THE_CLI = ['dryRun', 'project', 'd', 's', 'p'];

/**
 * Checks the options. Texts that are empty, as an answer to a question can be, are left out.
 *
 * @throws SchematicError
 */
export function readOptions(given: NestAddOptions): NestAddOptions & { readonly sourceRoot: string } {
  const unknown = Object.keys(given).filter((name) => ![...NAMES, ...OF_THE_CLI].includes(name));
  if (unknown.length > 0)
    throw new SchematicError(
      `There is no option ${unknown.map(flag).join(', ')}.`,
      `Expected some of ${NAMES.slice(0, 6).map(flag).join(', ')}.`,
    );
  const options = Object.fromEntries(Object.entries(given).filter(([, value]) => value !== '')) as NestAddOptions;
  if (options.timeZone !== undefined) checkTimeZone(options.timeZone);
  if (options.dateField !== undefined && options.entity === undefined)
    throw new SchematicError('--date-field is given without --entity.', 'Name the entity that it is a property of.');
  return { ...options, sourceRoot: (options.sourceRoot ?? 'src').replace(/^\.?\/+|\/+$/g, '') };
}

function flag(name: string): string {
  return `--${name.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`)}`;
}

function checkTimeZone(timeZone: string): void {
  try {
    new Intl.DateTimeFormat('en', { timeZone });
  } catch {
    throw new SchematicError(`--time-zone is "${timeZone}".`, 'Expected an IANA time zone, such as Europe/Amsterdam.');
  }
}
