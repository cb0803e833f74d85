import { shown, TrackstatsError } from './trackstats.error.js';

/** Thrown if an optional part of the library needs a package that is not installed. */
export class MissingPackageError extends TrackstatsError {
  readonly code = 'TRACKSTATS_MISSING_PACKAGE';
  readonly kind = 'missing-package';

  /** @param install what to install, as npm takes it, in the range that the library works with */
  constructor(part: string, name: string, install: string, cause?: unknown) {
    super(`${part} needs the package ${name}, which is not installed: npm install ${install}.`, { cause });
  }
}

/** Thrown if an option of an optional part cannot be used. */
export class InvalidPartOptionError extends TrackstatsError {
  readonly code = 'TRACKSTATS_INVALID_PART_OPTION';
  readonly kind = 'setup';

  /** @param reason the expectation and what to do */
  constructor(part: string, option: string, given: unknown, reason: string) {
    super(`${part}: ${option} is ${shown(given)}. ${reason}`);
  }
}
