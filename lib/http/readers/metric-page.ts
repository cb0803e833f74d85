import { UnknownDomainError } from '../../errors/catalog.error.js';
import type { Metric } from '../../catalog/index.js';
import type { ResolvedHttpOptions } from '../http.options.js';
import { checkLimit } from './range.js';
import type { Page } from '../resources.js';
import type { TrackstatsAccess } from '../trackstats.access.js';

interface PageQuery {
  readonly domain?: string | undefined;
  readonly limit?: number | undefined;
  readonly offset: number;
}

/**
 * A page of the metrics, by natural key.
 *
 * @throws TrackstatsHttpException, InvalidRefError, and UnknownDomainError where a domain has no metrics
 */
export async function pageOf(
  { metrics }: TrackstatsAccess,
  { domain, limit: asked, offset }: PageQuery,
  limits: ResolvedHttpOptions['limits'],
): Promise<{ metrics: readonly Metric[]; page: Page }> {
  const limit = asked ?? limits.rows;
  checkLimit('rows', limit, limits);
  const all = await metrics.list(domain === undefined ? {} : { domain });
  if (domain !== undefined && all.length === 0) throw new UnknownDomainError(domain, null);
  return { metrics: all.slice(offset, offset + limit), page: { total: all.length, limit, offset } };
}
