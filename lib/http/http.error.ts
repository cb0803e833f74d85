import { shown, TrackstatsError } from '../errors/trackstats.error.js';

/** An interface is set up without a guard, and nothing says that it is meant to be open to everybody. */
export class UnguardedInterfaceError extends TrackstatsError {
  readonly code = 'TRACKSTATS_UNGUARDED_INTERFACE';

  /** @param module as it is written in the application, 'TrackstatsHttpModule.forRoot' */
  constructor(module: string) {
    super(
      `${module}: no guard is given, so that everybody who reaches the application could read its statistics. ` +
        `Name who may: ${module}({ guards: [AdminGuard], imports: [AuthModule] }), where imports has what the guard injects. ` +
        `If they are for everybody, or a global guard (APP_GUARD) protects every route, say so: ${module}({ public: true }).`,
    );
  }
}

/** An option of the interface that does not exist, or whose value cannot be used. */
export class InvalidHttpOptionsError extends TrackstatsError {
  readonly code = 'TRACKSTATS_INVALID_HTTP_OPTIONS';

  /** @param reason what was expected and how to mend it */
  constructor(option: string, given: unknown, reason: string) {
    super(`TrackstatsHttpModule: ${option} is ${shown(given)}. ${reason}`);
  }
}

/** The interface stands in an application that has no TrackstatsModule. */
export class MissingTrackstatsModuleError extends TrackstatsError {
  readonly code = 'TRACKSTATS_MISSING_TRACKSTATS_MODULE';

  constructor() {
    super(
      'TrackstatsHttpModule serves what TrackstatsModule keeps, and the application has none: add ' +
        "TrackstatsModule.forRoot() to the imports of the application's root module.",
    );
  }
}
