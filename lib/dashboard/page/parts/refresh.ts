import { useEffect, useState } from 'preact/hooks';
import { store, stored } from './storage.js';

export type RefreshInterval = 'off' | 'minute';

const KEY = 'trackstats.refresh';
const MINUTE = 60_000;

export interface Refresh {
  readonly interval: RefreshInterval;
  /** grows each time that everything is to be asked for again */
  readonly tick: number;
  readonly choose: (interval: RefreshInterval) => void;
}

/** Counts the minutes while the page is visible: a page that nobody looks at asks for nothing, and catches up later. */
export function useRefresh(): Refresh {
  const [interval, setChosen] = useState<RefreshInterval>(() => (stored(KEY) === 'off' ? 'off' : 'minute'));
  const [tick, setTick] = useState(0);
  useEffect(() => {
    if (interval === 'off') return;
    let isDue = false;
    const advance = (): void => {
      isDue = document.hidden;
      if (!isDue) setTick((before) => before + 1);
    };
    const catchUp = (): void => {
      if (isDue) advance();
    };
    const timer = setInterval(advance, MINUTE);
    document.addEventListener('visibilitychange', catchUp);
    return () => {
      clearInterval(timer);
      document.removeEventListener('visibilitychange', catchUp);
    };
  }, [interval]);
  return {
    interval,
    tick,
    choose: (chosen) => {
      store(KEY, chosen);
      setChosen(chosen);
    },
  };
}
