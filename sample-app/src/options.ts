import { createHash, randomBytes } from 'node:crypto';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import type { RepositoryReader } from './git/repository.reader.js';

export const USAGE = `Shows the activity of git repositories.

  npm start -- [options]

  --repo DIR         a repository; can be given several times (default: the directory it is started in)
  --public           everybody may read; the password is for running trackers only
  --port NUMBER      the port to listen on (default: the environment's PORT, else 3000)
  --host HOST        the address to listen on (default: 127.0.0.1, this machine only)
  --time-zone ZONE   whose days are counted, as Europe/Amsterdam (default: the system's zone)
  --database FILE    the SQLite file (default: one for the repositories together, in sample-app/data)
  --help             this text

The environment's SAMPLE_PASSWORD is the password, of 8 characters or more; without it one is made and printed.`;

export interface Options {
  repos: string[];
  isPublic: boolean;
  port: number;
  host: string;
  timeZone: string;
  database: string | null;
  /** null if none was given */
  password: string | null;
  help: boolean;
}

/** @throws {Error} that says what is wrong with the arguments */
export function parseOptions(args: string[], environment: NodeJS.ProcessEnv): Options {
  const { values } = parseArgs({
    args,
    options: {
      repo: { type: 'string', multiple: true, default: ['.'] },
      public: { type: 'boolean', default: false },
      port: { type: 'string', default: environment.PORT ?? '3000' },
      host: { type: 'string', default: '127.0.0.1' },
      'time-zone': { type: 'string', default: Intl.DateTimeFormat().resolvedOptions().timeZone },
      database: { type: 'string' },
      help: { type: 'boolean', default: false },
    },
  });
  return {
    repos: values.repo,
    isPublic: values.public,
    port: parsePort(values.port),
    host: values.host,
    timeZone: values['time-zone'],
    database: values.database ?? null,
    password: parsePassword(environment.SAMPLE_PASSWORD),
    help: values.help,
  };
}

/** Returns the path of a file per set of repositories, which git ignores. */
export function defaultDatabase(repositories: readonly RepositoryReader[]): string {
  const directories = repositories.map(({ gitDirectory }) => gitDirectory).sort();
  const hash = createHash('sha256').update(JSON.stringify(directories)).digest('hex').slice(0, 12);
  return join(import.meta.dirname, '..', 'data', `${repositories[0]?.name ?? ''}-${hash}.sqlite`);
}

/** Returns 96 random bits. */
export function randomPassword(): string {
  return randomBytes(12).toString('base64url');
}

/** Read from the environment, because every user of the machine can see arguments in the list of processes. */
function parsePassword(text: string | undefined): string | null {
  if (text === undefined) return null;
  if (text.length < 8) throw new Error('SAMPLE_PASSWORD is shorter than 8 characters');
  return text;
}

function parsePort(text: string): number {
  const port = Number(text);
  if (text.trim() === '' || !Number.isInteger(port) || port < 0 || port > 65535) {
    throw new Error(`The port is a number from 0 to 65535, not ${JSON.stringify(text)}`);
  }
  return port;
}
