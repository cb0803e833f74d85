import type { INestApplicationContext } from '@nestjs/common';
import type { Command } from 'commander';
import type { Check } from '../validation/check.js';
import { readArgument } from '../validation/options.js';
import { runningApplication } from './application.js';
import { commandsOn, requireCommander } from './program.js';

const application: Check<INestApplicationContext> = (given, refuse) => {
  const app = given as Partial<INestApplicationContext> | null | undefined;
  const isApplication = typeof app?.get === 'function' && typeof app.close === 'function';
  return isApplication
    ? (app as INestApplicationContext)
    : refuse('Expected an application: await NestFactory.createApplicationContext(AppModule).');
};

/**
 * Returns the commands of `npx trackstats`, to add them to an application's own command line. They use the application
 * that is running, leave it open, and set `process.exitCode`.
 *
 * @throws MissingPackageError without commander
 * @example
 * ```ts
 * import { NestFactory } from '@nestjs/core';
 * import { program } from 'commander';
 *
 * const app = await NestFactory.createApplicationContext(AppModule);
 * await program.addCommand(trackstatsCommands(app)).parseAsync(); // shop trackstats list
 * await app.close();
 * ```
 */
export function trackstatsCommands(app: INestApplicationContext): Command {
  readArgument('trackstatsCommands: app', app, application);
  return commandsOn(requireCommander(), () => runningApplication(app));
}
