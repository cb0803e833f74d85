import type { TrackerInfo } from '../../execution/tracker-overview.js';
import type { TrackerDrift } from '../../tracking/running/tracker-drift.js';
import { Period } from '../../time/period.js';
import { durationText } from '../progress.view.js';
import type { CommandTask } from '../command.context.js';
import { SUCCESS } from '../exit-code.js';
import { table } from '../output.js';

/** Lists the trackers with their state. */
export const list: CommandTask = async (context) => {
  const trackers = await context.trackers();
  const infos = await context.unlessStopped(trackers.list());
  // without nextRunAt, because this process has no schedules
  const shown = infos.map(({ nextRunAt: _, periods, ...info }) => ({
    ...info,
    periods: periods.map((period) => Period.nameOf(period)),
  }));
  await context.output.result(shown, () =>
    infos.length === 0
      ? 'There are no trackers.'
      : table(['TRACKER', 'METRIC', 'PERIODS', 'SCHEDULE', 'COVERED', 'AGE', 'LAST RUN', 'DRIFT'], infos.map(row)),
  );
  return SUCCESS;
};

function row({ name, metrics, periods, schedule, coverage, lagMs, lastRun, running, drift }: TrackerInfo): string[] {
  return [
    name,
    metrics.join(', '),
    periods.map((period) => Period.nameOf(period)).join(', '),
    schedule === null ? '-' : (schedule.cron ?? `every ${durationText(schedule.every ?? 0)}`),
    coverage === null ? '-' : `${coverage.from} to ${coverage.through}`,
    lagMs === null ? '-' : durationText(lagMs),
    running ? 'running' : (lastRun?.status ?? '-'),
    drift.length === 0 ? '-' : drift.map(driftText).join(', '),
  ];
}

/** Returns a drift in a few words: 'shopping/order_count +1', or 'shopping/basket 3 objects'. */
function driftText({ metric, of, keys, difference }: TrackerDrift): string {
  const amount = difference === null ? '' : ` ${difference.startsWith('-') ? '' : '+'}${difference}`;
  const series = of === 'total' ? '' : ` ${keys} ${of === 'objects' ? 'object' : 'group'}${keys === 1 ? '' : 's'}`;
  return amount === '' && series === ''
    ? `${metric} differs`
    : `${metric}${amount}${series === '' ? '' : ` in${series}`}`;
}
