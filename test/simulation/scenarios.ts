import { type Payments, registerAmounts, TRACKER, VISITS } from './shop.js';
import { type Scenario, type Stage, START } from './enumeration.js';
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

/** Runs the tracker once, for the slot before the action. */
async function runBefore({ world, database }: Stage, scenario: Pick<Scenario, 'register'>): Promise<void> {
  const process = new SimulatedProcess(world, 'before', database.metadata, {});
  await world.settle(process.start(scenario.register));
  await world.settle(process.tick(TRACKER, SLOT - HOUR));
  await world.settle(process.close());
}

function tick(process: SimulatedProcess): Promise<unknown> {
  return process.tickNow(TRACKER, SLOT);
}

/** What is wrong with the slot and the values, after a run that the application has asked for in the end. */
function checkRun({ watcher, world }: Stage): readonly string[] {
  const { stored } = watcher;
  const problems = [...watcher.wrongValues(stored)];
  const last = stored.runs.at(-1);
  if (last?.status !== 'succeeded') problems.push(`the last run is ${String(last?.status)}`);
  if ((stored.state?.slot ?? 0) < SLOT) problems.push('the slot was lost');
  if (stored.state?.owner != null) problems.push(`the lease is still ${stored.state.owner}'s at ${world.time.now}`);
  return problems;
}

export function runScenario(payments: Payments): Scenario {
  const register: Scenario['register'] = (trackers) => registerAmounts(trackers);
  return {
    name: 'a run',
    register,
    prepare: async (stage) => {
      sell(payments, 12);
      await runBefore(stage, { register });
      payments.add(START - 2 * DAY, 1, 500);
      payments.add(START - HOUR / 2, 2, 700);
      payments.remove(payments.rows.at(-4)?.id ?? 0);
    },
    act: tick,
    goOn: (process) => process.trackers.run(TRACKER),
    check: checkRun,
  };
}

const DATES = ['2026-10-30', '2026-10-31'] as const;
/** What each process counts with a key that both have. */
const KEYED = [
  { date: DATES[0], by: 2, key: 'a' },
  { date: DATES[1], by: 5, key: 'b' },
  // in one batch twice
  { date: DATES[1], by: 5, key: 'b' },
  // counted before, if anything was
  { date: DATES[1], by: 1, key: 'old' },
] as const;
/** What a process counts without a key: any sum tells which of them are in it. */
const UNKEYED: Readonly<Record<string, number>> = { first: 100, second: 1_000 };

/** @param isFirst nothing was counted before */
export function incrementScenario(isFirst: boolean): Scenario {
  const keyed = KEYED.filter(({ key }) => !isFirst || key !== 'old');
  return {
    name: isFirst ? 'the first increments' : 'increments',
    register: () => Promise.resolve(),
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
      const [covered] = database.outside.rows<{ from: string }>(
        `SELECT c.from_date AS "from" FROM trackstats_coverage c JOIN trackstats_metric m ON m.id = c.metric_id WHERE m.ref = ?`,
        VISITS.ref,
      );
      const dates = Object.keys(visitsIn(database)).sort();
      const isCovered = dates[0] === undefined || (covered !== undefined && covered.from <= dates[0]);
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
  return [runScenario(payments), incrementScenario(true), incrementScenario(false)];
}
