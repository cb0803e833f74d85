/**
 * Which way imports point. Each folder of lib/ may import itself, those after it in ORDER, and the leaves:
 * errors/, validation/, trackstats.tokens and trackstats.options.
 */
const ORDER = [
  'alerts',
  'schedule',
  'execution',
  'tracking',
  'rollup',
  'statistics',
  'annotations',
  'coverage',
  'catalog',
  'database',
  'time',
];
const TOP = ['index\\.ts$', 'module/'];
/** Optional parts with a subpath export of their own. They may use all of ORDER, nothing uses them. */
const SURFACES = [
  'transfer',
  'dashboard',
  'http',
  'client',
  'chart',
  'digest',
  'health',
  'opentelemetry',
  'prometheus',
  'cli',
  'testing',
  'webhook',
];
/** What a surface uses beside that: the dashboard shows what the interface serves, the command line starts applications. */
const BESIDE = {
  dashboard: ['http/', 'transfer/', 'chart/'],
  http: ['transfer/'],
  client: ['http/resources\\.ts$'],
  chart: ['http/resources\\.ts$'],
  digest: ['chart/'],
  cli: ['transfer/', ...TOP],
  testing: TOP,
};

/** Folders of which surfaces import index.ts alone. */
const FACES = ['statistics', 'coverage', 'catalog'];

/** The rooms of a folder, from the lowest up. A room may import those before it. */
const ROOMS = {
  statistics: ['tables', 'filter', 'read', 'write'],
  tracking: ['definition', 'source', 'running', 'live'],
  http: ['platform', 'parameters', 'readers'],
};

/** What of lib/chart/ only servers import. The page bundles the rest. */
const CHART_FOR_SERVERS = 'index\\.ts$|svg/';

/** Write values with their units, and names of periods, in alerts as on the page. They import nothing, so browsers can load them. */
const NUMBERS = '^lib/catalog/number-text\\.ts$';
const PERIOD_NAMES = '^lib/time/period-text\\.ts$';

const LEAVES = ['errors/', 'validation/', 'trackstats\\.tokens\\.ts$', 'trackstats\\.options\\.ts$'];
const FOLDERS = [...SURFACES, ...ORDER, 'migrations', 'schematics'];

/** Where SQL is written. */
const SQL_ROOMS = [
  'database',
  'catalog',
  'annotations',
  'coverage',
  'statistics',
  'rollup',
  'execution',
  'alerts',
  'migrations',
];
/** Files that read the tables of another application, which no room of this library knows. */
const SQL_OF_OTHERS = ['transfer/django/django\\.query\\.ts$'];

const folder = (name) => `${name}/`;
const inLib = (parts) => `^lib/(${parts.join('|')})`;

/** Files of `from` import nothing of lib/ but `allowed`. */
function only(name, comment, from, allowed, to = {}) {
  return {
    name,
    comment,
    severity: 'error',
    from: { path: inLib([from]) },
    to: { path: '^lib/', ...(allowed.length > 0 && { pathNot: inLib(allowed) }), ...to },
  };
}

module.exports = {
  forbidden: [
    {
      name: 'no-circular',
      comment: 'Imports form no circle, not even those of types alone.',
      severity: 'error',
      from: { path: '^lib/' },
      to: { circular: true },
    },
    {
      name: 'sql-has-its-rooms',
      comment: `SQL is written in lib/${SQL_ROOMS.join(', lib/')}.`,
      severity: 'error',
      from: { path: '^lib/', pathNot: inLib([...SQL_ROOMS.map(folder), ...SQL_OF_OTHERS]) },
      to: { path: 'node_modules/sql-template-tag/' },
    },
    ...ORDER.map((name, place) =>
      only(
        `${name}-imports`,
        `lib/${name}/ imports only what comes after it: ${ORDER.slice(place + 1).join(', ') || 'nothing'}, and the leaves.`,
        folder(name),
        [...ORDER.slice(place).map(folder), ...LEAVES],
      ),
    ),
    ...SURFACES.map((name) =>
      only(
        `${name}-imports`,
        `lib/${name}/ is an optional surface: of the others, and of the module, it imports what BESIDE names.`,
        folder(name),
        [folder(name), ...ORDER.map(folder), 'migrations/', ...LEAVES, ...(BESIDE[name] ?? [])],
      ),
    ),
    ...Object.entries(ROOMS).flatMap(([name, rooms]) =>
      rooms.map((room, place) => ({
        name: `${name}-${room}-imports`,
        comment: `The rooms of lib/${name}/ import one way: ${rooms.join(' → ')}.`,
        severity: 'error',
        from: { path: inLib([`${name}/${room}/`]) },
        to: {
          path: inLib(
            rooms
              .slice(place + 1)
              .map((above) => `${name}/${above}/`)
              .concat(`${name}/(?!index)[a-z.]+\\.service\\.ts$`),
          ),
        },
      })),
    ),
    ...FACES.map((name) => ({
      name: `${name}-has-a-face`,
      comment: `Surfaces import lib/${name}/index.ts, and nothing behind it.`,
      severity: 'error',
      from: { path: inLib(SURFACES.map(folder)) },
      to: { path: inLib([`${name}/(?!index\\.ts$)`]), pathNot: NUMBERS },
    })),
    {
      name: 'faces-are-for-surfaces',
      comment: 'Within the library, files import each other: through an index.ts they would form circles.',
      severity: 'error',
      from: { path: '^lib/', pathNot: inLib(SURFACES.map(folder)) },
      to: { path: inLib(FACES.map((name) => `${name}/index\\.ts$`)) },
    },
    {
      name: 'surfaces-are-used-by-nothing',
      comment: 'An optional surface is reached by its subpath export only.',
      severity: 'error',
      from: { path: inLib(TOP) },
      to: { path: inLib(SURFACES.map(folder)) },
    },
    only(
      'migrations-imports',
      'Migrations keep to the tables of their own time: they import no entity.',
      'migrations/',
      ['migrations/', 'database/', 'errors/'],
    ),
    only(
      'schematics-imports',
      'The schematic is loaded by the Nest CLI, in applications that may lack Nest and TypeORM: it imports nothing of lib/.',
      'schematics/',
      ['schematics/'],
    ),
    only(
      'numbers-imports',
      'The page loads lib/catalog/number-text.ts: it imports nothing.',
      'catalog/number-text\\.ts$',
      [],
    ),
    only(
      'period-names-imports',
      'The page loads lib/time/period-text.ts: it imports nothing.',
      'time/period-text\\.ts$',
      [],
    ),
    only('errors-imports', 'lib/errors/ is a leaf.', 'errors/', ['errors/']),
    only('validation-imports', 'lib/validation/ is a leaf.', 'validation/', ['validation/', 'errors/', 'time/']),
    only('tokens-imports', 'lib/trackstats.tokens.ts is a leaf.', 'trackstats\\.tokens\\.ts$', ['errors/', 'time/']),
    only('options-imports', 'lib/trackstats.options.ts is a leaf.', 'trackstats\\.options\\.ts$', [
      'errors/',
      'validation/',
      'time/',
      'statistics/',
      'trackstats\\.tokens\\.ts$',
    ]),
    {
      name: 'options-import-types-of-statistics',
      comment: 'lib/trackstats.options.ts takes types alone from lib/statistics/.',
      severity: 'error',
      from: { path: inLib(['trackstats\\.options\\.ts$']) },
      to: { path: inLib(['statistics/']), dependencyTypesNot: ['type-only'] },
    },
    {
      name: 'folder-has-a-place',
      comment: 'A new folder or file at the top of lib/ needs its place in the order of .dependency-cruiser.cjs.',
      severity: 'error',
      from: { path: '^lib/', pathNot: inLib([...FOLDERS.map(folder), ...LEAVES, ...TOP]) },
      to: {},
    },
    {
      name: 'no-dialect-by-name',
      comment:
        'Outside lib/database/ no code knows a database by name: it sees the interfaces in dialects/dialect.ts and driver.ts.',
      severity: 'error',
      from: { path: '^lib/', pathNot: '^lib/database/' },
      to: { path: '^lib/database/dialects/', pathNot: '^lib/database/dialects/(dialect|driver)\\.ts$' },
    },
    {
      name: 'lib-stands-alone',
      comment: 'The library imports nothing that is not published with it.',
      severity: 'error',
      from: { path: '^lib/' },
      to: { path: '^(test|sample-app|bench|dist)/' },
    },
    {
      name: 'lib-declares-what-it-uses',
      comment:
        'A package that lib/ imports is a dependency or a peer dependency in package.json. The page is bundled with Preact.',
      severity: 'error',
      from: { path: '^lib/', pathNot: '^lib/dashboard/page/' },
      to: { path: 'node_modules/', dependencyTypesNot: ['npm', 'npm-peer', 'npm-optional'] },
    },
    {
      name: 'page-is-for-browsers',
      comment:
        'The page imports itself, Preact, what draws charts, and types of what the interface answers. What draws charts imports nothing of the server.',
      severity: 'error',
      from: { path: ['^lib/dashboard/page/', `^lib/chart/(?!${CHART_FOR_SERVERS})`] },
      to: {
        pathNot: [
          '^lib/dashboard/page/',
          `^lib/chart/(?!${CHART_FOR_SERVERS})`,
          '^lib/http/resources\\.ts$',
          NUMBERS,
          PERIOD_NAMES,
          'node_modules/preact/',
        ],
      },
    },
    {
      name: 'page-takes-types-of-the-interface',
      comment: 'Nothing of the server is in the bundle.',
      severity: 'error',
      from: { path: ['^lib/dashboard/page/', '^lib/chart/'] },
      to: { path: '^lib/http/', dependencyTypesNot: ['type-only'] },
    },
    {
      name: 'sample-app-uses-the-public-names',
      comment: 'The sample application imports nestjs-trackstats, as any application would.',
      severity: 'error',
      from: { path: '^sample-app/' },
      to: { path: '^lib/', pathNot: ['^lib/index\\.ts$', `^lib/(${SURFACES.join('|')})/index\\.ts$`] },
    },
    {
      name: 'resolvable',
      comment: 'Every import leads somewhere.',
      severity: 'error',
      from: { path: '^(lib|sample-app)/' },
      to: { couldNotResolve: true },
    },
  ],
  options: {
    doNotFollow: { path: 'node_modules' },
    tsPreCompilationDeps: true,
    tsConfig: { fileName: 'tsconfig.json' },
    enhancedResolveOptions: { exportsFields: ['exports'], conditionNames: ['types', 'import', 'node', 'default'] },
  },
};
