import { SqliteDriver } from '../../lib/database/dialects/sqlite.driver.js';
import type { Place, Scenario } from './enumeration.js';
import { incrementScenario, methodScenario, runScenario } from './scenarios.js';
import type { Payments } from './shop.js';
import type { Answer } from './sqlite-session.js';
import type { Connection, Mutation } from './world.js';

/** A mistake that the library could have, and a place at which the simulation must find it. */
export interface Mutant {
  readonly name: string;
  readonly scenario: (payments: Payments) => Scenario;
  readonly place: Place | null;
  readonly mutation: Mutation;
  /** changes the library's code, and returns what undoes it */
  readonly patch?: () => () => void;
  /** what the simulation says of it */
  readonly problem: RegExp;
}

/** In `runScenario`: the first statement of the run's own transaction, and its COMMIT. */
const [BEGIN_OF_RUN, COMMIT_OF_RUN] = [5, 19];
/** In `incrementScenario(false)`. */
const COMMIT_OF_INCREMENTS = 10;
const KEY_COLUMNS = 9;

function place(fault: Place['fault'], at: number, beside: number | null = null): Place {
  return { fault, at, beside, endsIdle: false };
}

/** Replaces a part of the text of statements. */
function rewriting(part: RegExp, by: string): Mutation {
  return { execute: ({ text, values }, execute) => execute(text.replace(part, by), values) };
}

export const MUTANTS: readonly Mutant[] = [
  {
    name: 'the fence of a lease is not checked',
    scenario: runScenario,
    // the other process has taken over, and has ended its run
    place: place('sleeps before', BEGIN_OF_RUN, 30),
    mutation: rewriting(
      /AND "fence" = (\?) AND "owner" = (\?)|AND "fence" = (\?)\s+AND "owner" = (\?)/,
      'AND (1 OR "fence" = ? OR "owner" = ?)',
    ),
    problem: /written without the lease/,
  },
  {
    name: 'a lease is not renewed',
    scenario: methodScenario,
    place: place('fails before', 1, 0),
    mutation: rewriting(/SET "until" = simulated_now\(\) \+ \?/, 'SET "until" = "until" + 0 * ?'),
    problem: /was overtaken though it was never silent/,
  },
  {
    name: 'the coverage is committed before the rows',
    scenario: runScenario,
    place: null,
    mutation: committingCoverageFirst(),
    problem: /is absent, and not|is .*, and not/,
  },
  {
    name: 'a COMMIT that failed is taken for one that succeeded, by a run',
    scenario: runScenario,
    place: place('fails before', COMMIT_OF_RUN),
    mutation: { ignoresFailedCommits: true },
    problem: /was overtaken though it was never silent/,
  },
  {
    name: 'a COMMIT that failed is taken for one that succeeded, by increments',
    scenario: () => incrementScenario(false),
    place: place('fails before', COMMIT_OF_INCREMENTS),
    mutation: { ignoresFailedCommits: true },
    problem: /an increment of the first process done and counted 0 times/,
  },
  {
    name: 'stored keys of increments are not looked at',
    scenario: () => incrementScenario(false),
    place: null,
    mutation: {
      execute: ({ text, values }, execute) => {
        const answer = execute(text, values);
        const isOfKeys = text.startsWith('INSERT INTO "trackstats_increment_key"');
        return isOfKeys ? { ...answer, affected: values.length / KEY_COLUMNS } : answer;
      },
    },
    problem: /visits with keys/,
  },
  {
    name: 'a lost connection is taken for a rolled back transaction',
    scenario: () => incrementScenario(false),
    place: place('fails after', COMMIT_OF_INCREMENTS),
    mutation: {},
    patch: () => {
      const { isTransient } = SqliteDriver.prototype;
      SqliteDriver.prototype.isTransient = (error) => (error as { code?: unknown }).code === 'SQLITE_IOERR';
      return () => {
        SqliteDriver.prototype.isTransient = isTransient;
      };
    },
    problem: /counted 2 times|visits too many/,
  },
  {
    name: 'a run does not record its slot',
    scenario: runScenario,
    place: null,
    mutation: rewriting(/,"slot" = \?/, ',"slot" = "slot" + 0 * ?'),
    problem: /its slot was not recorded/,
  },
  {
    name: 'a lost run overwrites its success in the history',
    scenario: runScenario,
    place: place('acknowledgement lost', COMMIT_OF_RUN),
    mutation: rewriting(/ AND "status" = 'running'/, ''),
    problem: /a run that succeeded was then lost/,
  },
];

/** Puts the statements that write rows behind the one that moves the coverage, in a transaction of their own. */
function committingCoverageFirst(): Mutation {
  const postponed = new WeakMap<Connection, [string, readonly unknown[]][]>();
  const nothing: Answer = { records: [], affected: 0 };
  return {
    execute: ({ text, values, connection }, execute, changed) => {
      const isOfRows = /^(INSERT INTO|DELETE FROM) "trackstats_statistic/.test(text);
      const waiting = postponed.get(connection);
      if (text.startsWith('INSERT INTO "trackstats_coverage"') && waiting !== undefined) {
        postponed.delete(connection);
        const answer = execute(text, values);
        execute('COMMIT');
        changed();
        execute('BEGIN IMMEDIATE');
        for (const [later, bound] of waiting) execute(later, bound);
        return answer;
      }
      if (waiting === undefined && !isOfRows) return execute(text, values);
      postponed.set(connection, [...(waiting ?? []), [text, values]]);
      return nothing;
    },
  };
}
