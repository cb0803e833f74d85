import { describeSimulation } from './stage.js';
import { allPlaces, Enumeration, mainPlaces, nameOf, type Place } from './enumeration.js';
import { Random } from './random.js';
import { incrementScenario, runScenario, scenarios } from './scenarios.js';
import { Payments } from './shop.js';

/** The sample of failures follows from it. */
const SEED = Number(process.env.TRACKSTATS_SIMULATION_SEED ?? 1);

async function failuresOf(enumeration: Enumeration, places: readonly Place[]): Promise<string[]> {
  const failures: string[] = [];
  for (const place of places) {
    const { problems } = await enumeration.play(place, true);
    failures.push(...problems.map((problem) => `${nameOf(place)}: ${problem}`));
  }
  return failures;
}

describeSimulation('at each statement, a failure', (database) => {
  it('of a run leaves statistics, history, slot and lease right', async () => {
    const enumeration = new Enumeration(database(), runScenario(new Payments(database())));
    const places = mainPlaces(await enumeration.prepare());
    expect(places.length).toBeGreaterThanOrEqual(120);
    expect(await failuresOf(enumeration, places)).toEqual([]);
  }, 300_000);

  it('of increments loses none that was acknowledged, and counts no key twice', async () => {
    const enumeration = new Enumeration(database(), incrementScenario(false));
    const places = mainPlaces(await enumeration.prepare());
    expect(places.length).toBeGreaterThanOrEqual(50);
    expect(await failuresOf(enumeration, places)).toEqual([]);
  }, 300_000);
});

describeSimulation('some of the failures that the soak tries', (database) => {
  const NAMES = [
    'a first run',
    'a run',
    'a backfill in steps',
    'a scrub',
    'a run that removes what is not kept',
    'a method that takes longer than a lease',
    'a prune by a call',
    'the first increments',
    'increments',
  ];

  it.each(NAMES)('of %s, alone and beside a second process', async (name) => {
    const found = scenarios(new Payments(database())).find((scenario) => scenario.name === name);
    if (found === undefined) throw new Error(`There is no scenario "${name}".`);
    const enumeration = new Enumeration(database(), found);
    const statements = await enumeration.prepare();
    const places = allPlaces(statements);
    const random = new Random(places.length + SEED);
    const chosen = Array.from({ length: 4 }, (_, index): Place => {
      const place = random.pick(places);
      return index % 2 === 0 ? place : { ...place, beside: random.below(statements.length) };
    });
    expect(await failuresOf(enumeration, chosen)).toEqual([]);
  });
});

describeSimulation('a run whose COMMIT is executed, and whose answer is lost', (database) => {
  it('stays a success in the history, though its process takes its lease for lost', async () => {
    const enumeration = new Enumeration(database(), runScenario(new Payments(database())));
    const statements = await enumeration.prepare();
    // that of the run's own transaction: the first one takes the lease
    const at = statements.indexOf('COMMIT', statements.indexOf('COMMIT') + 1) + 1;
    expect(at).toBeGreaterThan(1);
    const place: Place = { fault: 'acknowledgement lost', at, beside: null, endsIdle: false };
    expect((await enumeration.play(place)).problems).toEqual([]);
  });
});
