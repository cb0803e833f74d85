import { TrackstatsError } from './trackstats.error.js';

/** Thrown if a webhook did not accept a message, after all attempts. */
export class WebhookError extends TrackstatsError {
  readonly code = 'TRACKSTATS_WEBHOOK';
  readonly kind = 'unavailable';

  /**
   * @param host of the webhook; its path may be secret
   * @param problem the last answer, or the reason why there was none
   */
  constructor(host: string, problem: string, attempts: number, cause?: unknown) {
    super(
      `The webhook of ${host} did not accept a message in ${attempts === 1 ? '1 attempt' : `${attempts} attempts`}: ${problem}`,
      {
        cause,
      },
    );
  }
}
