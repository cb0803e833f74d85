import { resolveMetric } from '../../catalog/catalog.store.js';
import type { Metric } from '../../catalog/metric.entity.js';
import type { Cancellation } from '../../database/cancellation.js';
import type { Database } from '../../database/database.js';
import type { Work } from '../../database/work.js';
import { rangeOf, storedMoment } from '../../statistics/filter/date-range.js';
import type { ObjectTypes } from '../../statistics/filter/object-types.js';
import { cellId, selectBuckets, selectRows } from '../../statistics/read/rows.query.js';
import { customScope, objectScope, TOTAL_SCOPE } from '../../coverage/scope.js';
import { statisticTableOf } from '../../statistics/tables/statistic-table.js';
import { removeCells } from '../../statistics/write/remove.js';
import { rowId, writeRows } from '../../statistics/write/write.query.js';
import type { LocalDate } from '../../time/local-date.js';
import { localDateAt } from '../../time/time-zone.js';
import type { Clock } from '../../trackstats.tokens.js';
import type { MethodDefinition } from '../definition/define-method.js';
import type { MethodResults, ResultRows } from './method-results.js';
import type { MethodTracker } from '../definition/registered-tracker.js';
import type { TrackResult } from './track-result.js';

/** Options of a method's run. */
export interface MethodRunOptions {
  readonly now: Date;
  readonly cancellation: Cancellation;
  /** last statements of the run's transaction */
  readonly conclude?: (result: TrackResult) => Work<void>;
}

/** Runs a method with @Track. Its result replaces the statistics of today, or of the current bucket. */
export class MethodRunner {
  constructor(
    private readonly database: Database,
    private readonly objectTypes: ObjectTypes,
    private readonly results: MethodResults,
    private readonly clock: Clock,
  ) {}

  /**
   * Returns the scope that a method owns. A method without object and statistic shows only when it runs whether it
   * records a total or rows by object. It owns the total, and in addition the objects' rows that no other tracker owns.
   *
   * @throws InvalidObjectError, MissingEntityError
   */
  scopeOf({ object, statistic }: MethodDefinition): string {
    if (statistic !== null) return customScope(statisticTableOf(this.database, statistic));
    return object === null ? TOTAL_SCOPE : objectScope(this.objectTypes.refOf(object));
  }

  /** @throws InvalidResultError, InvalidValueError, InvalidObjectError, and the errors of the method */
  async run(tracker: MethodTracker, { now, cancellation, conclude }: MethodRunOptions): Promise<TrackResult> {
    const { definition } = tracker;
    const started = this.clock().getTime();
    const date = localDateAt(now, definition.timeZone);
    const returned = await cancellation.during(tracker.call({ now, date, signal: cancellation.signal }));
    const results = this.results.of(definition, returned);
    return this.database.transaction(() => this.record(definition, results, { now, date, started, conclude }), {
      cancellation,
    });
  }

  private *record(
    definition: MethodDefinition,
    results: readonly ResultRows[],
    {
      now,
      date,
      started,
      conclude,
    }: { now: Date; date: LocalDate; started: number; conclude: MethodRunOptions['conclude'] },
  ): Work<TrackResult> {
    const result = { tracker: definition.name, from: date, through: date, written: 0, removed: 0, durationMs: 0 };
    const metric = results.length === 0 ? null : yield* resolveMetric(this.database, definition.metric);
    for (const rows of metric === null ? [] : results) {
      const replaced = yield* this.replace(definition, metric as Metric, { now, date }, rows);
      result.written += replaced.written;
      result.removed += replaced.removed;
    }
    result.durationMs = this.clock().getTime() - started;
    if (conclude !== undefined) yield* conclude(result);
    return result;
  }

  /** Replaces the rows of one table of today, or of the current bucket, by those that were returned. */
  private *replace(
    { period, weekStart, timeZone }: MethodDefinition,
    metric: Metric,
    { now, date: today }: { now: Date; date: LocalDate },
    { table, rows, within, mayRemove }: ResultRows,
  ): Work<{ written: number; removed: number }> {
    const moment = storedMoment(period, now, { timeZone, today, weekStart });
    const selected = { table, alternatives: [within], metrics: [metric], period };
    const range = rangeOf(moment);
    const found =
      'parts' in range
        ? yield* selectBuckets(this.database, { ...selected, range })
        : yield* selectRows(this.database, { ...selected, range });
    const stored = new Map(found.map((row) => [cellId(table, row.cell), row]));
    const changed = [...rows].filter(([id, { value }]) => stored.get(id)?.value !== value).map(([, row]) => row);
    const gone = [...stored].filter(([id, { cell }]) => !rows.has(id) && mayRemove(cell)).map(([, { cell }]) => cell);
    yield* removeCells(this.database, { ...selected, range }, gone);
    const written = changed.map((row) => ({ ...row, table, metric, period, ...moment }));
    yield* writeRows(this.database, new Map(written.map((row) => [rowId(row), row])), 'replace');
    return { written: changed.length, removed: gone.length };
  }
}
