import { mkdir } from 'node:fs/promises';
import { dirname } from 'node:path';
import { NestFactory } from '@nestjs/core';
import { AppModule } from './app.module.js';
import { RepositoryReader } from './git/repository.reader.js';
import { defaultDatabase, parseOptions, USAGE } from './options.js';

async function main(): Promise<void> {
  const options = parseOptions(process.argv.slice(2), process.env);
  if (options.help) {
    console.log(USAGE);
    return;
  }
  const repository = await RepositoryReader.open(options.repo);
  const database = options.database ?? defaultDatabase(repository);
  await mkdir(dirname(database), { recursive: true });

  const app = await NestFactory.create(AppModule.forRoot({ repository, database, timeZone: options.timeZone }), {
    logger: false, // what fails now is thrown, and told in one line below
    abortOnError: false,
  });
  app.useLogger(['error', 'warn']);
  app.useSecurityHeaders({ contentSecurityPolicy: { directives: { upgradeInsecureRequests: null } } });
  app.enableShutdownHooks([], { useProcessExit: true });
  await app.listen(options.port, options.host);
  console.log(`Activity of ${repository.name}: ${await app.getUrl()}`);
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
