import type { INestApplicationContext } from '@nestjs/common';
import type { Command } from 'commander';
import { runningApplication } from './application.js';
import { requireCommander } from './commander.js';
import { commandsOn } from './program.js';

/**
 * The commands of `npx trackstats` on an application that runs already, for a command line of its own. They set
 * `process.exitCode` and leave the application as it is.
 *
 * @throws MissingPackageError without commander
 * @example
 * ```ts
 * const app = await NestFactory.createApplicationContext(AppModule);
 * await program.addCommand(trackstatsCommands(app)).parseAsync(); // shop trackstats list
 * await app.close();
 * ```
 */
export function trackstatsCommands(app: INestApplicationContext): Command {
  return commandsOn(requireCommander(), runningApplication(app));
}
