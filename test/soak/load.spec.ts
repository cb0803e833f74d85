import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { loadavg } from 'node:os';
import type { DataSource } from 'typeorm';
import { type DataSourceOptions } from 'typeorm';
import { compileApplication } from '../sample-app/compiled.js';
import { describeOnDatabase } from '../support/databases.js';
import { tell } from './figures.js';
import type { LoadSettings, ProcessFigures } from './load/settings.js';
import { pause } from './shop-process.js';

const MINUTES = Number(process.env.SOAK_MINUTES ?? 60);
const PROCESSES = 3;
const TABLES = 20;
const TRACKERS_PER_TABLE = 10;
const INCREMENTS_PER_SECOND = Number(process.env.SOAK_INCREMENTS ?? 500);
const ROWS_PER_SECOND = 40;
const HISTORY_DAYS = 60;
const HISTORY_ROWS = 5_000;
/** What an open dashboard asks for. */
const POLLED = [
  'summaries?last=30&compare=previous',
  'overview?points=30',
  'trackers',
  'series?metric=load/table0_all&last=30',
  'top?metric=load/table1_of_member&period=LIFETIME&object_type=load_member',
];

/** A process of the application, and what is asked of it. */
class LoadProcess {
  private constructor(
    private readonly child: ChildProcess,
    private readonly port: number,
    private readonly printed: () => string,
  ) {}

  static async start(main: string, settings: LoadSettings): Promise<LoadProcess> {
    const env = { ...process.env, NODE_OPTIONS: '', LOAD: JSON.stringify(settings) };
    const child = spawn(process.execPath, [main], { env, stdio: ['ignore', 'pipe', 'pipe', 'ipc'] });
    let text = '';
    child.stdout?.setEncoding('utf8').on('data', (part: string) => (text += part));
    child.stderr?.setEncoding('utf8').on('data', (part: string) => (text += part));
    const ended = once(child, 'close').then(() => {
      throw new Error(`the process ended: ${text}`);
    });
    const [{ port }] = (await Promise.race([once(child, 'message'), ended])) as [{ port: number }];
    ended.catch(() => undefined);
    return new LoadProcess(child, port, () => text);
  }

  get output(): string {
    return this.printed();
  }

  begin(): void {
    this.child.send('begin');
  }

  async figures(): Promise<ProcessFigures> {
    const answer = once(this.child, 'message') as Promise<[{ figures: ProcessFigures }]>;
    this.child.send('figures');
    const [{ figures }] = await answer;
    return figures;
  }

  async get(path: string): Promise<number> {
    const response = await fetch(`http://127.0.0.1:${String(this.port)}/statistics/${path}`);
    await response.text();
    return response.status;
  }

  async end(): Promise<number | null> {
    if (this.child.exitCode !== null) return this.child.exitCode;
    const closed = once(this.child, 'close');
    this.child.kill('SIGTERM');
    const [code] = (await closed) as [number | null];
    return code;
  }
}

/** The load of a database since the last look. */
class DatabaseLoad {
  private before: Record<string, number> = {};
  private at = performance.now();

  constructor(private readonly dataSource: DataSource) {}

  async since(): Promise<{ busy: number; commits: number; connections: number; megabytes: number }> {
    const [found] = await this.dataSource.query<Record<string, unknown>[]>(
      `SELECT active_time AS busy, xact_commit AS commits, pg_database_size(datname) / 1000000 AS megabytes,
(SELECT COUNT(*) FROM pg_stat_activity a WHERE a.datname = d.datname AND pid <> pg_backend_pid()) AS connections
FROM pg_stat_database d WHERE datname = current_database()`,
    );
    const now = Object.fromEntries(Object.entries(found ?? {}).map(([name, value]) => [name, Number(value)]));
    const seconds = (performance.now() - this.at) / 1000;
    const perSecond = (name: string): number => ((now[name] ?? 0) - (this.before[name] ?? 0)) / seconds;
    // sessions that are executing a statement, on average
    const busy = Math.round(perSecond('busy') / 10) / 100;
    const commits = Math.round(perSecond('commits'));
    this.before = now;
    this.at = performance.now();
    return { busy, commits, connections: now.connections ?? 0, megabytes: Math.round(now.megabytes ?? 0) };
  }
}

function quantile(values: readonly number[], part: number): number {
  const sorted = [...values].sort((one, other) => one - other);
  return Math.round(sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * part))] ?? 0);
}

function median(values: readonly number[]): number {
  return quantile(values, 0.5);
}

async function fillTables(dataSource: DataSource): Promise<void> {
  for (let table = 0; table < TABLES; table++) {
    await dataSource.query(
      `INSERT INTO load_table${String(table)} (at, member, amount, status)
SELECT now() - random() * interval '${String(HISTORY_DAYS)} days', 1 + floor(random() * 50), floor(random() * 1000),
(ARRAY['open', 'paid', 'sent'])[1 + floor(random() * 3)] FROM generate_series(1, ${String(HISTORY_ROWS)})`,
    );
  }
}

describeOnDatabase('postgres', 'an application under load', (database) => {
  const compiled = compileApplication('test/soak/load', 'load');
  const processes: LoadProcess[] = [];

  afterAll(async () => {
    await Promise.all(processes.map((one) => one.end()));
    compiled.remove();
  });

  it('is as fast and as small at the end as at the beginning', async () => {
    const options = database.options({ synchronize: false });
    const settings = (given: DataSourceOptions): LoadSettings => ({
      database: { ...given, poolSize: 10 } as DataSourceOptions,
      tables: TABLES,
      every: 60_000,
      incrementsPerSecond: INCREMENTS_PER_SECOND / PROCESSES,
      rowsPerSecond: ROWS_PER_SECOND / PROCESSES,
    });
    // the first one creates the tables
    processes.push(await LoadProcess.start(compiled.main, settings(database.options())));
    const dataSource = await database.open({ entities: [], synchronize: false });
    await fillTables(dataSource);
    for (let more = 1; more < PROCESSES; more++) {
      processes.push(await LoadProcess.start(compiled.main, settings(options)));
    }
    for (const one of processes) one.begin();
    const end = new AbortController();
    let polls: { ms: number; status: number }[] = [];
    const polling = (async () => {
      for (let poll = 0; !end.signal.aborted; poll++) {
        const began = performance.now();
        const status = await (processes[poll % PROCESSES] as LoadProcess).get(POLLED[poll % POLLED.length] as string);
        polls.push({ ms: performance.now() - began, status });
        await pause(Math.max(0, 1000 - (performance.now() - began)));
      }
    })();
    const load = new DatabaseLoad(dataSource);
    await load.since();
    const rows: Record<string, number>[] = [];
    for (let minute = 1; minute <= MINUTES; minute++) {
      await pause(60_000);
      const figures = await Promise.all(processes.map((one) => one.figures()));
      const sum = (of: (one: ProcessFigures) => number): number => figures.reduce((all, one) => all + of(one), 0);
      const lateness = figures.flatMap((one) => one.lateness);
      const latencies = figures.flatMap((one) => one.incrementLatencies);
      const row = {
        minute,
        'increments per second': Math.round(sum((one) => one.increments) / 60),
        'increment median ms': median(latencies),
        'increment 99 % ms': quantile(latencies, 0.99),
        'increments failed': sum((one) => one.failedIncrements),
        runs: sum((one) => one.runs),
        'runs failed': sum((one) => one.failedRuns),
        'late median ms': median(lateness),
        'late most ms': quantile(lateness, 1),
        'poll median ms': median(polls.map(({ ms }) => ms)),
        'poll most ms': quantile(
          polls.map(({ ms }) => ms),
          1,
        ),
        'polls failed': polls.filter(({ status }) => status !== 200).length,
        'processes MB': sum((one) => one.megabytes),
        'heap MB': sum((one) => one.heapMegabytes),
        'processes CPU %': Math.round((sum((one) => one.cpuSeconds) / 60) * 100),
        'load average': Math.round((loadavg()[0] ?? 0) * 10) / 10,
        ...(await load.since()),
      };
      polls = [];
      rows.push(row);
      tell(`minute ${String(minute)}`, row);
    }
    end.abort();
    await polling;
    // the first minutes compute the history
    const settled = rows.slice(Math.min(2, rows.length - 1));
    const third = Math.max(1, Math.floor(settled.length / 3));
    const trend = Object.keys(settled[0] ?? {})
      .filter((name) => name !== 'minute')
      .map((name) => {
        const values = settled.map((row) => row[name] ?? 0);
        return [name, { first: median(values.slice(0, third)), last: median(values.slice(-third)) }] as const;
      });
    tell(`${String(PROCESSES)} processes, ${String(TABLES * TRACKERS_PER_TABLE)} trackers`, Object.fromEntries(trend));
    const total = (name: string): number => settled.reduce((all, row) => all + (row[name] ?? 0), 0);
    expect([total('increments failed'), total('runs failed'), total('polls failed')]).toEqual([0, 0, 0]);
    const flat = Object.fromEntries(trend);
    for (const name of ['processes MB', 'connections', 'busy', 'late median ms']) {
      const { first = 0, last = 0 } = flat[name] ?? {};
      // a third more and a little is noise
      expect([name, last <= first * 1.35 + 50]).toEqual([name, true]);
    }
    expect(await Promise.all(processes.map((one) => one.end()))).toEqual([0, 0, 0]);
  });
});
