import { CLOCK_CHANGES, DAY_MS, DAYS, FIRST_DATE, ZONE } from './data.js';
import type { DatabaseKind } from './databases.js';
import { BY_DATE, BY_OBJECT, BY_TIME, TWIN, type StatisticTableName } from './session.js';

/** SQL written by hand, by a person who knows the data, the zone and the database. */
export class HandSql {
  constructor(
    readonly kind: DatabaseKind,
    readonly table: string,
    readonly metricId: number,
  ) {}

  /** Returns the local day of a row. PostgreSQL knows the zone. Elsewhere the changes of offset are written out. */
  day(at = 'at'): string {
    switch (this.kind) {
      case 'postgres':
        return `(${at} AT TIME ZONE '${ZONE}')::date`;
      case 'sqlite':
        return `DATE(${at}, ${hoursAhead(at, (hours) => `'+${hours} hours'`)})`;
      case 'mariadb':
        return `DATE(${at} + INTERVAL ${hoursAhead(at, String)} HOUR)`;
    }
  }

  /** Selects each `day` and the number `n` of its rows. */
  countByDay(): string {
    return `SELECT ${this.day()} AS day, COUNT(*) AS n FROM ${this.table} GROUP BY 1`;
  }

  /**
   * Like `countByDay`, but counts by UTC hour first. Offsets change at full hours, and converting a few thousand hours
   * to days is faster than converting a million rows.
   */
  countByHours(): string {
    return `SELECT ${this.dayOfHour()} AS day, SUM(n) AS n
FROM (SELECT ${this.hour()} AS h, COUNT(*) AS n FROM ${this.table} GROUP BY 1) hours GROUP BY 1`;
  }

  /** Like `countByDay`, with one index lookup per day, and including days without rows. */
  countByRanges(): string {
    // here a subquery or a join would read the whole table for each day, because its bounds are no constants
    if (this.kind === 'mariadb') return this.countByConstantRanges();
    const count = `SELECT COUNT(*) FROM ${this.table} WHERE at >= b.opens AND at < b.closes`;
    return `SELECT b.day, (${count}) AS n FROM (${this.boundaries()}) b`;
  }

  private countByConstantRanges(): string {
    const ranges = localDays().map(
      ([day, opens, closes]) => `SELECT DATE '${day}' AS day, COUNT(*) AS n FROM ${this.table}
WHERE at >= '${opens}' AND at < '${closes}'`,
    );
    return ranges.join('\nUNION ALL ');
  }

  countByUserAndDay(): string {
    return `SELECT user_id, ${this.day()} AS day, COUNT(*) AS n FROM ${this.table} GROUP BY 1, 2`;
  }

  countByUserAndHours(): string {
    return `SELECT user_id, ${this.dayOfHour()} AS day, SUM(n) AS n
FROM (SELECT user_id, ${this.hour()} AS h, COUNT(*) AS n FROM ${this.table} GROUP BY 1, 2) hours GROUP BY 1, 2`;
  }

  /** Selects every date of the data as `day`. */
  dates(first = FIRST_DATE, count = DAYS): string {
    switch (this.kind) {
      case 'postgres':
        return `SELECT DATE '${first}' + i AS day FROM GENERATE_SERIES(0, ${count - 1}) i`;
      case 'sqlite':
        return `WITH RECURSIVE s(i) AS (SELECT 0 UNION ALL SELECT i + 1 FROM s WHERE i < ${count - 1})
SELECT DATE('${first}', '+' || i || ' days') AS day FROM s`;
      case 'mariadb':
        return `SELECT DATE '${first}' + INTERVAL seq DAY AS day FROM seq_0_to_${count - 1}`;
    }
  }

  /** Sums the counts of a query on every date over `frame`: `ROWS 6 PRECEDING`, or all rows so far. */
  running(counts: string, frame = ''): string {
    return `SELECT d.day, SUM(COALESCE(c.n, 0)) OVER (ORDER BY d.day ${frame}) AS n
FROM (${this.dates()}) d LEFT JOIN (${counts}) c ON c.day = d.day`;
  }

  /** Inserts the totals of a query that returns `day` and `n`. */
  insertTotals(period: number, query: string, conflict = ''): string {
    return `INSERT INTO ${TWIN[BY_DATE]} (metric_id, period, date, value)
SELECT ${this.metricId}, ${period}, day, n FROM (${query}) q ${conflict}`;
  }

  /** Selects the first second `start` of each quarter of an hour and the number `n` of its rows. Offsets are whole hours. */
  countByQuarter(): string {
    const second = {
      postgres: 'CAST(FLOOR(EXTRACT(EPOCH FROM at) / 900) AS bigint) * 900',
      sqlite: `CAST(STRFTIME('%s', at) AS INTEGER) / 900 * 900`,
      mariadb: `TIMESTAMPDIFF(SECOND, '1970-01-01', at) DIV 900 * 900`,
    }[this.kind];
    return `SELECT ${second} AS start, COUNT(*) AS n FROM ${this.table} GROUP BY 1`;
  }

  /** Inserts the totals of a query that returns `start` and `n`. */
  insertByTime(period: number, query: string): string {
    return `INSERT INTO ${TWIN[BY_TIME]} (metric_id, period, start, value)
SELECT ${this.metricId}, ${period}, start, n FROM (${query}) q`;
  }

  /** Inserts the values by user of a query that returns `user_id`, `day` and `n`. */
  insertByUser(period: number, query: string): string {
    return `INSERT INTO ${TWIN[BY_OBJECT]} (metric_id, period, object_type, object_id, date, value)
SELECT ${this.metricId}, ${period}, 'app_user', ${this.text('user_id')}, day, n FROM (${query}) q`;
  }

  text(expression: string): string {
    return `CAST(${expression} AS ${{ sqlite: 'TEXT', postgres: 'varchar', mariadb: 'CHAR' }[this.kind]})`;
  }

  /** Returns the end of an INSERT that replaces existing rows. */
  get replacing(): string {
    return this.kind === 'mariadb'
      ? 'ON DUPLICATE KEY UPDATE value = VALUES(value)'
      : `${this.kind === 'sqlite' ? 'WHERE TRUE ' : ''}ON CONFLICT (metric_id, period, date) DO UPDATE SET value = excluded.value`;
  }

  private hour(): string {
    return { postgres: `DATE_TRUNC('hour', at, 'UTC')`, sqlite: 'SUBSTR(at, 1, 13)', mariadb: 'LEFT(at, 13)' }[
      this.kind
    ];
  }

  private dayOfHour(): string {
    return this.day(
      { postgres: 'h', sqlite: `(h || ':00:00')`, mariadb: `CAST(CONCAT(h, ':00:00') AS DATETIME)` }[this.kind],
    );
  }

  /** Selects `day`, `opens` and `closes`: the instants at which a local day begins and ends, as stored. */
  private boundaries(): string {
    const dates = `(${this.dates()}) d`;
    if (this.kind === 'postgres') {
      return `SELECT day, day::timestamp AT TIME ZONE '${ZONE}' AS opens, (day + 1)::timestamp AT TIME ZONE '${ZONE}' AS closes FROM ${dates}`;
    }
    const midnight = (date: string): string => `DATETIME(${date}, ${inSummer(date, `'-2 hours'`, `'-1 hours'`)})`;
    return `SELECT day, ${midnight('day')} AS opens, ${midnight(`DATE(day, '+1 day')`)} AS closes FROM ${dates}`;
  }
}

/** Each date of the data, with the instants at which it begins and ends as UTC text. */
function localDays(): (readonly [day: string, opens: string, closes: string])[] {
  const dates = Array.from({ length: DAYS + 1 }, (_, day) =>
    new Date(Date.parse(FIRST_DATE) + day * DAY_MS).toISOString().slice(0, 10),
  );
  return dates.slice(0, DAYS).map((day, place) => [day, openingOf(day), openingOf(dates[place + 1] as string)]);
}

function openingOf(date: string): string {
  const ahead = CLOCK_CHANGES.findLast(([since]) => since.slice(0, 10) < date)?.[1] ?? 1;
  return new Date(Date.parse(date) - ahead * 3_600_000).toISOString().slice(0, 19).replace('T', ' ');
}

function hoursAhead(at: string, spelled: (hours: number) => string): string {
  const whens = [...CLOCK_CHANGES].reverse().map(([since, hours]) => `WHEN ${at} >= '${since}' THEN ${spelled(hours)}`);
  return `CASE ${whens.join(' ')} ELSE ${spelled(1)} END`;
}

/** Takes the date of a midnight, because the offset changes in the night after it. */
function inSummer(date: string, summer: string, winter: string): string {
  const spans = [0, 2].map((index) => {
    const [from = '', to = ''] = [CLOCK_CHANGES[index]?.[0], CLOCK_CHANGES[index + 1]?.[0]].map((at) =>
      at?.slice(0, 10),
    );
    return `(${date} > '${from}' AND ${date} <= '${to}')`;
  });
  return `CASE WHEN ${spans.join(' OR ')} THEN ${summer} ELSE ${winter} END`;
}

/** Counts the rows of a statistic table, of its twin, and the rows that are the same in both. */
export function comparing(table: StatisticTableName): readonly string[] {
  const moment = table === BY_TIME ? 'start' : 'date';
  const keys = ['metric_id', 'period', ...(table === BY_OBJECT ? ['object_type', 'object_id'] : []), moment];
  const on = keys.map((key) => `o.${key} = h.${key}`).join(' AND ');
  return [
    `SELECT COUNT(*) AS value FROM ${table}`,
    `SELECT COUNT(*) AS value FROM ${TWIN[table]}`,
    `SELECT COUNT(*) AS value FROM ${table} o JOIN ${TWIN[table]} h ON ${on} WHERE o.value = h.value`,
  ];
}
