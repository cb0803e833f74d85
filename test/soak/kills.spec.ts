import { describeOnEachDatabase } from '../support/databases.js';
import { killedInItsAlert } from './alerted.js';
import { killedAtRandom } from './kills.js';
import { tell } from './figures.js';
import { ShopProgram } from './shop-process.js';

const KILLS = { postgres: 200, sqlite: 50, mariadb: 50 };

describeOnEachDatabase('processes that are killed', (database) => {
  const program = new ShopProgram();
  afterEach(async () => {
    await program.killAll();
    await database.reset();
  });
  afterAll(() => program.remove());

  const kills = Number(process.env.SOAK_KILLS ?? KILLS[database.kind]);

  it('leave statistics that the next one makes right', async () => {
    tell(`kill -9 on ${database.kind}`, await killedAtRandom(database, program, { kills, sales: 10 }));
  });

  it('leave the call of an alert to another one', async () => {
    for (let round = 0; round < 10; round++) {
      await killedInItsAlert(database, program);
      await program.killAll();
      await database.reset();
    }
  });

  if (database.kind !== 'sqlite') return;
  it('do so with a write-ahead log too', async () => {
    const figures = await killedAtRandom(database, program, { kills, sales: 10, extra: { enableWAL: true } });
    tell('kill -9 on sqlite with a write-ahead log', figures);
  });
});
