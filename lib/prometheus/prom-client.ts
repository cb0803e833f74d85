import type * as client from 'prom-client';
import { MissingPackageError } from '../errors/optional-part.error.js';
import { isMissing, requirePackage } from '../execution/optional-package.js';

export type PromClient = typeof client;

/**
 * The application's prom-client.
 *
 * @throws MissingPackageError
 */
export function promClient(): PromClient {
  try {
    return requirePackage('prom-client') as PromClient;
  } catch (error) {
    if (!isMissing(error, 'prom-client')) throw error;
    throw new MissingPackageError('TrackstatsPrometheusModule', 'prom-client', `'prom-client@^15.0.0'`, error);
  }
}
