import { jest } from '@jest/globals';
import { killedInItsAlert } from '../soak/alerted.js';
import { killedAtRandom } from '../soak/kills.js';
import { pausedBeforeItWrites, pausedWhileItWrites } from '../soak/paused.js';
import { replayedLog } from '../soak/replayed-log.js';
import { replicas } from '../soak/replicas.js';
import { ShopProgram } from '../soak/shop-process.js';
import { terminated } from '../soak/shutdown.js';
import { writersAtOnce } from '../soak/writers.js';
import { describeOnEachDatabase } from '../support/databases.js';

/** The short forms of what `npm run test:soak` does for as long as it takes. */
// a process takes a second to start, and many times that on a busy machine
jest.setTimeout(180_000);

const program = new ShopProgram();
afterAll(() => program.remove());

describeOnEachDatabase('real processes', (database) => {
  afterEach(async () => {
    await program.killAll();
    await database.reset();
  });

  const isServer = database.kind !== 'sqlite';
  const onServer = isServer ? it : it.skip;
  const onPostgres = database.kind === 'postgres' ? it : it.skip;

  it('that are killed at random points leave what the next one makes right', async () => {
    const kills = database.kind === 'postgres' ? 5 : 4;
    expect(await killedAtRandom(database, program, { kills, sales: 2 })).toMatchObject({ kills });
  });

  it('write the same keys at once, and nothing is lost', async () => {
    await writersAtOnce(database, program, { processes: 2, each: 3, rounds: 5 });
  });

  it('that replay a log of increments, some of them killed, count each key once', async () => {
    expect(await replayedLog(database, program, { events: 200, processes: 4, kills: 2 })).toMatchObject({ kills: 2 });
  });

  onServer('that are paused past their lease are refused', async () => {
    await pausedBeforeItWrites(database, program);
  });

  onServer('that are paused in a transaction are refused', async () => {
    await pausedWhileItWrites(database, program, { serverEndsIt: database.kind === 'postgres' });
  });

  onPostgres('that are killed in the method of an alert leave its call to another', async () => {
    await killedInItsAlert(database, program);
  });

  onPostgres('run each slot once', async () => {
    const figures = await replicas(database, program, { processes: 3, ticks: 8, killEvery: 5000 });
    expect(figures).toMatchObject({ missed: 0, twice: 0 });
  });

  onPostgres('finish their runs at SIGTERM', async () => {
    const statuses = await terminated(database, program, { sleep: 1, shutdownGrace: 10_000 });
    expect(statuses).toEqual(['succeeded', 'succeeded']);
  });

  onPostgres('cancel at SIGTERM what takes longer than the grace time', async () => {
    const statuses = await terminated(database, program, { sleep: 60, shutdownGrace: 200 });
    expect(statuses).toEqual(['succeeded', 'cancelled']);
  });
});
