import { shown, TrackstatsError } from '../errors/trackstats.error.js';

/** Thrown if the files of the page are missing in the package. */
export class MissingDashboardPageError extends TrackstatsError {
  readonly code = 'TRACKSTATS_MISSING_DASHBOARD_PAGE';
  readonly kind = 'setup';

  constructor(folder: string, options?: { cause?: unknown }) {
    super(
      `TrackstatsDashboardModule: ${folder} does not contain the page (app.js). If the application is bundled, ` +
        `copy node_modules/nestjs-trackstats/dist/dashboard/page beside the bundle and name the copy in the option ` +
        `pageFolder. Otherwise install the package again. In a checkout: npm run build.`,
      options,
    );
  }
}

/** Thrown if the value of a dashboard option cannot be used. */
export class InvalidDashboardOptionsError extends TrackstatsError {
  readonly code = 'TRACKSTATS_INVALID_DASHBOARD_OPTIONS';
  readonly kind = 'setup';

  /** @param reason the expectation and what to do */
  constructor(option: string, given: unknown, reason: string) {
    super(`TrackstatsDashboardModule: ${option} is ${shown(given)}. ${reason}`);
  }
}
