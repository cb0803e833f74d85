import { SimulatedDays } from './days.js';
import { describeSimulation } from './stage.js';

/** The first seed. A failure names the seed that it is found again with. */
const SEED = Number(process.env.TRACKSTATS_SIMULATION_SEED ?? 1);

describeSimulation('simulated days of three processes', (database) => {
  it('end with everything right, whatever went wrong in them', async () => {
    let faults = 0;
    for (const seed of [SEED, SEED + 1]) {
      const days = await SimulatedDays.play(database(), seed, 15);
      expect(days.problems).toEqual([]);
      faults += days.faults;
    }
    expect(faults).toBeGreaterThan(5);
  }, 300_000);

  it('are the same for the same seed, to the last statement', async () => {
    const [once, again] = [
      await SimulatedDays.play(database(), SEED, 2, 40),
      await SimulatedDays.play(database(), SEED, 2, 40),
    ];
    expect(once.faults).toBeGreaterThan(2);
    expect(again).toEqual(once);
  });
});
