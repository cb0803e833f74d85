import type { TestingModule } from '@nestjs/testing';
import {
  CountObjectsByDateAndObjectTracker,
  defineDomain,
  defineMetric,
  Period,
  StatisticService,
  Track,
  TrackerService,
} from 'nestjs-trackstats';
import { DataSource } from 'typeorm';
import { TrackerWorker } from '../../lib/execution/tracker.worker.js';
import { TrackerRegistry } from '../../lib/tracking/definition/tracker.registry.js';
import { at, closeApplications, Customer, NOW, Order, saveOrders, start } from '../module/application.js';
import { describeOnDatabase } from '../support/databases.js';
import { FailingClient, FAULTS, type Fault } from './failing-client.js';

const ORDERS = defineMetric({ domain: defineDomain({ ref: 'failures' }), ref: 'orders' });

@Track({
  source: Order,
  dateField: 'createdAt',
  objectField: 'customer',
  metric: ORDERS,
  period: [Period.DAY, Period.WEEK],
  density: 'changes',
  withTotal: true,
  lookback: 3,
  name: 'orders',
})
class Orders extends CountObjectsByDateAndObjectTracker {}

/** Every table that a run writes. */
const TABLES = ['statistic_by_date', 'statistic_by_date_and_object', 'coverage', 'tracker', 'run'].map(
  (name) => `trackstats_${name}`,
);
/** The statements of a run of dates that are due: one takes the lease, the other does the rest. */
const STATEMENTS = [1, 2];

/** Where something goes wrong in the first process, and what a second one does meanwhile. */
interface Place {
  readonly at: number;
  /** null: nothing goes wrong */
  readonly fault: Fault | null;
  /** number of statements that the second process has done of the same run then; null: there is none */
  readonly beside: number | null;
  /** the first process sleeps before the statement, until its lease has run out */
  readonly sleeps: boolean;
}

interface Process {
  readonly module: TestingModule;
  readonly client: FailingClient;
}

describeOnDatabase('postgres', 'each statement of a run of two, on a real server', (database) => {
  let first: Process;
  let second: Process;
  let outside: DataSource;

  beforeAll(async () => {
    [first, second] = [await open(), await open()];
    outside = await new DataSource(database.options()).initialize();
    const customers = await first.module
      .get(DataSource)
      .getRepository(Customer)
      .save([{ name: 'Ann' }, { name: 'Bob' }]);
    await saveOrders(
      first.module,
      { createdAt: at('2026-10-20T10:00'), customer: customers[0] ?? null },
      { createdAt: at('2026-10-31T10:00'), customer: customers[1] ?? null },
    );
    // only one that has run before is short enough to be one statement
    for (const { module } of [first, second]) await module.get(TrackerService).run('orders');
    await saveOrders(
      first.module,
      { createdAt: at('2026-10-30T10:00'), customer: customers[0] ?? null },
      { createdAt: at('2026-10-31T11:00'), customer: customers[1] ?? null },
    );
    for (const table of TABLES) await outside.query(`CREATE TABLE saved_${table} AS SELECT * FROM ${table}`);
  });
  afterAll(async () => {
    await closeApplications();
    await outside.destroy();
  });

  async function open(): Promise<Process> {
    const module = await start({ database: database.options(), providers: [Orders] });
    return { module, client: new FailingClient(module.get(DataSource)) };
  }

  function run({ module }: Process): Promise<string> {
    const tracker = module.get(TrackerRegistry).get('orders', 'run');
    return module
      .get(TrackerWorker)
      .runNow(tracker, { slot: NOW, triggeredBy: 'schedule' })
      .then(
        ({ kind }) => kind,
        (error: unknown) => String(error),
      );
  }

  /** Plays one case on the database as it was saved, and returns what is wrong, and what the second process had done. */
  async function play(place: Place): Promise<{ problems: string[]; reached: number; sent: readonly string[] }> {
    await outside.query(
      TABLES.map((table) => `DELETE FROM ${table}; INSERT INTO ${table} SELECT * FROM saved_${table}`).join(';'),
    );
    const { at: statement, fault, beside, sleeps } = place;
    first.client.arm(fault === null ? null : { kind: fault, at: statement }, statement);
    second.client.arm(null, (beside ?? 0) + 1);
    const ofFirst = run(first);
    await Promise.race([first.client.reached(), ofFirst]);
    if (sleeps) await outside.query('UPDATE trackstats_tracker SET until = 1 WHERE until IS NOT NULL');
    const ofSecond = beside === null ? null : run(second);
    if (ofSecond !== null) await Promise.race([second.client.reached(), ofSecond]);
    const reached = second.client.done;
    // the second one may be in a transaction for which the first one waits
    first.client.release();
    second.client.release();
    const outcomes = [await ofFirst, await ofSecond];
    const sent = [...first.client.sent];
    first.client.arm(null);
    second.client.arm(null);
    return { problems: [...(await wrong(place, outcomes)), ...(await wrongInTheEnd(fault))], reached, sent };
  }

  const OLD = [0, 0, 1];
  const NEW = [0, 1, 2];

  /** What is wrong with what both have left. */
  async function wrong({ fault, at: statement }: Place, outcomes: readonly (string | null)[]): Promise<string[]> {
    const problems: string[] = [];
    const total = await outside.query<{ date: string; value: string }[]>(
      `SELECT to_char(date, 'YYYY-MM-DD') AS date, value FROM trackstats_statistic_by_date WHERE period = 86400 AND date >= '2026-10-29'`,
    );
    const values = ['2026-10-29', '2026-10-30', '2026-10-31'].map((date) =>
      Number(total.find((row) => row.date === date)?.value ?? 0),
    );
    const runs = await outside.query<{ status: string; written: number }[]>(
      `SELECT status, written FROM trackstats_run WHERE slot IS NOT NULL`,
    );
    const succeeded = runs.filter(({ status }) => status === 'succeeded').length;
    const isNew = JSON.stringify(values) === JSON.stringify(NEW);
    if (!isNew && JSON.stringify(values) !== JSON.stringify(OLD)) problems.push(`the days are ${values.join()}`);
    if (succeeded > 1) problems.push('the slot was run twice');
    if (isNew !== (succeeded === 1)) problems.push(`${succeeded} runs succeeded, and the days are ${values.join()}`);
    if (outcomes.includes('succeeded') && !isNew) problems.push('a run that succeeded has left nothing');
    const [state] = await outside.query<{ owner: string | null; slot: string | null }[]>(
      'SELECT owner, slot FROM trackstats_tracker',
    );
    if (isNew && Number(state?.slot) !== NOW.getTime()) problems.push('a run succeeded, and its slot was not recorded');
    // one of which its process never heard, or of a process that died, runs out
    const mayStay = fault?.startsWith('dies') === true || (fault === 'breaks after' && statement === 1);
    if (state?.owner !== null && !mayStay) problems.push('a lease is leaked');
    return problems;
  }

  /** What is wrong once leases have run out, and a process has run the tracker again. */
  async function wrongInTheEnd(fault: Fault | null): Promise<string[]> {
    await outside.query('UPDATE trackstats_tracker SET until = 1 WHERE until IS NOT NULL');
    const trackers = second.module.get(TrackerService);
    const result = await trackers.run('orders').catch(String);
    const problems = typeof result === 'string' ? [`afterwards: ${result}`] : [];
    const differences = await trackers.verify('orders');
    if (differences.length > 0) problems.push(`${differences.length} values are not those of the source`);
    const points = await second.module
      .get(StatisticService)
      .series({ metric: ORDERS, from: '2026-10-29', to: '2026-10-31' });
    if (JSON.stringify(points.map(({ value }) => value)) !== JSON.stringify(NEW)) problems.push('the days are wrong');
    const history = await trackers.history('orders');
    if (history.some(({ status }) => status === 'running')) problems.push('a run is shown as running');
    if (fault === null && history[0]?.status !== 'succeeded') problems.push('the last run did not succeed');
    return problems;
  }

  function nameOf({ at: statement, fault, beside, sleeps }: Place): string {
    const what = `${fault ?? 'nothing goes wrong'} at statement ${statement}${sleeps ? ', after a sleep' : ''}`;
    return beside === null ? what : `${what}, beside ${beside} statements of a second process`;
  }

  it('is two statements where nothing goes wrong', async () => {
    const { problems, sent } = await play({ at: 1, fault: null, beside: null, sleeps: false });
    expect(problems).toEqual([]);
    expect(sent).toHaveLength(STATEMENTS.length);
    expect(sent[1]).toMatch(/^WITH trackstats_settings .* AS done$/s);
  });

  it.each(STATEMENTS)('leaves everything right if statement %s fails, alone', async (statement) => {
    const failures: string[] = [];
    for (const fault of FAULTS) {
      const place = { at: statement, fault, beside: null, sleeps: false };
      failures.push(...(await play(place)).problems.map((problem) => `${nameOf(place)}: ${problem}`));
    }
    expect(failures).toEqual([]);
  });

  it.each(STATEMENTS)('and beside a second process at each of its statements: %s', async (statement) => {
    const failures: string[] = [];
    let played = 0;
    for (const sleeps of statement === 1 ? [false] : [false, true]) {
      for (const fault of [null, ...FAULTS]) {
        for (let beside = 0; ; beside++) {
          const place = { at: statement, fault, beside, sleeps };
          const { problems, reached } = await play(place);
          played++;
          failures.push(...problems.map((problem) => `${nameOf(place)}: ${problem}`));
          if (reached < beside) break;
        }
      }
    }
    expect(failures).toEqual([]);
    expect(played).toBeGreaterThanOrEqual(statement === 1 ? 20 : 60);
  });
});
