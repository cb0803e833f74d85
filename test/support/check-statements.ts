/**
 * Fails a spec file whose statements break a rule: jest.statements.config.js. With TRACKSTATS_TEST_DISTRIBUTED=on every
 * database is taken for a distributed one, and the rules are those of its statements.
 */
import { PostgresDriver } from '../../lib/database/dialects/postgres.driver.js';
import { brokenIfDistributed, brokenRules } from './statement-rules.js';
import { recordStatements } from './statement-recorder.js';

/** Counts by ranges of an index, which runs choose only for tables that VACUUM has seen: no distributed one. */
const BY_INDEX = 'JSON_ARRAY_ELEMENTS';

/** In statements that a spec runs in a transaction of the library, to make it wait. */
const OF_A_SPEC = '/* of a spec */';

const isDistributed = process.env.TRACKSTATS_TEST_DISTRIBUTED === 'on';
if (isDistributed) PostgresDriver.prototype.findsDistributed = () => Promise.resolve(true);

const statements = new Set<string>();
const stop = recordStatements((text) => statements.add(text));

afterAll(() => {
  stop();
  const broken = [...statements]
    .filter((text) => !text.includes(OF_A_SPEC) && (isDistributed || !text.includes(BY_INDEX)))
    .flatMap((text) => (isDistributed ? brokenIfDistributed : brokenRules)(text).map((rule) => `${rule}: ${text}`));
  expect(broken).toEqual([]);
});
