import { shown, TrackstatsError } from './trackstats.error.js';

/** A ref has other characters than allowed, or is too long or empty. */
export class InvalidRefError extends TrackstatsError {
  readonly code = 'TRACKSTATS_INVALID_REF';

  constructor(given: unknown, expected = "Expected 1 to 100 of A–Z a–z 0–9 _ . - , for example 'order_count'.") {
    super(`Invalid ref: ${shown(given)}. ${expected}`);
  }
}

/** A name or description cannot be stored. */
export class InvalidNameError extends TrackstatsError {
  readonly code = 'TRACKSTATS_INVALID_NAME';

  constructor(field: string, given: unknown, expected: string) {
    super(`Invalid ${field}: ${shown(given)}. ${expected}`);
  }
}

/** A value is no definition, no entity of the catalog and no text that names one. */
export class InvalidDefinitionError extends TrackstatsError {
  readonly code = 'TRACKSTATS_INVALID_DEFINITION';

  constructor(what: 'domain' | 'metric', given: unknown) {
    super(
      what === 'domain'
        ? `Not a domain: ${shown(given)}. Expected what defineDomain({ ref: 'shopping' }) returns, a Domain, or its ref as text.`
        : `Not a metric: ${shown(given)}. Expected what defineMetric({ domain, ref }) returns, a Metric, or text as 'shopping/order_count'.`,
    );
  }
}

/** A metric is defined twice, with another name or description. */
export class DefinitionConflictError extends TrackstatsError {
  readonly code = 'TRACKSTATS_DEFINITION_CONFLICT';

  constructor(key: string, first: object, second: object) {
    super(
      `The metric ${key} is defined twice: as ${JSON.stringify(first)} and as ${JSON.stringify(second)}. ` +
        `Define it once, export the definition and import it where it is used.`,
    );
  }
}

/** No metric is stored under the key. */
export class UnknownMetricError extends TrackstatsError {
  readonly code = 'TRACKSTATS_UNKNOWN_METRIC';

  constructor(key: string, nearest: string | null) {
    super(
      `Unknown metric: ${shown(key)}. ${nearest === null ? '' : `Did you mean ${shown(nearest)}? `}` +
        `A metric is stored when its definition (defineMetric) is first used to write, or by MetricService.register.`,
    );
  }
}

/** No domain is stored under the ref. */
export class UnknownDomainError extends TrackstatsError {
  readonly code = 'TRACKSTATS_UNKNOWN_DOMAIN';

  constructor(ref: string, nearest: string | null) {
    super(
      `Unknown domain: ${shown(ref)}. ${nearest === null ? '' : `Did you mean ${shown(nearest)}? `}` +
        `Register it first: DomainService.register({ ref: 'shopping', name: 'Shopping' }).`,
    );
  }
}

/** Something else is stored under the ref. */
export class RefTakenError extends TrackstatsError {
  readonly code = 'TRACKSTATS_REF_TAKEN';

  constructor(what: 'domain' | 'metric', key: string) {
    super(`There is a ${what} ${shown(key)} already. Choose another ref, or remove that ${what} first.`);
  }
}

/** The domain cannot be removed while it has metrics. */
export class DomainHasMetricsError extends TrackstatsError {
  readonly code = 'TRACKSTATS_DOMAIN_HAS_METRICS';

  constructor(ref: string, metrics: readonly string[]) {
    const some = metrics.slice(0, 5).join(', ');
    super(
      `The domain ${shown(ref)} has metrics${some === '' ? '' : `: ${some}${metrics.length > 5 ? ', …' : ''}`}. ` +
        `Remove them first with MetricService.remove.`,
    );
  }
}

/** The metric cannot be removed while it has statistics. */
export class MetricHasStatisticsError extends TrackstatsError {
  readonly code = 'TRACKSTATS_METRIC_HAS_STATISTICS';

  constructor(key: string) {
    super(`The metric ${shown(key)} has statistics. Remove them with it: remove(metric, { statistics: true }).`);
  }
}
