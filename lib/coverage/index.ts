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
export { lockCoverage, storedCoverages, writeCoverage } from './coverage.store.js';
export { type CoverageScope, enclosingScope, readScope, TOTAL_SCOPE, writeScope } from './scope.js';
