import { Column, Entity, Index, JoinColumn, ManyToOne, PrimaryColumn, type DataSource } from 'typeorm';
import { defineDomain, defineMetric } from '../../lib/catalog/definitions.js';
import { AGGREGATES, type AggregateFunction } from '../../lib/catalog/aggregates.js';
import { exactValue } from '../../lib/statistics/tables/exact-value.js';
import { isTimePeriod, Period, type WeekStart } from '../../lib/time/period.js';
import { insertIndexed } from '../rollup/stored.js';
import type { DatabaseKind } from '../support/databases.js';
import { definitionOf, type OneMetric } from '../support/engine.js';
import fc from '../support/fast-check.js';
import { modelDate, type ModelPeriod, type ModelRow, type ModelRows, modelStart, shiftDate } from './model.js';

@Entity()
export class Member {
  @PrimaryColumn({ type: 'integer' })
  id!: number;
}

@Entity()
export class Payment {
  @PrimaryColumn({ type: 'integer' })
  id!: number;

  @ManyToOne(() => Member, { nullable: true, createForeignKeyConstraints: false })
  @JoinColumn({ name: 'member_id' })
  member!: Member | null;

  // counted by ranges of this index where a total is all that is asked for
  @Index()
  @Column({ type: Date, precision: 3 })
  at!: Date;

  @Column({ type: 'decimal', precision: 12, scale: 2, nullable: true })
  amount!: string | null;
}

/** How often a property is tried; more of them find more. */
export const RUNS = Number(process.env.TRACKSTATS_PROPERTY_RUNS ?? 15);
const DOMAIN = defineDomain({ ref: 'property' });
const ZONES = Intl.supportedValuesOf('timeZone');
const TO_DATE = new Map<Period, 'week' | 'month' | 'quarter' | 'year'>([
  [Period.WEEK_TO_DATE, 'week'],
  [Period.MONTH_TO_DATE, 'month'],
  [Period.QUARTER_TO_DATE, 'quarter'],
  [Period.YEAR_TO_DATE, 'year'],
]);
const WEEK_STARTS: Record<WeekStart, number> = { monday: 1, sunday: 0, saturday: 6 };

/** Instants around which clocks change, by zones that are known for it. */
const TURNS: [string, string][] = [
  ['Europe/Amsterdam', '2023-10-29T01:00:00Z'],
  ['America/New_York', '2024-03-10T07:00:00Z'],
  ['Australia/Lord_Howe', '2024-04-06T15:00:00Z'],
  ['Pacific/Apia', '2011-12-30T10:00:00Z'],
  ['America/St_Johns', '2006-10-29T02:31:00Z'],
  ['America/Sao_Paulo', '2017-10-15T03:00:00Z'],
  ['Africa/Monrovia', '1972-01-07T00:44:30Z'],
  ['Asia/Kathmandu', '1985-12-31T18:30:00Z'],
  ['Europe/Dublin', '1916-05-21T02:25:21Z'],
  ['UTC', '2024-02-29T00:00:00Z'],
];

/** How long before a change of the clock a story begins, in seconds: its runs are then on both sides of it. */
const secondsBefore = fc.constantFrom(0, 30, 1800, 10_800, 2 * 86_400);

/** A zone, and the instant at which a story begins in it. */
export const beginning = fc.oneof(
  {
    weight: 3,
    arbitrary: fc
      .tuple(fc.constantFrom(...TURNS), secondsBefore)
      .map(([[zone, at], seconds]) => ({ zone, at: Date.parse(at) - seconds * 1000 })),
  },
  {
    weight: 1,
    arbitrary: fc.record({
      zone: fc.constantFrom(...ZONES),
      at: fc.integer({ min: Date.UTC(1900, 0, 2), max: Date.UTC(2037, 0, 1) }),
    }),
  },
);

export const runningPeriod = fc.constantFrom<Period>(
  Period.LIFETIME,
  Period.WEEK,
  Period.days(2),
  Period.days(5),
  Period.DAYS_28,
  Period.WEEK_TO_DATE,
  Period.MONTH_TO_DATE,
  Period.QUARTER_TO_DATE,
  Period.YEAR_TO_DATE,
);

export const anyPeriod = fc.oneof(
  fc.constant<Period>(Period.DAY),
  runningPeriod,
  fc.constantFrom<Period>(Period.CALENDAR_WEEK, Period.CALENDAR_MONTH, Period.CALENDAR_QUARTER, Period.CALENDAR_YEAR),
);

export const timePeriod = fc.constantFrom<Period>(Period.HOUR, ...[1, 5, 10, 15, 20, 30].map(Period.minutes));

/** Periods of days, periods of less than a day, or both. */
export const somePeriods = fc.oneof(
  {
    weight: 3,
    arbitrary: fc.uniqueArray(fc.oneof({ weight: 4, arbitrary: anyPeriod }, timePeriod), {
      minLength: 1,
      maxLength: 4,
    }),
  },
  { weight: 1, arbitrary: fc.uniqueArray(timePeriod, { minLength: 1, maxLength: 3 }) },
);

/** A lookback in ms, for trackers whose periods are all shorter than a day; null: they look back some days as well. */
export const shortLookback = fc.option(
  fc.oneof(...[10, 120, 3000].map((max) => fc.integer({ min: 1, max }))).map((minutes) => minutes * 60_000),
  { nil: null, freq: 3 },
);

/** The time until the next run: some minutes, hours or days. */
export const secondsUntilRun = fc.oneof(
  { weight: 2, arbitrary: fc.integer({ min: 0, max: 5400 }) },
  fc.integer({ min: 0, max: 30 }).map((hours) => hours * 3600),
  fc.integer({ min: 24, max: 24 * 12 }).map((hours) => hours * 3600),
);

export interface GivenTracker {
  aggregate: AggregateFunction;
  byUser: boolean;
  density: 'daily' | 'changes';
  periods: Period[];
  weekStart: WeekStart;
  lookback: number;
  /** where all periods are shorter than a day */
  lookbackMs?: number | null;
  appendOnly: boolean;
}

export const givenTracker: fc.Arbitrary<GivenTracker> = fc.record({
  aggregate: fc.constantFrom(...(Object.keys(AGGREGATES) as AggregateFunction[])),
  byUser: fc.boolean(),
  density: fc.constantFrom('daily' as const, 'changes' as const),
  periods: somePeriods,
  weekStart: fc.constantFrom<WeekStart>('monday', 'sunday', 'saturday'),
  lookback: fc.integer({ min: 0, max: 4 }),
  lookbackMs: shortLookback,
  appendOnly: fc.boolean(),
});

export function lookbackMsOf({
  periods,
  lookbackMs = null,
}: Pick<GivenTracker, 'periods' | 'lookbackMs'>): number | null {
  return periods.every(isTimePeriod) ? lookbackMs : null;
}

/** Returns which instants (ms) the run after one at `now` looks at again, whatever the tracker. */
export function openSince(
  given: Pick<GivenTracker, 'periods' | 'lookback' | 'lookbackMs'>,
  zone: string,
  now: number,
): (at: number) => boolean {
  const lookbackMs = lookbackMsOf(given);
  if (lookbackMs === null) {
    const first = shiftDate(modelDate(now, zone), -given.lookback);
    // a row after the run is never late, whatever its date: a clock may be set back over midnight
    return (at) => at > now || modelDate(at, zone) >= first;
  }
  // the bucket of each period
  const start = Math.min(...given.periods.map((period) => modelStart(now - lookbackMs, period, zone)));
  return (at) => at >= start * 1000;
}

export function modelPeriod(period: Period, weekStart: WeekStart): ModelPeriod {
  if (isTimePeriod(period)) return { kind: 'time', seconds: period };
  const units = new Map<Period, 'week' | 'month' | 'quarter' | 'year'>([
    [Period.CALENDAR_WEEK, 'week'],
    [Period.CALENDAR_MONTH, 'month'],
    [Period.CALENDAR_QUARTER, 'quarter'],
    [Period.CALENDAR_YEAR, 'year'],
  ]);
  const unit = units.get(period);
  const firstDay = WEEK_STARTS[weekStart];
  if (unit !== undefined) return { kind: 'calendar', unit, firstDay };
  const toDate = TO_DATE.get(period);
  if (toDate !== undefined) return { kind: 'to-date', unit: toDate, firstDay };
  if (period === Period.LIFETIME) return { kind: 'lifetime' };
  return period === Period.DAY ? { kind: 'day' } : { kind: 'rolling', days: period / 86_400 };
}

export function definitionFor(ref: string, given: GivenTracker, zone: string): OneMetric {
  const { aggregate, byUser } = given;
  const field = aggregate === 'count' ? null : aggregate === 'countDistinct' && !byUser ? 'member' : 'amount';
  return definitionOf({
    ...given,
    lookbackMs: lookbackMsOf(given),
    aggregate: { function: aggregate, field },
    metric: defineMetric({ domain: DOMAIN, ref }),
    dateField: 'at',
    timeZone: zone,
    target: byUser ? { kind: 'objects', field: 'member', entity: null } : { kind: 'total' },
  });
}

/**
 * Makes the source hold exactly these rows. In a repeated hour of the process the times become those that TypeORM reads:
 * a column without a zone shows both passes alike.
 */
export async function store(dataSource: DataSource, rows: readonly ModelRow[]): Promise<void> {
  await dataSource.getRepository(Payment).clear();
  if (rows.length === 0) return;
  await insertIndexed(
    dataSource,
    Payment,
    rows.map((row) => ({
      id: row.id,
      at: new Date(row.at),
      member: row.user === null ? null : { id: row.user },
      amount: row.amount === null ? null : (row.amount / 100).toFixed(2),
    })),
  );
  const read = await dataSource.getRepository(Payment).find({ select: { id: true, at: true } });
  const times = new Map(read.map(({ id, at }) => [id, at.getTime()]));
  for (const row of rows) row.at = times.get(row.id) ?? row.at;
}

const DATE_TEXT: Record<DatabaseKind, string> = {
  sqlite: 'date',
  postgres: `to_char(date, 'YYYY-MM-DD')`,
  mariadb: `DATE_FORMAT(date, '%Y-%m-%d')`,
};

/** The stored statistics, as the model writes them. */
export async function storedRows(
  dataSource: DataSource,
  kind: DatabaseKind,
  ref: string,
  period: Period,
  byUser: boolean,
): Promise<ModelRows> {
  const isTime = isTimePeriod(period);
  const table = `trackstats_statistic_by_${isTime ? 'time' : 'date'}${byUser ? '_and_object' : ''}`;
  const rows: { moment: string | number; object_id?: string; value: unknown }[] = await dataSource.query(
    `SELECT ${isTime ? 's.start' : DATE_TEXT[kind]} AS moment, ${byUser ? 'object_id,' : ''} value FROM ${table} s
JOIN trackstats_metric m ON m.id = s.metric_id WHERE m.ref = '${ref}' AND period = ${String(period)}`,
  );
  return new Map(rows.map(({ moment, object_id, value }) => [`${moment}|${object_id ?? ''}`, exactValue(value)]));
}

/** Sorted, and with averages as the doubles that they are read as: their last decimals are the database's. */
export function comparable(rows: ModelRows, aggregate: AggregateFunction): [string, string | null][] {
  return [...rows]
    .map(([key, value]): [string, string | null] => [key, rounded(value, aggregate)])
    .sort(([a], [b]) => (a < b ? -1 : 1));
}

export function rounded(value: string | null, aggregate: AggregateFunction): string | null {
  return value !== null && aggregate === 'avg' ? Number(value).toPrecision(14) : value;
}
