import { parseArgs } from 'node:util';
import type { BenchCase, BenchOptions } from './bench-case.js';
import { byUserDay, byUserLifetimeChanges, byUserLifetimeDaily, byUserLifetimeUpserts } from './cases/by-user.js';
import { dayBare, dayIndexed } from './cases/day.js';
import { distinct28 } from './cases/distinct.js';
import { fiveAgainstOne, fiveByHand } from './cases/five-periods.js';
import { HOUR_CASES } from './cases/hours.js';
import { incrementAlone, incrementKeyed, incrementObjects, incrementTotal } from './cases/increment.js';
import {
  incrementalAppendOnly,
  incrementalDay,
  incrementalLifetime,
  incrementalNothing,
  longHistory,
} from './cases/incremental.js';
import { lifetimeBare, lifetimeIndexed } from './cases/lifetime.js';
import { LIVE_CASES } from './cases/live.js';
import { recordAlone, recordMany, recordManyAgain } from './cases/record.js';
import { scrub } from './cases/scrub.js';
import { READ_CASES } from './cases/series.js';
import { startOfTrackers, startUp } from './cases/start-up.js';
import { tenAgainstOne, tenByHand } from './cases/ten-metrics.js';
import { top } from './cases/top.js';
import { VERIFY_CASES } from './cases/verify.js';
import { createDatabase, findDatabases, forgetDatabases, type BenchDatabase } from './databases.js';
import { explain, shortened } from './explain.js';
import { measure } from './measure.js';
import { printed, save, savePlans, type Result } from './report.js';
import { Session } from './session.js';

const CASES: readonly BenchCase[] = [
  dayIndexed,
  dayBare,
  lifetimeIndexed,
  lifetimeBare,
  fiveAgainstOne,
  fiveByHand,
  tenAgainstOne,
  tenByHand,
  byUserDay,
  byUserLifetimeChanges,
  byUserLifetimeDaily,
  byUserLifetimeUpserts,
  distinct28,
  incrementalDay,
  incrementalNothing,
  incrementalLifetime,
  incrementalAppendOnly,
  longHistory,
  incrementAlone,
  incrementObjects,
  incrementTotal,
  incrementKeyed,
  recordAlone,
  recordMany,
  recordManyAgain,
  scrub,
  ...READ_CASES,
  ...LIVE_CASES,
  ...HOUR_CASES,
  top,
  startUp,
  startOfTrackers,
  ...VERIFY_CASES,
];

const USAGE = `npm run bench -- [options]

  --rows N           rows of the source (default 1000000)
  --databases LIST   sqlite,postgres,mariadb (default: all that answer)
  --only TEXT        cases whose name, as in --list, contains the text; may be given several times
  --skip-large       leaves out the cases that write or read many millions of rows
  --seconds N        how long a case is measured, beyond the fewest rounds (default 15)
  --explain          shows the plans of ours and of the baselines instead of measuring
  --save             writes bench/results.json and bench/results.md; with --explain bench/plans/DATABASE.txt
  --list             lists the cases
`;

const { values: args } = parseArgs({
  options: {
    rows: { type: 'string', default: '1000000' },
    databases: { type: 'string', default: '' },
    only: { type: 'string', multiple: true, default: [] },
    'skip-large': { type: 'boolean', default: false },
    seconds: { type: 'string', default: '15' },
    explain: { type: 'boolean', default: false },
    save: { type: 'boolean', default: false },
    list: { type: 'boolean', default: false },
    help: { type: 'boolean', default: false },
  },
});
const options: BenchOptions = { rows: Number(args.rows) };
const chosen = CASES.filter(
  ({ name }) => args.only.length === 0 || args.only.some((text) => name.includes(text)),
).filter(({ large }) => large !== true || !args['skip-large']);

if (args.help) process.stdout.write(USAGE);
else if (args.list) process.stdout.write(chosen.map(({ name, title }) => `${name.padEnd(28)} ${title}\n`).join(''));
else if (chosen.length === 0) throw new Error(`No case has a name with ${args.only.join(' or ')}. See --list.`);
else await bench();

async function bench(): Promise<void> {
  const results: Result[] = [];
  try {
    for (const server of await findDatabases(args.databases.split(',').filter((kind) => kind !== ''))) {
      await withDatabase(await createDatabase(server), (database) => benchOn(database, results));
    }
  } finally {
    await forgetDatabases();
  }
  if (results.length > 0) process.stdout.write(`${printed(results)}\n`);
}

async function withDatabase(database: BenchDatabase, work: (database: BenchDatabase) => Promise<void>): Promise<void> {
  const stop = (): void => void database.drop().finally(() => process.exit(130));
  process.once('SIGINT', stop).once('SIGTERM', stop);
  try {
    await work(database);
  } finally {
    process.off('SIGINT', stop).off('SIGTERM', stop);
    await database.drop();
  }
}

async function benchOn(database: BenchDatabase, results: Result[]): Promise<void> {
  const tables = new Map(
    chosen.flatMap((each) => each.tables?.(options) ?? []).map((events) => [events.table, events]),
  );
  const providers = chosen.flatMap((each) => each.providers?.(database.kind, options) ?? []);
  const session = await Session.open(database, [...tables.values()], providers);
  const plans: string[] = [];
  try {
    for (const each of chosen) {
      try {
        const prepared = await each.prepare(session, options);
        try {
          if (args.explain) {
            for (const contender of [prepared.ours, ...prepared.baselines]) {
              const title = `## ${each.name}, ${database.version}: ${contender.name}`;
              const plan = await explain(session, contender);
              process.stdout.write(`\n${title}\n\n${plan}\n`);
              plans.push(`${title}\n\n${shortened(plan)}\n`);
            }
            continue;
          }
          const measured = await measure(prepared, Number(args.seconds) * 1000, () => session.processorTime());
          const result = { database: database.version, kind: database.kind, case: each, measured };
          results.push(result);
          process.stderr.write(`${printed([result])}\n`);
          if (args.save) await save([result], options);
        } finally {
          await prepared.dispose?.();
        }
      } catch (error) {
        process.exitCode = 1;
        process.stderr.write(
          `${each.name}, ${database.version}: ${error instanceof Error ? String(error.stack) : String(error)}\n`,
        );
      }
    }
    if (args.explain && args.save) await savePlans(database.kind, plans);
  } finally {
    await session.close();
  }
}
