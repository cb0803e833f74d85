import { SimulatedDays } from '../simulation/days.js';
import { allPlaces, Enumeration, nameOf, type Place, type Scenario } from '../simulation/enumeration.js';
import { scenarios } from '../simulation/scenarios.js';
import { Payments } from '../simulation/shop.js';
import { describeSimulation } from '../simulation/stage.js';
import { tell } from './figures.js';

/** Plays each so many-th failure beside a second process, to be done sooner. */
const EVERY = Number(process.env.SOAK_EVERY ?? 1);

describeSimulation('a failure at each statement', (database) => {
  /** The number of statements that there are at least, and of failures at them beside another process. */
  const LEAST: Readonly<Record<string, readonly [number, number]>> = {
    'a first run': [32, 1],
    'a run': [24, 1],
    'a backfill in steps': [74, 1],
    'a scrub': [49, 1],
    'a run that removes what is not kept': [39, 1],
    'a method that takes longer than a lease': [15, 1],
    'a prune by a call': [11, 1],
    'the first increments': [18, 1],
    increments: [10, 1],
  };

  it.each(Object.entries(LEAST))(
    '%s, alone and beside a second process at each of its statements',
    async (name, least) => {
      const payments = new Payments(database());
      const scenario = scenarios(payments).find((one) => one.name === name) as Scenario;
      const enumeration = new Enumeration(database(), scenario);
      const statements = await enumeration.prepare();
      const failures: string[] = [];
      const note = (place: Place, problems: readonly string[]): void => {
        failures.push(...problems.map((problem) => `${nameOf(place)}: ${problem}`));
      };
      const places = allPlaces(statements);
      let beside = 0;
      for (const [number, place] of places.entries()) {
        note(place, (await enumeration.play(place)).problems);
        if (number % EVERY !== 0) continue;
        for await (const meeting of enumeration.playBeside(place)) {
          note(meeting.place, meeting.played.problems);
          beside++;
        }
      }
      tell(`failures of ${name}`, {
        statements: statements.length,
        alone: places.length,
        beside,
        failed: failures.length,
      });
      expect(failures).toEqual([]);
      expect(statements.length).toBeGreaterThanOrEqual(least[0]);
      expect(beside).toBeGreaterThanOrEqual(least[1] / EVERY);
    },
  );
});

describeSimulation('simulated days of three processes', (database) => {
  const [first, seeds, days] = [process.env.SOAK_SEED ?? 1, process.env.SOAK_SEEDS ?? 1_000, 20].map(Number) as [
    number,
    number,
    number,
  ];

  it('end with everything right, whatever went wrong in them', async () => {
    const figures = { seeds: 0, days: 0, statements: 0, runs: 0, faults: 0, seconds: 0 };
    const problems: string[] = [];
    const began = process.cpuUsage();
    for (let seed = first; seed < first + seeds; seed++) {
      const played = await SimulatedDays.play(database(), seed, days);
      problems.push(...played.problems);
      for (const figure of ['statements', 'runs', 'faults'] as const) figures[figure] += played[figure];
      figures.seeds++;
      figures.days += days;
    }
    const { user, system } = process.cpuUsage(began);
    figures.seconds = Math.round((user + system) / 1e6);
    tell('simulated days', figures);
    expect(problems).toEqual([]);
  });
});
