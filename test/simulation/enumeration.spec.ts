import { describeSimulation } from './stage.js';
import { Enumeration, mainPlaces, nameOf, type Place } from './enumeration.js';
import { incrementScenario, runScenario } from './scenarios.js';
import { Payments } from './shop.js';

describeSimulation('at each statement, a failure', (database) => {
  async function failuresOf(enumeration: Enumeration, places: readonly Place[]): Promise<string[]> {
    const failures: string[] = [];
    for (const place of places) {
      const { problems } = await enumeration.play(place, true);
      failures.push(...problems.map((problem) => `${nameOf(place)}: ${problem}`));
    }
    return failures;
  }

  it('of a run leaves statistics, history, slot and lease right', async () => {
    const payments = new Payments(database());
    const enumeration = new Enumeration(database(), runScenario(payments), () => [payments.rows]);
    const places = mainPlaces(await enumeration.prepare());
    expect(places.length).toBeGreaterThanOrEqual(120);
    expect(await failuresOf(enumeration, places)).toEqual([]);
  });

  it.each([
    ['the first increments', true, 80],
    ['increments', false, 50],
  ])('of %s loses none that was acknowledged, and counts no key twice', async (_, isFirst, least) => {
    const enumeration = new Enumeration(database(), incrementScenario(isFirst), () => []);
    const places = mainPlaces(await enumeration.prepare());
    expect(places.length).toBeGreaterThanOrEqual(least);
    expect(await failuresOf(enumeration, places)).toEqual([]);
  });
});

describeSimulation('a run whose COMMIT is executed, and whose answer is lost', (database) => {
  it('stays a success in the history, though its process takes its lease for lost', async () => {
    const payments = new Payments(database());
    const enumeration = new Enumeration(database(), runScenario(payments), () => [payments.rows]);
    const statements = await enumeration.prepare();
    // that of the run's own transaction: the first one takes the lease
    const at = statements.indexOf('COMMIT', statements.indexOf('COMMIT') + 1) + 1;
    expect(at).toBeGreaterThan(1);
    const place: Place = { fault: 'acknowledgement lost', at, beside: null, endsIdle: false };
    expect((await enumeration.play(place)).problems).toEqual([]);
  });
});
