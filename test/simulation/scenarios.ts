import { Track } from 'nestjs-trackstats';
import { LEASE, type Scenario, type Stage, START } from './enumeration.js';
import { type Payments, registerAmounts, STOCK, TRACKER, VISITS } from './shop.js';
import { SimulatedProcess } from './simulated-process.js';

const HOUR = 3_600_000;
const DAY = 24 * HOUR;
/** The slot that the action runs. */
export const SLOT = START - (START % HOUR);

/** Sells something every few hours for some weeks, up to an hour before the action. */
function sell(payments: Payments, days: number): void {
  let sold = 0;
  for (let at = START - days * DAY; at < START - HOUR; at += 7 * HOUR) {
    payments.add(at, 1 + (sold % 3), 100 + sold);
    sold++;
  }
}

/** Runs the tracker once, for a slot that has come by then. */
async function runBefore(
  { world, database, watcher }: Stage,
  { register }: Pick<Scenario, 'register'>,
  slot: number,
): Promise<void> {
  const process = new SimulatedProcess(world, 'before', database.metadata, {});
  await world.settle(process.start(register));
  await world.settle(process.tick(TRACKER, slot));
  await world.settle(process.close());
  if (watcher.stored.runs.every((run) => run.slot !== slot)) throw new Error('The slot before the action was not run.');
}

function tick(process: SimulatedProcess): Promise<unknown> {
  return process.tickNow(TRACKER, SLOT);
}

const LOST = 'the slot was lost';

/** Finds problems of the slot and the values, after a run that the application has asked for in the end. */
function checkRun(stage: Stage): readonly string[] {
  const { watcher } = stage;
  const { stored } = watcher;
  // in the end they know of every change
  const problems = watcher.wrongValues(stored, watcher.versions.slice(0, 1));
  const last = stored.runs.at(-1);
  if (last?.status !== 'succeeded') problems.push(`the last run is ${String(last?.status)}`);
  if ((stored.state?.slot ?? 0) < SLOT) problems.push(LOST);
  return [...problems, ...freeLease(stage)];
}

function freeLease({ watcher, world }: Stage): string[] {
  const { owner, until } = watcher.stored.state ?? { owner: null, until: null };
  return owner === null ? [] : [`the lease is ${owner}'s until ${String(until)}, and it is ${world.time.now}`];
}

/** A run that finds new rows, and one less, in the dates that it counts again. */
export function runScenario(payments: Payments): Scenario {
  const register: Scenario['register'] = (trackers) => registerAmounts(trackers);
  return {
    name: 'a run',
    register,
    preparedAt: START - HOUR,
    versions: () => [payments.rows],
    prepare: async (stage) => {
      sell(payments, 12);
      await runBefore(stage, { register }, SLOT - HOUR);
      changeLately(payments);
    },
    act: tick,
    goOn: (process) => process.trackers.run(TRACKER),
    check: checkRun,
  };
}

function changeLately(payments: Payments): void {
  payments.add(START - 2 * DAY, 1, 500);
  payments.add(START - HOUR / 2, 2, 700);
  payments.remove(payments.rows.at(-4)?.id ?? 0);
}

/** The first run of a tracker, which stores its metric and its coverages. */
export function firstRunScenario(payments: Payments): Scenario {
  return {
    ...runScenario(payments),
    name: 'a first run',
    prepare: async () => {
      sell(payments, 12);
    },
    // a tracker that never ran has missed nothing, if its process dies
    check: (stage) =>
      checkRun(stage).filter((problem) => problem !== LOST || stage.place?.fault.startsWith('dies') !== true),
  };
}

/** A run that finds a closed date that has changed, and counts it again with the dates that are due. */
export function scrubScenario(payments: Payments): Scenario {
  const register: Scenario['register'] = (trackers) =>
    registerAmounts(trackers, { history: 'current', scrub: { days: 10, every: '1 minute' } });
  let before = payments.rows;
  return {
    ...runScenario(payments),
    name: 'a scrub',
    register,
    preparedAt: START - HOUR,
    versions: () => [payments.rows, before],
    prepare: async (stage) => {
      sell(payments, 12);
      before = payments.rows;
      await runBefore(stage, { register }, SLOT - HOUR);
      changeLongAgo(payments);
    },
  };
}

function changeLongAgo(payments: Payments): void {
  const old = payments.rows.filter(({ at }) => at < START - 7 * DAY);
  payments.change(old[2]?.id ?? 0, 9_900);
  payments.remove(old[5]?.id ?? 0);
}

/** A run that has statistics to remove that are older than the tracker keeps them. */
export function keepScenario(payments: Payments): Scenario {
  const register: Scenario['register'] = (trackers) => registerAmounts(trackers, { keep: { DAY: 6, LIFETIME: 8 } });
  return {
    ...runScenario(payments),
    name: 'a run that removes what is not kept',
    register,
    preparedAt: START - 2 * DAY,
    compares: 'values',
    prepare: async (stage) => {
      sell(payments, 12);
      await runBefore(stage, { register }, SLOT - 2 * DAY);
      changeLately(payments);
    },
  };
}

/** A backfill over closed dates that have changed, in steps. */
export function backfillScenario(payments: Payments): Scenario {
  const run = runScenario(payments);
  const range = { from: dateOf(START - 12 * DAY), step: 6 } as const;
  let before = payments.rows;
  const backfill = (process: SimulatedProcess): Promise<unknown> => process.trackers.backfill(TRACKER, range);
  return {
    ...run,
    name: 'a backfill in steps',
    preparedAt: START,
    compares: 'values',
    versions: () => [payments.rows, before],
    prepare: async (stage) => {
      sell(payments, 12);
      before = payments.rows;
      // nothing was missed: a run would count LIFETIME of the last days as the source is now
      await runBefore(stage, run, SLOT);
      changeLongAgo(payments);
    },
    act: backfill,
    goOn: (process, { watcher }) =>
      watcher.stored.state?.backfillFrom == null
        ? backfill(process)
        : process.trackers.backfill(TRACKER, { ...range, resume: true }),
    check: (stage) => {
      const { watcher } = stage;
      const problems = watcher.otherValues(watcher.stored, [payments.rows]);
      if (watcher.stored.state?.backfillFrom != null) problems.push('the backfill is still marked as interrupted');
      return [...problems, ...freeLease(stage)];
    },
  };
}

/** A method that takes longer than a lease lasts, though its process is well. */
export function methodScenario(): Scenario {
  class Stocks {
    async stock(): Promise<number> {
      await new Promise((resolve) => setTimeout(resolve, 2.2 * LEASE));
      return 7;
    }
  }
  Track({ metric: STOCK, name: TRACKER, every: '1 hour', timeout: 3 * LEASE })(
    Stocks.prototype,
    'stock',
    Object.getOwnPropertyDescriptor(Stocks.prototype, 'stock') as TypedPropertyDescriptor<() => Promise<number>>,
  );
  return {
    name: 'a method that takes longer than a lease',
    register: (trackers) => trackers.register(new Stocks()),
    versions: () => [[]],
    prepare: () => Promise.resolve(),
    act: tick,
    goOn: (process) => process.trackers.run(TRACKER),
    check: (stage) => {
      const [row] = stage.database.outside.rows<{ value: number }>(
        `SELECT s.value FROM trackstats_statistic_by_date s JOIN trackstats_metric m ON m.id = s.metric_id WHERE m.ref = ?`,
        STOCK.ref,
      );
      return [...(row?.value === 7 ? [] : ['the result is not stored']), ...freeLease(stage)];
    },
  };
}

/** Removing the oldest statistics of a metric, by a call. */
export function pruneScenario(): Scenario {
  const dates = ['2026-10-25', '2026-10-26', '2026-10-27', '2026-10-28', '2026-10-29'];
  const before = '2026-10-27';
  const prune = ({ statistics }: SimulatedProcess): Promise<unknown> => statistics.prune({ metric: VISITS, before });
  const rowsAndCoverage = ({ database }: Stage): [string[], string | undefined] => [
    Object.keys(visitsIn(database)).sort(),
    firstCovered(database),
  ];
  return {
    name: 'a prune by a call',
    register: () => Promise.resolve(),
    versions: () => [],
    prepare: async ({ world, database }) => {
      const process = new SimulatedProcess(world, 'before', database.metadata, {});
      await world.settle(process.start(() => Promise.resolve()));
      const calls = dates.map((date) => () => process.statistics.increment({ metric: VISITS, date }));
      await world.settle(process.do(() => Promise.all(calls.map((call) => call()))));
      await world.settle(process.close());
    },
    act: prune,
    goOn: prune,
    look: (stage) => {
      const [rows, covered = ''] = rowsAndCoverage(stage);
      const expected = dates.filter((date) => date >= covered);
      return JSON.stringify(rows) === JSON.stringify(expected) ? [] : [`${rows.join()} are stored from ${covered} on`];
    },
    check: (stage) => {
      const [rows, covered] = rowsAndCoverage(stage);
      return covered === before && rows[0] === before && rows.length === 3 ? [] : [`${rows.join()} are left`];
    },
  };
}

function firstCovered({ outside }: Stage['database']): string | undefined {
  const [covered] = outside.rows<{ from: string }>(
    `SELECT c.from_date AS "from" FROM trackstats_coverage c JOIN trackstats_metric m ON m.id = c.metric_id WHERE m.ref = ?`,
    VISITS.ref,
  );
  return covered?.from;
}

function dateOf(at: number): string {
  return new Date(at).toISOString().slice(0, 10);
}

const DATES = ['2026-10-30', '2026-10-31'] as const;
/** The events that each process counts, with keys that both have. */
const KEYED = [
  { date: DATES[0], by: 2, key: 'a' },
  { date: DATES[1], by: 5, key: 'b' },
  // in one batch twice
  { date: DATES[1], by: 5, key: 'b' },
  // counted before, if anything was
  { date: DATES[1], by: 1, key: 'old' },
] as const;
/** The amounts that processes count without a key: any sum tells which of them are in it. */
const UNKEYED: Readonly<Record<string, number>> = { first: 100, second: 1_000 };

/** @param isFirst nothing was counted before */
export function incrementScenario(isFirst: boolean): Scenario {
  const keyed = KEYED.filter(({ key }) => !isFirst || key !== 'old');
  return {
    name: isFirst ? 'the first increments' : 'increments',
    register: () => Promise.resolve(),
    versions: () => [],
    prepare: async ({ world, database }) => {
      if (isFirst) return;
      const process = new SimulatedProcess(world, 'before', database.metadata, {});
      await world.settle(process.start(() => Promise.resolve()));
      for (const by of [10, 1]) {
        const key = by === 1 ? 'old' : undefined;
        await world.settle(process.do(() => process.statistics.increment({ metric: VISITS, date: DATES[1], by, key })));
      }
      await world.settle(process.close());
    },
    act: async (process, { outcomes }) => {
      const calls = [{ date: DATES[0], by: UNKEYED[process.name] ?? 0 }, ...keyed];
      await Promise.all(
        calls.map(async (call, place) => {
          const name = `${process.name} ${place}`;
          outcomes.set(name, undefined);
          await process.statistics.increment({ metric: VISITS, ...call }).then(
            () => outcomes.set(name, 'done'),
            () => outcomes.set(name, 'failed'),
          );
        }),
      );
    },
    goOn: (process) => Promise.all(keyed.map((call) => process.statistics.increment({ metric: VISITS, ...call }))),
    look: ({ database }) => {
      const covered = firstCovered(database);
      const dates = Object.keys(visitsIn(database)).sort();
      const isCovered = dates[0] === undefined || (covered !== undefined && covered <= dates[0]);
      return isCovered ? [] : [`visits of ${dates[0] ?? ''} are stored, and not covered`];
    },
    check: ({ database, outcomes, place }) => {
      const visits = visitsIn(database);
      const problems: string[] = [];
      if (visits[DATES[1]] !== (isFirst ? 5 : 16)) problems.push(`${String(visits[DATES[1]])} visits with keys`);
      let rest = (visits[DATES[0]] ?? 0) - 2;
      for (const [name, by] of Object.entries(UNKEYED).reverse()) {
        if (!outcomes.has(`${name} 0`)) continue;
        const times = Math.floor(rest / by);
        rest -= times * by;
        const outcome = outcomes.get(`${name} 0`);
        // a call that failed may have counted if nobody knows what the database did
        const isKnown = outcome === 'done' || (outcome === 'failed' && place?.fault === 'fails before');
        if (times > 1 || (isKnown && times !== (outcome === 'done' ? 1 : 0))) {
          problems.push(`an increment of the ${name} process ${String(outcome)} and counted ${times} times`);
        }
      }
      if (rest !== 0) problems.push(`${rest} visits too many`);
      return problems;
    },
  };
}

function visitsIn({ outside }: Stage['database']): Record<string, number> {
  const rows = outside.rows<{ date: string; value: number }>(
    `SELECT s.date, s.value FROM trackstats_statistic_by_date s JOIN trackstats_metric m ON m.id = s.metric_id WHERE m.ref = ?`,
    VISITS.ref,
  );
  return Object.fromEntries(rows.map(({ date, value }) => [date, value]));
}

/** Returns everything whose statements are enumerated. */
export function scenarios(payments: Payments): readonly Scenario[] {
  return [
    firstRunScenario(payments),
    runScenario(payments),
    backfillScenario(payments),
    scrubScenario(payments),
    keepScenario(payments),
    methodScenario(),
    pruneScenario(),
    incrementScenario(true),
    incrementScenario(false),
  ];
}
