import sql, { empty, join, raw, type Sql } from 'sql-template-tag';
import type { Cancellation } from '../database/cancellation.js';
import type { Database } from '../database/database.js';
import type { Table } from '../database/table.js';
import { execute, executeDeferred, query, queryOne, type Work } from '../database/work.js';
import { type LocalDate, MS_PER_DAY } from '../time/local-date.js';
import type { ResolvedScheduling } from '../trackstats.options.js';
import type { DatabaseClock } from './database-clock.js';
import type { LeaseService } from './lease.service.js';
import type { RunInsert, SharedState } from './lease.store.js';
import type { RunStatus, TrackerRun } from './tracker-run.js';
import { TrackerRunRecord } from './run-tables.js';
import { storableMessage } from '../errors/error-message.js';

const LONGEST_ERROR = 10_000;

/** The fields of a run that are known when it starts. */
export type StartedRun = Pick<TrackerRun, 'tracker' | 'slot' | 'attempt' | 'startedAt'> & {
  readonly triggeredBy: string;
};

/** The fields of a run that its progress or its end sets. Rows may be counted by the statement that sets them. */
export type RunProgress = Pick<TrackerRun, 'status' | 'finishedAt' | 'error'> &
  Partial<Pick<TrackerRun, 'from' | 'through'> & { written: number | Sql; removed: number | Sql }>;

/** Stores which trackers ran, when, and with what result. */
export class RunHistory {
  constructor(
    private readonly database: Database,
    private readonly leases: LeaseService,
    private readonly clock: DatabaseClock,
    private readonly kept: ResolvedScheduling['history'],
  ) {}

  /**
   * Records the start of a run.
   *
   * @param fence of its lease
   * @returns its id
   */
  *start(run: StartedRun, fence: number): Work<number> {
    const { insert, insertedId } = this.startOf(run, this.database.dialect.bigint(fence), empty);
    if (this.database.dialect.returnsRows) {
      const inserted = yield* queryOne<{ id: unknown }>(sql`${insert} RETURNING ${insertedId} AS id`);
      return Number(inserted?.id);
    }
    const inserted = yield insert;
    return inserted.insertedId ?? 0;
  }

  /**
   * Returns the statement that records the start of a run.
   *
   * @param from a FROM item that has the fence; empty for none
   */
  startOf(run: StartedRun, fence: Sql, from: Sql): RunInsert {
    const table = this.database.table(TrackerRunRecord);
    const { dialect } = this.database;
    const values = {
      tracker: dialect.text(run.tracker),
      slot: run.slot === null ? sql`NULL` : dialect.bigint(run.slot.getTime()),
      status: dialect.text('running'),
      attempt: dialect.integer(run.attempt),
      startedAt: dialect.bigint(run.startedAt.getTime()),
      written: raw('0'),
      removed: raw('0'),
      host: dialect.text(this.leases.host),
      fence,
      triggeredBy: dialect.text(run.triggeredBy),
    };
    const columns = Object.keys(values).map((property) => table.column(property));
    const rows = sql`SELECT ${join(Object.values(values))}${from === empty ? empty : sql` FROM ${from}`}`;
    return { insert: sql`INSERT INTO ${table.path} (${join(columns)}) ${rows}`, insertedId: table.column('id') };
  }

  /**
   * Records the progress or the end of a run. Call it in the transaction that writes the statistics. A run that has ended
   * stays as it ended: a process that never hears of its own COMMIT takes its lease for lost. After a failover the entry
   * may be gone, because nothing waits until its commit is replicated, and another run may have its id.
   */
  *update({ runId, tracker }: { readonly runId: number; readonly tracker: string }, progress: RunProgress): Work<void> {
    const { dialect } = this.database;
    const table = this.database.table(TrackerRunRecord);
    const values = {
      ...progress,
      finishedAt: progress.finishedAt?.getTime() ?? null,
      error: progress.error === null ? null : storableMessage(progress.error, LONGEST_ERROR),
    };
    const assignments = Object.entries(values).map(([property, value]) => sql`${table.column(property)} = ${value}`);
    yield* executeDeferred(
      sql`UPDATE ${table.path} SET ${join(assignments)} WHERE ${table.column('id')} = ${runId} AND ${table.column('status')} = 'running'
AND ${table.column('tracker')} = ${dialect.text(tracker)} AND ${table.column('host')} = ${dialect.text(this.leases.host)}`,
    );
  }

  /** Returns the latest runs of a tracker, the latest first. */
  async list(tracker: string, limit: number): Promise<TrackerRun[]> {
    return this.read((table) => {
      const { dialect } = this.database;
      const ofTracker = sql`r.${table.column('tracker')} = ${dialect.text(tracker)}`;
      return sql`WHERE ${ofTracker} ORDER BY r.${table.column('id')} DESC ${dialect.limit(limit)}`;
    });
  }

  /** Returns the latest run of each tracker. */
  async latest(): Promise<ReadonlyMap<string, TrackerRun>> {
    const runs = await this.read((table) => {
      const latest = sql`SELECT MAX(l.${table.column('id')}) FROM ${table.path} l GROUP BY l.${table.column('tracker')}`;
      return sql`WHERE r.${table.column('id')} IN (${latest})`;
    });
    return new Map(runs.map((run) => [run.tracker, run]));
  }

  /** Returns the start of each tracker's last successful run. */
  async lastSuccesses(): Promise<ReadonlyMap<string, Date>> {
    return this.startsByTracker('MAX', (table) => sql`r.${table.column('status')} = 'succeeded'`);
  }

  /** Returns the start of the first run of each tracker that is still in the history. */
  async firstStarts(trackers: readonly string[]): Promise<ReadonlyMap<string, Date>> {
    if (trackers.length === 0) return new Map();
    const names = trackers.map((name) => this.database.dialect.text(name));
    return this.startsByTracker('MIN', (table) => sql`r.${table.column('tracker')} IN (${join(names)})`);
  }

  /** Removes runs that are older than the history keeps, except the last successful one. */
  async prune(tracker: string, cancellation: Cancellation): Promise<void> {
    const before = this.clock.now().getTime() - this.kept.days * MS_PER_DAY;
    await this.database.transaction(() => this.pruneBefore(tracker, before), { cancellation });
  }

  private *pruneBefore(tracker: string, before: number): Work<void> {
    const { dialect } = this.database;
    const table = this.database.table(TrackerRunRecord);
    const id = table.column('id');
    const ofTracker = sql`${table.column('tracker')} = ${dialect.text(tracker)}`;
    const success = yield* queryOne<{ id: unknown }>(
      sql`SELECT MAX(${id}) AS id FROM ${table.path} WHERE ${ofTracker} AND ${table.column('status')} = 'succeeded'`,
    );
    const oldestKept = yield* queryOne<{ id: unknown }>(
      sql`SELECT ${id} AS id FROM ${table.path} WHERE ${ofTracker} ORDER BY ${id} DESC ${dialect.limit(1, this.kept.runs - 1)}`,
    );
    yield* this.deleteRuns(tracker, before, Number(oldestKept?.id ?? 0), Number(success?.id ?? 0));
  }

  private *deleteRuns(tracker: string, before: number, fromId: number, except: number): Work<void> {
    const table = this.database.table(TrackerRunRecord);
    const column = (property: string): Sql => table.column(property);
    yield* execute(
      sql`DELETE FROM ${table.path} WHERE ${column('tracker')} = ${this.database.dialect.text(tracker)}
AND (${column('startedAt')} < ${before} OR ${column('id')} < ${fromId}) AND ${column('id')} <> ${except} AND ${column('finishedAt')} IS NOT NULL`,
    );
  }

  /** Uses no repository, because the application's query cache could return old runs. */
  private async read(condition: (table: Table) => Sql): Promise<TrackerRun[]> {
    const table = this.database.table(TrackerRunRecord);
    const columns = Object.entries(COLUMNS).map(([name, property]) => sql`r.${table.column(property)} AS ${raw(name)}`);
    const statement = sql`SELECT ${join(columns)} FROM ${table.path} r ${condition(table)}`;
    return this.markLost(await this.database.read(() => query<RunRow>(statement)));
  }

  private async startsByTracker(
    which: 'MIN' | 'MAX',
    condition: (table: Table) => Sql,
  ): Promise<ReadonlyMap<string, Date>> {
    const table = this.database.table(TrackerRunRecord);
    const tracker = sql`r.${table.column('tracker')}`;
    const rows = await this.database.read(() =>
      query<{ tracker: string; started: unknown }>(
        sql`SELECT ${tracker} AS tracker, ${raw(which)}(r.${table.column('startedAt')}) AS started FROM ${table.path} r WHERE ${condition(table)} GROUP BY ${tracker}`,
      ),
    );
    return new Map(rows.map((row) => [row.tracker, new Date(Number(row.started))]));
  }

  /** Sets the status 'lost' for runs that are stored as running, but whose lease has ended or belongs to another. */
  private async markLost(rows: readonly RunRow[]): Promise<TrackerRun[]> {
    const running = rows.filter(({ status }) => status === 'running').map(({ tracker }) => tracker);
    const states = await this.leases.states([...new Set(running)]);
    return rows.map((row) => {
      const run = runOf(row);
      const isDead = run.status === 'running' && !hasLease(states.get(run.tracker), row.fence);
      return isDead ? { ...run, status: 'lost', error: DIED } : run;
    });
  }
}

/** A run as the driver returns it. */
interface RunRow {
  id: unknown;
  tracker: string;
  slot: unknown;
  status: RunStatus;
  attempt: unknown;
  started_at: unknown;
  finished_at: unknown;
  from_date: LocalDate | null;
  through_date: LocalDate | null;
  written: unknown;
  removed: unknown;
  error: string | null;
  host: string;
  fence: unknown;
  triggered_by: string | null;
}

const COLUMNS: Readonly<Record<keyof RunRow, keyof TrackerRunRecord>> = {
  id: 'id',
  tracker: 'tracker',
  slot: 'slot',
  status: 'status',
  attempt: 'attempt',
  started_at: 'startedAt',
  finished_at: 'finishedAt',
  from_date: 'from',
  through_date: 'through',
  written: 'written',
  removed: 'removed',
  error: 'error',
  host: 'host',
  fence: 'fence',
  triggered_by: 'triggeredBy',
};

const DIED = 'Its process died, or was cut off from the database, and its lease has run out.';

function hasLease(state: SharedState | undefined, fence: unknown): boolean {
  if (state === undefined || state.until === null) return false;
  return state.fence === Number(fence) && state.owner !== null && state.until > state.now;
}

function runOf(row: RunRow): TrackerRun {
  const instant = (ms: unknown): Date | null => (ms === null ? null : new Date(Number(ms)));
  return {
    id: Number(row.id),
    tracker: row.tracker,
    slot: instant(row.slot),
    triggeredBy: row.triggered_by,
    status: row.status,
    attempt: Number(row.attempt),
    startedAt: new Date(Number(row.started_at)),
    finishedAt: instant(row.finished_at),
    from: row.from_date,
    through: row.through_date,
    written: Number(row.written),
    removed: Number(row.removed),
    error: row.error,
    host: row.host,
  };
}
