/**
 * Builds the library's JavaScript: Vite bundles lib/ into one file for each entry point and one for each part that
 * several of them share. An application then loads a few files at its start instead of 170, in a quarter of the time.
 * What is shared has a file of its own, so that each class exists once. tsc writes the declarations.
 * `npm run build` writes to dist/, the bench to a temporary folder.
 */
import { copyFileSync, readdirSync, readFileSync } from 'node:fs';
import { dirname, join, relative, resolve, sep } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { isCurrent, runScript } from './outputs.js';

const SCRIPT = fileURLToPath(import.meta.url);
const ROOT = join(dirname(SCRIPT), '..');
const LIB = join(ROOT, 'lib');
const PAGE = join('dashboard', 'page');
/** The schematic that the Nest CLI runs, with the JSON files that it reads. */
const SCHEMATICS = 'schematics';
const COLLECTION = ['collection.json', 'nest-add.schema.json'].map((name) => join(SCHEMATICS, name));

/** Writes the library to a folder, if the folder lacks it or has an older one. Creates the folder. */
export function buildLibrary(target) {
  if (!isBuilt(target)) runScript(SCRIPT, target, 'The library');
}

function isBuilt(target) {
  const sources = readdirSync(LIB, { recursive: true, encoding: 'utf8' })
    .filter((name) => name.endsWith('.ts') && !name.startsWith(PAGE))
    .map((name) => join(LIB, name));
  return isCurrent(join(target, 'index.js'), [
    SCRIPT,
    join(ROOT, 'package.json'),
    ...COLLECTION.map((name) => join(LIB, name)),
    ...sources,
  ]);
}

/** The files that package.json names, and the schematic, without their ending. */
function entryPoints() {
  const { exports, bin } = JSON.parse(readFileSync(join(ROOT, 'package.json'), 'utf8'));
  const modules = Object.values(exports).flatMap((entry) => entry.default ?? []);
  const files = [...modules, ...Object.values(bin)].map((file) => file.replace(/^\.\/dist\/|\.js$/g, ''));
  return [...files, `${SCHEMATICS}/nest-add`];
}

/** The optional parts of which several entry points have modules. */
const SHARED = ['transfer', 'http', 'chart'];
/** What the command line loads before it has a command to run. It imports neither Nest nor TypeORM. */
const FIRST =
  /^cli\/(application\.file|exit-code|interruption|option-parsers|output|printable|program|stderr\.logger)\.ts$/;
/** What those and the rest of the library have in common. */
const BASE = /^(errors\/|execution\/optional-parts\.ts$)/;

/** The shared file of a module. null: it is in the file of the entry point that imports it. */
function sharedFile(id) {
  const path = relative(LIB, id).split(sep).join('/');
  if (BASE.test(path)) return 'base';
  // entry points export their public names only
  if (path.startsWith('.') || entryPoints().includes(path.replace(/\.ts$/, ''))) return null;
  const [folder] = path.split('/');
  if (folder === 'cli') return FIRST.test(path) ? 'cli' : 'commands';
  if (SHARED.includes(folder)) return folder;
  return entryPoints().some((name) => name.startsWith(`${folder}/`)) ? null : 'core';
}

async function build(target) {
  const { build: bundle } = await import('vite');
  const shared = (name, priority) => ({ name, priority, test: (id) => sharedFile(id) === name });
  await bundle({
    configFile: false,
    root: ROOT,
    logLevel: 'warn',
    publicDir: false,
    build: {
      ssr: true,
      outDir: resolve(target),
      emptyOutDir: false,
      target: 'es2023',
      minify: false,
      reportCompressedSize: false,
      rolldownOptions: {
        input: Object.fromEntries(entryPoints().map((name) => [name, join(LIB, `${name}.ts`)])),
        // packages stay imports; the helpers that decorators compile to are copied
        external: (id) => /^[\w@]/.test(id) && !id.startsWith('@oxc-project/runtime/'),
        tsconfig: join(ROOT, 'tsconfig.build.json'),
        output: {
          format: 'esm',
          entryFileNames: '[name].js',
          chunkFileNames: 'shared/[name].js',
          comments: false,
          // a group takes what its modules import, unless a group of higher priority has it
          codeSplitting: {
            groups: ['commands', 'cli', 'chart', 'http', 'transfer', 'core', 'base'].map(shared),
          },
        },
      },
    },
  });
  for (const name of COLLECTION) copyFileSync(join(LIB, name), join(target, name));
}

if (import.meta.url === pathToFileURL(process.argv[1] ?? '').href) {
  const target = process.argv[2] ?? join(ROOT, 'dist');
  if (!isBuilt(target)) await build(target);
}
