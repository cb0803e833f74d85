/**
 * Builds the dashboard's page: strips the types, so that a browser loads the modules directly, and copies the style and
 * uPlot. `npm run build` writes to dist/, specs to a temporary folder. `npm run typecheck` checks the types.
 */
import { copyFileSync, mkdirSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';

const SCRIPT = fileURLToPath(import.meta.url);
const ROOT = join(dirname(SCRIPT), '..');
const PAGE = join(ROOT, 'lib', 'dashboard', 'page');
const require = createRequire(import.meta.url);

/** Writes those files of the page that a folder lacks, or has in an older version. Creates the folder. */
export function buildDashboardPage(target) {
  mkdirSync(target, { recursive: true });
  for (const name of readdirSync(PAGE)) {
    const source = join(PAGE, name);
    if (/\.(css|svg)$/.test(name)) update(join(target, name), source, copyFileSync);
    if (!name.endsWith('.ts') || name.endsWith('.d.ts')) continue;
    update(join(target, name.replace(/\.ts$/, '.js')), source, stripTypes);
  }
  const uplot = dirname(require.resolve('uplot'));
  update(join(target, 'uplot.js'), join(uplot, 'uPlot.iife.min.js'), asModule);
  update(join(target, 'uplot.css'), join(uplot, 'uPlot.min.css'), copyFileSync);
  update(join(target, 'uplot.LICENSE'), join(uplot, '..', 'LICENSE'), copyFileSync);
}

function update(target, source, write) {
  const changed = Math.max(statSync(source).mtimeMs, statSync(SCRIPT).mtimeMs);
  const written = statSync(target, { throwIfNoEntry: false })?.mtimeMs ?? -Infinity;
  if (written < changed) write(source, target);
}

function stripTypes(source, target) {
  const ts = require('typescript'); // here, because loading it takes 0.3 s, and most starts have nothing to build
  const compilerOptions = {
    target: ts.ScriptTarget.ES2022,
    module: ts.ModuleKind.ESNext,
    verbatimModuleSyntax: true,
    removeComments: true,
  };
  const text = readFileSync(source, 'utf8');
  writeFileSync(target, ts.transpileModule(text, { compilerOptions, fileName: source }).outputText);
}

/** uPlot's minified script is made for `<script>`. The added export makes it a module. */
function asModule(source, target) {
  writeFileSync(target, `${readFileSync(source, 'utf8')}export default uPlot;\n`);
}

if (import.meta.url === pathToFileURL(process.argv[1] ?? '').href) {
  buildDashboardPage(process.argv[2] ?? join(ROOT, 'dist', 'dashboard', 'page'));
}
