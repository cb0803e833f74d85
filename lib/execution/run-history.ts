import sql, { join, type Sql } from 'sql-template-tag';
import type { Repository } from 'typeorm';
import type { Database } from '../database/database.js';
import { execute, queryOne, type Work } from '../database/work.js';
import type { ResolvedScheduling } from '../trackstats.options.js';
import type { DatabaseClock } from './database-clock.js';
import type { LeaseService } from './lease.service.js';
import type { SharedState } from './lease.store.js';
import type { TrackerRun } from './tracker-run.js';
import { TrackerRunRecord } from './tracker-run.entity.js';

const LONGEST_ERROR = 10_000;
const DAY_MS = 86_400_000;

/** How a run begins. */
export type BegunRun = Pick<TrackerRun, 'tracker' | 'slot' | 'attempt' | 'startedAt'>;

/** How a run ends, or how far it has come. */
export type RunProgress = Pick<TrackerRun, 'status' | 'finishedAt' | 'error'> &
  Partial<Pick<TrackerRun, 'from' | 'through' | 'written' | 'removed'>>;

/** What ran, when, and how it ended. */
export class RunHistory {
  constructor(
    private readonly database: Database,
    private readonly leases: LeaseService,
    private readonly clock: DatabaseClock,
    private readonly kept: ResolvedScheduling['history'],
  ) {}

  /**
   * Enters a run that begins.
   *
   * @param fence of its lease
   * @returns its id
   */
  *begin(run: BegunRun, fence: number): Work<number> {
    const table = this.database.table(TrackerRunRecord);
    const values = {
      tracker: run.tracker,
      slot: run.slot?.getTime() ?? null,
      status: 'running',
      attempt: run.attempt,
      startedAt: run.startedAt.getTime(),
      written: 0,
      removed: 0,
      host: this.leases.host,
      fence,
    };
    const columns = Object.keys(values).map((property) => table.column(property));
    const insert = sql`INSERT INTO ${table.path} (${join(columns)}) VALUES (${join(Object.values(values).map((value) => sql`${value}`))})`;
    if (this.database.dialect.returnsRows) {
      const inserted = yield* queryOne<{ id: unknown }>(sql`${insert} RETURNING ${table.column('id')} AS id`);
      return Number(inserted?.id);
    }
    yield* execute(insert);
    // only who holds the lease enters runs of a tracker
    const row = yield* queryOne<{ id: unknown }>(
      sql`SELECT MAX(${table.column('id')}) AS id FROM ${table.path} WHERE ${table.column('tracker')} = ${this.database.dialect.text(run.tracker)}`,
    );
    return Number(row?.id);
  }

  /** Enters how far a run has come, or how it ended, within the transaction whose work it was. */
  *enter(id: number, progress: RunProgress): Work<void> {
    const table = this.database.table(TrackerRunRecord);
    const values = {
      ...progress,
      finishedAt: progress.finishedAt?.getTime() ?? null,
      error: progress.error?.replaceAll('\0', '').slice(0, LONGEST_ERROR) ?? null,
    };
    const assignments = Object.entries(values).map(([property, value]) => sql`${table.column(property)} = ${value}`);
    yield* execute(sql`UPDATE ${table.path} SET ${join(assignments)} WHERE ${table.column('id')} = ${id}`);
  }

  /** The latest runs of a tracker, the latest first. */
  async of(tracker: string, limit: number): Promise<TrackerRun[]> {
    return this.shown(await this.records.find({ where: { tracker }, order: { id: 'DESC' }, take: limit }));
  }

  /** The latest run of each tracker. */
  async latest(): Promise<ReadonlyMap<string, TrackerRun>> {
    const latest = this.records.createQueryBuilder('latest').select('MAX(latest.id)').groupBy('latest.tracker');
    const records = await this.records.createQueryBuilder('run').where(`run.id IN (${latest.getQuery()})`).getMany();
    return new Map((await this.shown(records)).map((run) => [run.tracker, run]));
  }

  /** When the last run of each tracker began that succeeded. */
  async lastSuccesses(): Promise<ReadonlyMap<string, Date>> {
    const rows = await this.records
      .createQueryBuilder('run')
      .select('run.tracker', 'tracker')
      .addSelect('MAX(run.startedAt)', 'started')
      .where({ status: 'succeeded' })
      .groupBy('run.tracker')
      .getRawMany<{ tracker: string; started: string | number }>();
    return new Map(rows.map(({ tracker, started }) => [tracker, new Date(Number(started))]));
  }

  /** Removes what is older than the history is to keep, but for the last success. */
  async prune(tracker: string): Promise<void> {
    const [lastSuccess] = await this.records.find({
      where: { tracker, status: 'succeeded' },
      order: { id: 'DESC' },
      take: 1,
    });
    const [oldestKept] = await this.records.find({
      where: { tracker },
      order: { id: 'DESC' },
      skip: this.kept.runs - 1,
      take: 1,
    });
    const before = this.clock.now().getTime() - this.kept.days * DAY_MS;
    await this.database.transaction(() => this.remove(tracker, before, oldestKept?.id ?? 0, lastSuccess?.id ?? 0));
  }

  private *remove(tracker: string, before: number, fromId: number, except: number): Work<void> {
    const table = this.database.table(TrackerRunRecord);
    const column = (property: string): Sql => table.column(property);
    yield* execute(
      sql`DELETE FROM ${table.path} WHERE ${column('tracker')} = ${this.database.dialect.text(tracker)}
AND (${column('startedAt')} < ${before} OR ${column('id')} < ${fromId}) AND ${column('id')} <> ${except} AND ${column('finishedAt')} IS NOT NULL`,
    );
  }

  /** A run that says it goes on, and whose lease is another's or has run out, has died. */
  private async shown(records: readonly TrackerRunRecord[]): Promise<TrackerRun[]> {
    const running = records.filter(({ status }) => status === 'running').map(({ tracker }) => tracker);
    const states = await this.leases.states([...new Set(running)]);
    return records.map((record) => {
      const run = runOf(record);
      const isDead = run.status === 'running' && !isHeld(states.get(run.tracker), record.fence);
      return isDead ? { ...run, status: 'lost', error: DIED } : run;
    });
  }

  private get records(): Repository<TrackerRunRecord> {
    return this.database.dataSource.getRepository(TrackerRunRecord);
  }
}

const DIED = 'Its process died, or was cut off from the database, and its lease has run out.';

function isHeld(state: SharedState | undefined, fence: string | null): boolean {
  if (state === undefined || state.until === null) return false;
  return state.fence === Number(fence) && state.owner !== null && state.until > state.now;
}

function runOf(record: TrackerRunRecord): TrackerRun {
  const instant = (ms: string | null): Date | null => (ms === null ? null : new Date(Number(ms)));
  return {
    id: record.id,
    tracker: record.tracker,
    slot: instant(record.slot),
    status: record.status,
    attempt: record.attempt,
    startedAt: new Date(Number(record.startedAt)),
    finishedAt: instant(record.finishedAt),
    from: record.from,
    through: record.through,
    written: Number(record.written),
    removed: Number(record.removed),
    error: record.error,
    host: record.host,
  };
}
