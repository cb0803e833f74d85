import { hostname } from 'node:os';
import sql, { join } from 'sql-template-tag';
import type { Repository } from 'typeorm';
import type { Database } from '../database/database.js';
import { execute, type Work } from '../database/work.js';
import type { TrackerRun } from './tracker-run.js';
import { TrackerRunRecord } from './tracker-run.entity.js';
import { TrackerState } from './tracker-state.entity.js';

const LONGEST_ERROR = 10_000;

/** What ran, when, and how it ended. */
export class RunHistory {
  /** the host and process that writes this history */
  readonly host = `${hostname().slice(0, 240)}:${process.pid}`;

  constructor(private readonly database: Database) {}

  /** Makes the names of trackers compare exactly, where the database does not do so by itself. */
  async prepare(): Promise<void> {
    const { dialect, dataSource } = this.database;
    await dialect.prepareKeys(dataSource, [
      { table: this.database.table(TrackerRunRecord), textKeys: ['tracker'] },
      { table: this.database.table(TrackerState), textKeys: ['name'] },
    ]);
  }

  /** Enters a run, within the transaction whose work it was. */
  *enter(run: Omit<TrackerRun, 'id' | 'host'>): Work<void> {
    const table = this.database.table(TrackerRunRecord);
    const values = {
      tracker: run.tracker,
      slot: run.slot?.getTime() ?? null,
      status: run.status,
      attempt: run.attempt,
      startedAt: run.startedAt.getTime(),
      finishedAt: run.finishedAt?.getTime() ?? null,
      from: run.from,
      through: run.through,
      written: run.written,
      removed: run.removed,
      error: run.error?.replaceAll('\0', '').slice(0, LONGEST_ERROR) ?? null,
      host: this.host,
    };
    const columns = Object.keys(values).map((property) => table.column(property));
    yield* execute(
      sql`INSERT INTO ${table.path} (${join(columns)}) VALUES (${join(Object.values(values).map((value) => sql`${value}`))})`,
    );
  }

  /** The latest runs of a tracker, the latest first. */
  async of(tracker: string, limit: number): Promise<TrackerRun[]> {
    const records = await this.records.find({ where: { tracker }, order: { id: 'DESC' }, take: limit });
    return records.map(runOf);
  }

  /** The latest run of each tracker. */
  async latest(): Promise<ReadonlyMap<string, TrackerRun>> {
    const latest = this.records.createQueryBuilder('latest').select('MAX(latest.id)').groupBy('latest.tracker');
    const records = await this.records.createQueryBuilder('run').where(`run.id IN (${latest.getQuery()})`).getMany();
    return new Map(records.map((record) => [record.tracker, runOf(record)]));
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

  private get records(): Repository<TrackerRunRecord> {
    return this.database.dataSource.getRepository(TrackerRunRecord);
  }
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
