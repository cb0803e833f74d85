import { allPlaces, Enumeration, nameOf, type Place, type Scenario } from '../simulation/enumeration.js';
import { scenarios } from '../simulation/scenarios.js';
import { Payments } from '../simulation/shop.js';
import { describeSimulation } from '../simulation/stage.js';
import { tell } from './figures.js';

describeSimulation('a failure at each statement', (database) => {
  /** With the number of statements, and of failures alone and beside another process, that there are at least. */
  const LEAST: Readonly<Record<string, readonly [number, number, number]>> = {
    'the first increments': [18, 160, 2_500],
    increments: [10, 90, 1_000],
    'a run': [24, 210, 1],
  };

  it.each(Object.entries(LEAST))(
    'of %s, alone and beside a second process at each of its statements',
    async (name, least) => {
      const payments = new Payments(database());
      const scenario = scenarios(payments).find((one) => one.name === name) as Scenario;
      const enumeration = new Enumeration(database(), scenario, () => [payments.rows]);
      const statements = await enumeration.prepare();
      const failures: string[] = [];
      const note = (place: Place, problems: readonly string[]): void => {
        failures.push(...problems.map((problem) => `${nameOf(place)}: ${problem}`));
      };
      const places = allPlaces(statements);
      let beside = 0;
      for (const place of places) {
        note(place, (await enumeration.play(place)).problems);
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
      const counts = [statements.length, places.length, beside];
      for (const [place, count] of counts.entries()) expect(count).toBeGreaterThanOrEqual(least[place] ?? 0);
    },
  );
});
