import { execFile } from 'node:child_process';
import { cpSync, existsSync, mkdtempSync, readdirSync, rmSync, statSync, symlinkSync, utimesSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, relative } from 'node:path';
import { promisify } from 'node:util';
import { PAGE_SOURCES } from '../../build/dashboard-page.js';
import { USAGE } from '../../sample-app/src/options.js';

const ROOT = process.cwd();
const run = promisify(execFile);

describe('npm start', () => {
  let copy: string;

  beforeAll(() => {
    copy = mkdtempSync(join(tmpdir(), 'trackstats-start-'));
    // only what a change of leads to another build: what the page imports besides is not found
    const ofPage = PAGE_SOURCES.map((source) => relative(ROOT, source));
    for (const part of ['build', 'package.json', 'tsconfig.json', '.swcrc', join('sample-app', 'src'), ...ofPage])
      cpSync(join(ROOT, part), join(copy, part), { recursive: true });
    symlinkSync(join(ROOT, 'node_modules'), join(copy, 'node_modules'));
  });

  afterAll(() => {
    rmSync(copy, { recursive: true, force: true });
  });

  it('answers --help without building anything', async () => {
    const { stdout } = await run(process.execPath, ['build/start.js', '--help'], { cwd: copy });
    expect(stdout.trim()).toBe(USAGE);
    expect([existsSync(join(copy, 'dist')), existsSync(join(copy, 'sample-app', 'dist'))]).toEqual([false, false]);
  });

  it('builds the page when one of its files has changed, and only then', async () => {
    const page = join(copy, 'page');
    const build = () => run(process.execPath, ['build/dashboard-page.js', page], { cwd: copy });
    const written = () => statSync(join(page, 'app.js')).mtimeMs;
    await build();
    expect(readdirSync(page).sort()).toEqual(['app.js', 'icon.svg', 'preact.LICENSE', 'style.css']);

    for (const changed of [
      join('dashboard', 'page', 'chart', 'chart.tsx'),
      join('chart', 'layers.ts'),
      join('catalog', 'number-text.ts'),
    ]) {
      const before = written();
      await build();
      expect(written()).toBe(before);

      const later = new Date(Date.now() - 1);
      utimesSync(join(copy, 'lib', changed), later, later);
      await build();
      expect(written()).toBeGreaterThan(before);
    }
  });
});
