import type { DatabaseKind } from './databases.js';
import { CLOCK_CHANGES, DAYS, FIRST_DATE, ZONE } from './data.js';
import { TWIN, type StatisticTableName } from './session.js';

/** The local day of a row, as a person writes it; PostgreSQL knows the zone, of the others the changes are spelled out. */
export function day(kind: DatabaseKind, at = 'at'): string {
  switch (kind) {
    case 'postgres':
      return `(${at} AT TIME ZONE '${ZONE}')::date`;
    case 'sqlite':
      return `DATE(${at}, ${hours(at, (h) => `'+${String(h)} hours'`)})`;
    case 'mariadb':
      return `DATE(${at} + INTERVAL ${hours(at, String)} HOUR)`;
  }
}

function hours(at: string, spelled: (hours: number) => string): string {
  const whens = [...CLOCK_CHANGES].reverse().map(([since, h]) => `WHEN ${at} >= '${since}' THEN ${spelled(h)}`);
  return `CASE ${whens.join(' ')} ELSE ${spelled(1)} END`;
}

/**
 * `day` and the number `n` of rows of each, counted by UTC hours first: the clocks change at full hours, and a few
 * thousand hours are sooner made days of than a million rows.
 */
export function countByHours(kind: DatabaseKind, table: string, user = false): string {
  const key = user ? 'user_id, ' : '';
  const hour = {
    postgres: `DATE_TRUNC('hour', at, 'UTC')`,
    sqlite: `SUBSTR(at, 1, 13)`,
    mariadb: `LEFT(at, 13)`,
  }[kind];
  const whole = kind === 'postgres' ? 'h' : kind === 'sqlite' ? `(h || ':00:00')` : `CAST(CONCAT(h, ':00:00') AS DATETIME)`;
  return `SELECT ${key}${day(kind, whole)} AS day, SUM(n) AS n
FROM (SELECT ${key}${hour} AS h, COUNT(*) AS n FROM ${table} GROUP BY ${key}h) hours GROUP BY ${key}day`;
}

export function countByDay(kind: DatabaseKind, table: string): string {
  return `SELECT ${day(kind)} AS day, COUNT(*) AS n FROM ${table} GROUP BY 1`;
}

export function countByUserAndDay(kind: DatabaseKind, table: string): string {
  return `SELECT user_id, ${day(kind)} AS day, COUNT(*) AS n FROM ${table} GROUP BY 1, 2`;
}

/** Every date of the data, as `day`. */
export function dates(kind: DatabaseKind, first = FIRST_DATE, count = DAYS): string {
  switch (kind) {
    case 'postgres':
      return `SELECT DATE '${first}' + i AS day FROM GENERATE_SERIES(0, ${String(count - 1)}) i`;
    case 'sqlite':
      return `WITH RECURSIVE s(i) AS (SELECT 0 UNION ALL SELECT i + 1 FROM s WHERE i < ${String(count - 1)})
SELECT DATE('${first}', '+' || i || ' days') AS day FROM s`;
    case 'mariadb':
      return `SELECT DATE '${first}' + INTERVAL seq DAY AS day FROM seq_0_to_${String(count - 1)}`;
  }
}

/** `day`, `opens` and `closes`: the instants between which a local day lies, as the column has them. */
export function boundaries(kind: DatabaseKind): string {
  if (kind === 'postgres') {
    return `SELECT day, day::timestamp AT TIME ZONE '${ZONE}' AS opens, (day + 1)::timestamp AT TIME ZONE '${ZONE}' AS closes
FROM (${dates(kind)}) d`;
  }
  // the day's midnight in winter time is an hour too late in summer
  const midnight = (date: string): string =>
    kind === 'sqlite'
      ? `DATETIME(${date}, ${summer(date, `'-2 hours'`, `'-1 hours'`)})`
      : `${date} - INTERVAL ${summer(date, '2', '1')} HOUR`;
  const next = kind === 'sqlite' ? `DATE(day, '+1 day')` : '(day + INTERVAL 1 DAY)';
  return `SELECT day, ${midnight('day')} AS opens, ${midnight(next)} AS closes FROM (${dates(kind)}) d`;
}

function summer(date: string, inSummer: string, inWinter: string): string {
  const spans = [0, 2].map((index) => {
    const [from, to] = [CLOCK_CHANGES[index]?.[0], CLOCK_CHANGES[index + 1]?.[0]].map((at) => at?.slice(0, 10));
    return `(${date} > '${String(from)}' AND ${date} <= '${String(to)}')`;
  });
  return `CASE WHEN ${spans.join(' OR ')} THEN ${inSummer} ELSE ${inWinter} END`;
}

/** `day` and `n`, by one look into the index for each day; days without rows have none. */
export function countByRanges(kind: DatabaseKind, table: string): string {
  if (kind === 'mariadb') {
    // a subquery would read the whole table for each day there
    return `SELECT b.day, COUNT(*) AS n FROM (${boundaries(kind)}) b STRAIGHT_JOIN ${table} e ON e.at >= b.opens AND e.at < b.closes GROUP BY b.day`;
  }
  const counted = `SELECT b.day, (SELECT COUNT(*) FROM ${table} WHERE at >= b.opens AND at < b.closes) AS n FROM (${boundaries(kind)}) b`;
  return `SELECT day, n FROM (${counted}) c WHERE n > 0`;
}

/** INSERT of the totals that a query of `day` and `n` gives. */
export function insertTotals(metricId: number, period: number, query: string): string {
  return `INSERT INTO ${TWIN.trackstats_statistic_by_date} (metric_id, period, date, value)
SELECT ${String(metricId)}, ${String(period)}, day, n FROM (${query}) q`;
}

/** As `insertTotals`, by way of a temporary table: PostgreSQL fills one of these, and no other, with parallel workers. */
export function insertStagedTotals(metricId: number, period: number, query: string): readonly string[] {
  return [
    `CREATE TEMPORARY TABLE hand ON COMMIT DROP AS ${query}`,
    insertTotals(metricId, period, 'SELECT day, n FROM hand'),
  ];
}

/** INSERT of the values by user that a query of `user_id`, `day` and `n` gives. */
export function insertByUser(kind: DatabaseKind, metricId: number, period: number, query: string, where = ''): string {
  const text = kind === 'mariadb' ? 'CHAR' : kind === 'sqlite' ? 'TEXT' : 'varchar';
  return `INSERT INTO ${TWIN.trackstats_statistic_by_date_and_object} (metric_id, period, object_type, object_id, date, value)
SELECT ${String(metricId)}, ${String(period)}, 'app_user', CAST(user_id AS ${text}), day, n FROM (${query}) q ${where}`;
}

/** Throws where a statistic table and its twin hold different rows. */
export function differences(table: StatisticTableName): { ours: string; hand: string; same: string } {
  const keys = table === 'trackstats_statistic_by_date' ? [] : ['object_type', 'object_id'];
  const on = ['metric_id', 'period', ...keys, 'date'].map((key) => `o.${key} = h.${key}`).join(' AND ');
  return {
    ours: `SELECT COUNT(*) AS value FROM ${table}`,
    hand: `SELECT COUNT(*) AS value FROM ${TWIN[table]}`,
    same: `SELECT COUNT(*) AS value FROM ${table} o JOIN ${TWIN[table]} h ON ${on} WHERE o.value = h.value`,
  };
}
