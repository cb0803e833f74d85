import { readFileSync } from 'node:fs';
import { HostTree, type Rule, type SchematicContext } from '@angular-devkit/schematics';
import { nestAdd } from '../../lib/schematics/nest-add.js';
import type { NestAddOptions } from '../../lib/schematics/nest-add.options.js';

const MAIN = `import { NestFactory } from '@nestjs/core';
import { AppModule } from './app.module.js';

const app = await NestFactory.create(AppModule);
await app.listen(3000);
`;

const MODULE = `import { Module } from '@nestjs/common';
import { TypeOrmModule } from '@nestjs/typeorm';
import { OrdersModule } from './orders/orders.module.js';

@Module({
  imports: [
    // the database
    TypeOrmModule.forRoot({
      type: 'postgres',
      url: process.env.DATABASE_URL,
      autoLoadEntities: true,
      synchronize: true, // not in production
    }),
    OrdersModule, // what we sell
  ],
})
export class AppModule {}
`;

const ENTITY = `import { Column, CreateDateColumn, Entity, PrimaryGeneratedColumn } from 'typeorm';

@Entity()
export class Order {
  @PrimaryGeneratedColumn() id!: number;
  @CreateDateColumn() createdAt!: Date;
  @Column({ nullable: true }) paidAt?: Date;
}
`;

const PACKAGE = `{
  "name": "shop",
  "type": "module",
  "dependencies": {
    "@nestjs/core": "^12.0.1",
    "nestjs-trackstats": "^1.0.0"
  }
}
`;

const FILES = {
  'package.json': PACKAGE,
  'src/main.ts': MAIN,
  'src/app.module.ts': MODULE,
  'src/orders/order.entity.ts': ENTITY,
};

interface Result {
  readonly tree: HostTree;
  readonly log: readonly string[];
  readonly tasks: readonly { name: string }[];
  /** the files that were written */
  readonly written: Record<string, string>;
}

/** Runs the schematic on an application with some files other than FILES. */
function add(options: NestAddOptions = {}, files: Record<string, string> = {}): Result {
  const tree = new HostTree();
  for (const [file, text] of Object.entries({ ...FILES, ...files })) tree.create(file, text);
  return addTo(tree, options);
}

function addTo(before: HostTree, options: NestAddOptions): Result {
  const tree = before.branch() as HostTree;
  const texts = textsOf(tree);
  const log: string[] = [];
  const tasks: { name: string }[] = [];
  const context = {
    logger: { info: (message: string) => log.push(message) },
    addTask: (task: { toConfiguration(): { name: string } }) => tasks.push(task.toConfiguration()),
  } as unknown as SchematicContext;
  // the devkit takes it as its own
  const rule: Rule = nestAdd(options);
  void rule(tree, context);
  const written = Object.fromEntries(Object.entries(textsOf(tree)).filter(([file, text]) => texts[file] !== text));
  return { tree, log, tasks, written };
}

function textsOf(tree: HostTree): Record<string, string> {
  const texts: Record<string, string> = {};
  tree.visit((path, entry) => {
    texts[path.slice(1)] = entry?.content.toString() ?? '';
  });
  return texts;
}

/** The error with which the schematic refuses, after which no file differs. */
function refusal(options: NestAddOptions, files: Record<string, string> = {}): string {
  const tree = new HostTree();
  for (const [file, text] of Object.entries({ ...FILES, ...files })) tree.create(file, text);
  const before = textsOf(tree);
  let message = '';
  try {
    addTo(tree, options);
  } catch (error) {
    message = (error as Error).message;
  }
  expect(textsOf(tree)).toEqual(before);
  return message;
}

/** A root module with other options of TypeORM. */
const withTypeOrm = (call: string, before = ''): Record<string, string> => ({
  'src/app.module.ts': `import { Module } from '@nestjs/common';
import { TypeOrmModule } from '@nestjs/typeorm';
${before}
@Module({ imports: [${call}] })
export class AppModule {}
`,
});

describe('nest add nestjs-trackstats', () => {
  it('adds the modules to the root module, and keeps what the user wrote', () => {
    const { written, log, tasks } = add();
    expect(Object.keys(written).sort()).toEqual(['package.json', 'src/app.module.ts']);
    expect(written['src/app.module.ts']).toBe(`import { Module } from '@nestjs/common';
import { TypeOrmModule } from '@nestjs/typeorm';
import { ScheduleModule } from '@nestjs/schedule';
import { TrackstatsModule } from 'nestjs-trackstats';
import { OrdersModule } from './orders/orders.module.js';

@Module({
  imports: [
    // the database
    TypeOrmModule.forRoot({
      type: 'postgres',
      url: process.env.DATABASE_URL,
      autoLoadEntities: true,
      synchronize: true, // not in production
    }),
    OrdersModule, // what we sell
    ScheduleModule.forRoot(),
    TrackstatsModule.forRoot(),
  ],
})
export class AppModule {}
`);
    expect(written['package.json']).toBe(
      PACKAGE.replace(`"^12.0.1",`, `"^12.0.1",\n    "@nestjs/schedule": "^12.0.0",`),
    );
    expect(tasks).toEqual([{ name: 'node-package', options: { command: 'install', quiet: true, hideOutput: true } }]);
    expect(log).toEqual([
      'No tracker was added. For one that counts an entity: nest add nestjs-trackstats --skip-install --entity=Order',
    ]);
  });

  it.each(['Order', 'src/orders/order.entity.ts', 'orders/order.entity.ts'])('writes a tracker of %s', (entity) => {
    const { written, log } = add({ entity, timeZone: 'Europe/Amsterdam', dashboard: true, sourceRoot: 'src' });
    expect(written['src/orders/order.tracker.ts']).toBe(
      `import { CountObjectsByDateTracker, defineDomain, defineMetric, Period, Track } from 'nestjs-trackstats';
import { Order } from './order.entity.js';

export const APPLICATION = defineDomain({ ref: 'application', name: 'Application' });
export const ORDER_COUNT = defineMetric({
  domain: APPLICATION,
  ref: 'order_count',
  name: 'Order count',
});

@Track({
  metric: ORDER_COUNT,
  source: Order,
  dateField: 'createdAt',
  period: [Period.DAY, Period.LIFETIME],
  every: '1 hour',
  runOnStart: true,
})
export class OrderTracker extends CountObjectsByDateTracker {}
`,
    );
    const module = written['src/app.module.ts'] ?? '';
    expect(module).toContain(`import { OrderTracker } from './orders/order.tracker.js';`);
    expect(module).toContain(`TrackstatsModule.forRoot({ timeZone: 'Europe/Amsterdam' }),`);
    expect(module).toContain(`import { TrackstatsDashboardModule } from 'nestjs-trackstats/dashboard';`);
    expect(module).toContain(`providers: [OrderTracker],\n})`);
    expect(log).toHaveLength(2);
  });

  it('does nothing the second time', () => {
    const options = { entity: 'Order', dashboard: true };
    const once = add(options, withTypeOrm(`TypeOrmModule.forRoot({ type: 'postgres', entities: [Order] })`));
    const twice = addTo(once.tree, options);
    expect(twice.written).toEqual({});
    expect(twice.log).toEqual([]);
    expect(twice.tasks).toEqual([]);
  });

  it('adds the tracker later, and leaves a module alone that has one', () => {
    const once = add();
    const { written } = addTo(once.tree, { entity: 'Order' });
    expect(Object.keys(written).sort()).toEqual(['src/app.module.ts', 'src/orders/order.tracker.ts']);
    const moved = add(
      { entity: 'Order' },
      { 'src/orders/orders.module.ts': '@Module({ providers: [OrderTracker] }) export class OrdersModule {}' },
    );
    expect(moved.written['src/app.module.ts']).not.toContain('OrderTracker');
  });

  it('writes as the project does: CommonJS, double quotes, no semicolons, tabs, CRLF', () => {
    const crlf = (text: string): string =>
      text
        .replaceAll(`'`, '"')
        .replaceAll(';', '')
        .replaceAll('.js"', '"')
        .replaceAll('  ', '\t')
        .replaceAll('\n', '\r\n');
    const { written } = add(
      { entity: 'Order', skipInstall: true },
      Object.fromEntries(
        Object.entries(FILES).map(([file, text]) => [
          file,
          file.endsWith('.ts') ? crlf(text) : text.replace('"type": "module",', ''),
        ]),
      ),
    );
    expect(written['src/orders/order.tracker.ts']).toContain('import { Order } from "./order.entity"\r\n');
    expect(written['src/orders/order.tracker.ts']).toContain('\r\n\tsource: Order,\r\n');
    expect(written['src/app.module.ts']).toContain('import { OrderTracker } from "./orders/order.tracker"\r\n');
    expect(written['src/app.module.ts']).toContain('\r\n\t\tTrackstatsModule.forRoot(),\r\n');
    expect(Object.values(written).join('').replaceAll('\r\n', '')).not.toContain('\n  ]');
  });

  it('finds the root module that main.ts starts, or takes the given one', () => {
    const files = {
      'src/main.ts': MAIN.replace('./app.module.js', './server/shop.module'),
      'src/server/shop.module.ts': MODULE,
      'src/app.module.ts': '',
    };
    expect(Object.keys(add({}, files).written)).toContain('src/server/shop.module.ts');
    expect(Object.keys(add({ module: 'server/shop.module.ts' }, files).written)).toContain('src/server/shop.module.ts');
  });

  it.each([
    // options of TypeORM → what they are afterwards
    [
      `TypeOrmModule.forRoot({ type: 'postgres' })`,
      `TypeOrmModule.forRoot({ type: 'postgres', autoLoadEntities: true, migrations: [...trackstatsMigrations], migrationsRun: true })`,
    ],
    [
      `TypeOrmModule.forRoot({ entities: [Order], synchronize: true })`,
      `TypeOrmModule.forRoot({ entities: [Order, ...TRACKSTATS_ENTITIES], synchronize: true })`,
    ],
    [
      `TypeOrmModule.forRoot({ autoLoadEntities: true, synchronize: DEV, migrations: [], migrationsRun: !DEV })`,
      `TypeOrmModule.forRoot({ autoLoadEntities: true, synchronize: DEV, migrations: [...trackstatsMigrations], migrationsRun: !DEV })`,
    ],
    [
      `TypeOrmModule.forRootAsync({ useFactory: (config: Config) => ({ ...config.database, autoLoadEntities: true, synchronize: true }) })`,
      '',
    ],
    [
      `TypeOrmModule.forRootAsync({ async useFactory() { return { entities: [A], migrations: ['dist/migrations/*.js'] } as const; } })`,
      `TypeOrmModule.forRootAsync({ async useFactory() { return { entities: [A, ...TRACKSTATS_ENTITIES], migrations: ['dist/migrations/*.js', ...trackstatsMigrations] } as const; } })`,
    ],
    [
      `TypeOrmModule.forRootAsync({ name: 'old', useFactory: load }), TypeOrmModule.forRoot({ entities: [A], migrations: [B], name: 'default' })`,
      `TypeOrmModule.forRootAsync({ name: 'old', useFactory: load }), TypeOrmModule.forRoot({ entities: [A, ...TRACKSTATS_ENTITIES], migrations: [B, ...trackstatsMigrations], name: 'default' })`,
    ],
  ])('edits %s', (given, expected) => {
    const module = add({}, withTypeOrm(given)).written['src/app.module.ts'] ?? '';
    expect(module).toContain(
      `imports: [${expected === '' ? given : expected}, ScheduleModule.forRoot(), TrackstatsModule.forRoot()]`,
    );
    for (const name of ['TRACKSTATS_ENTITIES', 'trackstatsMigrations'])
      expect(/^import \{ ([^}]*) \} from 'nestjs-trackstats';$/m.exec(module)?.[1]?.includes(name)).toBe(
        expected.includes(name),
      );
  });

  it('edits options in a constant, and in another module than the root', () => {
    const module = withTypeOrm(
      'TypeOrmModule.forRoot(options)',
      'const options: TypeOrmModuleOptions = { synchronize: true };',
    );
    const { written } = add(
      {},
      {
        'src/database/database.module.ts': module['src/app.module.ts'] ?? '',
        'src/app.module.ts': `import { Module } from '@nestjs/common';\n\n@Module({})\nexport class AppModule {}\n`,
      },
    );
    expect(written['src/database/database.module.ts']).toContain('= { synchronize: true, autoLoadEntities: true };');
    expect(written['src/app.module.ts']).toContain(
      '@Module({ imports: [ScheduleModule.forRoot(), TrackstatsModule.forRoot()] })',
    );
  });

  it('adds to empty lists, and takes the names that the file gives to imports', () => {
    const module = `import { Module as M } from '@nestjs/common';
import type { SchedulerRegistry } from '@nestjs/schedule';
import { TypeOrmModule as Database } from '@nestjs/typeorm';

const DATABASE = Database.forRoot({ autoLoadEntities: true, synchronize: true });

@M({
  imports: [
    // nothing yet
  ],
  providers: [],
})
export class AppModule {}
`;
    const { written } = add({ entity: 'Order' }, { 'src/app.module.ts': module });
    expect(written['src/app.module.ts']).toContain(`  imports: [
    // nothing yet
    ScheduleModule.forRoot(),
    TrackstatsModule.forRoot(),
  ],
  providers: [OrderTracker],
`);
  });

  it('takes @nestjs/schedule 6 for Nest 11', () => {
    const { written } = add({}, { 'package.json': PACKAGE.replace('^12.0.1', '^11.1.0') });
    expect(written['package.json']).toContain('"@nestjs/schedule": "^6.0.0"');
  });

  it('finds a date column in a class that the entity extends', () => {
    const base = `import { CreateDateColumn } from 'typeorm';\nexport abstract class Dated { @CreateDateColumn() madeAt!: Date; }\n`;
    const entity = `import { Entity } from 'typeorm';\n@Entity()\nexport default class Order extends Dated {}\n`;
    const { written } = add({ entity: 'Order' }, { 'src/dated.ts': base, 'src/orders/order.entity.ts': entity });
    expect(written['src/orders/order.tracker.ts']).toContain(`dateField: 'madeAt'`);
    expect(written['src/orders/order.tracker.ts']).toContain(`import Order from './order.entity.js';`);
  });

  it.each<[string, NestAddOptions, Record<string, string>, RegExp]>([
    ['no TypeORM', {}, withTypeOrm(''), /^There is no TypeOrmModule\.forRoot in src\/\. .*Set up TypeORM first/s],
    [
      'options in another file',
      {},
      withTypeOrm('TypeOrmModule.forRoot(options)', `import { options } from './options.js';`),
      /^The options of TypeOrmModule are no object in src\/app\.module\.ts\. Add .*\.\.\.TRACKSTATS_ENTITIES.*--skip-typeorm$/s,
    ],
    [
      'options of a class',
      {},
      withTypeOrm('TypeOrmModule.forRootAsync({ useClass: Options })'),
      /^The options of TypeOrmModule are no object/,
    ],
    [
      'options that are spread',
      {},
      withTypeOrm('TypeOrmModule.forRoot({ ...options })'),
      /take "entities" from elsewhere\. Add/,
    ],
    [
      'migrations from elsewhere',
      {},
      withTypeOrm('TypeOrmModule.forRoot({ autoLoadEntities: true, migrations })'),
      /take "migrations" from elsewhere\. Add/,
    ],
    [
      'two databases',
      {},
      withTypeOrm('TypeOrmModule.forRoot({}), TypeOrmModule.forRoot({})'),
      /^TypeOrmModule\.forRoot is called in several places/,
    ],
    [
      'no root module',
      { skipTypeorm: true },
      { 'src/main.ts': '', 'src/app.module.ts': '', 'src/other.ts': '' },
      /^src\/app\.module\.ts has 0 classes with @Module/,
    ],
    [
      'a wrong module',
      { module: 'src/none.ts' },
      {},
      /^There is no file "src\/none\.ts"\. Pass the file of the root module/,
    ],
    [
      'imports that are no array',
      {},
      { 'src/app.module.ts': MODULE.replace('imports: [', 'imports: MORE, other: [') },
      /^"imports" of the module in src\/app\.module\.ts is no array.*Add ScheduleModule\.forRoot\(\), TrackstatsModule\.forRoot\(\)/,
    ],
    [
      'an unknown entity',
      { entity: 'Oder' },
      {},
      /^"Oder" is no entity of src\/\. Expected one of Order \(src\/orders\/order\.entity\.ts\)\.$/,
    ],
    ['no entities', { entity: 'Order' }, { 'src/orders/order.entity.ts': '' }, /No class there has @Entity/],
    [
      'an entity that is not exported',
      { entity: 'Order' },
      { 'src/orders/order.entity.ts': ENTITY.replace('export ', '') },
      /not exported by src\/orders\/order\.entity\.ts/,
    ],
    [
      'no date',
      { entity: 'Order' },
      { 'src/orders/order.entity.ts': ENTITY.replaceAll(': Date', ': string').replace('@CreateDateColumn', '@Column') },
      /^Order has no @CreateDateColumn and no column of type Date\. .*--date-field/,
    ],
    [
      'several dates',
      { entity: 'Order' },
      { 'src/orders/order.entity.ts': ENTITY.replace('@CreateDateColumn', '@Column') },
      /several columns of type Date: createdAt, paidAt/,
    ],
    [
      'an unknown date',
      { entity: 'Order', dateField: 'made' },
      {},
      /^--date-field is "made", and Order has no such column\. Expected one of id, createdAt, paidAt\.$/,
    ],
    ['a date without an entity', { dateField: 'createdAt' }, {}, /^--date-field is given without --entity/],
    ['an unknown time zone', { timeZone: 'Mars' }, {}, /^--time-zone is "Mars"\. Expected an IANA time zone/],
    [
      'an unknown option',
      { entitty: 'Order' } as NestAddOptions,
      {},
      /^There is no option --entitty\. Expected some of --entity, --date-field, --time-zone, --dashboard, --module, --skip-typeorm\.$/,
    ],
    [
      'another tracker file',
      { entity: 'Order' },
      { 'src/orders/order.tracker.ts': 'export const nothing = 1;\n' },
      /^src\/orders\/order\.tracker\.ts exists, and has no class OrderTracker/,
    ],
  ])('refuses %s, and changes nothing', (_, options, files, message) => {
    expect(refusal(options, files)).toMatch(message);
  });

  it('leaves TypeORM alone where the user says so', () => {
    const { written } = add({ skipTypeorm: true }, withTypeOrm('TypeOrmModule.forRoot(options)'));
    expect(written['src/app.module.ts']).toContain('TrackstatsModule.forRoot()');
  });

  it('has a schema with the options that it reads', () => {
    const { properties } = JSON.parse(readFileSync('lib/schematics/nest-add.schema.json', 'utf8')) as {
      properties: object;
    };
    const options: Required<NestAddOptions> = {
      entity: '',
      dateField: '',
      timeZone: '',
      dashboard: false,
      module: '',
      skipTypeorm: false,
      sourceRoot: '',
      skipInstall: false,
    };
    expect(Object.keys(properties).sort()).toEqual(Object.keys(options).sort());
  });
});
