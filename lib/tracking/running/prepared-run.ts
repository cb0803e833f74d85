import type { RollupSpec } from '../../rollup/rollup-spec.js';
import type { RunPlan } from '../source/run-plan.js';
import type { RunOptions } from './run-options.js';
import type { ComputedEntries } from './tracker-coverage.js';

/** The options of a run whose instant is known. */
export interface TimedOptions extends RunOptions {
  /** the clock as the run was given it, which another replica's may be ahead of */
  readonly given: Date;
}

/** A run that is planned, with the spec of its statements. */
export interface PreparedRun {
  readonly spec: RollupSpec;
  readonly plan: RunPlan;
  readonly coverage: ComputedEntries;
  readonly options: TimedOptions;
  /** true if the partials are in their temporary table */
  readonly isStaged: boolean;
}
