/**
 * Builds the dashboard's page: Vite bundles the components of lib/dashboard/page into one script and one style sheet.
 * `npm run build` writes to dist/, specs to a temporary folder. `npm run typecheck` checks the types.
 */
import { copyFileSync, mkdirSync, readdirSync, statSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join, resolve } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { isCurrent, runScript } from './outputs.js';

const SCRIPT = fileURLToPath(import.meta.url);
const ROOT = join(dirname(SCRIPT), '..');
const PAGE = join(ROOT, 'lib', 'dashboard', 'page');
/** The folders and files that the page is made of: its own, and those that it imports. It is built again if one changes. */
export const PAGE_SOURCES = [
  PAGE,
  join(ROOT, 'lib', 'chart'),
  join(ROOT, 'lib', 'catalog', 'number-text.ts'),
  join(ROOT, 'lib', 'time', 'period-text.ts'),
];

/** Writes the page to a folder, if the folder lacks it or has an older one. Creates the folder. */
export function buildDashboardPage(target) {
  if (!isBuilt(target)) runScript(SCRIPT, target, "The dashboard's page");
}

function isBuilt(target) {
  return isCurrent(join(target, 'app.js'), [SCRIPT, ...sources()]);
}

function sources() {
  return PAGE_SOURCES.flatMap((source) => (statSync(source).isFile() ? [source] : filesIn(source)));
}

function filesIn(folder) {
  return readdirSync(folder, { recursive: true, encoding: 'utf8' })
    .map((name) => join(folder, name))
    .filter((file) => statSync(file).isFile());
}

async function build(target) {
  const { build: bundle } = await import('vite');
  await bundle({
    configFile: false,
    root: PAGE,
    base: './',
    logLevel: 'warn',
    publicDir: false,
    oxc: { jsx: { runtime: 'automatic', importSource: 'preact' } },
    build: {
      outDir: resolve(target),
      emptyOutDir: false,
      target: ['chrome111', 'firefox121', 'safari16.4'],
      cssCodeSplit: false,
      modulePreload: false,
      reportCompressedSize: false,
      rolldownOptions: {
        input: join(PAGE, 'app.tsx'),
        // the folder that the files are served from has a hash of all of them in its address
        output: { entryFileNames: '[name].js', chunkFileNames: '[name].js', assetFileNames: '[name][extname]' },
      },
    },
  });
  mkdirSync(target, { recursive: true });
  copyFileSync(join(PAGE, 'icon.svg'), join(target, 'icon.svg'));
  const preact = createRequire(import.meta.url).resolve('preact/package.json');
  copyFileSync(join(dirname(preact), 'LICENSE'), join(target, 'preact.LICENSE'));
}

if (import.meta.url === pathToFileURL(process.argv[1] ?? '').href) {
  const target = process.argv[2] ?? join(ROOT, 'dist', 'dashboard', 'page');
  if (!isBuilt(target)) await build(target);
}
