import type { Database } from '../../database/database.js';
import type { Work } from '../../database/work.js';
import { parseKey } from '../../catalog/index.js';
import { InvalidFilterError } from '../../errors/statistic.error.js';
import { shown } from '../../errors/trackstats.error.js';
import {
  COVERAGE_KINDS,
  type CoverageKind,
  type CoveredDates,
  hasDates,
  joinCoverages,
  lockCoverage,
  writeCoverage,
} from '../../coverage/index.js';
import { keyTextProblem } from '../../statistics/index.js';
import { parseLocalDate } from '../../time/local-date.js';
import { Period } from '../../time/period.js';
import { checkTimeZone } from '../../time/time-zone.js';
import { checkPeriodText, type GivenCoverage } from './import-entry.js';
import type { TransferredCoverage } from '../transferred-coverage.js';

/**
 * Checks a coverage of a file.
 *
 * @throws InvalidRefError, InvalidPeriodError, InvalidDateError, UnknownTimeZoneError, InvalidFilterError
 */
export function checkCoverage(given: GivenCoverage): { key: string; coverage: TransferredCoverage } {
  const { key, scope, kind, fingerprint, computedAt } = given;
  parseKey(typeof key === 'string' ? key : shown(key));
  const isText = (value: unknown, limit: number): value is string => keyTextProblem(value, limit) === null;
  if (!isText(scope, 400)) throw new InvalidFilterError(`scope is ${shown(scope)}. Expected that of an export.`);
  if (!(COVERAGE_KINDS as readonly unknown[]).includes(kind))
    throw new InvalidFilterError(`kind is ${shown(kind)}. Expected one of ${COVERAGE_KINDS.join(', ')}.`);
  if (!isText(fingerprint, 64)) throw new InvalidFilterError(`fingerprint is ${shown(fingerprint)}. Expected text.`);
  const computed = computedAt === null ? null : Date.parse(typeof computedAt === 'string' ? computedAt : '');
  if (Number.isNaN(computed)) throw new InvalidFilterError(`computed_at is ${shown(computedAt)}. Expected an instant.`);
  const from = parseLocalDate(given.from);
  const through = given.through === null && kind === 'increment' ? null : parseLocalDate(given.through);
  if (through !== null && through < from) {
    throw new InvalidFilterError(`through is ${through}, which is before from, ${from}.`);
  }
  return {
    key: key as string,
    coverage: {
      period: checkPeriodText(given.period),
      scope,
      from,
      through,
      timeZone: checkTimeZone(given.timeZone),
      kind: kind as CoverageKind,
      fingerprint,
      computedAt: computed,
    },
  };
}

/** Stores a coverage, joined to the one that is stored already. Returns the reason where the two cannot be joined. */
export function* putCoverage(database: Database, metricId: number, given: TransferredCoverage): Work<string | null> {
  const { period, scope } = given;
  const key = { metricId, period, scope };
  const coverage = { ...given, computedAt: given.computedAt === null ? null : new Date(given.computedAt) };
  const stored = yield* lockCoverage(database, key, coverage);
  if (!hasDates(stored)) {
    // made for a run that has not ended
    yield* writeCoverage(database, key, coverage);
    return null;
  }
  const joined = joinCoverages(stored, coverage);
  if (typeof joined === 'string') return problemOf(joined, period, stored, coverage);
  yield* writeCoverage(database, key, joined);
  return null;
}

function problemOf(problem: 'different' | 'gap', period: Period, stored: CoveredDates, given: CoveredDates): string {
  const shows = ({ from, through, kind, timeZone }: CoveredDates): string =>
    `from ${from} through ${through ?? 'today'} (${kind}, days of ${timeZone})`;
  return (
    `${Period.nameOf(period)} is covered ${shows(stored)} here and ${shows(given)} in the file` +
    `${problem === 'gap' ? ', with dates between them' : ''}. ` +
    'Leave this line out to import the values without it, or remove what is stored here first.'
  );
}
