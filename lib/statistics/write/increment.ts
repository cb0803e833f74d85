import type { EntityManager } from 'typeorm';
import { InvalidPeriodError } from '../../errors/time.error.js';
import { TrackstatsError } from '../../errors/trackstats.error.js';
import { MS_PER_DAY } from '../../time/local-date.js';
import { Period, periodKind } from '../../time/period.js';
import { KEEP_KEYS } from '../../trackstats.options.js';
import type { Clock } from '../../trackstats.tokens.js';
import { readOneMetric } from '../filter/calls.js';
import { writtenAt } from '../filter/date-range.js';
import { requireOneCell } from '../filter/scope-filter.js';
import type { IncrementBase } from '../filter/statistic-filter.js';
import type { StatisticContext } from '../filter/statistic.context.js';
import { naturalKey } from '../../catalog/definitions.js';
import { addIncrements, addReading, type Increment, type Outcomes } from './increment.query.js';
import type { IncrementInterceptors, InterceptedBatch } from './increment-interceptors.js';
import { pruneKeys } from './increment-key.query.js';
import { IncrementQueue, NothingWritten } from './increment.queue.js';
import { incrementStatement } from './increment.statement.js';
import type { KnownMetrics } from './known-metrics.js';

/*
 * How increments are batched. Each call is checked here as far as possible without the database (`checkIncrement`), and
 * waits in a queue (increment.queue.ts). The calls of one moment form a batch; calls that arrive while a batch is being
 * written form the next one. A batch is one transaction (increment.query.ts): it reads the metrics and their coverages
 * in one statement, sums the amounts by row, and writes every row once. So a thousand calls for one counter are one
 * UPDATE, and two processes that count the same row wait for each other once a batch.
 *
 * On PostgreSQL and MariaDB a batch whose metrics an earlier one has read is a single statement (increment.statement.ts):
 * one round trip. It has the condition that what was read still holds, and that no key is stored. Otherwise it writes
 * nothing, and the batch is a transaction.
 *
 * An increment that may not be written (a tracker owns its statistic, its sum has too many digits) is the outcome of
 * its own call; the rest of its batch is written. If the database refuses the batch, each increment is tried alone, but
 * only when it is certain that nothing was committed.
 *
 * An increment with a key counts once (increment-key.query.ts). The keys of a batch are one INSERT, which leaves out those
 * that are stored; only the increments of the others are summed.
 *
 * An increment with a `manager` is a part of that transaction and of no batch.
 */

/**
 * Checks an amount to add.
 *
 * @throws InvalidValueError, InvalidPeriodError, InvalidFilterError and the errors of its metric, date and scope
 */
export function checkIncrement(context: StatisticContext, s: IncrementBase, now: Date): Increment {
  const { metric, period, range, scope, options } = readOneMetric(context, 'increment', s);
  if (periodKind(period) !== 'bucket') {
    throw new InvalidPeriodError(
      Period.nameOf(period),
      'increment takes DAY, calendar periods, HOUR and minutes, whose values do not overlap. Read sums of them with total.',
    );
  }
  return {
    metric,
    table: scope.table,
    cell: requireOneCell(scope),
    period,
    at: writtenAt('increment', period, range, now),
    value: options.by,
    key: options.key ?? null,
    isDated: range.date !== undefined || range.at !== undefined,
  };
}

const PRUNE_INTERVAL = 3_600_000;
/** The number of keys that one transaction removes. */
const PRUNE_STEP = 1_000;

/** Adds amounts in the database. Calls made together share a transaction. */
export class Incrementer {
  private readonly queue: IncrementQueue<Increment>;
  private prunedAt = -Infinity;

  constructor(
    private readonly context: StatisticContext,
    private readonly known: KnownMetrics,
    private readonly clock: Clock,
    private readonly interceptors: IncrementInterceptors,
  ) {
    this.queue = new IncrementQueue<Increment>(
      (increments, waitingSince, callers) =>
        interceptors.write(
          () => interceptedBatch(increments, callers()),
          () => this.flush(increments, waitingSince),
        ),
      context.database.connectionTimeout,
    );
  }

  /** Resolves when the amount is committed. */
  add(increment: Increment): Promise<void> {
    return this.queue.add(increment, this.interceptors.enter());
  }

  /** Adds an amount at once, as a part of a transaction of the application. */
  async addWithin(manager: EntityManager, increment: Increment): Promise<void> {
    await this.interceptors.write(
      () => interceptedBatch([increment], [this.interceptors.enter()]),
      () => this.writeWithin(manager, increment),
    );
    if (increment.key !== null) this.pruneKeysSoon();
  }

  private writeWithin(manager: EntityManager, increment: Increment): Promise<Outcomes> {
    const now = this.clock();
    const { context } = this;
    return context.database.write('increment', manager, function* () {
      const outcomes = yield* addIncrements(context, [increment], now);
      const [problem] = outcomes;
      // thrown, so that nothing of it stays in the transaction
      if (problem !== null && problem !== undefined) throw problem;
      return outcomes;
    });
  }

  /** Removes old keys beside the calls, once an hour and in steps, so that no transaction is long. */
  private pruneKeysSoon(): void {
    const now = this.clock();
    if (now.getTime() - this.prunedAt < PRUNE_INTERVAL) return;
    this.prunedAt = now.getTime();
    const before = new Date(now.getTime() - (this.context.options.keepKeys ?? KEEP_KEYS) * MS_PER_DAY);
    // nothing depends on it: what a shutdown or a busy database leaves goes an hour later
    this.pruneKeysBefore(before).catch(() => undefined);
  }

  private async pruneKeysBefore(before: Date): Promise<void> {
    const { database } = this.context;
    let removed: number;
    do removed = await database.transaction(() => pruneKeys(database, before, PRUNE_STEP));
    while (removed === PRUNE_STEP);
  }

  private async flush(increments: readonly Increment[], waitingSince: number): Promise<Outcomes> {
    const outcomes = await this.write(increments, waitingSince);
    if (increments.some(({ key }) => key !== null)) this.pruneKeysSoon();
    return outcomes;
  }

  private async write(increments: readonly Increment[], waitingSince: number): Promise<Outcomes> {
    const now = this.clock();
    const { database } = this.context;
    const statement = incrementStatement(this.context, increments, this.known, now);
    if (statement !== null && (await database.addTogether(statement, { waitingSince }))) {
      return increments.map(() => null);
    }
    const { outcomes, read } = await database.write('increment', undefined, () => this.work(increments, now), {
      waitingSince,
    });
    this.known.remember(read);
    return outcomes;
  }

  private *work(increments: readonly Increment[], now: Date): ReturnType<typeof addReading> {
    try {
      return yield* addReading(this.context, increments, now);
    } catch (error) {
      const { driver } = this.context.database;
      const isRefused = error instanceof TrackstatsError || !driver.isPassing(error);
      throw isRefused ? new NothingWritten(error) : error;
    }
  }
}

function interceptedBatch(increments: readonly Increment[], callers: readonly unknown[]): InterceptedBatch {
  return { metrics: [...new Set(increments.map(({ metric }) => naturalKey(metric)))], callers };
}
