import { shown, TrackstatsError } from './trackstats.error.js';

/** Thrown if a ref is empty, too long, or has characters other than A–Z a–z 0–9 _ . - */
export class InvalidRefError extends TrackstatsError {
  readonly code = 'TRACKSTATS_INVALID_REF';
  readonly kind = 'invalid';

  constructor(given: unknown, expected = "Expected 1 to 100 of A–Z a–z 0–9 _ . - , for example 'order_count'.") {
    super(`Invalid ref: ${shown(given)}. ${expected}`);
  }
}

/** Thrown if a name or a description cannot be stored. */
export class InvalidNameError extends TrackstatsError {
  readonly code = 'TRACKSTATS_INVALID_NAME';
  readonly kind = 'unusable';

  constructor(field: string, given: unknown, expected: string) {
    super(`Invalid ${field}: ${shown(given)}. ${expected}`);
  }
}

/** Thrown if a value is not a definition, not a stored entity, and not the key of a metric or domain. */
export class InvalidDefinitionError extends TrackstatsError {
  readonly code = 'TRACKSTATS_INVALID_DEFINITION';
  readonly kind = 'unusable';

  /** @param isDefinition true where a stored domain or its ref does not do, as in a definition */
  constructor(what: 'domain' | 'metric', given: unknown, isDefinition = false) {
    const defined =
      what === 'domain'
        ? "what defineDomain({ ref: 'shopping' }) returns"
        : 'what defineMetric({ domain, ref }) returns';
    const others =
      what === 'domain' ? ', a Domain, or its ref as text' : ", a Metric, or text as 'shopping/order_count'";
    super(
      `Not a ${what}: ${shown(given)}. Expected ${defined}${isDefinition ? '' : others}.` +
        (given === undefined ? ` ${CIRCULAR_IMPORT}` : ''),
    );
  }
}

/** A definition is undefined while the files that import each other are loaded. */
export const CIRCULAR_IMPORT = 'If it is imported, the two files may import each other.';

/** Thrown if a metric is defined twice, with a different name or description. */
export class DefinitionConflictError extends TrackstatsError {
  readonly code = 'TRACKSTATS_DEFINITION_CONFLICT';
  readonly kind = 'conflict';

  constructor(key: string, first: object, second: object) {
    super(
      `The metric ${key} is defined twice: as ${JSON.stringify(first)} and as ${JSON.stringify(second)}. ` +
        `Define it once, export the definition and import it where it is used.`,
    );
  }
}

/** Thrown if no metric is stored under the key. The message suggests the nearest one. */
export class UnknownMetricError extends TrackstatsError {
  readonly code = 'TRACKSTATS_UNKNOWN_METRIC';
  readonly kind = 'unknown';

  /** @param nearest the key that is probably meant; the same one if it is defined and not stored */
  constructor(key: string, nearest: string | null) {
    const hint =
      nearest === key ? 'It is defined, and nothing was written for it yet.' : `Did you mean ${shown(nearest)}?`;
    super(
      `Unknown metric: ${shown(key)}. ${nearest === null ? '' : `${hint} `}` +
        `A metric is stored when its definition (defineMetric) is first used to write, or by MetricService.register.`,
    );
  }
}

/** Thrown if no domain is stored under the ref. The message suggests the nearest one. */
export class UnknownDomainError extends TrackstatsError {
  readonly code = 'TRACKSTATS_UNKNOWN_DOMAIN';
  readonly kind = 'unknown';

  constructor(ref: string, nearest: string | null) {
    super(
      `Unknown domain: ${shown(ref)}. ${nearest === null ? '' : `Did you mean ${shown(nearest)}? `}` +
        `Register it first: DomainService.register({ ref: 'shopping', name: 'Shopping' }).`,
    );
  }
}

/** Thrown if a metric or domain is renamed to a ref that is taken. */
export class RefTakenError extends TrackstatsError {
  readonly code = 'TRACKSTATS_REF_TAKEN';
  readonly kind = 'conflict';

  constructor(what: 'domain' | 'metric', key: string) {
    super(`There is a ${what} ${shown(key)} already. Choose another ref, or remove that ${what} first.`);
  }
}

/** Thrown if a domain is removed while it has metrics. */
export class DomainHasMetricsError extends TrackstatsError {
  readonly code = 'TRACKSTATS_DOMAIN_HAS_METRICS';
  readonly kind = 'conflict';

  constructor(ref: string, metrics: readonly string[]) {
    const some = metrics.slice(0, 5).join(', ');
    super(
      `The domain ${shown(ref)} has metrics${some === '' ? '' : `: ${some}${metrics.length > 5 ? ', …' : ''}`}. ` +
        `Remove them first with MetricService.remove.`,
    );
  }
}

/** Thrown if a metric is removed while it has statistics. Pass `{ statistics: true }` to remove them too. */
export class MetricHasStatisticsError extends TrackstatsError {
  readonly code = 'TRACKSTATS_METRIC_HAS_STATISTICS';
  readonly kind = 'conflict';

  constructor(key: string) {
    super(`The metric ${shown(key)} has statistics. Remove them with it: remove(metric, { statistics: true }).`);
  }
}

/** Thrown if a call that needs stored statistics, or a tracker, names a derived metric. Name its parts. */
export class DerivedMetricError extends TrackstatsError {
  readonly code = 'TRACKSTATS_DERIVED_METRIC';
  readonly kind = 'unusable';

  constructor(call: string, key: string, parts: readonly string[]) {
    super(
      `${call}: ${shown(key)} is a derived metric, of which nothing is stored: it is computed from ${parts.join(' and ')} ` +
        `when it is read. Name one of these, or read it with value, point, series, multiSeries, top, total or compare.`,
    );
  }
}

/** Thrown if a derived metric is, over its parts, a part of itself. */
export class CircularMetricError extends TrackstatsError {
  readonly code = 'TRACKSTATS_CIRCULAR_METRIC';
  readonly kind = 'setup';

  /** @param path the keys from a metric to itself */
  constructor(path: readonly string[]) {
    super(`These derived metrics are made of one another: ${path.join(' → ')}. Define one of them without the next.`);
  }
}

/** Thrown if the function of a derived metric throws, or returns anything but a number or null. */
export class DerivedValueError extends TrackstatsError {
  readonly code = 'TRACKSTATS_DERIVED_VALUE';
  readonly kind = 'data';

  /** @param problem what it did, as it follows its call */
  constructor(key: string, parts: Readonly<Record<string, number>>, problem: string, cause?: unknown) {
    super(
      `The derived metric ${shown(key)}: value(${JSON.stringify(parts)}) ${problem}. Expected it to return a number, or ` +
        `null for no value.`,
      { cause },
    );
  }
}
