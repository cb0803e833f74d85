import { shown, TrackstatsError } from '../errors/trackstats.error.js';

/** Thrown if an interface has neither a guard nor `public: true`. */
export class UnguardedInterfaceError extends TrackstatsError {
  readonly code = 'TRACKSTATS_UNGUARDED_INTERFACE';
  readonly kind = 'setup';

  /** @param module as it is written in the application, 'TrackstatsHttpModule.forRoot' */
  constructor(module: string) {
    super(
      `${module}: no guard is given, so that everybody who reaches the application could read its statistics. ` +
        `Name who may: ${module}({ guards: [AdminGuard], imports: [AuthModule] }), where imports has what the guard injects. ` +
        `If they are for everybody, or a global guard (APP_GUARD) protects every route, say so: ${module}({ public: true }).`,
    );
  }
}

/** Thrown if an option of the interface does not exist, or if its value cannot be used. */
export class InvalidHttpOptionsError extends TrackstatsError {
  readonly code = 'TRACKSTATS_INVALID_HTTP_OPTIONS';
  readonly kind = 'setup';

  /** @param reason the expectation and what to do */
  constructor(option: string, given: unknown, reason: string) {
    super(`TrackstatsHttpModule: ${option} is ${shown(given)}. ${reason}`);
  }
}
