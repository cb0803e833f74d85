import type { Work } from '../../database/work.js';
import { TrackstatsError } from '../../errors/trackstats.error.js';
import type { Clock } from '../../trackstats.tokens.js';
import type { Increment, Outcomes } from './increment.js';
import { addAll } from './increment.query.js';
import { IncrementQueue, NothingWritten } from './increment.queue.js';
import type { StatisticContext } from '../filter/statistic.context.js';

/** Adds amounts in the database. Calls made together share a transaction. */
export class Incrementer {
  private readonly queue: IncrementQueue<Increment>;

  constructor(
    private readonly context: StatisticContext,
    private readonly clock: Clock,
  ) {
    this.queue = new IncrementQueue<Increment>(
      (increments, waitingSince) => this.flush(increments, waitingSince),
      context.database.connectionTimeout,
    );
  }

  /** Resolves when the amount is committed. */
  add(increment: Increment): Promise<void> {
    return this.queue.add(increment);
  }

  private flush(increments: readonly Increment[], waitingSince: number): Promise<Outcomes> {
    const now = this.clock();
    return this.context.database.transaction(() => this.work(increments, now), { waitingSince });
  }

  private *work(increments: readonly Increment[], now: Date): Work<Outcomes> {
    try {
      return yield* addAll(this.context, increments, now);
    } catch (error) {
      const isRefused = error instanceof TrackstatsError || !this.context.database.dialect.isTransient(error);
      throw isRefused ? new NothingWritten(error) : error;
    }
  }
}
