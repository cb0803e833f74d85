import { InvalidArgumentError } from '../../errors/argument.error.js';
import { InterruptedError } from '../../errors/cli.error.js';
import type { TrackResult } from '../../tracking/running/track-result.js';
import type { CommandContext, CommandTask } from '../command.context.js';
import { exitCodeFor, FAILURE, SUCCESS, USAGE } from '../exit-code.js';
import { messageOf } from '../../errors/error-message.js';

/** The JSON of one run. */
interface RunReport {
  tracker: string;
  status: 'succeeded' | 'failed' | 'skipped';
  result: TrackResult | null;
  error: string | null;
}

/** Runs trackers one after the other. If one fails, the others run nevertheless. */
export function run(names: readonly string[], { all = false }: { all?: boolean }): CommandTask {
  return async (context) => {
    if (all === names.length > 0) {
      throw new InvalidArgumentError('The trackers to run', names.join(' '), 'Name some, or give --all, not both.');
    }
    const trackers = await context.trackers();
    const chosen = all ? (await trackers.list()).map(({ name }) => name) : names;
    const reports: RunReport[] = [];
    let code = SUCCESS;
    for (const name of chosen) {
      try {
        const result = await trackers.run(name, { triggeredBy: 'cli', signal: context.signal });
        const status = result === null ? 'skipped' : 'succeeded';
        reports.push({ tracker: name, status, result, error: null });
      } catch (error) {
        if (error instanceof InterruptedError || exitCodeFor(error) === USAGE) throw error;
        reports.push({ tracker: name, status: 'failed', result: null, error: messageOf(error) });
        code = FAILURE;
      }
    }
    await context.output.result(reports, () => reports.map((report) => line(context, report)).join('\n'));
    return code;
  };
}

function line({ output }: CommandContext, { tracker, status, result, error }: RunReport): string {
  const name = output.name(tracker);
  if (result !== null) return `${name}: ${resultText(result)}`;
  return status === 'skipped'
    ? `${name}: not run; another process is running it, or it has just been run.`
    : `${name}: failed: ${output.name(error ?? '')}`;
}

/** The result of a run. */
export function resultText({ from, through, written, removed, durationMs }: TrackResult): string {
  return `${from} to ${through} computed in ${(durationMs / 1000).toFixed(1)} s: ${written} rows written, ${removed} removed.`;
}
