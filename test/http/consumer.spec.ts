import { readdirSync, readFileSync, rmSync, mkdirSync, symlinkSync } from 'node:fs';
import { join } from 'node:path';
import { makeConsumer, packLibrary, type Consumer, type PackedLibrary } from '../consumers/packed.js';

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
  let library: PackedLibrary;
  const consumers: Consumer[] = [];

  beforeAll(async () => {
    library = await packLibrary();
  }, 240_000);
  afterAll(() => {
    for (const consumer of consumers) consumer.remove();
    library.remove();
  });

  it.each([
    ['module', ([names, name]: readonly [string, string]) => `import ${names} from '${name}';`],
    ['commonjs', ([names, name]: readonly [string, string]) => `const ${names} = require('${name}');`],
  ] as const)('has the JSON interface all the same (%s)', async (type, importing) => {
    const consumer = makeConsumer(library, type, []);
    consumers.push(consumer);
    leaveOutSwagger(consumer);
    consumer.write({ 'main.js': ["'use strict';", ...IMPORTS.map(importing), START].join('\n') });
    const page = { total: 0, limit: 1000, offset: 0, points: 30, items: [] };
    const [overview, exported] = (await consumer.run('main.js')).split('\n');
    expect(overview).toBe(`200 ${JSON.stringify(page)}`);
    expect(exported).toMatch(/^501 .*npm install csv-parse csv-stringify/);
  });

  it('needs none of its types', () => {
    const types = library.files.filter((file) => /^dist\/http\/.*\.d\.ts$/.test(file));
    expect(types).toContain('dist/http/index.d.ts');
    const naming = types.filter((file) =>
      readFileSync(join(library.directory, file), 'utf8').includes(`'@nestjs/swagger'`),
    );
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
