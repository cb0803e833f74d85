#!/usr/bin/env node
import { createRequire } from 'node:module';
import type { Command } from 'commander';
import { loadApplication, type ApplicationModule } from './application.file.js';
import type { GlobalOptions } from './command.context.js';
import { exitCodeFor, SUCCESS, USAGE } from './exit-code.js';
import { Output } from './output.js';
import { commandsOn, requireCommander, type Commander } from './program.js';
import { StderrLogger } from './stderr.logger.js';
import { messageOf } from '../errors/error-message.js';

/** The command line: `npx trackstats`. */
async function main(): Promise<void> {
  const output = new Output(false, process.stdout, process.stderr);
  let commander: Commander;
  try {
    commander = requireCommander();
  } catch (error) {
    output.note(messageOf(error));
    process.exitCode = exitCodeFor(error);
    return;
  }
  let program: Command | null = null;
  const options = (): GlobalOptions => program?.opts<GlobalOptions>() ?? {};
  const load = (): Promise<ApplicationModule> =>
    loadApplication({ module: options().module, export: options().export }, process.cwd());
  const logger = new StderrLogger(output, () => options().verbose === true);
  program = commandsOn(commander, ({ StartedApplication }) => new StartedApplication(load, logger))
    .version(version(), '-V, --version', 'the version of nestjs-trackstats')
    .option('--module <file>', "the compiled file that exports the application's root module")
    .option('--export <name>', "the root module's name there (default: AppModule)");
  await parsed(program, commander, output);
}

function version(): string {
  return (createRequire(import.meta.url)('nestjs-trackstats/package.json') as { version: string }).version;
}

async function parsed(program: Command, { CommanderError }: Commander, output: Output): Promise<void> {
  for (const command of [program, ...program.commands]) command.exitOverride();
  try {
    await program.parseAsync();
  } catch (error) {
    // commander has printed the error of the arguments, or the help
    if (error instanceof CommanderError) process.exitCode = error.exitCode === 0 ? SUCCESS : USAGE;
    else {
      output.note(messageOf(error));
      process.exitCode = exitCodeFor(error);
    }
  }
}

// the reader of the output may end first, as `head` does
process.stdout.on('error', () => {
  process.exit();
});
// the application may have left handles open: the process ends when its output is written
void main().finally(() => {
  process.stdout.write('', () => {
    process.stderr.write('', () => {
      process.exit();
    });
  });
});
