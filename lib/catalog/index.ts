/** The face of the catalog for surfaces, which import this file and none of those behind it. */

export { MetricService } from './metric.service.js';
export { Metric } from './metric.entity.js';
export { defineDomain, definedMetrics, type DomainTarget, type MetricTarget, naturalKey } from './definitions.js';
export { allDerived, checkStored, derivedOf, storedParts, unstoredMetric } from './derived.js';
export { type MetricDetails, type MetricUnit, metricUnit, unitOfText, unitText } from './unit.js';
export { ensureMetric } from './catalog.store.js';
export { domainKeyOf, findDomain, unknownDomain } from './domain.query.js';
export { allMetrics, findMetrics, metricsOfDomain, metricTarget } from './metric.query.js';
export { byText } from './order.js';
export { checkDescription, checkName, checkRef, parseKey } from './ref.js';
