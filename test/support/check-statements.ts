/** Fails a spec file whose statements break a rule: jest.statements.config.js. */
import { brokenRules } from './statement-rules.js';
import { recordStatements } from './statement-recorder.js';

/** Counts by ranges of an index, which runs choose only for tables that VACUUM has seen: no distributed one. */
const BY_INDEX = 'JSON_ARRAY_ELEMENTS';

const statements = new Set<string>();
const stop = recordStatements((text) => statements.add(text));

afterAll(() => {
  stop();
  const broken = [...statements]
    .filter((text) => !text.includes(BY_INDEX))
    .flatMap((text) => brokenRules(text).map((rule) => `${rule}: ${text}`));
  expect(broken).toEqual([]);
});
