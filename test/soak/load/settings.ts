import type { DataSourceOptions } from 'typeorm';

/** How much a process of the application under load has to do. Its parent gives it as JSON in the environment, as LOAD. */
export interface LoadSettings {
  readonly database: DataSourceOptions;
  readonly tables: number;
  /** milliseconds between two runs of each tracker */
  readonly every: number;
  readonly incrementsPerSecond: number;
  readonly rowsPerSecond: number;
}

/** A process since the last time that it was asked. */
export interface ProcessFigures {
  readonly megabytes: number;
  readonly heapMegabytes: number;
  readonly cpuSeconds: number;
  readonly increments: number;
  /** milliseconds from the call until it was acknowledged */
  readonly incrementLatencies: readonly number[];
  readonly failedIncrements: number;
  readonly runs: number;
  readonly failedRuns: number;
  /** milliseconds from each slot until its run started */
  readonly lateness: readonly number[];
}
