/**
 * Thrown if a request of `TrackstatsClient` is answered with an error.
 *
 * @example
 * ```ts
 * const points = await trackstats
 *   .series({ metric: 'shopping/order_count', last: 7 })
 *   .then((series) => series.points)
 *   .catch((error: unknown) => {
 *     if (error instanceof TrackstatsRequestError && error.status === 404) return []; // nothing is counted yet
 *     throw error;
 *   });
 * ```
 */
export class TrackstatsRequestError extends Error {
  override readonly name = 'TrackstatsRequestError';

  /**
   * @param status of HTTP
   * @param messages one for each problem, as the interface has them
   * @param url of the request
   */
  constructor(
    readonly status: number,
    readonly messages: readonly string[],
    readonly url: string,
  ) {
    super(messages.length > 0 ? messages.map(sentence).join(' ') : `${url} answered with status ${status}.`);
  }
}

function sentence(message: string, _: number, all: readonly string[]): string {
  return all.length > 1 && !message.endsWith('.') ? `${message}.` : message;
}
