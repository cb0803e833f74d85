import { InterruptedError } from '../../errors/cli.error.js';
import type { LocalDate } from '../../time/local-date.js';
import { given, shellWord } from '../arguments.js';
import type { CommandContext, CommandTask } from '../command.context.js';
import { SUCCESS } from '../exit-code.js';
import { progressed, progressView } from '../progress.view.js';
import { resultText } from './run.command.js';

export interface BackfillArguments {
  from: string;
  to?: string;
  step?: number;
  resume?: boolean;
}

/** Recomputes a range of dates. If it is stopped, it says how to continue. */
export function backfill(tracker: string, options: BackfillArguments): CommandTask {
  return async (context) => {
    const { output, signal } = context;
    const trackers = await context.trackers();
    const view = progressView(output, options.resume !== true);
    let reached: LocalDate | null = null;
    try {
      const result = await trackers.backfill(tracker, {
        triggeredBy: 'cli',
        from: options.from,
        ...given({ to: options.to, step: options.step, resume: options.resume }),
        signal,
        onProgress: (progress) => {
          reached = progress.date;
          view.update(progressed(progress));
        },
      });
      view.end();
      await output.result(result, () => `${output.name(tracker)}: ${resultText(result)}`);
      return SUCCESS;
    } catch (error) {
      view.end();
      if (error instanceof InterruptedError) output.note(howToGoOn(context, tracker, options, reached));
      throw error;
    }
  };
}

function howToGoOn(
  { options: { module, export: name } }: CommandContext,
  tracker: string,
  { from, to, step, resume = false }: BackfillArguments,
  reached: LocalDate | null,
): string {
  const words = ['trackstats', 'backfill', tracker, '--from', from];
  if (to !== undefined) words.push('--to', to);
  if (step !== undefined) words.push('--step', String(step));
  if (module !== undefined) words.push('--module', module);
  if (name !== undefined) words.push('--export', name);
  if (reached !== null || resume) words.push('--resume');
  const done = reached === null ? 'Nothing was computed.' : `Computed and kept: everything through ${reached}.`;
  return `${done} To go on:\n  ${words.map(shellWord).join(' ')}`;
}
