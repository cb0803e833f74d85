/**
 * Builds the dashboard's page: its TypeScript becomes plain modules that a browser loads as they are, beside its style and
 * uPlot. `npm run build` calls it for dist/, specs for a folder of their own; types are checked by `npm run typecheck`.
 */
import { copyFileSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import ts from 'typescript';

const ROOT = join(dirname(fileURLToPath(import.meta.url)), '..');
const PAGE = join(ROOT, 'lib', 'dashboard', 'page');

const COMPILER_OPTIONS = {
  target: ts.ScriptTarget.ES2022,
  module: ts.ModuleKind.ESNext,
  verbatimModuleSyntax: true,
  removeComments: true,
};

/** Writes the page into a folder, which is made. */
export function buildDashboardPage(target) {
  mkdirSync(target, { recursive: true });
  for (const name of readdirSync(PAGE)) {
    if (/\.(css|svg)$/.test(name)) copyFileSync(join(PAGE, name), join(target, name));
    if (!name.endsWith('.ts') || name.endsWith('.d.ts')) continue;
    const source = readFileSync(join(PAGE, name), 'utf8');
    const { outputText } = ts.transpileModule(source, { compilerOptions: COMPILER_OPTIONS, fileName: name });
    writeFileSync(join(target, name.replace(/\.ts$/, '.js')), outputText);
  }
  copyUplot(target);
}

/** uPlot, minified. Only its script for `<script>` comes minified, so the export that makes it a module is added here. */
function copyUplot(target) {
  const dist = dirname(createRequire(import.meta.url).resolve('uplot'));
  const script = readFileSync(join(dist, 'uPlot.iife.min.js'), 'utf8');
  writeFileSync(join(target, 'uplot.js'), `${script}export default uPlot;\n`);
  copyFileSync(join(dist, 'uPlot.min.css'), join(target, 'uplot.css'));
  copyFileSync(join(dist, '..', 'LICENSE'), join(target, 'uplot.LICENSE'));
}

if (import.meta.url === pathToFileURL(process.argv[1] ?? '').href) {
  buildDashboardPage(process.argv[2] ?? join(ROOT, 'dist', 'dashboard', 'page'));
}
