import type { ScheduleOverride, SchedulingOptions } from 'nestjs-trackstats';
import type { DataSourceOptions } from 'typeorm';

/** How a process of the shop is to be. Its parent gives it as JSON in the environment, as SHOP. */
export interface Settings {
  readonly database: DataSourceOptions;
  /** the time that it takes for now, always. @default the system's clock */
  readonly now?: string;
  readonly scheduling?: false | SchedulingOptions;
  /** the schedules; of a tracker that is not there: none */
  readonly trackers?: Readonly<Record<string, ScheduleOverride>>;
  /** of the tracker `slow`, in milliseconds */
  readonly timeout?: number;
  /** seconds that the query of the tracker `slow` takes, on a server that can sleep */
  readonly sleep?: number;
  /** milliseconds that the method `stock` takes. @default 0 */
  readonly stockTakes?: number;
}

const given = JSON.parse(process.env.SHOP ?? '{}') as Partial<Settings>;

/** In the parent, which reads what the shop writes, there are none. */
export const SETTINGS: Settings = { database: { type: 'better-sqlite3', database: ':memory:' }, ...given };
