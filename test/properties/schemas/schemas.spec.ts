import { describeOnEachDatabase } from '../../support/databases.js';
import { checkTrials, trialsOf } from './trials.js';

/** Others for each database, so that few schemas find more. */
const SEEDS = { sqlite: 1, postgres: 2, mariadb: 3 };
/** `npm run test:soak -- test/soak/schemas` tries thousands. */
const SCHEMAS = Number(process.env.TRACKSTATS_SCHEMAS ?? 4);

describeOnEachDatabase('random schemas', (database) => {
  test('keep the laws', async () => {
    await checkTrials(database, trialsOf(SEEDS[database.kind], SCHEMAS), { entityPrefix: 'pre_' });
  }, 240_000);
});
