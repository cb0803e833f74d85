import { execFile } from 'node:child_process';
import { cp, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { buildLibrary } from '../../build/library.js';
import type { BenchCase, Contender, Prepared } from '../bench-case.js';
import type { Session } from '../session.js';

const run = promisify(execFile);
const ROOT = fileURLToPath(new URL('../../', import.meta.url));
const BUILT = join(ROOT, '.tsc-out', `bench-${process.pid}`);

const TRACKERS = 100;

export const startUp: BenchCase = {
  name: 'start-up',
  title: 'start of an application, from `node` until it is ready, against the same without the module',
  prepare: (session) =>
    prepared(application(session, 'with the module', 0), application(session, 'without the module', null)),
};

export const startOfTrackers: BenchCase = {
  name: 'start-of-trackers',
  title: `start of an application with ${TRACKERS} trackers, against the same with one: a ${TRACKERS - 1}th of the difference is the cost of a tracker`,
  prepare: (session) =>
    prepared(application(session, `${TRACKERS} trackers`, TRACKERS), application(session, 'one tracker', 1)),
};

async function prepared(ours: Contender, baseline: Contender): Promise<Prepared> {
  await build();
  return { ours, baselines: [baseline], dispose: () => rm(BUILT, { recursive: true, force: true }) };
}

/** @param trackers null without the module */
function application({ database }: Session, name: string, trackers: number | null): Contender {
  const options = JSON.stringify({ ...database.options, synchronize: false });
  const script = [join(BUILT, 'start-up.app.js'), options, ...(trackers === null ? [] : [String(trackers)])];
  return { name, run: () => run(process.execPath, script) };
}

/** The library as the package has it, inside the project so that it finds its dependencies. */
async function build(): Promise<void> {
  buildLibrary(join(BUILT, 'lib'));
  await cp(new URL('start-up.app.js', import.meta.url), join(BUILT, 'start-up.app.js'));
}
