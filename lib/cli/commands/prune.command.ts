import { InvalidArgumentError } from '../../errors/argument.error.js';
import type { PruneFilter } from '../../statistics/index.js';
import { Period } from '../../time/period.js';
import { given } from '../arguments.js';
import type { CommandTask } from '../command.context.js';
import { SUCCESS } from '../exit-code.js';
import { table } from '../output.js';

export interface PruneArguments {
  metric: readonly string[];
  period?: string;
  before?: string;
  keep?: number;
  dryRun?: boolean;
}

/** Removes old statistics. */
export function pruneStatistics({ metric, period, before, keep, dryRun = false }: PruneArguments): CommandTask {
  return async (context) => {
    if ((before === undefined) === (keep === undefined)) {
      throw new InvalidArgumentError('What to keep', before, 'Give one of --before DATE and --keep DAYS.');
    }
    const filter = {
      metrics: metric,
      ...given({ before, keep, period: period === undefined ? undefined : Period.parse(period) }),
    } as PruneFilter;
    const statistics = await context.statistics();
    if (dryRun) {
      const found = await context.unlessStopped(statistics.prunable(filter));
      const shown = found.map(({ period, ...rest }) => ({ ...rest, period: Period.nameOf(period) }));
      await context.output.result(shown, () =>
        shown.length === 0
          ? 'Nothing would be removed.'
          : table(
              ['METRIC', 'PERIOD', 'ROWS', 'KEPT FROM'],
              shown.map((one) => [one.metric, one.period, String(one.rows), one.before]),
            ),
      );
      return SUCCESS;
    }
    const removed = await statistics.prune(filter);
    await context.output.result({ removed }, () => `${removed} rows removed.`);
    return SUCCESS;
  };
}
