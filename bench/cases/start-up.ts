import { execFile } from 'node:child_process';
import { cp, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { buildLibrary } from '../../build/library.js';
import type { BenchCase, Contender } from '../bench-case.js';
import type { Session } from '../session.js';

const run = promisify(execFile);
const ROOT = fileURLToPath(new URL('../../', import.meta.url));
const BUILT = join(ROOT, '.tsc-out', `bench-${process.pid}`);

export const startUp: BenchCase = {
  name: 'start-up',
  title: 'start of an application, from `node` until it is ready, against the same without the module',
  prepare: async (session) => {
    await build();
    return {
      ours: application(session, 'with the module', true),
      baselines: [application(session, 'without the module', false)],
      dispose: () => rm(BUILT, { recursive: true, force: true }),
    };
  },
};

function application({ database }: Session, name: string, withModule: boolean): Contender {
  const options = JSON.stringify({ ...database.options, synchronize: false });
  const script = join(BUILT, 'start-up.app.js');
  return { name, run: () => run(process.execPath, [script, options, String(withModule)]) };
}

/** The library as the package has it, inside the project so that it finds its dependencies. */
async function build(): Promise<void> {
  buildLibrary(join(BUILT, 'lib'));
  await cp(new URL('start-up.app.js', import.meta.url), join(BUILT, 'start-up.app.js'));
}
