import type { INestApplicationContext } from '@nestjs/common';
import type { Command } from 'commander';
import { untilAborted } from '../database/cancellation.js';
import { InterruptedError } from '../errors/cli.error.js';
import { StatisticService } from '../statistics/index.js';
import { TrackerService } from '../execution/tracker.service.js';
import { exitCodeFor } from './exit-code.js';
import { Interruption } from './interruption.js';
import { Output } from './output.js';
import type { ApplicationSource } from './application.js';

/** Options of every command. */
export interface GlobalOptions {
  json?: boolean;
  verbose?: boolean;
  module?: string;
  export?: string;
}

/** Milliseconds that an interrupted command waits for the application to close. */
const LONGEST_GOODBYE = 2_000;

/** The context of a command. */
export class CommandContext {
  constructor(
    private readonly source: ApplicationSource,
    readonly output: Output,
    /** aborted by Ctrl-C */
    readonly signal: AbortSignal,
    readonly options: GlobalOptions,
  ) {}

  app(): Promise<INestApplicationContext> {
    return this.unlessStopped(this.source.open());
  }

  async trackers(): Promise<TrackerService> {
    return (await this.app()).get(TrackerService, { strict: false });
  }

  async statistics(): Promise<StatisticService> {
    return (await this.app()).get(StatisticService, { strict: false });
  }

  dataSource(): ReturnType<ApplicationSource['dataSource']> {
    return this.unlessStopped(this.source.dataSource());
  }

  /** Waits for a promise, but not after Ctrl-C. Use it only if nothing must be rolled back. */
  unlessStopped<T>(promise: Promise<T>): Promise<T> {
    return untilAborted(this.signal, promise);
  }
}

/** @returns the exit code */
export type CommandTask = (context: CommandContext) => Promise<number>;

/** Runs a command and sets the exit code of the process. */
export async function runCommand(source: ApplicationSource, command: Command, task: CommandTask): Promise<void> {
  const options = command.optsWithGlobals<GlobalOptions>();
  const output = new Output(options.json === true, process.stdout, process.stderr);
  const interruption = new Interruption(() => {
    output.noteBelow('Stopping; Ctrl-C once more ends at once.');
  });
  let code: number;
  try {
    code = await task(new CommandContext(source, output, interruption.signal, options));
  } catch (error) {
    output.note(messageOf(error, options.verbose === true));
    code = exitCodeFor(error);
  }
  try {
    await closed(source, interruption.signal);
  } finally {
    interruption.end();
  }
  process.exitCode = code;
}

async function closed(source: ApplicationSource, signal: AbortSignal): Promise<void> {
  if (!signal.aborted) return source.close();
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<void>((resolve) => (timer = setTimeout(resolve, LONGEST_GOODBYE)));
  await Promise.race([source.close(), late]);
  clearTimeout(timer);
}

function messageOf(error: unknown, isVerbose: boolean): string {
  if (!(error instanceof Error)) return String(error);
  const isOrdinary = error instanceof InterruptedError || !isVerbose;
  return isOrdinary ? error.message : (error.stack ?? error.message);
}
