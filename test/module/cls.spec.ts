import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { describeOnEachDatabase } from '../support/databases.js';
import type { ClsOutcome } from './cls.process.js';

describeOnEachDatabase('an application with nestjs-cls', (database) => {
  let outcome: ClsOutcome;

  beforeAll(async () => {
    const task = JSON.stringify(database.options({}));
    const program = ['--import', './build/typescript.js', 'test/module/cls.process.ts', task];
    const env = { ...process.env, NODE_OPTIONS: '' };
    const { stdout } = await promisify(execFile)(process.execPath, program, { env });
    outcome = JSON.parse(stdout) as ClsOutcome;
  });

  it('starts with strict proxy providers, mounted as middleware, and hears of its runs', () => {
    const heard = ['started', 'finished'];
    expect(outcome.heard).toEqual({ 'nestjs-cls 6': heard, 'nestjs-cls 7': heard });
  });

  it("counts what committed by the transaction host's repository", () => {
    expect(outcome.committed).toBe(2);
  });

  // the order of the open transaction is not there yet for the run's own connection
  it('runs a tracker inside of a transaction, where there is more than one connection', () => {
    expect(outcome.inside).toBe(database.kind === 'sqlite' ? null : 2);
  });
});
