import sql, { empty, join, raw, type Sql } from 'sql-template-tag';
import { meaningOf } from '../catalog/aggregates.js';
import type { Dialect } from '../database/dialects/dialect.js';
import { execute, type Work } from '../database/work.js';
import { deleteRepeated, insertCarried, lastRows, type StatisticRows } from '../statistics/read/carried-values.js';
import { primaryKeyOf } from '../statistics/tables/statistic-table.js';
import { dayNumber, type DayNumber, FIRST_DAY, fromDayNumber, shiftDay } from '../time/local-date.js';
import {
  type CalendarUnit,
  calendarUnit,
  firstCovered,
  isCalendarPeriod,
  isTimePeriod,
  Period,
  periodKind,
  type TimePeriod,
  toDateUnit,
  windowDays,
} from '../time/period.js';
import { bucketValues, secondsOf, startsInRange } from './bucket-sql.js';
import { bucketTotals, combinedBy, finished, isCount, isDistinct, partialNames } from './aggregate-sql.js';
import { keyNames, partialsOf, storedKeys } from './rollup-sql.js';
import type { RollupEntry, RollupPeriod } from './rollup-spec.js';

/** Some days of a period's range, both included. */
export interface DaySlice {
  readonly from: DayNumber;
  readonly through: DayNumber;
}

/**
 * Returns the query of the rows of a period's range, computed from the partials: columns `c0`, `c1`, … in the order of
 * the statistic's primary key, then `v`.
 *
 * @param slice the days to compute, of a period for which `isSliceable` is true
 */
export function freshQuery(dialect: Dialect, entry: RollupEntry, period: RollupPeriod, slice: DaySlice = period): Sql {
  if (periodKind(period.period) !== 'bucket') return runningRows(dialect, entry, period, slice);
  const sliced = { ...period, ...ofSlice(period, slice) };
  return isTimePeriod(period.period)
    ? timeRows(dialect, entry, sliced, period.period)
    : bucketRows(dialect, entry, sliced);
}

/** True if the rows of some days can be computed without those of all days. */
export function isSliceable({ period, density }: Pick<RollupPeriod, 'period' | 'density'>): boolean {
  return periodKind(period) === 'bucket' ? !isCalendarPeriod(period) : density === 'daily';
}

function ofSlice(
  period: RollupPeriod,
  { from, through }: DaySlice,
): Pick<RollupPeriod, 'from' | 'through' | 'lastDay'> {
  return { from, through, lastDay: through === period.through ? period.lastDay : through };
}

// ── buckets of less than a day ──

function timeRows(dialect: Dialect, entry: RollupEntry, period: RollupPeriod, length: TimePeriod): Sql {
  const values = bucketValues(dialect, entry, length, secondsOf(entry, period));
  const keys = entry.keys.map((_, index) => raw(`b.c${String(index)}`));
  return stored(dialect, entry, period, keys, raw('b.bucket'), sql`(${values}) b`, raw('b.v'));
}

// ── buckets: a day, a calendar unit ──

function bucketRows(dialect: Dialect, entry: RollupEntry, period: RollupPeriod): Sql {
  const { measure } = entry;
  const unit = calendarUnit(period.period);
  const within = sql`p.day >= ${dialect.integer(period.from)} AND p.day <= ${dialect.integer(period.lastDay)}`;
  // a partial already is the row of a key and day
  if (unit === null && !isDistinct(entry.measure)) {
    return stored(
      dialect,
      entry,
      period,
      storedKeys(dialect, entry),
      raw('p.day'),
      sql`${partialsOf(entry)} p WHERE ${within}`,
      finished(
        dialect,
        measure,
        partialNames(measure).map((name) => sql`p.${name}`),
      ),
    );
  }
  const start = unit === null ? raw('p.day') : dialect.calendarStart(unit, entry.weekStart, raw('p.day'));
  // a week that begins before 0001-01-01 is cut there
  const day = unit === 'week' && period.from === FIRST_DAY ? dialect.greatest(start, raw(String(FIRST_DAY))) : start;
  const columns = [...keyNames(entry), sql`${day} AS day`];
  const isOfSource = period.storedDaysUntil === null && period.storedDaysAfter === null;
  const rows = isOfSource
    ? sql`${partialsOf(entry)} p WHERE ${within}`
    : sql`(${withStoredDays(dialect, entry, period)}) p`;
  const bucket = sql`SELECT ${join([...columns, ...bucketTotals(measure)])} FROM ${rows}
GROUP BY ${join(columns.map((_, index) => raw(String(index + 1))))}`;
  return stored(
    dialect,
    entry,
    period,
    // stored days have stored keys already
    isOfSource ? storedKeys(dialect, entry) : keyNames(entry),
    raw('b.day'),
    sql`(${bucket}) b`,
    finished(
      dialect,
      measure,
      partialNames(measure).map((name) => sql`b.${name}`),
    ),
  );
}

/** Returns the partials of some days and, as partials too, the stored days before and after them. All have stored keys. */
function withStoredDays(
  dialect: Dialect,
  entry: RollupEntry,
  period: Pick<RollupPeriod, 'from' | 'lastDay' | 'storedDaysUntil' | 'storedDaysAfter'>,
): Sql {
  const { storedDaysUntil: until, storedDaysAfter: after } = period;
  const { measure, statistic } = entry;
  const names = keyNames(entry);
  const totals = partialNames(measure);
  const keys = storedKeys(dialect, entry).map((key, index) => sql`${key} AS ${names[index]}`);
  const fresh = sql`SELECT ${join([...keys, raw('p.day'), ...totals.map((name) => sql`p.${name}`)])} FROM ${partialsOf(entry)} p
WHERE p.day >= ${dialect.integer(until ?? period.from)} AND p.day <= ${dialect.integer(after ?? period.lastDay)}`;
  const value = dialect.numeric(sql`s.${statistic.table.column('value')}`);
  const addend = measure.numeric === null ? value : dialect.asAddend(value, measure.numeric);
  const date = sql`s.${statistic.table.column('date')}`;
  const columns = [
    ...named(storedKeyColumns(entry)),
    sql`${dialect.dayNumber(DATES, date)} AS day`,
    ...totals.map((name) => sql`${addend} AS ${name}`),
  ];
  const ranges = [
    ...(until === null ? [] : [{ from: period.from, through: shiftDay(until, -1) }]),
    ...(after === null ? [] : [{ from: shiftDay(after, 1), through: period.lastDay }]),
  ];
  const stored = ranges.map((range) => {
    const days = inRange(dialect, entry, { period: Period.DAY, fromSecond: null, ...range }, raw('s'));
    return sql`SELECT ${join(columns)} FROM ${statistic.table.path} s WHERE ${days}`;
  });
  return join([fresh, ...stored], ' UNION ALL ');
}

/** The kind of column in which dates are stored. */
const DATES = { kind: 'date', storedIn: 'UTC' } as const;

// ── rolling windows, to date and lifetime: values that are carried until the next change ──

function runningRows(dialect: Dialect, entry: RollupEntry, period: RollupPeriod, slice: DaySlice): Sql {
  const spans = spansQuery(dialect, entry, period, slice);
  // the points have stored keys already if they were joined with stored rows
  const areStored = period.hasStored || period.storedDaysUntil !== null;
  const keys = areStored ? keyNames(entry) : storedKeys(dialect, entry);
  if (period.density === 'daily') {
    return stored(dialect, entry, period, keys, raw('d.day'), dialect.eachDay(spans), raw('s.value'));
  }
  const rows = hasChangesOnly(entry, period) ? changes(dialect, entry, period, spans) : spans;
  return stored(dialect, entry, period, keys, raw('c.day'), sql`(${rows}) c`, raw('c.value'));
}

/** True if rows that repeat the value before them are left out. To find those of a single series costs a read more than they do. */
function hasChangesOnly({ keys }: RollupEntry, { density }: RollupPeriod): boolean {
  return density === 'changes' || (density === 'spans' && keys.length > 0);
}

/** Returns the spans whose value differs from that of the span before. The first one is compared with the stored row. */
function changes(dialect: Dialect, entry: RollupEntry, period: RollupPeriod, spans: Sql): Sql {
  const keys = keyNames(entry);
  const before = sql`SELECT s.*, LAG(s.value) OVER w AS earlier, ROW_NUMBER() OVER w AS position FROM (${spans}) s
WINDOW w AS (${partition(keys)}ORDER BY s.day)`;
  const differs = (earlier: Sql): Sql => dialect.differ(raw('n.value'), earlier);
  if (!period.hasStored) {
    return sql`SELECT n.* FROM (${before}) n WHERE n.position = 1 OR ${differs(raw('n.earlier'))}`;
  }
  // a key that has a stored row before the range has a point on its first day, which knows that row's value
  return sql`SELECT n.* FROM (${before}) n WHERE (n.position > 1 AND ${differs(raw('n.earlier'))})
OR (n.position = 1 AND (n.is_stored IS NULL OR ${differs(raw('n.stored_value'))}))`;
}

/** Returns spans of a constant value: keys, the first `day`, the `next` day after it, and the `value`. */
function spansQuery(dialect: Dialect, entry: RollupEntry, period: RollupPeriod, slice: DaySlice): Sql {
  const keys = keyNames(entry);
  const from = dialect.integer(slice.from);
  const totals = partialNames(entry.measure).map((name, index) =>
    running(dialect, entry, period, sql`p.${name}`, index),
  );
  const values = sql`SELECT ${join([...keys, raw('p.day')])}, ${finished(dialect, entry.measure, totals)} AS value,
COALESCE(LEAD(p.day) OVER (${partition(keys)}ORDER BY p.day), ${dialect.integer(period.through + 1)}) AS next${storedColumns(entry, period, 'p.')}
FROM (${points(dialect, entry, period)}) p`;
  const endsEarly = slice.through < period.through;
  const after = dialect.integer(slice.through + 1);
  const next = endsEarly ? sql`${dialect.least(raw('v.next'), after)} AS next` : raw('v.next');
  const until = endsEarly ? sql` AND v.day < ${after}` : empty;
  return sql`SELECT ${join([...keys, sql`${dialect.greatest(raw('v.day'), from)} AS day`, next, raw('v.value')])}${storedColumns(entry, period, 'v.')} FROM (${values}) v WHERE v.next > ${from}${until}`;
}

/** Returns the aggregate of the window that ends on a point's day. */
function running(dialect: Dialect, entry: RollupEntry, { period }: RollupPeriod, partial: Sql, index: number): Sql {
  const unit = toDateUnit(period);
  // a period to date begins again with each unit
  const units = unit === null ? [] : [dialect.calendarStart(unit, entry.weekStart, raw('p.day'))];
  const order = sql`${partition([...keyNames(entry), ...units])}ORDER BY p.day`;
  // a distinct count subtracts the values that leave the window, so all of it is summed
  const unbounded = periodKind(period) !== 'rolling' || isDistinct(entry.measure);
  const frame = unbounded
    ? sql`ROWS UNBOUNDED PRECEDING`
    : sql`RANGE BETWEEN ${raw(String(windowDays(period) - 1))} PRECEDING AND CURRENT ROW`;
  return sql`${combinedBy(entry.measure, index)}(${partial}) OVER (${order} ${frame})`;
}

/** Returns the days on which a running value may change, once for each key, with the partials that it gains there. */
function points(dialect: Dialect, entry: RollupEntry, period: RollupPeriod): Sql {
  const keys = keyNames(entry);
  const gained = isDistinct(entry.measure) ? distinctGains(dialect, entry, period) : gains(dialect, entry, period);
  const rows = period.hasStored ? besideStored(dialect, entry, period, gained) : gained;
  const columns = [...keys, raw('e.day')];
  const totals = partialNames(entry.measure).map(
    (name, index) => sql`${combinedBy(entry.measure, index)}(e.${name}) AS ${name}`,
  );
  const before = carriesStored(entry, period)
    ? raw(', MAX(e.stored_value) AS stored_value, MAX(e.is_stored) AS is_stored')
    : empty;
  return sql`SELECT ${join([...columns, ...totals])}${before} FROM (${rows}) e GROUP BY ${join(columns.map((_, index) => raw(String(index + 1))))}`;
}

/** Returns the gains with stored keys, and a point for each key that has stored rows before the range. */
function besideStored(dialect: Dialect, entry: RollupEntry, period: RollupPeriod, gained: Sql): Sql {
  const names = keyNames(entry);
  // stored days have their keys as they are stored
  const given = period.storedDaysUntil === null ? storedKeys(dialect, entry) : names;
  const keys = given.map((key, index) => sql`${key} AS ${names[index]}`);
  const nothing = carriesStored(entry, period) ? raw(', NULL AS stored_value, NULL AS is_stored') : empty;
  return sql`SELECT ${join([...keys, raw('x.day'), ...partialNames(entry.measure)])}${nothing} FROM (${gained}) x UNION ALL ${startsOfStoredKeys(dialect, entry, period)}`;
}

/**
 * True if points carry the value that is stored before the range (`stored_value`) and the fact that there is one
 * (`is_stored`). Joined later, it would be looked up once for each key.
 */
function carriesStored(entry: RollupEntry, period: RollupPeriod): boolean {
  return hasChangesOnly(entry, period) && period.hasStored;
}

function storedColumns(entry: RollupEntry, period: RollupPeriod, prefix: string): Sql {
  return carriesStored(entry, period) ? raw(`, ${prefix}stored_value, ${prefix}is_stored`) : empty;
}

const ENTRY_AND_EXIT = raw('(SELECT 0 AS gone UNION ALL SELECT 1 AS gone) x');

function gains(dialect: Dialect, entry: RollupEntry, period: RollupPeriod): Sql {
  const keys = keyNames(entry);
  const names = partialNames(entry.measure);
  if (periodKind(period.period) === 'lifetime') {
    const since = period.baseIsStored ? sql` AND p.day >= ${dialect.integer(period.from)}` : empty;
    return sql`SELECT ${join([...keys, raw('p.day'), ...names])} FROM ${partialsOf(entry)} p WHERE p.day <= ${dialect.integer(period.lastDay)}${since}`;
  }
  const unit = toDateUnit(period.period);
  if (unit !== null) {
    return sql`SELECT ${join([...keys, raw('p.day'), ...names])} FROM ${daysOf(dialect, entry, period)} p WHERE ${read(dialect, entry, period)}
UNION ALL ${unitEnds(dialect, entry, period, unit)}${alive(dialect, entry, period)}`;
  }
  const entering = names.map((name) => sql`CASE WHEN x.gone = 0 THEN p.${name} END AS ${name}`);
  return sql`SELECT ${join([...keys, sql`p.day + x.gone * ${windowLength(period)} AS day`, ...entering])}
FROM ${daysOf(dialect, entry, period)} p CROSS JOIN ${ENTRY_AND_EXIT}
WHERE p.day >= ${dialect.integer(firstDay(entry, period))} AND p.day + x.gone * ${windowLength(period)} <= ${dialect.integer(period.through)}${alive(dialect, entry, period)}`;
}

/**
 * Counts each value of a key from a day on until the window leaves it, or until the day on which the value occurs next:
 * +1 and −1. One running sum then gives the number of different values on every date.
 */
function distinctGains(dialect: Dialect, entry: RollupEntry, period: RollupPeriod): Sql {
  const keys = keyNames(entry);
  const [total = empty] = partialNames(entry.measure);
  const one = raw('CASE WHEN p.u IS NULL THEN 0 ELSE 1 END');
  if (periodKind(period.period) === 'lifetime') {
    return sql`SELECT ${join([...keys, sql`MIN(p.day) AS day`, sql`${one} AS ${total}`])} FROM ${partialsOf(entry)} p
WHERE p.day <= ${dialect.integer(period.lastDay)} GROUP BY ${join([...keys, raw('p.u')])}`;
  }
  const unit = toDateUnit(period.period);
  if (unit !== null) {
    const groups = [...keys, raw('p.u'), dialect.calendarStart(unit, entry.weekStart, raw('p.day'))];
    return sql`SELECT ${join([...keys, sql`MIN(p.day) AS day`, sql`${one} AS ${total}`])} FROM ${partialsOf(entry)} p
WHERE ${read(dialect, entry, period)} GROUP BY ${join(groups)}
UNION ALL ${unitEnds(dialect, entry, period, unit)}${alive(dialect, entry, period)}`;
  }
  const length = windowLength(period);
  const left = dialect.least(
    sql`p.day + ${length}`,
    sql`COALESCE(LEAD(p.day) OVER (PARTITION BY ${join([...keys, raw('p.u')])} ORDER BY p.day), p.day + ${length})`,
  );
  const stays = sql`SELECT ${join([...keys, raw('p.day'), sql`${left} AS gone_on`, sql`${one} AS a`])} FROM ${partialsOf(entry)} p
WHERE ${read(dialect, entry, period)}`;
  return sql`SELECT ${join([...keys, raw('CASE WHEN x.gone = 0 THEN t.day ELSE t.gone_on END AS day'), sql`CASE WHEN x.gone = 0 THEN t.a ELSE -t.a END AS ${total}`])}
FROM (${stays}) t CROSS JOIN ${ENTRY_AND_EXIT} WHERE x.gone = 0 OR t.gone_on <= ${dialect.integer(period.through)}${alive(dialect, entry, period)}`;
}

/** Returns the condition for the partials that a period reads, without the one of all rows before the scan. */
function read(dialect: Dialect, entry: RollupEntry, period: RollupPeriod): Sql {
  return sql`p.day >= ${dialect.integer(firstDay(entry, period))} AND p.day <= ${dialect.integer(period.lastDay)}`;
}

/**
 * The first day of a period that is read day by day: of all that the scan has, if older keys have values. Otherwise of its
 * own windows and units, so that a key with earlier rows only has no row that says 0, whatever else the scan serves.
 */
function firstDay(
  { scan, weekStart }: RollupEntry,
  { period, from, hasOlderKeys, storedDaysUntil }: RollupPeriod,
): DayNumber {
  if (storedDaysUntil === null && hasOlderKeys) return scan.scanFrom;
  return dayNumber(firstCovered(period, fromDayNumber(from), weekStart) ?? fromDayNumber(from));
}

/** Returns the days that a window or a period to date adds up: those of the source, and stored ones before `storedDaysUntil`. */
function daysOf(dialect: Dialect, entry: RollupEntry, period: RollupPeriod): Sql {
  if (period.storedDaysUntil === null) return partialsOf(entry);
  return sql`(${withStoredDays(dialect, entry, { ...period, from: firstDay(entry, period) })})`;
}

const LONGEST_UNIT: Readonly<Record<CalendarUnit, number>> = { week: 7, month: 31, quarter: 92, year: 366 };

/** Returns the first day after each unit in which a key has rows, where its value to date begins again with nothing. */
function unitEnds(dialect: Dialect, entry: RollupEntry, period: RollupPeriod, unit: CalendarUnit): Sql {
  const keys = keyNames(entry);
  const startOf = (day: Sql): Sql => dialect.calendarStart(unit, entry.weekStart, day);
  // the longest unit leads to a day of the next unit, but never of the one after it
  const next = startOf(sql`(b.began + ${raw(String(LONGEST_UNIT[unit]))})`);
  const units = sql`SELECT DISTINCT ${join([...keys, sql`${startOf(raw('p.day'))} AS began`])} FROM ${daysOf(dialect, entry, period)} p WHERE ${read(dialect, entry, period)}`;
  const ends = sql`SELECT ${join([...keys, sql`${next} AS day`])} FROM (${units}) b`;
  const nothing = partialNames(entry.measure).map((name) => sql`NULL AS ${name}`);
  return sql`SELECT ${join([...keys, raw('n.day'), ...nothing])} FROM (${ends}) n WHERE n.day <= ${dialect.integer(period.through)}`;
}

/** Older keys are alive from their first source row on, be that row older than any window. */
function alive(dialect: Dialect, entry: RollupEntry, period: RollupPeriod): Sql {
  if (!entry.scan.scanBase || !period.hasOlderKeys) return empty;
  const nothing = partialNames(entry.measure).map((name) => sql`NULL AS ${name}`);
  return sql` UNION ALL SELECT ${join([...keyNames(entry), raw('p.day'), ...nothing])} FROM ${partialsOf(entry)} p WHERE p.day < ${dialect.integer(entry.scan.scanFrom)}`;
}

/** Returns a first point for each key with a stored row before the range. It continues from zero or the stored value. */
function startsOfStoredKeys(dialect: Dialect, entry: RollupEntry, period: RollupPeriod): Sql {
  const { numeric } = entry.measure;
  const value = numeric === null ? raw('q.value') : dialect.asAddend(raw('q.value'), numeric);
  const gained = partialNames(entry.measure).map(
    (name) => sql`${period.baseIsStored ? value : raw('NULL')} AS ${name}`,
  );
  const before = carriesStored(entry, period) ? raw(', q.value AS stored_value, q.is_stored') : empty;
  return sql`SELECT ${join([...keyNames(entry), sql`${dialect.integer(period.from)} AS day`, ...gained])}${before}
FROM (${storedBefore(dialect, entry, period)}) q`;
}

/** Returns the last stored row of each key before the range: keys, `value`, `is_stored`. */
function storedBefore(dialect: Dialect, entry: RollupEntry, period: RollupPeriod): Sql {
  const { table } = entry.statistic;
  const keys = storedKeyColumns(entry);
  const columns = join([...named(keys), sql`${dialect.numeric(sql`s.${table.column('value')}`)} AS value`]);
  // with 'changes' and a stored base, a key without rows in the range stays as it is. The others are few, so seek them
  if (keys.length > 0 && period.baseIsStored && period.density !== 'daily' && dialect.sharesExpressions) {
    const last = dialect.lastBefore({
      table,
      keys: soughtKeys(dialect, entry, period),
      date: 'date',
      before: dialect.dateOf(dialect.integer(period.from)),
      query: activeKeys(dialect, entry, period),
    });
    return sql`SELECT ${columns}, 1 AS is_stored FROM ${last}`;
  }
  const before = {
    where: ofPeriod(dialect, entry, period, raw('s')),
    until: { date: dialect.dateOf(dialect.integer(period.from)), isIncluded: false },
  };
  return sql`SELECT ${columns}, 1 AS is_stored FROM ${lastRows(dialect, entry.statistic, before, keys.length === 0)} s`;
}

/** Returns the keys that have partials or stored rows in the range. */
function activeKeys(dialect: Dialect, entry: RollupEntry, period: RollupPeriod): Sql {
  const { table } = entry.statistic;
  const since = dialect.integer(period.from);
  return sql`SELECT ${join(named(storedKeyColumns(entry)))} FROM ${table.path} s
WHERE ${ofPeriod(dialect, entry, period, raw('s'))} AND s.${table.column('date')} >= ${dialect.dateOf(since)}
UNION SELECT ${join(storedKeys(dialect, entry))} FROM ${partialsOf(entry)} p WHERE p.day >= ${since}`;
}

/** Returns the columns of the primary key before the date, for a row of an active key `a`. */
function soughtKeys(
  dialect: Dialect,
  entry: RollupEntry,
  { period }: RollupPeriod,
): { property: string; value: Sql }[] {
  return primaryKey(entry)
    .slice(0, -1)
    .map((property) => {
      switch (property) {
        case 'metricId':
          return { property, value: dialect.integer(entry.metricId) };
        case 'period':
          return { property, value: dialect.integer(period) };
        default: {
          const constant = entry.constants.find((key) => key.property === property);
          const place = entry.keys.findIndex((key) => key.property === property);
          return { property, value: constant?.value ?? raw(`a.k${String(place)}`) };
        }
      }
    });
}

/** Returns the statistic's columns of the source's keys. */
function storedKeyColumns({ keys, statistic }: RollupEntry): readonly Sql[] {
  return keys.map(({ property }) => statistic.table.column(property));
}

/** Selects columns of `s` as `k0`, `k1`, … */
function named(columns: readonly Sql[]): Sql[] {
  return columns.map((column, index) => sql`s.${column} AS ${raw(`k${String(index)}`)}`);
}

// ── stored rows of a period ──

/** Returns the condition that a stored row belongs to the metric, the period and the constant keys. */
export function ofPeriod(
  dialect: Dialect,
  entry: Pick<RollupEntry, 'metricId' | 'statistic' | 'constants'>,
  { period }: Pick<RollupPeriod, 'period'>,
  alias: Sql,
): Sql {
  const { table } = entry.statistic;
  return join(
    [
      sql`${alias}.${table.column('metricId')} = ${dialect.integer(entry.metricId)}`,
      sql`${alias}.${table.column('period')} = ${dialect.integer(period)}`,
      ...entry.constants.map(({ property, value }) => sql`${alias}.${table.column(property)} = ${value}`),
    ],
    ' AND ',
  );
}

/** Returns the condition that a stored row is in the range of a period. */
export function inRange(
  dialect: Dialect,
  entry: Pick<RollupEntry, 'metricId' | 'statistic' | 'constants' | 'scan'>,
  period: Pick<RollupPeriod, 'period' | 'from' | 'through' | 'fromSecond'>,
  alias: Sql,
): Sql {
  if (entry.statistic.moment === 'start')
    return sql`${ofPeriod(dialect, entry, period, alias)} AND ${startsInRange(dialect, entry, period, alias)}`;
  const date = sql`${alias}.${entry.statistic.table.column('date')}`;
  return sql`${ofPeriod(dialect, entry, period, alias)} AND ${date} >= ${dialect.dateOf(dialect.integer(period.from))}
AND ${date} <= ${dialect.dateOf(dialect.integer(period.through))}`;
}

// A running value is carried until the next row. If a range ends before the last covered date, the first date after it
// gets a row with the value carried there. Otherwise the values recorded after the range would change with it.

/** Inserts, before a range is replaced, a row for every key on the first date after it, with the value carried there. */
export function* carryAfter(dialect: Dialect, entry: RollupEntry, period: RollupPeriod): Work<void> {
  yield* execute(insertCarried(dialect, rowsOf(dialect, entry, period), dateAfter(dialect, period)));
}

/** Inserts, after a range was replaced, the empty value on the first date after it for keys that had no row before. */
export function* endNewKeys(dialect: Dialect, entry: RollupEntry, period: RollupPeriod): Work<void> {
  const nothing = dialect.decimal(meaningOf(entry.measure.aggregate).empty);
  yield* execute(
    insertCarried(dialect, rowsOf(dialect, entry, period), dateAfter(dialect, period), { value: nothing }),
  );
}

/** Deletes, with density 'changes', a row on the first date after the range that repeats the row before it. */
export function* dropUnchanged(dialect: Dialect, entry: RollupEntry, period: RollupPeriod): Work<void> {
  yield* execute(deleteRepeated(dialect, rowsOf(dialect, entry, period), dateAfter(dialect, period)));
}

function rowsOf(dialect: Dialect, entry: RollupEntry, period: RollupPeriod): StatisticRows {
  return { statistic: entry.statistic, where: (alias) => ofPeriod(dialect, entry, period, alias) };
}

function dateAfter(dialect: Dialect, { through }: RollupPeriod): Sql {
  return dialect.dateOf(dialect.integer(through + 1));
}

/**
 * Selects the columns of a stored row, in the order of the primary key.
 *
 * @param moment the day number, or the first second of a bucket
 */
function stored(
  dialect: Dialect,
  entry: RollupEntry,
  period: RollupPeriod,
  keys: readonly Sql[],
  moment: Sql,
  from: Sql,
  value: Sql,
): Sql {
  const columns = primaryKey(entry).map((property) => {
    switch (property) {
      case 'metricId':
        return dialect.integer(entry.metricId);
      case 'period':
        return dialect.integer(period.period);
      case 'date':
        return dialect.dateOf(moment);
      case 'start':
        return moment;
      default: {
        const constant = entry.constants.find((key) => key.property === property);
        return constant?.value ?? keys[entry.keys.findIndex((key) => key.property === property)];
      }
    }
  });
  return sql`SELECT ${join([...columns.map((column, index) => sql`${column} AS ${raw(`c${String(index)}`)}`), sql`${isCount(entry) ? value : dialect.storedValue(value)} AS v`])} FROM ${from}`;
}

/** The properties of the statistic's primary key, in its order. */
export function primaryKey({ statistic }: Pick<RollupEntry, 'statistic'>): readonly string[] {
  return primaryKeyOf(statistic);
}

function partition(keys: readonly Sql[]): Sql {
  return keys.length === 0 ? empty : sql`PARTITION BY ${join(keys)} `;
}

function windowLength({ period }: RollupPeriod): Sql {
  return raw(String(windowDays(period)));
}
