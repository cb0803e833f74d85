import { shown, TrackstatsError } from './trackstats.error.js';

/** Thrown if an option of the module does not exist, or if its value cannot be used. */
export class InvalidOptionsError extends TrackstatsError {
  readonly code = 'TRACKSTATS_INVALID_OPTIONS';
  readonly kind = 'setup';

  /** @param reason the expectation and what to do */
  constructor(option: string, given: unknown, reason: string) {
    super(`TrackstatsModule: ${option} is ${shown(given)}. ${reason}`);
  }
}

/**
 * Thrown if a factory returns `isGlobal`, `dataSource` or `statistics`. Pass these beside the factory, because they
 * shape the module.
 */
export class MisplacedOptionError extends TrackstatsError {
  readonly code = 'TRACKSTATS_MISPLACED_OPTION';
  readonly kind = 'setup';

  constructor(options: readonly string[]) {
    super(
      `TrackstatsModule.forRootAsync: the factory returned ${options.join(', ')}, which the module has to know before ` +
        `any factory runs. Write ${options.length > 1 ? 'them' : 'it'} beside the factory: ` +
        `TrackstatsModule.forRootAsync({ ${options.map((option) => `${option}: …`).join(', ')}, useFactory: … }).`,
    );
  }
}

/** Thrown if an application imports `TrackstatsModule.forRoot` or `forRootAsync` more than once. */
export class DuplicateModuleError extends TrackstatsError {
  readonly code = 'TRACKSTATS_DUPLICATE_MODULE';
  readonly kind = 'setup';

  constructor(places: readonly string[]) {
    super(
      `TrackstatsModule is set up ${places.length} times, by the imports of ${places.join(' and of ')}; every tracker would ` +
        `run as often. Keep one forRoot or forRootAsync, in the root module; it is global, and feature modules that have ` +
        `custom statistics import TrackstatsModule.forFeature([…]).`,
    );
  }
}

/** Thrown if an application uses `forFeature`, or an optional part of the library, without `TrackstatsModule.forRoot`. */
export class MissingModuleError extends TrackstatsError {
  readonly code = 'TRACKSTATS_MISSING_MODULE';
  readonly kind = 'setup';

  /** @param part what needs the module */
  constructor(part: string) {
    super(
      `${part} needs the module itself: add TrackstatsModule.forRoot() to the imports of the application's root module ` +
        `(in a test, of the testing module).`,
    );
  }
}

/** Thrown if the application has no data source of the name that holds the statistics. */
export class MissingDataSourceError extends TrackstatsError {
  readonly code = 'TRACKSTATS_MISSING_DATA_SOURCE';
  readonly kind = 'setup';

  /**
   * @param name the option `dataSource`, 'default' without it
   * @param known the names of the data sources that exist
   */
  constructor(name: string, known: readonly string[]) {
    const made = `TypeOrmModule.forRoot({ ${name === 'default' ? '' : `name: ${shown(name)}, `}… })`;
    const [found, remedy] =
      known.length === 0
        ? ['no module of the application imports TypeOrmModule.forRoot', `Import ${made} in the root module.`]
        : [
            `the data sources of the application are ${known.map(shown).join(', ')}`,
            `Name one of these in the option dataSource of TrackstatsModule, or import ${made} in the root module.`,
          ];
    super(`TrackstatsModule keeps its statistics in the data source ${shown(name)}, and ${found}. ${remedy}`);
  }
}

/** Thrown if `forFeature` names another data source than `forRoot`. */
export class DataSourceMismatchError extends TrackstatsError {
  readonly code = 'TRACKSTATS_DATA_SOURCE_MISMATCH';
  readonly kind = 'setup';

  constructor(statistics: readonly string[], feature: string, root: string) {
    const mend = root === 'default' ? '' : `, '${root}'`;
    super(
      `TrackstatsModule.forFeature([${statistics.join(', ')}]) puts its statistics into the data source "${feature}", and ` +
        `TrackstatsModule.forRoot keeps them in "${root}". All statistics share one data source: write ` +
        `forFeature([${statistics.join(', ')}]${mend}), or give the other name to forRoot.`,
    );
  }
}
