import { InvalidArgumentError } from '../../errors/argument.error.js';
import type { PruneFilter } from '../../statistics/index.js';
import { Period } from '../../time/period.js';
import { given } from '../arguments.js';
import type { CommandTask } from '../command.context.js';
import { SUCCESS } from '../exit-code.js';

export interface PruneArguments {
  metric: readonly string[];
  period?: string;
  before?: string;
  keep?: number;
}

/** Removes old statistics. */
export function pruneStatistics({ metric, period, before, keep }: PruneArguments): CommandTask {
  return async (context) => {
    if ((before === undefined) === (keep === undefined)) {
      throw new InvalidArgumentError('What to keep', before, 'Give one of --before DATE and --keep DAYS.');
    }
    const filter = {
      metrics: metric,
      ...given({ before, keep, period: period === undefined ? undefined : Period.parse(period) }),
    } as PruneFilter;
    const removed = await (await context.statistics()).prune(filter);
    await context.output.result({ removed }, () => `${removed} rows removed.`);
    return SUCCESS;
  };
}
