import { createRequire } from 'node:module';
import type * as client from 'prom-client';
import { MissingPackageError } from '../errors/optional-part.error.js';

export type PromClient = typeof client;

/**
 * The application's prom-client.
 *
 * @throws MissingPackageError
 */
export function promClient(): PromClient {
  try {
    return createRequire(import.meta.url)('prom-client') as PromClient;
  } catch (error) {
    throw new MissingPackageError('TrackstatsPrometheusModule', 'prom-client', `'prom-client@^15.0.0'`, error);
  }
}
