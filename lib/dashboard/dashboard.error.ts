import { shown, TrackstatsError } from '../errors/trackstats.error.js';

/** Thrown if the files of the page are missing in the package. */
export class MissingDashboardPageError extends TrackstatsError {
  readonly code = 'TRACKSTATS_MISSING_DASHBOARD_PAGE';

  constructor(folder: string, options?: { cause?: unknown }) {
    super(
      `TrackstatsDashboardModule: ${folder} does not hold the page (app.js). Install the package again; if the ` +
        `application is bundled into one file, leave nestjs-trackstats out of the bundle. In a checkout: npm run build.`,
      options,
    );
  }
}

/** Thrown if the value of a dashboard option cannot be used. */
export class InvalidDashboardOptionsError extends TrackstatsError {
  readonly code = 'TRACKSTATS_INVALID_DASHBOARD_OPTIONS';

  /** @param reason the expectation and what to do */
  constructor(option: string, given: unknown, reason: string) {
    super(`TrackstatsDashboardModule: ${option} is ${shown(given)}. ${reason}`);
  }
}
