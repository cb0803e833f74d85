/** The options as given to the module; `overrideProvider(TRACKSTATS_OPTIONS)` replaces them in a test. */
export const TRACKSTATS_OPTIONS: unique symbol = Symbol('TRACKSTATS_OPTIONS');

/** The clock, a `() => Date`; `overrideProvider(TRACKSTATS_CLOCK)` fixes it in a test. */
export const TRACKSTATS_CLOCK: unique symbol = Symbol('TRACKSTATS_CLOCK');

/** Tells the time. */
export type Clock = () => Date;

/** The system's clock: the only place that asks the system for the time. */
export const systemClock: Clock = () => new Date();
