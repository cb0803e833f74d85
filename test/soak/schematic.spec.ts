import { execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { cpSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createServer, type RequestListener } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { basename, dirname, join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { promisify, stripVTControlCharacters } from 'node:util';
import { packLibrary, type PackedLibrary } from '../consumers/packed.js';

const run = promisify(execFile);
const NPM = ['--no-audit', '--no-fund', '--ignore-scripts', '--loglevel=error'];

const ENTITY = `import { Column, CreateDateColumn, Entity, PrimaryGeneratedColumn } from 'typeorm';

@Entity()
export class Order {
  @PrimaryGeneratedColumn() id!: number;
  @CreateDateColumn() createdAt!: Date;
  @Column({ default: 0 }) total!: number;
}
`;

const ORDERS = `import { Controller, Module, Post } from '@nestjs/common';
import { InjectRepository, TypeOrmModule } from '@nestjs/typeorm';
import { Repository } from 'typeorm';
import { Order } from './order.entity.js';

@Controller('orders')
export class OrderController {
  constructor(@InjectRepository(Order) private readonly orders: Repository<Order>) {}

  @Post()
  create() {
    return this.orders.save({ total: 20 });
  }
}

@Module({ imports: [TypeOrmModule.forFeature([Order])], controllers: [OrderController] })
export class OrdersModule {}
`;

/** Options of TypeORM: tables by synchronize, or by the application's own SQL and the library's migrations. */
const DATABASES = {
  esm: `TypeOrmModule.forRoot({ type: 'better-sqlite3', database: 'shop.sqlite', autoLoadEntities: true, synchronize: true })`,
  cjs: `TypeOrmModule.forRootAsync({
      useFactory: () => ({
        type: 'better-sqlite3',
        database: 'shop.sqlite',
        entities: [Order], // ours
        migrations: [CreateOrders1700000000000],
        migrationsRun: true,
      }),
    })`,
};

const MIGRATION = `import type { MigrationInterface, QueryRunner } from 'typeorm';

export class CreateOrders1700000000000 implements MigrationInterface {
  async up(runner: QueryRunner): Promise<void> {
    await runner.query(
      'CREATE TABLE "order" (id integer PRIMARY KEY AUTOINCREMENT NOT NULL, "createdAt" datetime NOT NULL DEFAULT (datetime(\\'now\\')), total integer NOT NULL DEFAULT (0))',
    );
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query('DROP TABLE "order"');
  }
}
`;

let library: PackedLibrary;
let place: string;
beforeAll(async () => {
  library = await packLibrary();
  place = mkdtempSync(join(tmpdir(), 'trackstats-nest-add-'));
  mkdirSync(join(place, 'cli'));
  writeFileSync(join(place, 'cli', 'package.json'), '{ "private": true }');
  await program('npm', join(place, 'cli'), 'install', '@nestjs/cli@^12.0.0', ...NPM);
}, 600_000);
afterAll(() => {
  library.remove();
  rmSync(place, { recursive: true, force: true });
});

async function program(name: string, cwd: string, ...args: string[]): Promise<string> {
  return programWith({}, name, cwd, ...args);
}

async function programWith(
  variables: NodeJS.ProcessEnv,
  name: string,
  cwd: string,
  ...args: string[]
): Promise<string> {
  const env = { ...process.env, NODE_OPTIONS: '', NO_COLOR: '1', CI: 'true', ...variables };
  try {
    const { stdout, stderr } = await run(name, args, { cwd, env, timeout: 600_000 });
    return stripVTControlCharacters(stdout + stderr);
  } catch (error) {
    const { stdout = '', stderr = '' } = error as { stdout?: string; stderr?: string };
    throw new Error(`${name} ${args.join(' ')} failed:\n${stdout}${stderr}`, { cause: error });
  }
}

/** Makes what `nest new` makes, with the module system that its question is answered with, and TypeORM in it. */
async function makeApplication(type: 'esm' | 'cjs'): Promise<string> {
  const schematics = join(place, 'cli', 'node_modules', '@angular-devkit', 'schematics-cli', 'bin', 'schematics.js');
  const options = [`--name=shop-${type}`, `--type=${type}`, '--language=ts', '--strict'];
  await program(process.execPath, join(place, 'cli'), schematics, '@nestjs/schematics:application', ...options);
  const directory = join(place, 'cli', `shop-${type}`);
  const ending = type === 'esm' ? '.js' : '';
  const files = {
    'src/orders/order.entity.ts': ENTITY,
    'src/orders/orders.module.ts': ORDERS.replace('entity.js', `entity${ending}`),
    'src/create-orders.ts': MIGRATION,
  };
  for (const [file, text] of Object.entries(files)) {
    mkdirSync(dirname(join(directory, file)), { recursive: true });
    writeFileSync(join(directory, file), text);
  }
  const root = join(directory, 'src', 'app.module.ts');
  const imports = [
    `import { TypeOrmModule } from '@nestjs/typeorm';`,
    `import { OrdersModule } from './orders/orders.module${ending}';`,
    ...(type === 'cjs'
      ? [
          `import { Order } from './orders/order.entity';`,
          `import { CreateOrders1700000000000 } from './create-orders';`,
        ]
      : []),
  ];
  const text = readFileSync(root, 'utf8')
    .replace(`'@nestjs/common';`, `'@nestjs/common';\n${imports.join('\n')}`)
    .replace('imports: []', `imports: [\n    ${DATABASES[type]},\n    OrdersModule,\n  ]`);
  writeFileSync(root, text);
  const { version } = JSON.parse(readFileSync('node_modules/better-sqlite3/package.json', 'utf8')) as {
    version: string;
  };
  const packages = ['@nestjs/typeorm', 'typeorm', `better-sqlite3@${version}`];
  await program('npm', directory, 'install', ...packages, ...NPM);
  // as its install script builds it
  const build = join('node_modules', 'better-sqlite3', 'build');
  cpSync(build, join(directory, build), { recursive: true });
  return directory;
}

function filesOf(directory: string): Record<string, string> {
  const source = readdirSync(join(directory, 'src'), { recursive: true, encoding: 'utf8' })
    .map((file) => join('src', file))
    .filter((file) => file.endsWith('.ts'));
  return Object.fromEntries(
    [...source, 'package.json'].map((file) => [file, readFileSync(join(directory, file), 'utf8')]),
  );
}

/** Listens on a free port until a task with its address is done. */
async function withServer<T>(listener: RequestListener, task: (address: string) => Promise<T>): Promise<T> {
  const server = createServer(listener).listen(0, '127.0.0.1');
  await once(server, 'listening');
  try {
    return await task(`http://127.0.0.1:${String((server.address() as AddressInfo).port)}`);
  } finally {
    server.closeAllConnections();
    server.close();
    await once(server, 'close');
  }
}

async function freePort(): Promise<string> {
  return withServer(
    () => undefined,
    (address) => Promise.resolve(new URL(address).port),
  );
}

/** Answers as a registry that has the library as its newest version, and all other packages of the one in use. */
async function withRegistry<T>(task: (address: string) => Promise<T>): Promise<T> {
  const others = (await program('npm', place, 'config', 'get', 'registry')).trim().replace(/\/$/, '');
  const { name, version } = library.manifest;
  const file = `/${name}/-/${basename(library.tarball)}`;
  return withServer(({ url = '', headers: { host = '' } }, response) => {
    if (url === file) response.end(readFileSync(library.tarball));
    else if (url === `/${name}`) {
      const newest = { ...library.manifest, dist: { tarball: `http://${host}${file}` } };
      response.setHeader('Content-Type', 'application/json');
      response.end(JSON.stringify({ name, 'dist-tags': { latest: version }, versions: { [version]: newest } }));
    } else response.writeHead(302, { location: others + url }).end();
  }, task);
}

/** Starts the application as `npm start` does, until a task with its address is done. */
async function withApplication(directory: string, task: (address: string) => Promise<void>): Promise<void> {
  const port = await freePort();
  const env = { ...process.env, NODE_OPTIONS: '', PORT: port, NO_COLOR: '1' };
  // a group of its own: nest starts node
  const child = spawn('npx', ['nest', 'start'], { cwd: directory, env, detached: true });
  let log = '';
  for (const stream of [child.stdout, child.stderr]) stream.on('data', (part: Buffer) => (log += part.toString()));
  const closed = once(child, 'close');
  try {
    for (let tries = 0; !log.includes('successfully started'); tries++) {
      if (tries > 1_200 || child.exitCode !== null) throw new Error(`The application did not start:\n${log}`);
      await sleep(100);
    }
    await task(`http://127.0.0.1:${port}`);
  } finally {
    process.kill(-(child.pid ?? 0), 'SIGTERM');
    await closed;
  }
}

async function valueOf(address: string): Promise<number | undefined> {
  const response = await fetch(
    `${address}/statistics/api/series?metric=application/order_count&period=LIFETIME&last=1`,
  );
  // before the first run there is no such metric
  const { points = [] } = (await response.json()) as { points?: { value: number | null }[] };
  return points.at(-1)?.value ?? undefined;
}

it.each(['esm', 'cjs'] as const)(
  'nest new, nest add, start and curl: %s',
  async (type) => {
    const directory = await makeApplication(type);
    const installed = await withRegistry((registry) =>
      programWith(
        { npm_config_registry: registry, npm_config_ignore_scripts: 'true' },
        ...(['npx', directory, 'nest', 'add', 'nestjs-trackstats', '--skip-typeorm', '--dry-run'] as const),
      ),
    );
    expect(installed).toContain('Package installation in progress');
    expect(JSON.parse(readFileSync(join(directory, 'package.json'), 'utf8'))).toMatchObject({
      dependencies: { 'nestjs-trackstats': expect.stringContaining(library.manifest.version) },
    });
    const before = filesOf(directory);
    const add = (...args: string[]): Promise<string> =>
      program('npx', directory, 'nest', 'add', 'nestjs-trackstats', '--skip-install', ...args);

    expect(await add('--entity=Order', '--dry-run')).toContain('CREATE src/orders/order.tracker.ts');
    expect(filesOf(directory)).toEqual(before);
    await expect(add('--entity=Oder')).rejects.toThrow('"Oder" is no entity of src/. Expected one of Order');
    await expect(add('--time-zone=Mars')).rejects.toThrow('Expected an IANA time zone');
    await expect(add('--entitty=Order')).rejects.toThrow('There is no option --entitty');
    expect(filesOf(directory)).toEqual(before);

    const said = await add('--entity=Order', '--dashboard', '--time-zone=Europe/Amsterdam');
    expect(said).toContain('UPDATE src/app.module.ts');
    const after = filesOf(directory);
    expect(
      Object.keys(after)
        .filter((file) => after[file] !== before[file])
        .sort(),
    ).toEqual(['package.json', 'src/app.module.ts', 'src/orders/order.tracker.ts']);
    expect(await add('--entity=Order', '--dashboard')).toContain('Nothing to be done.');
    expect(filesOf(directory)).toEqual(after);

    await withApplication(directory, async (address) => {
      for (let order = 0; order < 2; order++)
        expect((await fetch(`${address}/orders`, { method: 'POST' })).status).toBe(201);
    });
    // the tracker runs at the start
    await withApplication(directory, async (address) => {
      for (let tries = 0; tries < 100 && (await valueOf(address)) !== 2; tries++) await sleep(100);
      expect(await valueOf(address)).toBe(2);
      const page = await fetch(`${address}/statistics`);
      expect([page.status, page.headers.get('content-type')]).toEqual([200, expect.stringContaining('text/html')]);
    });
  },
  1_200_000,
);
