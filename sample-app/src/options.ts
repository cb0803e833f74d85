import { createHash } from 'node:crypto';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import type { RepositoryReader } from './git/repository.reader.js';

export const USAGE = `Shows the activity of a git repository.

  npm start -- [options]

  --repo DIR         the repository (default: the directory it is started in)
  --port NUMBER      the port to listen on (default: the environment's PORT, else 3000)
  --host HOST        the address to listen on (default: 127.0.0.1, this machine only)
  --time-zone ZONE   whose days are counted, as Europe/Amsterdam (default: the system's zone)
  --database FILE    the SQLite file (default: one for each repository in sample-app/data)
  --help             this text`;

export interface Options {
  repo: string;
  port: number;
  host: string;
  timeZone: string;
  database: string | null;
  help: boolean;
}

/** @throws {Error} that says what is wrong with the arguments */
export function parseOptions(args: string[], environment: NodeJS.ProcessEnv): Options {
  const { values } = parseArgs({
    args,
    options: {
      repo: { type: 'string', default: '.' },
      port: { type: 'string', default: environment.PORT ?? '3000' },
      host: { type: 'string', default: '127.0.0.1' },
      'time-zone': { type: 'string', default: Intl.DateTimeFormat().resolvedOptions().timeZone },
      database: { type: 'string' },
      help: { type: 'boolean', default: false },
    },
  });
  return {
    repo: values.repo,
    port: parsePort(values.port),
    host: values.host,
    timeZone: values['time-zone'],
    database: values.database ?? null,
    help: values.help,
  };
}

/** A file for each repository, outside of git's tracking. */
export function defaultDatabase({ name, gitDirectory }: RepositoryReader): string {
  const hash = createHash('sha256').update(gitDirectory).digest('hex').slice(0, 8);
  return join(import.meta.dirname, '..', 'data', `${name}-${hash}.sqlite`);
}

function parsePort(text: string): number {
  const port = Number(text);
  if (text.trim() === '' || !Number.isInteger(port) || port < 0 || port > 65535) {
    throw new Error(`The port is a number from 0 to 65535, not ${JSON.stringify(text)}`);
  }
  return port;
}
