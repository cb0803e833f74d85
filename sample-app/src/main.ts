import { mkdir } from 'node:fs/promises';
import { dirname } from 'node:path';
import { NestFactory } from '@nestjs/core';
import type { NestExpressApplication } from '@nestjs/platform-express';
import { AppModule } from './app.module.js';
import { openRepositories } from './git/repository.reader.js';
import { defaultDatabase, parseOptions, randomPassword, USAGE } from './options.js';
import { StartLogger } from './start.logger.js';

async function main(): Promise<void> {
  const options = parseOptions(process.argv.slice(2), process.env);
  if (options.help) {
    console.log(USAGE);
    return;
  }
  const repositories = await openRepositories(options.repos);
  const database = options.database ?? defaultDatabase(repositories);
  await mkdir(dirname(database), { recursive: true });

  const password = options.password ?? randomPassword();
  const module = AppModule.forRoot({ ...options, repositories, database, password });
  const logger = new StartLogger();
  const app = await NestFactory.create<NestExpressApplication>(module, { logger, abortOnError: false });
  app.useSecurityHeaders({ contentSecurityPolicy: { directives: { upgradeInsecureRequests: null } } });
  app.set('trust proxy', 'loopback'); // trust the address and protocol that a proxy on this machine reports
  app.enableShutdownHooks([], { useProcessExit: true });
  await app.listen(options.port, options.host);
  logger.hasStarted = true;
  console.log(`Activity of ${repositories.map(({ name }) => name).join(', ')}: ${await app.getUrl()}`);
  if (options.password === null) console.log(`Password: ${password}`);
}

function inOneLine(error: NodeJS.ErrnoException): string {
  if (error.code === 'EADDRINUSE')
    return `The port is in use already, choose another one with --port (${error.message})`;
  if (error.code?.startsWith('SQLITE_'))
    return `The database cannot be used, choose another file with --database (${error.message})`;
  return error.message.split('\n', 1).join();
}

main().catch((error: unknown) => {
  console.error(error instanceof Error ? inOneLine(error) : error);
  process.exit(1);
});
