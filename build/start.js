/** `npm start`: builds what has changed, then runs the sample application. `--help` builds nothing. */
import { spawnSync } from 'node:child_process';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { buildDashboardPage } from './dashboard-page.js';
import { buildLibrary } from './library.js';
import './typescript.js';

const ROOT = join(dirname(fileURLToPath(import.meta.url)), '..');

if (process.argv.slice(2).includes('--help')) {
  const { USAGE } = await import('../sample-app/src/options.ts');
  console.log(USAGE);
} else {
  build();
  await import('../sample-app/dist/main.js');
}

function build() {
  const tsc = createRequire(import.meta.url).resolve('typescript/bin/tsc');
  const project = join(ROOT, 'sample-app', 'tsconfig.build.json');
  const { status } = spawnSync(process.execPath, [tsc, '--build', project], { stdio: 'inherit' });
  if (status !== 0) process.exit(status ?? 1);
  buildLibrary(join(ROOT, 'dist'));
  buildDashboardPage(join(ROOT, 'dist', 'dashboard', 'page'));
}
