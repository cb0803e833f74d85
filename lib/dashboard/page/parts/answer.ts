import { useDashboard } from './dashboard.js';
import { type Answer, useLoaded } from './loaded.js';

/**
 * Loads what a view shows: when its key changes, and again with the page's clock.
 *
 * @param key says all that `load` depends on
 */
export function useAnswer<T>(key: string, load: (signal: AbortSignal) => Promise<T>): Answer<T> {
  return useLoaded(useDashboard().tick, key, load);
}
