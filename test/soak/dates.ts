import { addDays } from 'nestjs-trackstats';

/** All sales lie on these days; the last one is over. */
export const FIRST_DAY = '2026-09-20';
export const DAYS = 56;
/** What the shop takes for now. */
export const NOW = `${addDays(FIRST_DAY, DAYS - 1)}T23:59:59.999Z`;
export const BACKFILL_STEP_DAYS = 7;
