import sql, { empty, join, raw, type Sql } from 'sql-template-tag';
import type { Dialect } from '../database/dialects/dialect.js';
import { lastRows } from '../statistics/read/carried-values.js';
import { type DayNumber, FIRST_DAY } from '../time/local-date.js';
import { type CalendarUnit, calendarUnit, periodKind, toDateUnit, windowDays } from '../time/period.js';
import { bucketTotals, combining, finished, isCount, partialNames } from './aggregate-sql.js';
import { keyNames, storedKeys } from './rollup-sql.js';
import type { RollupPeriod, RollupSpec } from './rollup-spec.js';

/** Some days of a period's range, both included. */
export interface DaySlice {
  readonly from: DayNumber;
  readonly through: DayNumber;
}

/**
 * The rows that a period's range is to hold, made of the partials: columns `c0`, `c1`, … in the order of the
 * statistic's primary key, then `v`.
 *
 * @param slice the days whose rows are wanted, of a period whose rows are written for every day (`isSliceable`)
 */
export function freshQuery(dialect: Dialect, spec: RollupSpec, period: RollupPeriod, slice: DaySlice = period): Sql {
  return periodKind(period.period) === 'bucket'
    ? bucketRows(dialect, spec, { ...period, ...ofSlice(period, slice) })
    : runningRows(dialect, spec, period, slice);
}

/** True if the rows of some days can be computed without those of all days. */
export function isSliceable({ period, density }: Pick<RollupPeriod, 'period' | 'density'>): boolean {
  return periodKind(period) === 'bucket' ? calendarUnit(period) === null : density === 'daily';
}

function ofSlice(
  period: RollupPeriod,
  { from, through }: DaySlice,
): Pick<RollupPeriod, 'from' | 'through' | 'lastDay'> {
  return { from, through, lastDay: through === period.through ? period.lastDay : through };
}

// ── buckets: a day, a calendar unit ──

function bucketRows(dialect: Dialect, spec: RollupSpec, period: RollupPeriod): Sql {
  const unit = calendarUnit(period.period);
  const within = sql`p.day >= ${dialect.integer(period.from)} AND p.day <= ${dialect.integer(period.lastDay)}`;
  // a partial is a key's day already
  if (unit === null && !isDistinct(spec)) {
    return stored(
      dialect,
      spec,
      period,
      storedKeys(dialect, spec),
      raw('p.day'),
      sql`${raw(spec.partials)} p WHERE ${within}`,
      finished(dialect, spec.source, raw('p.a'), raw('p.b')),
    );
  }
  const start = unit === null ? raw('p.day') : dialect.calendarStart(unit, spec.weekStart, raw('p.day'));
  // a week that begins before the first date of all is cut there
  const day = unit === 'week' && period.from === FIRST_DAY ? dialect.greatest(start, raw(String(FIRST_DAY))) : start;
  const columns = [...keyNames(spec), sql`${day} AS day`];
  const bucket = sql`SELECT ${join([...columns, ...bucketTotals(spec.source)])} FROM ${raw(spec.partials)} p
WHERE ${within} GROUP BY ${join(columns.map((_, index) => raw(String(index + 1))))}`;
  return stored(
    dialect,
    spec,
    period,
    storedKeys(dialect, spec),
    raw('b.day'),
    sql`(${bucket}) b`,
    finished(dialect, spec.source, raw('b.a'), raw('b.b')),
  );
}

// ── rolling windows, to date and lifetime: values that hold until the next change ──

function runningRows(dialect: Dialect, spec: RollupSpec, period: RollupPeriod, slice: DaySlice): Sql {
  const spans = spansQuery(dialect, spec, period, slice);
  // beside stored rows the keys are as stored already
  const keys = period.hasStored ? keyNames(spec) : storedKeys(dialect, spec);
  if (period.density === 'daily') {
    return stored(dialect, spec, period, keys, raw('d.day'), dialect.eachDay(spans), raw('s.value'));
  }
  return stored(
    dialect,
    spec,
    period,
    keys,
    raw('c.day'),
    sql`(${changes(dialect, spec, period, spans)}) c`,
    raw('c.value'),
  );
}

/** The spans whose value differs from that of the span before, and for the first one from the stored row before. */
function changes(dialect: Dialect, spec: RollupSpec, period: RollupPeriod, spans: Sql): Sql {
  const keys = keyNames(spec);
  const before = sql`SELECT s.*, LAG(s.value) OVER w AS earlier, ROW_NUMBER() OVER w AS position FROM (${spans}) s
WINDOW w AS (${partition(keys)}ORDER BY s.day)`;
  const differs = (earlier: Sql): Sql => dialect.differ(raw('n.value'), earlier);
  if (!period.hasStored) {
    return sql`SELECT n.* FROM (${before}) n WHERE n.position = 1 OR ${differs(raw('n.earlier'))}`;
  }
  // a key that has a stored row before the range has a point on its first day, which knows that row's value
  return sql`SELECT n.* FROM (${before}) n WHERE (n.position > 1 AND ${differs(raw('n.earlier'))})
OR (n.position = 1 AND (n.known IS NULL OR ${differs(raw('n.held'))}))`;
}

/** Keys, `day`, the `next` day at which the value changes or the range ends, and the `value` in between. */
function spansQuery(dialect: Dialect, spec: RollupSpec, period: RollupPeriod, slice: DaySlice): Sql {
  const keys = keyNames(spec);
  const from = dialect.integer(slice.from);
  const values = sql`SELECT ${join([...keys, raw('p.day')])}, ${finished(dialect, spec.source, running(dialect, spec, period, raw('p.a')), running(dialect, spec, period, raw('p.b')))} AS value,
COALESCE(LEAD(p.day) OVER (${partition(keys)}ORDER BY p.day), ${dialect.integer(period.through + 1)}) AS next${heldColumns(period, 'p.')}
FROM (${points(dialect, spec, period)}) p`;
  const endsEarly = slice.through < period.through;
  const after = dialect.integer(slice.through + 1);
  const next = endsEarly ? sql`${dialect.least(raw('v.next'), after)} AS next` : raw('v.next');
  const until = endsEarly ? sql` AND v.day < ${after}` : empty;
  return sql`SELECT ${join([...keys, sql`${dialect.greatest(raw('v.day'), from)} AS day`, next, raw('v.value')])}${heldColumns(period, 'v.')} FROM (${values}) v WHERE v.next > ${from}${until}`;
}

/** The aggregate of a window that ends on a point's day. */
function running(dialect: Dialect, spec: RollupSpec, { period }: RollupPeriod, partial: Sql): Sql {
  const unit = toDateUnit(period);
  // what is counted to date begins again with each unit
  const units = unit === null ? [] : [dialect.calendarStart(unit, spec.weekStart, raw('p.day'))];
  const order = sql`${partition([...keyNames(spec), ...units])}ORDER BY p.day`;
  // a distinct count has its exits as -1: all of it is summed
  const unbounded = periodKind(period) !== 'rolling' || isDistinct(spec);
  const frame = unbounded
    ? sql`ROWS UNBOUNDED PRECEDING`
    : sql`RANGE BETWEEN ${raw(String(windowDays(period) - 1))} PRECEDING AND CURRENT ROW`;
  return sql`${combining(spec.source)}(${partial}) OVER (${order} ${frame})`;
}

/** The days on which a running value may change, each once a key, with what it gains there: `a`, `b`. */
function points(dialect: Dialect, spec: RollupSpec, period: RollupPeriod): Sql {
  const keys = keyNames(spec);
  const gained = isDistinct(spec) ? distinctGains(dialect, spec, period) : gains(dialect, spec, period);
  const rows = period.hasStored ? besideStored(dialect, spec, period, gained) : gained;
  const columns = [...keys, raw('e.day')];
  const totals = partialNames(spec.source).map((name) => sql`${combining(spec.source)}(e.${name}) AS ${name}`);
  const held = knowsHeld(period) ? raw(', MAX(e.held) AS held, MAX(e.known) AS known') : empty;
  return sql`SELECT ${join([...columns, ...totals])}${held} FROM (${rows}) e GROUP BY ${join(columns.map((_, index) => raw(String(index + 1))))}`;
}

/** Gains under keys as they are stored, with the keys that have stored rows before the range. */
function besideStored(dialect: Dialect, spec: RollupSpec, period: RollupPeriod, gained: Sql): Sql {
  const names = keyNames(spec);
  const keys = storedKeys(dialect, spec).map((key, index) => sql`${key} AS ${names[index]}`);
  const nothing = knowsHeld(period) ? raw(', NULL AS held, NULL AS known') : empty;
  return sql`SELECT ${join([...keys, raw('x.day'), ...partialNames(spec.source)])}${nothing} FROM (${gained}) x UNION ALL ${anchors(dialect, spec, period)}`;
}

/**
 * True if points carry the stored value before the range (`held`) and the fact that there is one (`known`). Joined
 * later, it would be looked up once for each key.
 */
function knowsHeld({ density, hasStored }: RollupPeriod): boolean {
  return density === 'changes' && hasStored;
}

function heldColumns(period: RollupPeriod, prefix: string): Sql {
  return knowsHeld(period) ? raw(`, ${prefix}held, ${prefix}known`) : empty;
}

const ENTRY_AND_EXIT = raw('(SELECT 0 AS gone UNION ALL SELECT 1 AS gone) x');

function gains(dialect: Dialect, spec: RollupSpec, period: RollupPeriod): Sql {
  const keys = keyNames(spec);
  const names = partialNames(spec.source);
  if (periodKind(period.period) === 'lifetime') {
    const since = period.baseIsStored ? sql` AND p.day >= ${dialect.integer(period.from)}` : empty;
    return sql`SELECT ${join([...keys, raw('p.day'), ...names])} FROM ${raw(spec.partials)} p WHERE p.day <= ${dialect.integer(period.lastDay)}${since}`;
  }
  const unit = toDateUnit(period.period);
  if (unit !== null) {
    return sql`SELECT ${join([...keys, raw('p.day'), ...names])} FROM ${raw(spec.partials)} p WHERE ${read(dialect, spec, period)}
UNION ALL ${unitEnds(dialect, spec, period, unit)}${alive(dialect, spec, period)}`;
  }
  const entering = names.map((name) => sql`CASE WHEN x.gone = 0 THEN p.${name} END AS ${name}`);
  return sql`SELECT ${join([...keys, sql`p.day + x.gone * ${windowLength(period)} AS day`, ...entering])}
FROM ${raw(spec.partials)} p CROSS JOIN ${ENTRY_AND_EXIT}
WHERE p.day >= ${dialect.integer(spec.scanFrom)} AND p.day + x.gone * ${windowLength(period)} <= ${dialect.integer(period.through)}${alive(dialect, spec, period)}`;
}

/**
 * A (key, day, value) is counted from its day until the window leaves it or the value's next day, whichever comes
 * first: +1 and −1, so that one running sum gives every date's number of different values.
 */
function distinctGains(dialect: Dialect, spec: RollupSpec, period: RollupPeriod): Sql {
  const keys = keyNames(spec);
  const one = raw('CASE WHEN p.u IS NULL THEN 0 ELSE 1 END');
  if (periodKind(period.period) === 'lifetime') {
    return sql`SELECT ${join([...keys, sql`MIN(p.day) AS day`, sql`${one} AS a`])} FROM ${raw(spec.partials)} p
WHERE p.day <= ${dialect.integer(period.lastDay)} GROUP BY ${join([...keys, raw('p.u')])}`;
  }
  const unit = toDateUnit(period.period);
  if (unit !== null) {
    const groups = [...keys, raw('p.u'), dialect.calendarStart(unit, spec.weekStart, raw('p.day'))];
    return sql`SELECT ${join([...keys, sql`MIN(p.day) AS day`, sql`${one} AS a`])} FROM ${raw(spec.partials)} p
WHERE ${read(dialect, spec, period)} GROUP BY ${join(groups)}
UNION ALL ${unitEnds(dialect, spec, period, unit)}${alive(dialect, spec, period)}`;
  }
  const length = windowLength(period);
  const left = dialect.least(
    sql`p.day + ${length}`,
    sql`COALESCE(LEAD(p.day) OVER (PARTITION BY ${join([...keys, raw('p.u')])} ORDER BY p.day), p.day + ${length})`,
  );
  const stays = sql`SELECT ${join([...keys, raw('p.day'), sql`${left} AS gone_on`, sql`${one} AS a`])} FROM ${raw(spec.partials)} p
WHERE p.day >= ${dialect.integer(spec.scanFrom)} AND p.day <= ${dialect.integer(period.lastDay)}`;
  return sql`SELECT ${join([...keys, raw('CASE WHEN x.gone = 0 THEN t.day ELSE t.gone_on END AS day'), raw('CASE WHEN x.gone = 0 THEN t.a ELSE -t.a END AS a')])}
FROM (${stays}) t CROSS JOIN ${ENTRY_AND_EXIT} WHERE x.gone = 0 OR t.gone_on <= ${dialect.integer(period.through)}${alive(dialect, spec, period)}`;
}

/** The partials that a period reads, without the one of all rows before the scan. */
function read(dialect: Dialect, spec: RollupSpec, period: RollupPeriod): Sql {
  return sql`p.day >= ${dialect.integer(spec.scanFrom)} AND p.day <= ${dialect.integer(period.lastDay)}`;
}

const LONGEST_UNIT: Readonly<Record<CalendarUnit, number>> = { week: 7, month: 31, quarter: 92, year: 366 };

/** The first day after each unit in which a key has rows: its value to date begins again there, with nothing. */
function unitEnds(dialect: Dialect, spec: RollupSpec, period: RollupPeriod, unit: CalendarUnit): Sql {
  const keys = keyNames(spec);
  const startOf = (day: Sql): Sql => dialect.calendarStart(unit, spec.weekStart, day);
  // a day of the next unit, but never of the one after it
  const next = startOf(sql`(b.began + ${raw(String(LONGEST_UNIT[unit]))})`);
  const units = sql`SELECT DISTINCT ${join([...keys, sql`${startOf(raw('p.day'))} AS began`])} FROM ${raw(spec.partials)} p WHERE ${read(dialect, spec, period)}`;
  const ends = sql`SELECT ${join([...keys, sql`${next} AS day`])} FROM (${units}) b`;
  const nothing = partialNames(spec.source).map((name) => sql`NULL AS ${name}`);
  return sql`SELECT ${join([...keys, raw('n.day'), ...nothing])} FROM (${ends}) n WHERE n.day <= ${dialect.integer(period.through)}`;
}

/** With every date written, a key is alive from its first source row on, be that row older than any window. */
function alive(dialect: Dialect, spec: RollupSpec, period: RollupPeriod): Sql {
  if (!spec.scanBase || period.density !== 'daily') return empty;
  const nothing = partialNames(spec.source).map((name) => sql`NULL AS ${name}`);
  return sql` UNION ALL SELECT ${join([...keyNames(spec), raw('p.day'), ...nothing])} FROM ${raw(spec.partials)} p WHERE p.day < ${dialect.integer(spec.scanFrom)}`;
}

/** Keys that have a stored row before the range. They continue, with zero or from the stored value. */
function anchors(dialect: Dialect, spec: RollupSpec, period: RollupPeriod): Sql {
  const { numeric } = spec.source;
  const value = numeric === null ? raw('q.value') : dialect.asAddend(raw('q.value'), numeric);
  const gained = partialNames(spec.source).map((name) => sql`${period.baseIsStored ? value : raw('NULL')} AS ${name}`);
  const held = knowsHeld(period) ? raw(', q.value AS held, q.known') : empty;
  return sql`SELECT ${join([...keyNames(spec), sql`${dialect.integer(period.from)} AS day`, ...gained])}${held}
FROM (${storedBefore(dialect, spec, period)}) q`;
}

/** The last stored row before the range of each key: keys, `value`, `known`. */
function storedBefore(dialect: Dialect, spec: RollupSpec, period: RollupPeriod): Sql {
  const { table } = spec.statistic;
  const date = sql`s.${table.column('date')}`;
  const before = sql`${ofPeriod(dialect, spec, period, raw('s'))} AND ${date} < ${dialect.dateOf(dialect.integer(period.from))}`;
  const keys = storedKeyColumns(spec);
  const columns = join([...named(keys), sql`${dialect.numeric(sql`s.${table.column('value')}`)} AS value`]);
  // with 'changes' and a stored base, a key without rows in the range stays as it is: the others are few, and sought
  if (keys.length > 0 && period.baseIsStored && period.density === 'changes' && dialect.sharesExpressions) {
    const last = dialect.lastBefore({
      table,
      keys: soughtKeys(dialect, spec, period),
      date: 'date',
      before: dialect.dateOf(dialect.integer(period.from)),
      query: activeKeys(dialect, spec, period),
    });
    return sql`SELECT ${columns}, 1 AS known FROM ${last}`;
  }
  const series = spec.source.keys.map(({ property }) => property);
  return sql`SELECT ${columns}, 1 AS known FROM ${lastRows(dialect, spec.statistic, before, series)} s`;
}

/** The keys that have partials or stored rows in the range. */
function activeKeys(dialect: Dialect, spec: RollupSpec, period: RollupPeriod): Sql {
  const { table } = spec.statistic;
  const since = dialect.integer(period.from);
  return sql`SELECT ${join(named(storedKeyColumns(spec)))} FROM ${table.path} s
WHERE ${ofPeriod(dialect, spec, period, raw('s'))} AND s.${table.column('date')} >= ${dialect.dateOf(since)}
UNION SELECT ${join(storedKeys(dialect, spec))} FROM ${raw(spec.partials)} p WHERE p.day >= ${since}`;
}

/** The columns of the primary key before the date, of a row of an active key `a`. */
function soughtKeys(dialect: Dialect, spec: RollupSpec, { period }: RollupPeriod): { property: string; value: Sql }[] {
  return primaryKey(spec)
    .slice(0, -1)
    .map((property) => {
      switch (property) {
        case 'metricId':
          return { property, value: dialect.integer(spec.metricId) };
        case 'period':
          return { property, value: dialect.integer(period) };
        default: {
          const constant = spec.constants.find((key) => key.property === property);
          const place = spec.source.keys.findIndex((key) => key.property === property);
          return { property, value: constant?.value ?? raw(`a.k${String(place)}`) };
        }
      }
    });
}

/** The statistic's columns of the source's keys. */
function storedKeyColumns({ source, statistic }: RollupSpec): readonly Sql[] {
  return source.keys.map(({ property }) => statistic.table.column(property));
}

/** Columns of `s` as `k0`, `k1`, … */
function named(columns: readonly Sql[]): Sql[] {
  return columns.map((column, index) => sql`s.${column} AS ${raw(`k${String(index)}`)}`);
}

// ── shared ──

/** Returns the condition that a stored row belongs to the metric, the period and the constant keys. */
export function ofPeriod(
  dialect: Dialect,
  spec: Pick<RollupSpec, 'metricId' | 'statistic' | 'constants'>,
  { period }: Pick<RollupPeriod, 'period'>,
  alias: Sql,
): Sql {
  const { table } = spec.statistic;
  return join(
    [
      sql`${alias}.${table.column('metricId')} = ${dialect.integer(spec.metricId)}`,
      sql`${alias}.${table.column('period')} = ${dialect.integer(period)}`,
      ...spec.constants.map(({ property, value }) => sql`${alias}.${table.column(property)} = ${value}`),
    ],
    ' AND ',
  );
}

/** The columns of a stored row in the order of the primary key. */
function stored(
  dialect: Dialect,
  spec: RollupSpec,
  period: RollupPeriod,
  keys: readonly Sql[],
  day: Sql,
  from: Sql,
  value: Sql,
): Sql {
  const columns = primaryKey(spec).map((property) => {
    switch (property) {
      case 'metricId':
        return dialect.integer(spec.metricId);
      case 'period':
        return dialect.integer(period.period);
      case 'date':
        return dialect.dateOf(day);
      default: {
        const constant = spec.constants.find((key) => key.property === property);
        return constant?.value ?? keys[spec.source.keys.findIndex((key) => key.property === property)];
      }
    }
  });
  return sql`SELECT ${join([...columns.map((column, index) => sql`${column} AS ${raw(`c${String(index)}`)}`), sql`${isCount(spec) ? value : dialect.storedValue(value)} AS v`])} FROM ${from}`;
}

/** The properties of the statistic's primary key, in its order. */
export function primaryKey({ statistic }: RollupSpec): readonly string[] {
  return ['metricId', 'period', ...statistic.keys.map(({ property }) => property), 'date'];
}

/** True if partials contain values to distinguish, rather than totals. */
function isDistinct({ source }: RollupSpec): boolean {
  return source.distinct !== null;
}

function partition(keys: readonly Sql[]): Sql {
  return keys.length === 0 ? empty : sql`PARTITION BY ${join(keys)} `;
}

function windowLength({ period }: RollupPeriod): Sql {
  return raw(String(windowDays(period)));
}
