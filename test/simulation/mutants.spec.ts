import { describeSimulation } from './stage.js';
import { Enumeration } from './enumeration.js';
import { MUTANTS } from './mutants.js';
import { Payments } from './shop.js';

describeSimulation('the simulation finds that', (database) => {
  it.each(MUTANTS.map((mutant) => [mutant.name, mutant] as const))('%s', async (_, mutant) => {
    const { scenario, place, mutation, patch, problem } = mutant;
    const enumeration = new Enumeration(database(), scenario(new Payments(database())), mutation);
    await enumeration.prepare();
    const undo = patch?.();
    try {
      const { problems } = await enumeration.play(place);
      expect(problems).toContainEqual(expect.stringMatching(problem));
    } finally {
      undo?.();
    }
    // and of the library as it is, nothing
    database().clear();
    const whole = new Enumeration(database(), scenario(new Payments(database())));
    await whole.prepare();
    expect((await whole.play(place)).problems).toEqual([]);
  });
});
