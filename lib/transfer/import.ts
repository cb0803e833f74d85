import { ImportRefusedError } from '../errors/transfer.error.js';
import { TrackerOwnedError } from '../errors/statistic.error.js';
import type { StatisticContext } from '../statistics/index.js';
import { Period } from '../time/period.js';
import { EventLoopTurns } from './event-loop.js';
import type { ImportEntry } from './import-entry.js';
import { ImportIntake } from './import-intake.js';
import { type ImportResult, writeImport } from './import-write.js';

/**
 * Imports entries, all or nothing: they are checked and spooled first, then one transaction writes them.
 *
 * @param isForced writes what a tracker of the application computes, too
 * @throws ImportRefusedError, TrackerOwnedError
 */
export async function imported(
  context: StatisticContext,
  entries: AsyncIterable<ImportEntry>,
  isForced: boolean,
): Promise<ImportResult> {
  const intake = new ImportIntake(context);
  try {
    const turns = new EventLoopTurns(512);
    for await (const entry of entries) {
      if (turns.isDue()) await turns.turn();
      intake.take(entry);
    }
    if (intake.problemCount > 0) throw new ImportRefusedError(intake.problems, intake.problemCount);
    if (intake.owned !== null && !isForced) {
      const { metric, period, tracker } = intake.owned;
      throw new TrackerOwnedError('import', metric, Period.nameOf(period), tracker);
    }
    return await context.database.transaction(() => writeImport(context.database, intake));
  } finally {
    intake.spool.remove();
  }
}
