import fc from '../support/fast-check.js';
import { DuckDbJudge } from './duckdb-judge.js';
import { drawnTrial } from '../properties/schemas/laws.js';
import { checkTrials, trialsOf } from '../properties/schemas/trials.js';
import { describeOnEachDatabase } from '../support/databases.js';
import { tell } from './figures.js';

const SCHEMAS = Number(process.env.SOAK_SCHEMAS ?? 2_000);
const SEED = Number(process.env.SOAK_SEED ?? Date.now() % 1_000_000);
/** Schemas that share a database. */
const BESIDE = 20;

describeOnEachDatabase('random schemas', (database) => {
  let duckDb: DuckDbJudge;

  beforeAll(async () => {
    duckDb = await DuckDbJudge.start();
  });
  afterAll(() => {
    duckDb.close();
  });

  it('keep the laws', async () => {
    const began = Date.now();
    for (let first = 0; first < SCHEMAS; first += BESIDE) {
      const seed = SEED + first / BESIDE;
      const drawn = trialsOf(seed, Math.min(BESIDE, SCHEMAS - first));
      const options = { entityPrefix: seed % 2 === 0 ? 'pre_' : '' };
      try {
        await checkTrials(database, drawn, options, duckDb);
      } catch (error) {
        await database.reset();
        throw new Error(`SOAK_SEED=${String(seed)} SOAK_SCHEMAS=${String(BESIDE)}: ${(error as Error).message}`, {
          cause: error,
        });
      }
      await database.reset();
    }
    tell(`random schemas on ${database.kind}`, {
      schemas: SCHEMAS,
      seed: SEED,
      seconds: Math.round((Date.now() - began) / 1000),
    });
  });

  // the smallest schema that fails, of those of a seed
  (process.env.SOAK_SHRINK === undefined ? it.skip : it)('are shrunk', async () => {
    await fc.assert(
      fc.asyncProperty(drawnTrial, async (one) => {
        try {
          await checkTrials(database, [one], {}, duckDb);
        } finally {
          await database.reset();
        }
      }),
      { seed: SEED, numRuns: SCHEMAS, endOnFailure: false, interruptAfterTimeLimit: 10 * 60_000 },
    );
  });
});
