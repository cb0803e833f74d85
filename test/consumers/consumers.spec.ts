import { cpSync, mkdirSync, readdirSync, readFileSync, rmSync, symlinkSync } from 'node:fs';
import { builtinModules } from 'node:module';
import { join, sep } from 'node:path';
import { pathToFileURL } from 'node:url';
import { makeConsumer, packLibrary, type Consumer, type PackedLibrary } from './packed.js';
import { packageProblems } from './package-problems.js';
import { readBundlerConfig, readJestConfig, readReadme } from './readme.js';
import { snippetFiles } from './snippet-files.js';
import { readGuides } from './snippets.js';

interface Point {
  date: string;
  value: number;
  complete: boolean;
  asOf: string;
}

/** Packages that some part of the library asks for, and whose use docs/ show. */
const OPTIONAL = ['csv-parse', 'csv-stringify', 'commander', 'prom-client', '@opentelemetry/api'];

const readme = readReadme();
let library: PackedLibrary;
const consumers: Consumer[] = [];

beforeAll(async () => {
  library = await packLibrary();
}, 240_000);
afterAll(() => {
  for (const consumer of consumers) consumer.remove();
  library.remove();
});

function consumer(type: 'module' | 'commonjs', besides: readonly string[] = []): Consumer {
  const made = makeConsumer(library, type, besides);
  consumers.push(made);
  return made;
}

function fixture(name: string): string {
  return readFileSync(join('test/consumers/fixtures', name), 'utf8');
}

function filesEndingIn(ending: string): string[] {
  return library.files.filter((file) => file.startsWith('dist/') && !file.startsWith(PAGE) && file.endsWith(ending));
}

/** What browsers load: modules of the page, which no application imports. */
const PAGE = 'dist/dashboard/page/';

/** A file of each entry point, and of each part that several of them share. */
const SCRIPTS = [
  'dist/chart/index.js',
  'dist/cli/index.js',
  'dist/cli/main.js',
  'dist/client/index.js',
  'dist/dashboard/index.js',
  'dist/digest/index.js',
  'dist/health/index.js',
  'dist/http/index.js',
  'dist/index.js',
  'dist/opentelemetry/index.js',
  'dist/prometheus/index.js',
  'dist/schematics/nest-add.js',
  'dist/shared/base.js',
  'dist/shared/chart.js',
  'dist/shared/cli.js',
  'dist/shared/commands.js',
  'dist/shared/core.js',
  'dist/shared/http.js',
  'dist/shared/rolldown-runtime.js',
  'dist/shared/transfer.js',
  'dist/testing/index.js',
  'dist/transfer/index.js',
  'dist/webhook/index.js',
];

/** One of each module of the library. */
function declarations(): string[] {
  return readdirSync('lib', { recursive: true, encoding: 'utf8' })
    .map((file) => `dist/${file.replaceAll(sep, '/')}`)
    .filter((file) => file.endsWith('.ts') && !file.startsWith(PAGE))
    .map((file) => file.replace(/\.ts$/, '.d.ts'))
    .sort();
}

/** The modules of the library that a file imports. */
function importedBy(file: string): string[] {
  return [...textOf(file).matchAll(/(?:from |import\()["'](\.[^"']+)["']/g)].map(([, path]) => path!);
}

function textOf(file: string): string {
  return readFileSync(join(library.directory, file), 'utf8');
}

describe('the package', () => {
  it('has the built library, and nothing else', () => {
    const beside = library.files.filter((file) => !file.startsWith('dist/'));
    expect(beside).toEqual(['CHANGELOG.md', 'LICENSE', 'README.md', 'package.json']);
    const code = library.files.filter((file) => !file.startsWith(PAGE));
    expect(code.filter((file) => !/\.(js|d\.ts|md|json)$|^LICENSE$/.test(file))).toEqual([]);
    expect(library.files.filter((file) => /\.spec\.|\/(test|sample-app|bench)\//.test(file))).toEqual([]);
    expect(filesEndingIn('.d.ts')).toEqual(declarations());
    expect(filesEndingIn('.js')).toEqual(SCRIPTS);
  });

  it("has the dashboard's page, and the licence of what is in it", () => {
    const page = library.files.filter((file) => file.startsWith(PAGE)).map((file) => file.slice(PAGE.length));
    expect(page).toEqual(expect.arrayContaining(['app.js', 'icon.svg', 'style.css']));
    expect(page).toContain('preact.LICENSE');
    expect(page.filter((file) => !/\.(js|css|svg|LICENSE)$/.test(file))).toEqual([]);
  });

  it('has nothing that publint and are-the-types-wrong object to', async () => {
    expect(await packageProblems(library)).toEqual([]);
  }, 120_000);

  it('is three files at the start of an application, with all classes that its parts share', () => {
    expect(importedBy('dist/index.js').sort()).toEqual(['./shared/base.js', './shared/core.js']);
    expect(importedBy('dist/shared/core.js')).toEqual(['./base.js']);
    expect(importedBy('dist/shared/base.js')).toEqual([]);
    // the command line loads Nest and TypeORM when it runs a command
    expect(importedBy('dist/cli/main.js').sort()).toEqual(['../shared/base.js', '../shared/cli.js']);
    expect(importedBy('dist/shared/cli.js').sort()).toEqual(['./base.js', './commands.js']);
    // the Nest CLI loads the schematic alone
    expect(importedBy('dist/schematics/nest-add.js')).toEqual([]);
    // for browsers: nothing but itself
    expect(textOf('dist/client/index.js')).not.toMatch(/^import |from ["']/m);
    const declared = SCRIPTS.flatMap((file) => [
      ...textOf(file).matchAll(/^(?:var (\w+) = class\b|class (\w+))/gm),
    ]).map(([, variable, name]) => variable ?? name!);
    expect(declared.length).toBeGreaterThan(100);
    expect(declared.filter((name, index) => declared.indexOf(name) !== index)).toEqual([]);
  });

  it('imports no module of its own for its effects alone, so that bundlers may leave out what is not used', () => {
    expect(library.manifest.sideEffects).toBe(false);
    expect(filesEndingIn('.js').filter((file) => /^import ['"]\./m.test(textOf(file)))).toEqual([]);
  });

  it('imports only what it declares', () => {
    const { dependencies, peerDependencies } = library.manifest;
    const declared = [...Object.keys(dependencies), ...Object.keys(peerDependencies)];
    const imported = [...filesEndingIn('.js'), ...filesEndingIn('.d.ts')].flatMap((file) =>
      [...textOf(file).matchAll(/(?:^(?:import|export|\}) .*from |^import |import\()['"]([^.'"][^'"]*)['"]/gm)].map(
        ([, name]) => name!,
      ),
    );
    const packages = new Set(
      imported.map((name) =>
        name
          .split('/')
          .slice(0, name.startsWith('@') ? 2 : 1)
          .join('/'),
      ),
    );
    const missing = [...packages].filter((name) => !name.startsWith('node:') && !declared.includes(name));
    expect(missing.filter((name) => !builtinModules.includes(name))).toEqual([]);
  });

  it('is one module, whether it is required or imported', async () => {
    const app = consumer('commonjs');
    app.write({
      'both.js': `
        const required = require('nestjs-trackstats');
        import('nestjs-trackstats').then((imported) => {
          const { version } = require('nestjs-trackstats/package.json');
          let inside;
          try { inside = require('nestjs-trackstats/dist/index.js'); } catch ({ code }) { inside = code; }
          const same = Object.keys(required).every((name) => required[name] === imported[name]);
          console.log(JSON.stringify({ same, names: Object.keys(imported).length > 50, version, inside }));
        });`,
    });
    expect(JSON.parse(await app.run('both.js'))).toEqual({
      same: true,
      names: true,
      version: library.manifest.version,
      inside: 'ERR_PACKAGE_PATH_NOT_EXPORTED',
    });
  });
});

describe.each([['an ESM', 'module'] as const, ['a CommonJS', 'commonjs'] as const])('in %s application', (_, type) => {
  it('the first result of the README is what it says', async () => {
    const app = consumer(type);
    app.write({
      'src/app.module.ts': readme.application,
      'src/orders.spec.ts': readme.test[type],
      'src/start-shop.ts': fixture('start-shop.ts'),
    });
    await app.compile();
    const url = pathToFileURL(join(app.directory, 'dist/src/app.module.js')).href;
    const { before, perDay, page, lifetime } = JSON.parse(await app.run('dist/src/start-shop.js', url)) as {
      before: Point[];
      perDay: Point[];
      page: string;
      lifetime: number;
    };
    // empty, unless its schedule was faster than the question
    expect(before.filter(({ value }) => value !== 0)).toEqual([]);
    // two days where midnight comes between the two orders
    expect(perDay.reduce((sum, { value }) => sum + value, 0)).toBe(2);
    expect(perDay.at(-1)).toMatchObject({ complete: false, asOf: expect.stringMatching(/^\d{4}-\d\d-\d\dT/) });
    expect(Object.keys(perDay[0] ?? {})).toEqual(['date', 'value', 'complete', 'asOf']);
    expect(lifetime).toBe(2);
    expect(page).toMatch(/^<!doctype html>/i);
    if (type === 'module') return; // Vitest, which needs no configuration, is not among the tools of this repository
    app.write({ 'jest.config.js': readJestConfig() });
    await app.test();
  }, 240_000);
});

describe('an application in other surroundings', () => {
  const SHOP = { values: { OrderTracker: 2, RepositoryTracker: 2, QueryTracker: 1 }, script: 200 };
  let main: string | undefined;
  /** Compiled once for all of them. */
  const compiled = async (besides: readonly string[] = []): Promise<Consumer> => {
    const app = consumer('module', besides);
    if (main === undefined) {
      app.write({ 'src/main.ts': fixture('bundled-shop.ts') });
      await app.compile();
      main = readFileSync(join(app.directory, 'dist/src/main.js'), 'utf8');
    }
    app.write({ 'dist/src/main.js': main });
    return app;
  };
  const started = async (app: Consumer, file: string, ...args: string[]): Promise<unknown> =>
    JSON.parse((await app.run(file, ...args)).trim().split('\n').at(-1) ?? '');

  it('is bundled into one file by esbuild, as the guide says', async () => {
    const app = await compiled(['esbuild']);
    const config = readBundlerConfig('esbuild.config.mjs').replace('dist/main.js', 'dist/src/main.js');
    app.write({ 'esbuild.config.mjs': config, 'minified.mjs': config.replace('keepNames: true', 'minify: true') });
    await app.run('esbuild.config.mjs');
    rmSync(join(app.directory, 'node_modules', 'nestjs-trackstats', 'dist'), { recursive: true });
    await expect(app.run('bundle/main.mjs')).rejects.toThrow(/MissingDashboardPageError.*pageFolder/s);
    cpSync(join(library.directory, PAGE), join(app.directory, 'bundle', 'files'), { recursive: true });
    expect(await started(app, 'bundle/main.mjs', 'bundle/files')).toEqual(SHOP);

    cpSync(library.directory, join(app.directory, 'node_modules', 'nestjs-trackstats'), { recursive: true });
    await app.run('minified.mjs');
    const said = await app.run('bundle/main.mjs', 'bundle/files');
    expect(said).toMatch(/names of these trackers look minified: [\w$]{1,3}, [\w$]{1,3}, [\w$]{1,3}\./);
  }, 240_000);

  it('is bundled into one file by webpack, as the guide says', async () => {
    const app = await compiled(['webpack']);
    const config = readBundlerConfig('webpack.config.cjs').replace('dist/main.js', 'dist/src/main.js');
    app.write({
      'webpack.config.cjs': config,
      'bundle.cjs': `require('webpack')(require('./webpack.config.cjs'), (error, stats) => {
        const { errors, warnings } = stats.toJson({ all: false, errors: true, warnings: true });
        console.log(JSON.stringify([...errors, ...warnings].map(({ moduleName, message }) => [moduleName, message])));
      });`,
    });
    const problems = JSON.parse(await app.run('bundle.cjs')) as [string, string][];
    expect(problems.filter(([, message]) => !/request of a dependency is an expression/.test(message))).toEqual([]);
    // the checkout, whose packages are linked, may be in a folder of that name
    expect(problems.filter(([name]) => /(^|\/)node_modules\/nestjs-trackstats\//.test(name))).toEqual([]);
    expect(readdirSync(join(app.directory, 'bundle'))).toEqual(['main.cjs']);
    cpSync(join(library.directory, PAGE), join(app.directory, 'bundle', 'files'), { recursive: true });
    rmSync(join(app.directory, 'node_modules', 'nestjs-trackstats', 'dist'), { recursive: true });
    expect(await started(app, 'bundle/main.cjs', 'bundle/files')).toEqual(SHOP);
  }, 240_000);

  it('works with another copy of TypeORM than the library', async () => {
    const app = await compiled();
    const copy = join(app.directory, 'node_modules', 'nestjs-trackstats', 'node_modules', 'typeorm');
    cpSync('node_modules/typeorm', copy, { recursive: true, filter: (file) => !file.endsWith('.map') });
    const before = process.env.NODE_PATH;
    try {
      process.env.NODE_PATH = join(process.cwd(), 'node_modules'); // what the copy depends on
      expect(await started(app, 'dist/src/main.js')).toEqual(SHOP);
    } finally {
      if (before === undefined) delete process.env.NODE_PATH;
      else process.env.NODE_PATH = before;
    }
  }, 240_000);
});

it('every snippet of docs/ compiles, and gives what it says', async () => {
  const app = consumer('module', OPTIONAL);
  const { tour, others } = readGuides();
  const { files, declarations, calls } = snippetFiles(tour, others);
  app.write(files);
  for (const name of ['config.ts', 'reader.ts', 'world.ts', 'run-snippets.ts'])
    app.write({ [`snippets/${name}`]: fixture(name) });
  await app.compile();
  const said = await app.run('dist/snippets/run-snippets.js', declarations.join(','), calls.join(','));
  expect(said).toMatch(/all is as the documents say\n$/);
}, 240_000);

const IMPORTS: readonly (readonly [string, string])[] = [
  ['{ Module }', '@nestjs/common'],
  ['{ NestFactory }', '@nestjs/core'],
  ['{ ScheduleModule }', '@nestjs/schedule'],
  ['{ TypeOrmModule }', '@nestjs/typeorm'],
  ['{ TrackstatsModule }', 'nestjs-trackstats'],
  ['{ TrackstatsHttpModule }', 'nestjs-trackstats/http'],
];

/** An application that starts, asks itself and stops; plain JavaScript, so that it needs no compiler. */
const START = `
class AppModule {}
Module({
  imports: [
    TypeOrmModule.forRoot({ type: 'better-sqlite3', database: ':memory:', autoLoadEntities: true, synchronize: true }),
    ScheduleModule.forRoot(),
    TrackstatsModule.forRoot(),
    TrackstatsHttpModule.forRoot({ public: true }),
  ],
})(AppModule);
async function start() {
  const app = await NestFactory.create(AppModule, { logger: false });
  await app.listen(0, '127.0.0.1');
  const response = await fetch((await app.getUrl()) + '/trackstats/overview');
  console.log(response.status, JSON.stringify(await response.json()));
  const exported = await fetch((await app.getUrl()) + '/trackstats/export?format=csv');
  console.log(exported.status, JSON.stringify((await exported.json()).message));
  await app.close();
}
void start();
`;

describe('an application without @nestjs/swagger, and without what exporting needs', () => {
  it.each([
    ['module', ([names, name]: readonly [string, string]) => `import ${names} from '${name}';`],
    ['commonjs', ([names, name]: readonly [string, string]) => `const ${names} = require('${name}');`],
  ] as const)('has the JSON interface all the same (%s)', async (type, importing) => {
    const application = consumer(type);
    leaveOutSwagger(application);
    application.write({ 'main.js': ["'use strict';", ...IMPORTS.map(importing), START].join('\n') });
    const page = { total: 0, limit: 1000, offset: 0, points: 30, items: [] };
    const [overview, exported] = (await application.run('main.js')).split('\n');
    expect(overview).toBe(`200 ${JSON.stringify(page)}`);
    expect(exported).toMatch(/^501 .*npm install csv-parse csv-stringify/);
  });

  it('needs none of its types', () => {
    const types = library.files.filter((file) => /^dist\/http\/.*\.d\.ts$/.test(file));
    expect(types).toContain('dist/http/index.d.ts');
    const naming = types.filter((file) => textOf(file).includes(`'@nestjs/swagger'`));
    expect(naming).toEqual([]);
  });
});

/** The consumer's folder of Nest's packages is a link to all that are there: it gets one of its own. */
function leaveOutSwagger({ directory }: Consumer): void {
  const nest = join(directory, 'node_modules', '@nestjs');
  const names = readdirSync(nest).filter((name) => name !== 'swagger');
  rmSync(nest);
  mkdirSync(nest);
  for (const name of names) symlinkSync(join(process.cwd(), 'node_modules', '@nestjs', name), join(nest, name));
}
