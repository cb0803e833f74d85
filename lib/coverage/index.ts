/** The face of coverage for surfaces, which import this file and none of those behind it. */

export { type CoverageKind, COVERAGE_KINDS, kindMeaning } from './coverage-kind.js';
export { type Measured, rangeValue } from './range-value.js';
export {
  coverageIn,
  type CoveredDates,
  coveredRange,
  cutCoverage,
  hasDates,
  joinCoverages,
  type StoredCoverage,
} from './coverage.js';
export { lockCoverage } from './coverage.lock.js';
export { storedCoverages } from './covered-metrics.query.js';
export { writeCoverage } from './coverage.store.js';
export { type CoverageScope, enclosingScope, readScope, TOTAL_SCOPE, writeScope } from './scope.js';
