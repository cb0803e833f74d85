import { execFile } from 'node:child_process';
import { cp, mkdir, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { transform } from '@swc/core';
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

/** The compiled library, inside the project so that it finds its dependencies. */
async function build(): Promise<void> {
  const lib = join(ROOT, 'lib');
  const files = await readdir(lib, { recursive: true });
  for (const file of files.filter((name) => name.endsWith('.ts'))) {
    const built = join(BUILT, 'lib', file.replace(/\.ts$/, '.js'));
    await mkdir(dirname(built), { recursive: true });
    const { code } = await transform(await readFile(join(lib, file), 'utf8'), {
      filename: join(lib, file),
      sourceMaps: false,
    });
    await writeFile(built, code);
  }
  await cp(new URL('start-up.app.js', import.meta.url), join(BUILT, 'start-up.app.js'));
}
