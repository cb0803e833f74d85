import type { TrackerRun } from '../../execution/tracker-run.js';
import { given } from '../arguments.js';
import type { CommandTask } from '../command.context.js';
import { SUCCESS } from '../exit-code.js';
import { table } from '../output.js';

/** Lists the runs of a tracker, the latest first. */
export function history(tracker: string, { limit = 20 }: { limit?: number }): CommandTask {
  return async (context) => {
    const trackers = await context.trackers();
    const runs = await context.unlessStopped(trackers.history(tracker, given({ limit })));
    await context.output.result(runs, () =>
      runs.length === 0
        ? 'It has not run yet.'
        : table(
            ['STARTED', 'STATUS', 'SECONDS', 'COMPUTED', 'WRITTEN', 'REMOVED', 'BY', 'HOST', 'ERROR'],
            runs.map(row),
          ),
    );
    return SUCCESS;
  };
}

function row(run: TrackerRun): string[] {
  const seconds = run.finishedAt === null ? null : (run.finishedAt.getTime() - run.startedAt.getTime()) / 1000;
  return [
    run.startedAt.toISOString(),
    run.status,
    seconds === null ? '-' : seconds.toFixed(1),
    run.from === null ? '-' : `${run.from} to ${run.through ?? '?'}`,
    String(run.written),
    String(run.removed),
    run.triggeredBy ?? '-',
    run.host,
    run.error?.split('\n')[0] ?? '',
  ];
}
