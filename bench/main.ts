import { parseArgs } from 'node:util';
import type { BenchCase, BenchOptions } from './bench-case.js';
import { createDatabase, findDatabases, forgetDatabases } from './databases.js';
import type { Events } from './data.js';
import { explain } from './explain.js';
import { measure } from './measure.js';
import { Session } from './session.js';
import { byUserDay, byUserLifetimeChanges, byUserLifetimeDaily } from './cases/by-user.js';
import { dayBare, dayIndexed } from './cases/day.js';
import { distinct28 } from './cases/distinct.js';
import { lifetimeBare, lifetimeIndexed } from './cases/lifetime.js';

const CASES: readonly BenchCase[] = [
  dayIndexed,
  dayBare,
  lifetimeIndexed,
  lifetimeBare,
  byUserDay,
  byUserLifetimeChanges,
  byUserLifetimeDaily,
  distinct28,
];

const { values: args } = parseArgs({
  options: {
    rows: { type: 'string', default: '1000000' },
    databases: { type: 'string', default: '' },
    only: { type: 'string', multiple: true, default: [] },
    seconds: { type: 'string', default: '15' },
    'skip-large': { type: 'boolean', default: false },
    explain: { type: 'boolean', default: false },
    save: { type: 'boolean', default: false },
  },
});
const options: BenchOptions = { rows: Number(args.rows) };
const chosen = CASES.filter(
  ({ name, large }) => (args.only.length === 0 || args.only.some((only) => name.includes(only))) && !(large && args['skip-large']),
);

const tables = [...new Map(chosen.flatMap((each) => each.tables(options)).map((events) => [events.table, events])).values()];
for (const server of await findDatabases(args.databases.split(',').filter((kind) => kind !== ''))) {
  await benchOn(await createDatabase(server), tables);
}
await forgetDatabases();

async function benchOn(database: Awaited<ReturnType<typeof createDatabase>>, events: readonly Events[]): Promise<void> {
  const session = await Session.open(database, events);
  try {
    for (const each of chosen) {
      try {
        const prepared = await each.prepare(session, options);
        if (args.explain) {
          for (const contender of [prepared.ours, ...prepared.baselines]) {
            process.stdout.write(`\n===== ${database.kind} ${each.name}: ${contender.name}\n${await explain(session, contender)}\n`);
          }
        }
        const m = await measure(prepared, Number(args.seconds) * 1000);
        const target = each.target?.[database.kind];
        process.stdout.write(
          `${database.version.padEnd(18)} ${each.name.padEnd(26)} ${m.ratio.toFixed(2)} (${m.spread.map((r) => r.toFixed(2)).join('–')}) target ${target ?? ''} ours ${m.ours.toFixed(0)} hand ${m.baseline.toFixed(0)} [${m.baselineName}] rounds ${m.rounds}; ${m.others.map(({ name, ms }) => `${name} ${ms.toFixed(0)}`).join('; ')}\n`,
        );
        await prepared.dispose?.();
      } catch (error) {
        process.stdout.write(`${database.version} ${each.name}: ${error instanceof Error ? error.stack : String(error)}\n`);
      }
    }
  } finally {
    await session.close();
    await database.drop();
  }
}
