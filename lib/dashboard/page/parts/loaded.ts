import { useCallback, useEffect, useMemo, useState } from 'preact/hooks';

/** The result of a request so far. */
export interface Answer<T> {
  /** the last that came, which stays while the next is under way; null: none yet */
  readonly data: T | null;
  readonly error: unknown;
  /** true while something else than `data` is asked for: not while the same is asked for again */
  readonly isLoading: boolean;
  readonly again: () => void;
}

/** The result of a request that was not made yet. */
export const UNASKED: Answer<never> = { data: null, error: null, isLoading: true, again: () => undefined };

interface State<T> {
  readonly key: string | null;
  readonly data: T | null;
  readonly error: unknown;
}

/**
 * Loads something: when its key changes, and again with each tick. What came before stays meanwhile, so that nothing
 * flickers.
 *
 * @param key says all that `load` depends on
 */
export function useLoaded<T>(tick: number, key: string, load: (signal: AbortSignal) => Promise<T>): Answer<T> {
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
  const again = useCallback(() => {
    setAttempt((before) => before + 1);
  }, []);
  return useMemo(
    () => ({
      data: state.data,
      error: state.key === key ? state.error : null,
      isLoading: state.key !== key,
      again,
    }),
    [state, key],
  );
}
