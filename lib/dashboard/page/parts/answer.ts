import { useEffect, useState } from 'preact/hooks';
import { useDashboard } from './dashboard.js';

/** What was asked for, as far as it has come. */
export interface Answer<T> {
  /** the last that came, which stays while the next is under way; null: none yet */
  readonly data: T | null;
  readonly error: unknown;
  /** true while something else than `data` is asked for: not while the same is asked for again */
  readonly isLoading: boolean;
  readonly again: () => void;
}

interface State<T> {
  readonly key: string | null;
  readonly data: T | null;
  readonly error: unknown;
}

/**
 * Loads what a view shows: when its key changes, and again with the page's clock. What came before is shown meanwhile,
 * so that nothing flickers.
 *
 * @param key says all that `load` depends on
 */
export function useAnswer<T>(key: string, load: (signal: AbortSignal) => Promise<T>): Answer<T> {
  const { tick } = useDashboard();
  const [state, setState] = useState<State<T>>({ key: null, data: null, error: null });
  const [attempt, setAttempt] = useState(0);
  useEffect(() => {
    const leaving = new AbortController();
    load(leaving.signal).then(
      (data) => {
        if (!leaving.signal.aborted) setState({ key, data, error: null });
      },
      (error: unknown) => {
        if (leaving.signal.aborted) return;
        setState((before) => ({ key, data: before.key === key ? before.data : null, error }));
      },
    );
    return () => {
      leaving.abort();
    };
  }, [key, tick, attempt]);
  return {
    data: state.data,
    error: state.key === key ? state.error : null,
    isLoading: state.key !== key,
    again: () => {
      setAttempt((before) => before + 1);
    },
  };
}
