/** Injection token of the module's options. Replace them in a test with `overrideProvider(TRACKSTATS_OPTIONS)`. */
export const TRACKSTATS_OPTIONS: unique symbol = Symbol('TRACKSTATS_OPTIONS');

/** Injection token of the clock, a `() => Date`. Set it in a test with `overrideProvider(TRACKSTATS_CLOCK)`. */
export const TRACKSTATS_CLOCK: unique symbol = Symbol('TRACKSTATS_CLOCK');

/** Returns the current time. */
export type Clock = () => Date;

/** The system's clock. Nothing else asks the system for the time. */
export const systemClock: Clock = () => new Date();
