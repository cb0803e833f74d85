import { describeOnEachDatabase } from '../support/databases.js';
import { tell } from './figures.js';
import { ShopProgram } from './shop-process.js';
import { writersAtOnce } from './writers.js';

describeOnEachDatabase('sixteen writers in four processes', (database) => {
  const program = new ShopProgram();
  afterEach(() => program.killAll());
  afterAll(() => program.remove());

  it('write the same keys at once: the totals are exact, and no call fails', async () => {
    const rounds = Number(process.env.SOAK_ROUNDS ?? 100);
    tell(`writers on ${database.kind}`, await writersAtOnce(database, program, { processes: 4, each: 4, rounds }));
  });
});
