import { Module, type DynamicModule } from '@nestjs/common';
import { TypeOrmModule } from '@nestjs/typeorm';
import type { DataSourceOptions } from 'typeorm';
import { MEMORY_DATABASE } from '../database/memory-database.js';
import { InvalidPartOptionError } from '../errors/optional-part.error.js';
import { entity, isOptions, listOf, type Check } from '../validation/check.js';
import { checkIsObject, readValue, unknownOption } from '../validation/options.js';
import type { EntityClass } from '../statistics/index.js';
import { TrackstatsModule } from '../module/trackstats.module.js';
import { OPTION_NAMES, type TrackstatsModuleExtras, type TrackstatsModuleOptions } from '../trackstats.options.js';
import { TestClock } from './test.clock.js';

const dataSourceOptions: Check<unknown> = (given, refuse) =>
  isOptions(given) && typeof given['type'] === 'string'
    ? given
    : refuse("Expected the options of a DataSource, with its type: 'postgres'.");

function invalidOption(name: string | null, given: unknown, expected: string): InvalidPartOptionError {
  return new InvalidPartOptionError('TrackstatsTestingModule', name ?? 'options', given, expected);
}

/** The schedules and the clock are the test's. */
const NAMES: readonly string[] = [
  ...(['now', 'entities', 'database', 'statistics'] satisfies (keyof TrackstatsTestingOptions)[]),
  ...OPTION_NAMES.filter((name) => name !== 'clock' && name !== 'scheduling'),
];

function checkNames(options: TrackstatsTestingOptions): void {
  for (const [name, value] of Object.entries(options)) {
    if (value !== undefined && !NAMES.includes(name)) throw invalidOption(name, value, unknownOption(name, NAMES));
  }
}

/** Sets the time and the entities of a test, and the module's options. */
export interface TrackstatsTestingOptions
  extends Omit<TrackstatsModuleOptions, 'clock' | 'scheduling'>, Pick<TrackstatsModuleExtras, 'statistics'> {
  /** the time until the test sets its TestClock: a Date, ISO 8601 with its time zone, or your own TestClock */
  now: Date | string | TestClock;
  /** the entities that trackers count; their repositories can be injected. @default none */
  entities?: readonly EntityClass[] | undefined;
  /**
   * a database to use in place of SQLite in memory, which needs better-sqlite3; the tables of all entities are created
   * in it
   */
  database?: DataSourceOptions | undefined;
}

/**
 * Provides everything that a test of a tracker needs: an empty database in memory with its tables, the library without
 * schedules, and a clock that the test sets. Get `TestClock`, `DataSource` and the services from the testing module.
 *
 * @example
 * ```ts
 * const module = await Test.createTestingModule({
 *   imports: [TrackstatsTestingModule.forRoot({ now: '2026-10-31T12:00:00Z', entities: [Order] })],
 *   providers: [OrderTracker],
 * }).compile();
 * await module.init();
 * ```
 */
@Module({})
export class TrackstatsTestingModule {
  /**
   * Creates the module for a test.
   *
   * @throws InvalidPartOptionError; at start, the errors of TrackstatsModule.forRoot
   */
  static forRoot(options: TrackstatsTestingOptions): DynamicModule {
    checkIsObject(options, invalidOption);
    checkNames(options);
    const { now, entities = [], database = MEMORY_DATABASE, ...trackstats } = options;
    readValue(entities, listOf(entity), 'entities', invalidOption);
    readValue(database, dataSourceOptions, 'database', invalidOption);
    const clock = now instanceof TestClock ? now : new TestClock(now);
    const repositories = TypeOrmModule.forFeature([...entities]);
    return {
      module: TrackstatsTestingModule,
      imports: [
        TypeOrmModule.forRoot({ synchronize: true, ...database, autoLoadEntities: true, retryAttempts: 0 }),
        repositories,
        TrackstatsModule.forRoot({ ...trackstats, scheduling: false, clock: clock.now }),
      ],
      providers: [{ provide: TestClock, useValue: clock }],
      exports: [TestClock, repositories],
    };
  }
}
