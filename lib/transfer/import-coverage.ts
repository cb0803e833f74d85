import sql, { join, type Sql } from 'sql-template-tag';
import type { Database } from '../database/database.js';
import { execute, queryOne, type Work } from '../database/work.js';
import { parseKey } from '../catalog/ref.js';
import { InvalidFilterError } from '../errors/statistic.error.js';
import { shown } from '../errors/trackstats.error.js';
import { type CoverageKind, coverageKinds } from '../catalog/aggregates.js';
import { Coverage } from '../statistics/coverage.entity.js';
import { keyTextProblem } from '../statistics/key-text.js';
import { addDays, type LocalDate, parseLocalDate } from '../time/local-date.js';
import { Period } from '../time/period.js';
import { checkTimeZone } from '../time/time-zone.js';
import { checkPeriodText } from './import-check.js';
import type { GivenCoverage } from './import-entry.js';
import type { TransferredCoverage } from './transferred-coverage.js';

const KEY = ['metricId', 'period', 'scope'] as const;

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
  if (!(coverageKinds as readonly unknown[]).includes(kind))
    throw new InvalidFilterError(`kind is ${shown(kind)}. Expected one of ${coverageKinds.join(', ')}.`);
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

/** Stores a coverage, together with the one that is there. Gives the reason where the two do not go together. */
export function* putCoverage(database: Database, metricId: number, coverage: TransferredCoverage): Work<string | null> {
  const { dialect } = database;
  const table = database.table(Coverage);
  const key = {
    metricId: dialect.integer(metricId),
    period: dialect.integer(coverage.period),
    scope: dialect.text(coverage.scope),
  };
  yield* execute(dialect.insertIfAbsent(table, { ...key, ...valuesOf(database, coverage) }, KEY));
  const matches = join(
    KEY.map((property) => sql`${table.column(property)} = ${key[property]}`),
    ' AND ',
  );
  const stored = yield* storedAt(database, matches);
  const merged = stored === null ? coverage : together(stored, coverage);
  if (typeof merged === 'string') return merged;
  const assignments = Object.entries(valuesOf(database, merged)).map(
    ([property, value]) => sql`${table.column(property)} = ${value}`,
  );
  yield* execute(sql`UPDATE ${table.path} SET ${join(assignments)} WHERE ${matches}`);
  return null;
}

type Covered = Omit<TransferredCoverage, 'period' | 'scope'>;

function valuesOf({ dialect }: Database, coverage: Covered): Record<string, Sql> {
  const { from, through, timeZone, kind, fingerprint, computedAt } = coverage;
  return {
    from: dialect.date(from),
    through: through === null ? sql`NULL` : dialect.date(through),
    timeZone: dialect.text(timeZone),
    kind: dialect.text(kind),
    fingerprint: dialect.text(fingerprint),
    computedAt: computedAt === null ? sql`NULL` : sql`${computedAt}`,
  };
}

/** null: made for a run that has not ended */
function* storedAt(database: Database, matches: Sql): Work<Covered | null> {
  const { dialect } = database;
  const table = database.table(Coverage);
  const row = yield* queryOne<{
    covered_from: LocalDate | null;
    covered_through: LocalDate | null;
    time_zone: string;
    kind: CoverageKind;
    fingerprint: string;
    computed_at: string | number | null;
  }>(sql`SELECT ${dialect.dateText(table.column('from'))} AS covered_from, ${dialect.dateText(table.column('through'))} AS covered_through,
  ${table.column('timeZone')} AS time_zone, ${table.column('kind')} AS kind, ${table.column('fingerprint')} AS fingerprint,
  ${table.column('computedAt')} AS computed_at FROM ${table.path} WHERE ${matches} ${dialect.forUpdate}`);
  if (row === undefined || row.covered_from === null) return null;
  return {
    from: row.covered_from,
    through: row.covered_through,
    timeZone: row.time_zone,
    kind: row.kind,
    fingerprint: row.fingerprint,
    computedAt: row.computed_at === null ? null : Number(row.computed_at),
  };
}

/** Both ranges as one, or why they are none. Who computed the later dates says with which definition it goes on. */
function together(stored: Covered, given: TransferredCoverage): Covered | string {
  const shows = ({ from, through, kind, timeZone }: Covered): string =>
    `from ${from} through ${through ?? 'today'} (${kind}, days of ${timeZone})`;
  const both = `${Period.nameOf(given.period)} is covered ${shows(stored)} here and ${shows(given)} in the file`;
  const mend = 'Leave this line out to import the values without it, or remove what is stored here first.';
  if (stored.kind !== given.kind || stored.timeZone !== given.timeZone) return `${both}. ${mend}`;
  if (isBefore(stored, given) || isBefore(given, stored)) return `${both}, with dates between them. ${mend}`;
  const isLater = stored.through === null || (given.through !== null && given.through < stored.through);
  return {
    ...(isLater ? stored : given),
    from: stored.from < given.from ? stored.from : given.from,
    through: stored.through === null || given.through === null ? null : isLater ? stored.through : given.through,
  };
}

function isBefore(first: Covered, second: Covered): boolean {
  return first.through !== null && addDays(first.through, 1) < second.from;
}
