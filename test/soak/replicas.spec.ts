import { describeOnEachDatabase } from '../support/databases.js';
import { tell } from './figures.js';
import { FAST_CLOCK, replicas } from './replicas.js';
import { ShopProgram } from './shop-process.js';

describeOnEachDatabase('five processes', (database) => {
  if (database.kind !== 'postgres') {
    it.skip('are tried on PostgreSQL', () => undefined);
    return;
  }
  const program = new ShopProgram();
  afterEach(() => program.killAll());
  afterAll(() => program.remove());

  it('run every slot once, though one has a wrong clock and others are killed', async () => {
    if (FAST_CLOCK === null) tell('five processes', { without: 'libfaketime, which is not installed' });
    const ticks = Number(process.env.SOAK_TICKS ?? 300);
    const figures = await replicas(database, program, { processes: 5, ticks, killEvery: 15_000 });
    tell('five processes', figures);
    expect(figures).toMatchObject({ missed: 0, twice: 0 });
    expect(figures.slots).toBeGreaterThan(2 * ticks - 20);
  });
});
