import { EntitySchema, type DataSource } from 'typeorm';
import type { EntitySchemaColumnOptions } from 'typeorm';
import type { DatabaseKind } from '../support/databases.js';
import type { OneMetric } from '../support/engine.js';
import { insertIndexed, intlDate } from './stored.js';

type Values = Record<string, unknown> & { id: number };

/** A column, what TypeORM is given for an instant, and which instant it reads back; null of a column of days. */
export interface ColumnCase {
  options: EntitySchemaColumnOptions;
  given: (at: Date, zone: string) => unknown;
  read: ((value: unknown) => Date) | null;
  tracker?: Partial<OneMetric>;
  indexed?: boolean;
}

const asDate = (value: unknown): Date => value as Date;
const instant = { given: (at: Date): Date => at, read: asDate };
/** the driver may hand a bigint over as text */
const seconds = {
  given: (at: Date): number => Math.floor(at.getTime() / 1000),
  read: (value: unknown): Date => new Date(Number(value) * 1000),
  tracker: { epoch: 's' as const },
};
const milliseconds = {
  given: (at: Date): string => String(at.getTime()),
  read: (value: unknown): Date => new Date(Number(value)),
  tracker: { epoch: 'ms' as const },
};
// the day that was given: TypeORM itself reads the day before it where MariaDB's connection is not in the process's zone
const day = { given: intlDate, read: null };

const COMMON: Record<string, ColumnCase> = {
  date: { options: { type: 'date', nullable: true }, ...day },
  date_indexed: { options: { type: 'date', nullable: true }, ...day, indexed: true },
  integer_seconds: { options: { type: 'integer', nullable: true }, ...seconds },
  bigint_seconds: { options: { type: 'bigint', nullable: true }, ...seconds },
  bigint_ms: { options: { type: 'bigint', nullable: true }, ...milliseconds },
  bigint_ms_indexed: { options: { type: 'bigint', nullable: true }, ...milliseconds, indexed: true },
  of_type_date: { options: { type: Date, nullable: true }, ...instant },
};

export const COLUMNS: Record<DatabaseKind, Record<string, ColumnCase>> = {
  sqlite: {
    ...COMMON,
    datetime: { options: { type: 'datetime', nullable: true }, ...instant },
    datetime_indexed: { options: { type: 'datetime', nullable: true }, ...instant, indexed: true },
    // as CURRENT_TIMESTAMP writes it
    current_timestamp: {
      options: { type: 'datetime', nullable: true },
      given: (at) => () => `'${at.toISOString().slice(0, 19).replace('T', ' ')}'`,
      read: asDate,
    },
  },
  postgres: {
    ...COMMON,
    timestamptz: { options: { type: 'timestamptz', nullable: true }, ...instant },
    timestamptz_indexed: { options: { type: 'timestamptz', nullable: true }, ...instant, indexed: true },
    timestamp: { options: { type: 'timestamp', nullable: true }, ...instant },
    timestamp_indexed: { options: { type: 'timestamp', nullable: true }, ...instant, indexed: true },
  },
  mariadb: {
    ...COMMON,
    unsigned_seconds: { options: { type: 'int', unsigned: true, nullable: true }, ...seconds },
    unsigned_ms: { options: { type: 'bigint', unsigned: true, nullable: true }, ...milliseconds },
    datetime: { options: { type: 'datetime', precision: 3, nullable: true }, ...instant },
    timestamp: { options: { type: 'timestamp', precision: 3, nullable: true }, ...instant },
  },
};

/** Zones, and instants at which the clocks of one of them (or of the process, in St_Johns) change. */
export const ZONES = [
  'America/St_Johns',
  'Europe/Amsterdam',
  'Australia/Lord_Howe',
  'Pacific/Apia',
  'America/Sao_Paulo',
];
const TURNS = [
  '2024-03-31T01:00:00Z', // Amsterdam skips an hour
  '2023-10-29T01:00:00Z', // and repeats one
  '2024-04-06T15:00:00Z', // Lord_Howe: half an hour
  '2023-09-30T15:30:00Z',
  '2011-12-30T10:00:00Z', // Apia: a day
  '2017-10-15T03:00:00Z', // Sao_Paulo: midnight is skipped
  '2018-02-18T02:00:00Z', // and the hour before it repeated
  '2006-10-29T02:31:00Z', // St_Johns: from 00:01 back to 23:01
  '2007-03-11T03:31:00Z',
  '2023-11-05T04:30:00Z', // St_Johns: from 02:00 back to 01:00
  '2024-03-10T05:30:00Z',
].map((text) => Date.parse(text));

const SECOND = 1000;
export const HOUR = 3_600 * SECOND;

/** The changes with what lies close by, and the midnights around them. */
export function instantsFor(zone: string): Date[] {
  const near = [-2 * HOUR, -HOUR, -HOUR / 2, -61 * SECOND, -1, 0, 1, 60 * SECOND, HOUR / 2, HOUR - 1, HOUR, 2 * HOUR];
  const instants = TURNS.flatMap((turn) => {
    const midnights = [-24, 0, 24].map((hours) => startOfDayNear(turn + hours * HOUR, zone));
    return [...near.map((ms) => turn + ms), ...midnights.flatMap((at) => [at - SECOND, at - 1, at, at + 1])];
  });
  return [...new Set(instants)].sort((a, b) => a - b).map((ms) => new Date(ms));
}

/** The first instant, to the minute, of the date that a zone shows at an instant; found by halving. */
function startOfDayNear(at: number, zone: string): number {
  const date = intlDate(new Date(at), zone);
  let [before, after] = [at - 30 * HOUR, at];
  while (after - before > 1) {
    const middle = Math.floor((before + after) / 2);
    if (intlDate(new Date(middle), zone) < date) before = middle;
    else after = middle;
  }
  return after;
}

export type Held = Date | string;

/** An entity with every column of a database, its rows written through its repository. */
export class Events {
  readonly schema: EntitySchema<Values>;

  constructor(private readonly columns: Record<string, ColumnCase>) {
    this.schema = new EntitySchema<Values>({
      name: 'Event',
      columns: {
        id: { type: 'integer', primary: true },
        ...Object.fromEntries(Object.entries(columns).map(([name, { options }]) => [name, options])),
      },
      indices: Object.entries(columns)
        .filter(([, { indexed }]) => indexed === true)
        .map(([name]) => ({ columns: [name] })),
    });
  }

  /** @returns what each column holds, read through the repository */
  async fill(dataSource: DataSource, instants: readonly Date[], zone: string): Promise<Record<string, Held[]>> {
    const repository = dataSource.getRepository(this.schema);
    await repository.clear();
    const given = instants.map((at, index) => ({
      id: index + 1,
      ...Object.fromEntries(Object.entries(this.columns).map(([name, column]) => [name, column.given(at, zone)])),
    }));
    await insertIndexed(dataSource, this.schema, [{ id: 0 }, ...given]); // the first one is dated NULL
    const rows = (await repository.find()).filter(({ id }) => id > 0);
    return Object.fromEntries(
      Object.entries(this.columns).map(([name, { read }]) => [
        name,
        read === null ? instants.map((at) => intlDate(at, zone)) : rows.map((row) => read(row[name])),
      ]),
    );
  }

  /** Fills one column, and leaves the others NULL. @returns the instants that the repository reads */
  async fillSome(dataSource: DataSource, name: string, instants: readonly Date[]): Promise<Date[]> {
    const { given, read } = this.columns[name] as ColumnCase;
    const repository = dataSource.getRepository(this.schema);
    await repository.clear();
    await repository.insert(
      instants.map((at, index) => ({ id: index + 1, ...Object.fromEntries([[name, given(at, 'UTC')]]) })),
    );
    return (await repository.find({ order: { id: 'ASC' } })).map((row) => read?.(row[name]) as Date);
  }
}

export const CONNECTIONS: Record<DatabaseKind, (string | undefined)[]> = {
  sqlite: [undefined],
  postgres: [undefined],
  mariadb: ['local', 'Z', '+05:30'],
};
